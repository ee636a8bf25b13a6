package reach

import "net/netip"

// privateRanges are the destinations that enter the network with private-ranges-only.
//
// Page "VPC with connectors", Egress settings; page "Best practices for Cloud Run networking": RFC 1918, RFC 6598,
// class E and Google's private and restricted addresses.
func privateRanges() Ranges {
	return RangesOf(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
		netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("199.36.153.8/30"),
		netip.MustParsePrefix("199.36.153.4/30"))
}

// serverless is what of a sender's flows enters the network. With private-ranges-only the rest leaves by Google's own
// way, which no filter of the network sees.
func (r *run) serverless(p piece) piece {
	if !p.who.PrivateRangesOnly {
		return p
	}
	every := []Layer4{EveryProtocol()}
	inside := p.flows.within(EveryAddress(), privateRanges(), every)
	outside := p.flows.Subtract(inside)
	if !outside.Empty() {
		out := p.with(outside)
		r.hop(Hop{Realm: p.realm, Layer: "serverless", Object: "private-ranges-only", Act: Forward, Flows: outside})
		r.arriveAt(out, Internet)
	}
	return p.with(inside)
}
