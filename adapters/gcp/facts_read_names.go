package gcp

import (
	"context"

	"google.golang.org/api/dns/v1"
)

// zoneRecord is a record set of one zone.
type zoneRecord struct {
	zone string
	set  *dns.ResourceRecordSet
}

// paged reads a list of the generated clients, page by page, as far as it goes.
func paged[T any](c *Client, s source, pages func(func([]T)) error) told[T] {
	out := told[T]{source: s}
	out.failed(c, pages(func(items []T) { out.items = append(out.items, items...) }))
	return out
}

// ofNames reads what the project of the network has. A zone of another project that is bound to this network shows in
// that project alone, and no call tells that there is one.
func (r *survey) ofNames(ctx context.Context) []func() {
	home := "projects/" + r.project
	return []func(){
		func() {
			r.zones = paged(r.Client, r.source("managedZones.list", home), func(take func([]*dns.ManagedZone)) error {
				return r.dns.ManagedZones.List(r.project).Pages(ctx, func(p *dns.ManagedZonesListResponse) error {
					take(p.ManagedZones)
					return nil
				})
			})
		},
		func() {
			r.outbound = paged(r.Client, r.source("policies.list", home), func(take func([]*dns.Policy)) error {
				return r.dns.Policies.List(r.project).Pages(ctx, func(p *dns.PoliciesListResponse) error {
					take(p.Policies)
					return nil
				})
			})
		},
		func() {
			r.responses = paged(r.Client, r.source("responsePolicies.list", home),
				func(take func([]*dns.ResponsePolicy)) error {
					return r.dns.ResponsePolicies.List(r.project).
						Pages(ctx, func(p *dns.ResponsePoliciesListResponse) error {
							take(p.ResponsePolicies)
							return nil
						})
				})
		},
	}
}

// ofResponses reads the rules of the network's response policy.
func (r *survey) ofResponses(ctx context.Context) (reads []func()) {
	var bound []string
	for _, p := range r.responses.items {
		for _, n := range p.Networks {
			if r.same(n.NetworkUrl, r.network, &r.responses.source) {
				bound = append(bound, p.ResponsePolicyName)
			}
		}
	}
	r.answers = make([]told[*dns.ResponsePolicyRule], len(bound))
	for i, policy := range bound {
		reads = append(reads, func() {
			s := r.source("responsePolicyRules.list", "projects/"+r.project+"/responsePolicies/"+policy)
			r.answers[i] = paged(r.Client, s, func(take func([]*dns.ResponsePolicyRule)) error {
				return r.dns.ResponsePolicyRules.List(r.project, policy).
					Pages(ctx, func(p *dns.ResponsePolicyRulesListResponse) error {
						take(p.ResponsePolicyRules)
						return nil
					})
			})
		})
	}
	return reads
}
