package gcp

import (
	"slices"

	"google.golang.org/api/dns/v1"

	"github.com/culvertnet/culvert/events/reach"
)

// nameService is how names are answered in the network.
func (r *survey) nameService() reach.NameService {
	return reach.NameService{Servers: r.nameServers(), Responses: r.responseRules(), Zones: r.zonesSeen()}
}

// nameServers are the alternative ones of an outbound server policy.
func (r *survey) nameServers() reach.Listing[string] {
	of := r.outbound.source
	var out []string
	for _, p := range r.outbound.items {
		bound := slices.ContainsFunc(p.Networks, func(n *dns.PolicyNetwork) bool {
			return r.same(n.NetworkUrl, r.network, &of)
		})
		if !bound || p.AlternativeNameServerConfig == nil {
			continue
		}
		for _, s := range p.AlternativeNameServerConfig.TargetNameServers {
			address := s.Ipv4Address
			if address == "" {
				address = s.Ipv6Address
			}
			out = append(out, address)
		}
	}
	return listing(of, out)
}

// visible tells whether the network sees a private zone.
func (r *survey) visible(z *dns.ManagedZone, of *source) bool {
	if z.Visibility != private || z.PrivateVisibilityConfig == nil {
		return false
	}
	return slices.ContainsFunc(z.PrivateVisibilityConfig.Networks,
		func(n *dns.ManagedZonePrivateVisibilityConfigNetwork) bool {
			return r.same(n.NetworkUrl, r.network, of)
		})
}

// zoneKind says who answers for a zone. The answers of Service Directory, and of a peering that was deactivated, are
// not read: the model treats them like those of another name server.
func zoneKind(z *dns.ManagedZone) reach.ZoneKind {
	switch {
	case z.ForwardingConfig != nil, z.ServiceDirectoryConfig != nil:
		return reach.ForwardingZone
	case z.PeeringConfig != nil && z.PeeringConfig.TargetNetwork != nil:
		if z.PeeringConfig.TargetNetwork.DeactivateTime != "" {
			return reach.ForwardingZone
		}
		return reach.PeeringZone
	}
	return reach.PrivateZone
}

func (r *survey) zonesSeen() reach.Listing[reach.Zone] {
	of := r.zones.source
	records := joined("", "", r.records...)
	of.add(records.source)
	var out []reach.Zone
	for _, z := range r.zones.items {
		if !r.visible(z, &of) {
			continue
		}
		one := reach.Zone{Object: "projects/" + r.project + "/managedZones/" + z.Name, Domain: reach.NameOf(z.DnsName),
			Kind: zoneKind(z)}
		if one.Kind == reach.PrivateZone && !r.opened[z.Name] {
			one.Kind = reach.ForwardingZone // nobody asks it
		}
		switch one.Kind {
		case reach.PeeringZone:
			one.Target = r.realm(z.PeeringConfig.TargetNetwork.NetworkUrl, &of)
		case reach.PrivateZone:
			sets := slices.DeleteFunc(slices.Clone(records.items), func(s zoneRecord) bool { return s.zone != z.Name })
			one.Records = recordsOf(sets, one.Domain, &of)
			out = append(out, delegated(one, sets)...)
		}
		out = append(out, one)
	}
	return listing(of, out)
}

// delegated are the names below a zone that it leaves to other name servers.
func delegated(zone reach.Zone, sets []zoneRecord) (out []reach.Zone) {
	for _, s := range sets {
		if name := reach.NameOf(s.set.Name); s.set.Type == owningNS && name != zone.Domain {
			out = append(out, reach.Zone{Object: zone.Object + " delegation " + string(name), Domain: name,
				Kind: reach.ForwardingZone})
		}
	}
	return out
}

// recordsOf are the names of a zone, in their order, with the addresses of both families together. A name with other
// types only is one without addresses: it is there, so that no wildcard answers for it.
func recordsOf(sets []zoneRecord, apex reach.Name, of *source) (out []reach.Record) {
	at := map[reach.Name]int{}
	for _, s := range sets {
		name := reach.NameOf(s.set.Name)
		if s.set.Type == "SOA" || s.set.Type == owningNS && name == apex {
			continue
		}
		i, known := at[name]
		if !known {
			i = len(out)
			at[name], out = i, append(out, reach.Record{Name: name})
		}
		addresses, alias := answerOf(s.set, of)
		out[i].Addresses = out[i].Addresses.Union(addresses)
		if alias != "" {
			out[i].Alias = alias
		}
	}
	return out
}

// answerOf is what a record set answers: addresses, or another name. One that answers differently by weight, place or
// health counts with all its addresses.
func answerOf(set *dns.ResourceRecordSet, of *source) (reach.Ranges, reach.Name) {
	data := slices.Concat(set.Rrdatas, routed(set.RoutingPolicy))
	switch set.Type {
	case "A", "AAAA":
		return of.ranges(set.Name, data...), ""
	case "CNAME":
		if len(data) == 1 {
			return reach.Ranges{}, reach.NameOf(data[0])
		}
		of.lack(reach.ListNotWhole, "%s is an alias of %d names by turns", set.Name, len(data))
	}
	return reach.Ranges{}, ""
}

// routed are all answers of a routing policy.
func routed(p *dns.RRSetRoutingPolicy) (data []string) {
	if p == nil {
		return nil
	}
	if p.Wrr != nil {
		for _, item := range p.Wrr.Items {
			data = slices.Concat(data, item.Rrdatas, checked(item.HealthCheckedTargets))
		}
	}
	data = append(data, placed(p.Geo)...)
	if p.PrimaryBackup != nil {
		data = slices.Concat(data, checked(p.PrimaryBackup.PrimaryTargets), placed(p.PrimaryBackup.BackupGeoTargets))
	}
	return data
}

func placed(p *dns.RRSetRoutingPolicyGeoPolicy) (data []string) {
	if p == nil {
		return nil
	}
	for _, item := range p.Items {
		data = slices.Concat(data, item.Rrdatas, checked(item.HealthCheckedTargets))
	}
	return data
}

func checked(targets *dns.RRSetRoutingPolicyHealthCheckTargets) (data []string) {
	if targets == nil {
		return nil
	}
	for _, balancer := range targets.InternalLoadBalancers {
		data = append(data, balancer.IpAddress)
	}
	return append(data, targets.ExternalEndpoints...)
}

// responseRules are the rules of the network's response policy. A network has one at most.
func (r *survey) responseRules() reach.Listing[reach.Response] {
	of := r.responses.source
	rules := joined("", "", r.answers...)
	of.add(rules.source)
	var out []reach.Response
	for _, rule := range rules.items {
		one := reach.Response{Name: reach.NameOf(rule.DnsName), Passthru: rule.Behavior == bypass}
		if rule.LocalData != nil {
			for _, set := range rule.LocalData.LocalDatas {
				addresses, alias := answerOf(set, &of)
				one.Addresses = one.Addresses.Union(addresses)
				if alias != "" {
					one.Alias = alias
				}
			}
		}
		out = append(out, one)
	}
	return listing(of, out)
}
