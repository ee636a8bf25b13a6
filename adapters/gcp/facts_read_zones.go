package gcp

import (
	"context"
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/dns/v1"

	"github.com/culvertnet/culvert/events/reach"
)

// readZones reads the records of the zones that the network sees and that have their own, as far as they hold a name in
// question: of the scope, of a rule of the firewall, or one that an alias in another zone stands for. Without names in
// the scope every zone is in question.
func (r *survey) readZones(ctx context.Context) {
	names := r.namesAsked()
	r.opened = map[string]bool{}
	for known := -1; known < len(r.records); {
		known = len(r.records)
		var next []string
		for _, z := range r.zones.items {
			if !r.opened[z.Name] && r.visible(z, &r.zones.source) && zoneKind(z) == reach.PrivateZone &&
				r.holds(z, names) {
				r.opened[z.Name] = true
				next = append(next, z.Name)
			}
		}
		r.records = append(r.records, make([]told[zoneRecord], len(next))...)
		var reads []func()
		for i, zone := range next {
			reads = append(reads, func() { r.records[known+i] = r.recordsIn(ctx, zone) })
		}
		together(reads...)
		names = append(names, aliases(r.records[known:])...)
	}
}

// recordsIn reads all record sets of a zone.
func (r *survey) recordsIn(ctx context.Context, zone string) told[zoneRecord] {
	s := r.source("resourceRecordSets.list", "projects/"+r.project+"/managedZones/"+zone)
	return paged(r.Client, s, func(take func([]zoneRecord)) error {
		return r.dns.ResourceRecordSets.List(r.project, zone).
			Pages(ctx, func(p *dns.ResourceRecordSetsListResponse) error {
				var sets []zoneRecord
				for _, set := range p.Rrsets {
					sets = append(sets, zoneRecord{zone, set})
				}
				take(sets)
				return nil
			})
	})
}

// holds tells whether one of some names is at or below a zone's.
func (r *survey) holds(z *dns.ManagedZone, names []string) bool {
	return r.scope.Names == nil || slices.ContainsFunc(names, func(name string) bool {
		return within(withoutDot(name), withoutDot(z.DnsName))
	})
}

// namesAsked are those of the scope and of the firewall's rules, which are about what a name is resolved to.
func (r *survey) namesAsked() []string {
	names := slices.Clone(r.scope.Names)
	add := func(rules []*computepb.FirewallPolicyRule) {
		for _, rule := range rules {
			names = slices.Concat(names, rule.GetMatch().GetDestFqdns(), rule.GetMatch().GetSrcFqdns())
		}
	}
	for _, got := range r.effective.items {
		for _, p := range got.GetFirewallPolicys() {
			add(p.GetRules())
		}
	}
	for _, in := range r.regional {
		for _, got := range in.items {
			for _, p := range got.rules.GetFirewallPolicys() {
				add(p.GetRules())
			}
		}
	}
	return names
}

// aliases are the names that records stand for.
func aliases(lists []told[zoneRecord]) (names []string) {
	for _, list := range lists {
		for _, record := range list.items {
			if record.set.Type == "CNAME" {
				names = slices.Concat(names, record.set.Rrdatas, routed(record.set.RoutingPolicy))
			}
		}
	}
	return names
}
