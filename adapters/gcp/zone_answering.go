package gcp

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/dns/v1"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
)

// Answering lists what would answer host for the network: response policies stand above every zone, then the longest
// zone name wins. Zones of other projects that are bound to the network cannot be listed from here.
func (z zones) Answering(ctx context.Context, project, vpc, host string) ([]network.Zone, error) {
	vpc = relative(vpc)
	out, err := z.answeringPolicies(ctx, project, vpc, host)
	if err != nil {
		return nil, err
	}
	all, err := z.list(ctx, project)
	if err != nil {
		return nil, err
	}
	var found []network.Zone
	for _, got := range all {
		at := z.zoneOf(ctx, project, got)
		if got.Visibility == private && within(host, at.Host) && slices.Contains(at.Networks, vpc) {
			found = append(found, at)
		}
	}
	slices.SortFunc(found, func(a, b network.Zone) int {
		return cmp.Or(cmp.Compare(len(b.Host), len(a.Host)), cmp.Compare(a.Name, b.Name))
	})
	return append(out, found...), nil
}

// list reads all zones of a project, and keeps them for the command: each of them is told by it, and that a name has
// none.
func (z zones) list(ctx context.Context, project string) ([]*dns.ManagedZone, error) {
	memo, at := workers.MemoOf(ctx), z.now()
	_, since, _ := memo.Get(zonesOf(project))
	var all []*dns.ManagedZone
	err := z.dns.ManagedZones.List(project).Pages(ctx, func(page *dns.ManagedZonesListResponse) error {
		all = append(all, page.ManagedZones...)
		return nil
	})
	if err != nil {
		return nil, z.fail(call{name: "managedZones.list"}, err)
	}
	memo.Keep(zonesOf(project), since, listedZones{at, all})
	return all, nil
}

// listedZones are all zones of a project at a time.
type listedZones struct {
	at  time.Time
	all []*dns.ManagedZone
}

func zonesOf(project string) string { return "zones of " + project }

// listed are the zones of a project where the command has read the whole list, as long as a memo's answer stands.
func (c *Client) listed(ctx context.Context, project string) ([]*dns.ManagedZone, bool) {
	kept, _, ok := workers.MemoOf(ctx).Get(zonesOf(project))
	zones, is := kept.(listedZones)
	return zones.all, ok && is && c.now().Sub(zones.at) < memoFor
}

// bypass is the behaviour of a response policy rule that answers nothing: it lets the zones answer, for names that a
// wider rule of the policy would answer.
const bypass = "bypassResponsePolicy"

// answeringPolicies lists the response policy rules for the host. A network has one response policy at most.
func (z zones) answeringPolicies(ctx context.Context, project, vpc, host string) ([]network.Zone, error) {
	var out []network.Zone
	err := z.dns.ResponsePolicies.List(project).Pages(ctx, func(page *dns.ResponsePoliciesListResponse) error {
		for _, p := range page.ResponsePolicies {
			if !z.boundTo(ctx, p, vpc) {
				continue
			}
			rules, err := z.answeringRules(ctx, project, p, host)
			if err != nil {
				return err
			}
			for i := range rules {
				rules[i].Networks = []string{vpc}
			}
			out = append(out, rules...)
		}
		return nil
	})
	return out, z.fail(call{name: "responsePolicies.list"}, err)
}

func (c *Client) boundTo(ctx context.Context, p *dns.ResponsePolicy, vpc string) bool {
	return slices.ContainsFunc(
		p.Networks, func(n *dns.ResponsePolicyNetwork) bool { return c.named(ctx, n.NetworkUrl) == vpc },
	)
}

// answeringRules lists the rules for the host, the narrowest first: it decides, so that no rule answers where it is a
// bypass.
func (z zones) answeringRules(
	ctx context.Context, project string, p *dns.ResponsePolicy, host string,
) ([]network.Zone, error) {
	type match struct {
		name string
		wild bool
		rule *dns.ResponsePolicyRule
	}
	var found []match
	list := z.dns.ResponsePolicyRules.List(project, p.ResponsePolicyName)
	err := list.Pages(ctx, func(page *dns.ResponsePolicyRulesListResponse) error {
		for _, r := range page.ResponsePolicyRules {
			name, wild := strings.CutPrefix(withoutDot(r.DnsName), "*.")
			if name == host && !wild || wild && name != host && within(host, name) {
				found = append(found, match{name, wild, r})
			}
		}
		return nil
	})
	slices.SortFunc(found, func(a, b match) int { return cmp.Compare(len(b.name), len(a.name)) })
	if err != nil || len(found) == 0 || found[0].rule.Behavior == bypass {
		return nil, err
	}
	var out []network.Zone
	for _, m := range found {
		at := network.Zone{Project: project, Name: p.ResponsePolicyName + "/" + m.rule.RuleName, Host: m.name,
			Owner: p.Description, Policy: true}
		out = append(out, at)
	}
	return out, nil
}

func withoutDot(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// within tells whether host is the domain or below it. The root zone holds everything.
func within(host, domain string) bool {
	return domain == "" || host == domain || strings.HasSuffix(host, "."+domain)
}
