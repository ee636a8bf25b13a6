package gcp

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"google.golang.org/api/dns/v1"

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
	var found []network.Zone
	err = z.dns.ManagedZones.List(project).Pages(ctx, func(page *dns.ManagedZonesListResponse) error {
		for _, got := range page.ManagedZones {
			at := z.zoneOf(ctx, project, got)
			if got.Visibility == private && within(host, at.Host) && slices.Contains(at.Networks, vpc) {
				found = append(found, at)
			}
		}
		return nil
	})
	if err != nil {
		return nil, z.fail(call{name: "managedZones.list"}, err)
	}
	slices.SortFunc(found, func(a, b network.Zone) int {
		return cmp.Or(cmp.Compare(len(b.Host), len(a.Host)), cmp.Compare(a.Name, b.Name))
	})
	return append(out, found...), nil
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
