package reach

// An answer is what a network's name service says: addresses, which may be none, with the zone or the rule that has
// them, or why nobody here can tell.
type answer struct {
	addresses Ranges
	known     bool
	by        string
	gap       Gap
	// public tells that only the public name service answers.
	public bool
}

// maxZoneHops bounds peering zones that lead in a circle.
const maxZoneHops = 4

func (r *run) resolve(realm Realm, name Name) answer { return r.resolveFrom(realm, name, maxZoneHops) }

// resolveFrom follows the order of one network.
//
// Page "Name resolution order" (docs.cloud.google.com/dns/docs/vpc-name-res-order): alternative name servers alone,
// else the response policy by longest suffix, where passthru goes on, then private, forwarding and peering zones by
// longest suffix, then public names. A zone that fits and has no record answers that the name does not exist.
func (r *run) resolveFrom(realm Realm, name Name, hops int) answer {
	n, ok := r.world.network(realm)
	if !ok || hops == 0 {
		return answer{gap: Gap{NameUnresolved, string(name), "nothing is known of the network's zones"}}
	}
	s := n.Names
	for _, doubts := range [][]Gap{s.Servers.doubts(r.question.Since), s.Responses.doubts(r.question.Since),
		s.Zones.doubts(r.question.Since)} {
		if len(doubts) > 0 {
			return answer{gap: doubts[0]}
		}
	}
	if len(s.Servers.Items) > 0 {
		return answer{gap: Gap{ForwardedName, string(name), "alternative name servers answer for the network"}}
	}
	if rule, ok := longest(s.Responses.Items, name, func(r Response) Name { return r.Name }); ok && !rule.Passthru {
		return answer{addresses: rule.Addresses, known: true, by: rule.words()} // its alias nobody looks for
	}
	zone, ok := zoneFor(s.Zones.Items, name)
	if !ok {
		return answer{public: true, gap: Gap{NameUnresolved, string(name), "only the public name service answers"}}
	}
	return r.inZone(realm, zone, name, hops)
}

// inZone is what one zone of a network answers.
func (r *run) inZone(realm Realm, zone Zone, name Name, hops int) answer {
	switch zone.Kind {
	case ForwardingZone:
		return answer{gap: Gap{ForwardedName, string(name), "the zone " + zone.Object + " forwards the question"}}
	case PeeringZone:
		return r.resolveFrom(zone.Target, name, hops-1)
	}
	record, _ := longest(zone.Records, name, func(r Record) Name { return r.Name })
	if record.Alias == "" {
		return answer{addresses: record.Addresses, known: true, by: zone.Object}
	}
	return r.alias(realm, record.Alias, hops-1)
}

// alias is what the name that an alias of a private zone stands for is answered by: private zones of the network, and
// no public ones. Whether its response policy is asked stands in no page.
//
// Page "CNAME chasing" (cloud.google.com/dns/docs/cnamechasing): an alias of a response policy's local data is not
// looked for at all.
func (r *run) alias(realm Realm, name Name, hops int) answer {
	n, ok := r.world.network(realm)
	if !ok || hops == 0 {
		return answer{gap: Gap{NameUnresolved, string(name), "nothing is known of the network's zones"}}
	}
	rule, fits := longest(n.Names.Responses.Items, name, func(r Response) Name { return r.Name })
	if fits && !rule.Passthru && r.ask(ResponsePolicyAnswersAliases) {
		return answer{addresses: rule.Addresses, known: true, by: rule.words()}
	}
	zone, ok := zoneFor(n.Names.Zones.Items, name)
	if !ok {
		return answer{known: true, by: "no zone that has " + string(name)}
	}
	return r.inZone(realm, zone, name, hops)
}

// words name the rule for people.
func (r Response) words() string { return "response policy rule for " + string(r.Name) }

// longest is the entry whose pattern fits the name most closely: the name itself, else the longest "*." above it.
func longest[T any](entries []T, name Name, pattern func(T) Name) (best T, found bool) {
	for _, e := range entries {
		p := pattern(e)
		if p != AnyName && !name.fits(p) {
			continue
		}
		if !found || p == name || pattern(best) != name && len(p) > len(pattern(best)) {
			best, found = e, true
		}
	}
	return best, found
}

// zoneFor is the zone with the longest domain at or above the name.
func zoneFor(zones []Zone, name Name) (best Zone, found bool) {
	for _, z := range zones {
		if name.within(z.Domain) && (!found || len(z.Domain) > len(best.Domain)) {
			best, found = z, true
		}
	}
	return best, found
}
