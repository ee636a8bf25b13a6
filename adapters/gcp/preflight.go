package gcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"google.golang.org/api/googleapi"

	"github.com/culvertnet/culvert/adapters/gcp/permissions"
	"github.com/culvertnet/culvert/workers"
)

// preflight asks what this client's credentials may do, by the list of permissions.
type preflight struct {
	*Client
	list permissions.List
	// projects are those of the configuration, by the part that they play.
	projects map[string][]string
}

var _ workers.Preflight = preflight{}

// Preflight is the port that asks for permissions, APIs and organisation policies. projects are those of the
// configuration, by the part that they play: what is asked about when there are no steps.
func (c *Client) Preflight(projects map[string][]string) (workers.Preflight, error) {
	list, err := permissions.Load()
	if err != nil {
		return nil, err
	}
	return preflight{c, list, projects}, nil
}

// Ask asks for each project side by side.
func (p preflight) Ask(ctx context.Context, steps []workers.PlannedStep, kinds []string) (workers.Preflighted, error) {
	f := &findings{list: p.list, as: p.senders}
	want, err := p.wanted(ctx, f, steps, kinds)
	if err != nil {
		return workers.Preflighted{}, err
	}
	var asks []func()
	asked := map[string]string{}
	for _, project := range want.Projects() {
		asked[project] = p.senders.of(project).Identity.String()
		asks = append(asks, func() { p.permissionsIn(ctx, f, project, of(want.Permissions, project)) })
		for _, n := range of(want.APIs, project) {
			asks = append(asks, func() { p.enabled(ctx, f, n) })
		}
	}
	for _, a := range want.Policies {
		asks = append(asks, func() { p.allowed(ctx, f, a) })
	}
	together(asks...)
	slices.SortFunc(f.lacks, func(a, b workers.Lack) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.What, b.What), cmp.Compare(a.Name, b.Name))
	})
	return workers.Preflighted{There: f.there, Lacks: f.lacks, Identities: asked}, ctx.Err()
}

// wanted is what the steps need, or everything.
func (p preflight) wanted(
	ctx context.Context, f *findings, steps []workers.PlannedStep, kinds []string,
) (permissions.Wanted, error) {
	if len(steps) > 0 {
		return p.list.Of(steps, p.peersOf(ctx, f))
	}
	if len(p.projects) == 0 {
		f.lack(workers.Lack{State: workers.Unknown, What: workers.LackSetting, Name: "google.projects",
			Why:    "the configuration names no projects",
			Remedy: "name them with the parts that they play, or ask for an intent (-f)"})
	}
	return p.list.All(kinds, p.projects), nil
}

// peersOf reads which projects a network is peered with. Where it may not be read nobody knows what its peers need.
func (p preflight) peersOf(ctx context.Context, f *findings) permissions.Peers {
	known := map[string][]string{}
	return func(network string) []string {
		if peers, asked := known[network]; asked {
			return peers
		}
		known[network] = nil
		vpc, err := p.vpc(ctx, network)
		if err != nil {
			f.lack(workers.Lack{State: workers.Unknown, What: workers.LackPermission,
				Project: segment(network, "projects"), Name: "peerings of " + network,
				Optional: "what is needed in the projects of peered networks is not known", Why: err.Error()})
			return nil
		}
		for _, peering := range vpc.GetPeerings() {
			known[network] = append(known[network], segment(relative(peering.GetNetwork()), "projects"))
		}
		return known[network]
	}
}

// of are the needs in one project.
func of(needs []permissions.Need, project string) []permissions.Need {
	return slices.DeleteFunc(slices.Clone(needs), func(n permissions.Need) bool { return n.Project != project })
}

// findings gather what is not there. Safe for concurrent use.
type findings struct {
	list permissions.List
	// as are the identities that ask.
	as    senders
	mu    sync.Mutex
	there int
	lacks []workers.Lack
}

func (f *findings) fine(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.there += n
}

func (f *findings) lack(l workers.Lack) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lacks = append(f.lacks, l)
}

// unasked notes why something could not be asked, and an API of the preflight's own that is off.
func (f *findings) unasked(of call, l workers.Lack, err error) {
	l.State, l.Why = workers.Unknown, said(err)
	as := f.as.of(l.Project).Identity
	if api := f.list.APIs[f.list.Preflight[of.name].API]; isOff(err) {
		l.Remedy = enable(api.Service, l.Project)
	}
	if never := (unsent{}); errors.As(err, &never) && as.ServiceAccount != "" {
		l.Remedy = fmt.Sprintf("gcloud iam service-accounts add-iam-policy-binding %s "+
			"--member=serviceAccount:%s --role=roles/iam.serviceAccountTokenCreator", as.ServiceAccount, as.caller())
	}
	f.lack(l)
}

// said is what the vendor said, without the library's frame.
func said(err error) string {
	var answered *googleapi.Error
	if errors.As(err, &answered) {
		return answer(answered).message
	}
	return err.Error()
}

// lackOf is the lack of a need.
func (f *findings) lackOf(n permissions.Need, what workers.LackWhat) workers.Lack {
	l := workers.Lack{State: workers.Missing, What: what, Project: n.Project, Name: n.Name, Fields: n.Fields,
		Optional: n.Optional}
	if what == workers.LackAPI {
		l.Remedy = enable(n.Name, n.Project)
		return l
	}
	l.Why = f.list.Elsewhere[n.Name]
	l.Remedy = fmt.Sprintf("gcloud projects add-iam-policy-binding %s --member=serviceAccount:%s --role=%s",
		n.Project, cmp.Or(f.as.of(n.Project).ServiceAccount, ownMember), f.list.RoleOf(n.Name))
	return l
}

func enable(service, project string) string {
	return "gcloud services enable " + service + " --project=" + project
}
