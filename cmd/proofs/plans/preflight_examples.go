package plans

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/workers"
)

// exampleFiles are the examples that are intents.
var exampleFiles = []string{"private-service", "private-service-connector", "private-service-direct",
	"private-service-attachment", "private-service-aviatrix", "private-service-refused"}

// A granted is a permission in a project.
type granted struct{ project, permission string }

// examples runs every example in a world that grants what the preflight names for it, and nothing else.
func (p *preflightProof) examples(ctx context.Context) error {
	used := map[granted]bool{}
	for _, example := range exampleFiles {
		file := "examples/" + example + ".yaml"
		required, optional, err := p.listOf(ctx, file)
		if err != nil {
			return err
		}
		for _, grants := range []struct {
			title string
			list  []granted
		}{{"all that is named", slices.Concat(required, optional)}, {"what is required", required}} {
			needs, miss, err := p.runWith(ctx, file, grants.list)
			if err != nil {
				return err
			}
			asked := 0
			for _, g := range grants.list {
				if needs[g] {
					asked++
				}
			}
			p.table.Row(miss, "example", example, "-", fmt.Sprintf("%s: %d granted, %d asked for", grants.title,
				len(grants.list), asked))
			maps.Copy(used, needs)
		}
	}
	p.unused(used)
	return nil
}

// listOf is what the preflight names for an intent where nothing is granted. Peers are known only to who may read the
// network, so it is asked twice.
func (p *preflightProof) listOf(ctx context.Context, file string) (required, optional []granted, err error) {
	const sees = "compute.networks.get"
	all := map[granted]bool{}
	for _, lines := range []string{nothingGranted(), nothingGranted(sees)} {
		v, code, err := p.ask(ctx, lines, "-f", file)
		if err != nil {
			return nil, nil, err
		}
		if code != 1 {
			return nil, nil, fmt.Errorf("nothing is granted, and the preflight of %s ends with %d", file, code)
		}
		for _, l := range v.Findings {
			if l.What == workers.LackPermission && l.State == workers.Missing {
				g := granted{l.Project, l.Name}
				all[g] = all[g] || l.Optional == ""
			}
		}
	}
	for g, is := range all {
		if is {
			required = append(required, g)
		} else {
			optional = append(optional, g)
		}
	}
	return required, optional, nil
}

// runWith runs an example, apply and withdrawal, in a world of its own with some grants, and tells which of them the
// world asked for.
func (p *preflightProof) runWith(
	ctx context.Context, file string, list []granted,
) (used map[granted]bool, miss, err error) {
	var lines []string
	for _, project := range worldProjects {
		only := []string{"serviceusage.services.get", "orgpolicy.policy.get"}
		for _, g := range list {
			if g.project == project {
				only = append(only, g.permission)
			}
		}
		slices.Sort(only)
		lines = append(lines, grantOf("project: "+project+", ", only))
	}
	scenario := filepath.Join(p.Dir, "world.yaml")
	if err := os.WriteFile(scenario, worldWith("  access: ["+strings.Join(lines, ", ")+"]\n"), 0o600); err != nil {
		return nil, nil, err
	}
	l, err := lab.Alone(ctx, p.Settings, 200, "--world-file", scenario)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if miss, err = travelled(ctx, l, file); err != nil {
		return nil, nil, err
	}
	grants, err := l.Sim().Grants(ctx)
	used = map[granted]bool{}
	for _, g := range grants {
		at := granted{g.Project, g.Permission}
		used[at] = g.Asked > 0
		if g.Refused > 0 && slices.Contains(list, at) {
			miss = errors.Join(miss, fmt.Errorf("the world refused %s in %s, which is granted", g.Permission,
				g.Project))
		}
	}
	return used, miss, err
}

// travelled goes both ways of an example.
func travelled(ctx context.Context, l *lab.Lab, file string) (miss, err error) {
	name, err := connectionIn(file)
	if err != nil {
		return nil, err
	}
	for _, args := range [][]string{{"doctor", "--preflight", "-f", file}, {"submit", file, "--wait"},
		{"withdraw", name, "--wait"}} {
		code, err := l.Command(ctx, nil, args...)
		if err != nil {
			return nil, err
		}
		if code != 0 {
			v, err := l.API().Show(ctx, name)
			return fmt.Errorf("culvert %s ended with %d: %s", strings.Join(args, " "), code, lab.Describe(v)), err
		}
	}
	left, err := proof.LeftOvers(ctx, l.Sim(), retained[filepath.Base(file)])
	return proof.Need(len(left) == 0, "%d differences are left, first %+v", len(left), slices.Concat(left,
		make([]control.Difference, 1))[0]), err
}

// retained is what an example leaves on purpose: it does not say onWithdraw: restore.
var retained = map[string][]string{"private-service-direct.yaml": {"direct-egress"}}

// unneeded are permissions of the list that no example's run is asked for, with the reason.
var unneeded = map[string]string{
	"dns.resourceRecordSets.update":      "the vendor's page wants it for a replaced record, the world does not",
	"dns.responsePolicyRules.list":       "only a response policy has rules, and the examples' network has none",
	"servicedirectory.namespaces.create": namespaces,
	"servicedirectory.namespaces.delete": namespaces,
	"vpcaccess.connectors.update":        "a connector grows only when its limits are changed",

	"servicedirectory.namespaces.associatePrivateZone": namespaces,
}

const namespaces = "the vendor's page on endpoints wants it; the world asks for services alone"

// unused lists the permissions of the whole list that no run was asked for. Each has a reason, and a reason is about
// one that no run was asked for.
func (p *preflightProof) unused(used map[granted]bool) {
	asked, everywhere := map[string]bool{}, map[string][]string{}
	for g := range used {
		asked[g.permission] = true
	}
	for place := range p.list.Places {
		everywhere[place] = []string{"any"}
	}
	all := p.list.All(p.list.Kinds(), everywhere).Permissions
	without := 0
	for _, n := range all {
		why := unneeded[n.Name]
		if asked[n.Name] && why == "" {
			continue
		}
		without++
		p.table.Row(errors.Join(proof.Need(!asked[n.Name], "a run was asked for it"),
			proof.Need(why != "", "nobody knows why")), "no run needs", n.Name, "-", why)
	}
	fmt.Printf("permissions of the list: %d of %d are needed by a run, %d by none, each with its reason\n",
		len(all)-without, len(all), without)
}
