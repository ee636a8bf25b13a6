package reach

import (
	"cmp"
	"slices"

	"go4.org/netipx"
)

// maxWay is how many times packets may be handed on; a longer way is a loop.
const maxWay = 12

// start begins the way of flows at their sender.
func (r *run) start(p piece) {
	if _, ok := r.world.network(p.realm); ok {
		r.leave(r.serverless(p))
		return
	}
	r.fromSite(p)
}

// leave is what a sender in a network does: its firewall for connections that leave, then the routes.
func (r *run) leave(p piece) {
	n, ok := r.world.network(p.realm)
	if !ok {
		r.open(p.flows, Gap{FarSide, string(p.realm), "nothing is known of this network"})
		return
	}
	pass := p.flows
	if !r.question.Answer {
		var drop Flows
		pass, drop = r.firewall(gate{n, p, p.who, false})
		r.lose(drop)
	}
	if r.question.FilterOnly {
		r.arrive(p.with(pass), "filter")
		return
	}
	r.route(n, p.with(pass))
}

// route finds the next hop of each flow.
//
// Page "Routes" (docs.cloud.google.com/vpc/docs/routes), Applicability and order: special paths, policy-based routes,
// routes of subnetworks, then static and dynamic routes together by the longest prefix; next hops that cannot be used
// are left out, then the lowest priority, then the preference of the kind, and equals share the packets.
func (r *run) route(n Network, p piece) {
	p.hops++
	if p.hops > maxWay {
		r.hop(Hop{Realm: p.realm, Layer: "routes", Object: "loop", Act: Deny, Flows: p.flows})
		r.lose(p.flows)
		return
	}
	left := r.special(n, p)
	left, byOthers := r.policyRoutes(n, p.with(left))
	left = left.Union(byOthers)
	if doubts := n.Routes.doubts(r.question.Since); len(doubts) > 0 {
		r.open(left, doubts...)
		return
	}
	left = r.byPrefix(p.with(left), n.Routes.source(), slices.DeleteFunc(slices.Clone(n.Routes.Items),
		func(one Route) bool { return one.Kind != SubnetRoute }))
	if doubts := n.Dynamic.doubts(r.question.Since); len(doubts) > 0 {
		r.open(left, doubts...)
		return
	}
	others := slices.DeleteFunc(slices.Concat(n.Routes.Items, n.Dynamic.Items),
		func(one Route) bool { return one.Kind == SubnetRoute })
	left = r.byPrefix(p.with(left), n.Routes.source(), others)
	if !left.Empty() {
		r.hop(Hop{Realm: p.realm, Layer: "routes", Object: "no route", Act: Deny, Flows: left})
		r.lose(left)
	}
}

// special takes out what goes to an endpoint for Google's APIs. Such an address beats every route.
//
// Page "Routes", Special routing paths; page "About accessing Google APIs through endpoints".
func (r *run) special(n Network, p piece) (left Flows) {
	left = p.flows
	if doubts := n.Endpoints.doubts(r.question.Since); len(doubts) > 0 {
		r.open(left, doubts...)
		return Flows{}
	}
	for _, e := range n.Endpoints.Items {
		if !e.Bundle {
			continue
		}
		hit := left.within(EveryAddress(), e.Address, []Layer4{EveryProtocol()})
		left = left.Subtract(hit)
		r.endpoint(p.with(hit), e)
	}
	return left
}

// policyRoutes takes out what a policy-based route sends on, and gives what one hands to the ordinary routes.
//
// Page "Policy-based routes": the lowest priority alone counts, prefixes are not compared; between equals the vendor
// chooses in a way that is not told.
func (r *run) policyRoutes(n Network, p piece) (left, others Flows) {
	left = p.flows
	if doubts := n.Policies.doubts(r.question.Since); len(doubts) > 0 {
		r.open(left, doubts...)
		return Flows{}, Flows{}
	}
	routes := slices.Clone(n.Policies.Items)
	slices.SortStableFunc(routes, func(a, b PolicyRoute) int { return cmp.Compare(a.Priority, b.Priority) })
	for len(routes) > 0 {
		equal := 1
		for equal < len(routes) && routes[equal].Priority == routes[0].Priority {
			equal++
		}
		var gone Flows
		for _, one := range routes[:equal] {
			c := clause{object: one.Object, src: one.Src, sure: one.Dst, layer4: one.Layer4,
				fits: tagged(one.Tags, p.who)}
			may, sure := c.match(left, p)
			if may.Empty() {
				continue
			}
			gone = gone.Union(sure)
			r.hop(Hop{p.realm, "policy routes", one.Object, Forward, may, n.Policies.Call, n.Policies.At})
			if one.Others {
				others = others.Union(may)
				continue
			}
			r.forward(p.with(may), one.Next)
		}
		left, routes = left.Subtract(gone), routes[equal:]
	}
	return left, others
}

// tagged tells whether a route with tags is one for a sender; a sender that is no machine of the network has no tags.
func tagged(tags []string, who Identity) maybe {
	switch {
	case len(tags) == 0:
		return yes
	case who.Kind == Unknown:
		return perhaps
	}
	return truth(shares(tags, who.Tags))
}

// byPrefix sends each flow by the longest prefix that has a route for its sender, and gives what no route is for.
func (r *run) byPrefix(p piece, from source, routes []Route) (left Flows) {
	t := table{to: p.flows.destinations()}
	for _, group := range byLength(routes) {
		t.add(group, p.who)
	}
	t.close()
	for _, way := range t.ways {
		hit := p.flows.within(EveryAddress(), rangesOf(way.dst), []Layer4{EveryProtocol()})
		for _, w := range way.winners {
			r.hop(Hop{p.realm, "routes", w.Object, Forward, hit, from.call, from.at})
			r.forward(p.with(hit), w.Next)
		}
		if way.dead {
			r.hop(Hop{p.realm, "routes", way.object, Deny, hit, from.call, from.at})
			r.lose(hit)
		}
		if way.open {
			r.gap(Gap{ListNotWhole, way.object, "it is not known whether the route is one for the sender"})
		}
		if len(way.winners) > 1 {
			r.shared(hit, way.object)
		}
		r.spend(hit)
	}
	return p.flows.Subtract(p.flows.within(EveryAddress(), t.taken, []Layer4{EveryProtocol()}))
}

// A table is what the routes do with the destinations of a piece.
type table struct {
	// to are the destinations in question, taken those that a longer prefix has for sure.
	to, taken Ranges
	// closed are those of the prefixes of this length, which do not overlap.
	closed []netipx.IPRange
	length int
	ways   []way
}

// close takes the destinations of one length of prefixes out of what shorter ones get.
func (t *table) close() {
	t.taken, t.closed = t.taken.Union(rangesOf(t.closed)), nil
}

// A way is a set of destinations with one fate: the routes that may carry them, whether no usable one is left (dead),
// and whether the routes may not be for the sender (open).
type way struct {
	dst        []netipx.IPRange
	winners    []Route
	object     string
	dead, open bool
}

// add puts the routes of one prefix into the table. Prefixes come with the longest first.
func (t *table) add(routes []Route, who Identity) {
	if bits := routes[0].Dst.Bits(); bits != t.length {
		t.close()
		t.length = bits
	}
	prefix := Ranges{[]netipx.IPRange{netipx.RangeOfPrefix(routes[0].Dst)}}
	dst := prefix.Intersect(t.to).Subtract(t.taken)
	if dst.Empty() {
		return
	}
	winners, decided, usable := choose(routes, who)
	if decided {
		t.closed = append(t.closed, dst.list...)
	}
	if len(winners) == 0 && !decided {
		return
	}
	one := way{dst.list, winners, routes[0].Object, decided && !usable, !decided}
	for i, o := range t.ways {
		if o.dead == one.dead && o.open == one.open && slices.EqualFunc(o.winners, winners, sameHop) {
			t.ways[i].dst = append(o.dst, dst.list...)
			return
		}
	}
	t.ways = append(t.ways, one)
}

func sameHop(a, b Route) bool { return a.Next == b.Next }

// byLength groups routes by their prefix, the longest prefixes first.
func byLength(routes []Route) (groups [][]Route) {
	sorted := slices.Clone(routes)
	slices.SortStableFunc(sorted, func(a, b Route) int {
		return cmp.Or(cmp.Compare(b.Dst.Bits(), a.Dst.Bits()), a.Dst.Masked().Addr().Compare(b.Dst.Masked().Addr()))
	})
	for i, one := range sorted {
		if i == 0 || one.Dst.Masked() != sorted[i-1].Dst.Masked() {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], one)
	}
	return groups
}

// shared notes that equal routes lead some packets on and lose others. Which packets those are is not documented.
func (r *run) shared(f Flows, object string) {
	if !f.Intersect(r.pass).Intersect(r.drop).Empty() {
		r.gap(Gap{NoDocument, object, "which of equal routes carries a packet is not documented"})
	}
}

// choose gives the routes of one prefix that may carry packets of a sender, whether the prefix has a route for the
// sender for sure, and whether one of those can be used for sure. Equal routes share, so that all of them are given:
// the flows pass for sure when each member passes.
func choose(routes []Route, who Identity) (winners []Route, decided, usable bool) {
	var sure, open []Route
	for _, one := range routes {
		counts := tagged(one.Tags, who).and(inRegion(one.Region, who))
		decided = decided || counts == yes
		switch {
		case counts == no || one.Next.State == Down:
		case counts == yes && one.Next.State == Up:
			sure = append(sure, one)
		default:
			open = append(open, one)
		}
	}
	if len(sure) == 0 {
		return open, decided, false
	}
	best := slices.MinFunc(sure, preferred)
	for _, one := range sure {
		if preferred(one, best) == 0 {
			winners = append(winners, one)
		}
	}
	for _, one := range open {
		if preferred(one, best) <= 0 {
			winners = append(winners, one)
		}
	}
	return winners, decided, true
}

// preferred compares routes of one prefix: the lowest priority, then the preference of the kind.
func preferred(a, b Route) int {
	return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Preference, b.Preference))
}

// inRegion tells whether a dynamic route of a region is one for a sender.
func inRegion(region string, who Identity) maybe {
	if region == "" || region == who.Region {
		return yes
	}
	if who.Region == "" || who.Kind == Unknown {
		return perhaps
	}
	return no
}
