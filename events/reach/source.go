package reach

import "net/netip"

// rangesIn is the union of prefixes that are constants: a vendor's, or those of an RFC.
func rangesIn(texts ...string) Ranges {
	prefixes := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		prefixes = append(prefixes, netip.MustParsePrefix(text))
	}
	return RangesOf(prefixes...)
}

// privateRanges are the destinations that enter the network with private-ranges-only.
//
// Pages "VPC with connectors", Egress settings, and "Best practices for Cloud Run networking": RFC 1918, RFC 6598 and
// Google's private and restricted addresses.
func privateRanges() Ranges {
	return rangesIn("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "199.36.153.8/30",
		"199.36.153.4/30")
}

// reserved are ranges that a subnetwork may have and that no page counts as private (page "Subnets", valid ranges).
func reserved() Ranges {
	return rangesIn("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4")
}

// uniqueLocal are the addresses of subnetworks with internal IPv6.
func uniqueLocal() Ranges { return rangesIn("fd00::/8") }

// serverless is what of a sender's flows enters the network. With private-ranges-only the rest leaves by Google's own
// way, which no filter of the network sees and which leads to public addresses only. The metadata server answers every
// instance.
//
// Pages "Private networking and Cloud Run" and "Container runtime contract".
func (r *run) serverless(p piece) piece {
	to := func(of Flows, dst Ranges) Flows { return of.within(EveryAddress(), dst, []Layer4{EveryProtocol()}) }
	always := to(p.flows, metadataServer())
	r.arriveAt(p.with(always), Google)
	left := p.flows.Subtract(always)
	if !p.who.PrivateRangesOnly {
		return p.with(r.carried(p.with(left)))
	}
	inside := to(left, privateRanges())
	for _, open := range []struct {
		dst Ranges
		by  Switch
	}{{reserved(), PrivateIncludesReserved}, {uniqueLocal(), PrivateIncludesUniqueLocal}} {
		if hit := to(left, open.dst); !hit.Empty() && r.ask(open.by) {
			inside = inside.Union(hit)
		}
	}
	if outside := left.Subtract(inside); !outside.Empty() {
		r.hop(Hop{Realm: p.realm, Layer: "serverless", Object: "private-ranges-only", Act: Forward, Flows: outside})
		lost := to(outside, unrouted())
		r.lose(lost)
		google := to(outside.Subtract(lost), googleAPIs())
		r.arriveAt(p.with(r.http(p.with(google))), Google)
		r.arriveAt(p.with(outside.Subtract(lost).Subtract(google)), Internet)
	}
	return p.with(r.carried(p.with(inside)))
}

// carried is what a connector takes of a service's packets: TCP and UDP. Whether it takes ICMP could not be read.
//
// Page "Serverless VPC Access", supported networking protocols.
func (r *run) carried(p piece) Flows {
	connector := p.who.Kind == RangeConnector || p.who.Kind == SubnetConnector
	if !connector || r.question.Answer || r.question.FilterOnly { // what a firewall lets out is asked of every protocol
		return p.flows
	}
	of := func(numbers ...uint16) (out Flows) {
		for _, n := range numbers {
			out = out.Union(p.flows.within(EveryAddress(), EveryAddress(), []Layer4{Protocol(n)}))
		}
		return out
	}
	pass := of(TCP, UDP)
	if icmp := of(ICMP, ICMPv6); !icmp.Empty() && r.ask(ConnectorCarriesICMP) {
		pass = pass.Union(icmp)
	}
	if lost := p.flows.Subtract(pass); !lost.Empty() {
		r.hop(Hop{Realm: p.realm, Layer: "serverless", Object: "a connector carries TCP and UDP", Act: Deny,
			Flows: lost})
		r.lose(lost)
	}
	return pass
}
