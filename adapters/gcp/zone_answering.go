package gcp

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"google.golang.org/api/dns/v1"

	"github.com/culvertnet/culvert/workers/network"
)

// Answering lists what would answer host for the network: response policies stand above every zone, then the longest zone
// name wins. Zones of other projects that are bound to the network cannot be listed from here.
func (z zones) Answering(ctx context.Context, project, vpc, host string) ([]network.Zone, error) {
	vpc = relative(vpc)
	out, err := z.answeringPolicies(ctx, project, vpc, host)
	if err != nil {
		return nil, err
	}
	var found []network.Zone
	err = z.dns.ManagedZones.List(project).Pages(ctx, func(page *dns.ManagedZonesListResponse) error {
		for _, got := range page.ManagedZones {
			at := zoneOf(project, got)
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
	for i := range found {
		if err := z.records(ctx, &found[i]); err != nil {
			return nil, err
		}
	}
	return append(out, found...), nil
}

// answeringPolicies lists the response policy rules for the host. A network has one response policy at most.
func (z zones) answeringPolicies(ctx context.Context, project, vpc, host string) ([]network.Zone, error) {
	var out []network.Zone
	err := z.dns.ResponsePolicies.List(project).Pages(ctx, func(page *dns.ResponsePoliciesListResponse) error {
		for _, p := range page.ResponsePolicies {
			if !boundTo(p, vpc) {
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

func boundTo(p *dns.ResponsePolicy, vpc string) bool {
	return slices.ContainsFunc(p.Networks, func(n *dns.ResponsePolicyNetwork) bool { return relative(n.NetworkUrl) == vpc })
}

func (z zones) answeringRules(ctx context.Context, project string, p *dns.ResponsePolicy, host string) ([]network.Zone, error) {
	var out []network.Zone
	list := z.dns.ResponsePolicyRules.List(project, p.ResponsePolicyName)
	err := list.Pages(ctx, func(page *dns.ResponsePolicyRulesListResponse) error {
		for _, r := range page.ResponsePolicyRules {
			name, wild := strings.CutPrefix(withoutDot(r.DnsName), "*.")
			if name != host && !(wild && within(host, name)) {
				continue
			}
			rule := network.Zone{
				Project: project, Name: p.ResponsePolicyName + "/" + r.RuleName, Host: name, Owner: p.Description, Policy: true,
			}
			if r.LocalData != nil {
				for _, data := range r.LocalData.LocalDatas {
					if data.Type == "A" && len(data.Rrdatas) == 1 {
						rule.IP, rule.TTL = data.Rrdatas[0], int(data.Ttl)
					}
				}
			}
			out = append(out, rule)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b network.Zone) int { return cmp.Compare(len(b.Host), len(a.Host)) })
	return out, err
}

func withoutDot(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// within tells whether host is the domain or below it. The root zone holds everything.
func within(host, domain string) bool {
	return domain == "" || host == domain || strings.HasSuffix(host, "."+domain)
}
