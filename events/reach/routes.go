package reach

import (
	"cmp"
	"slices"
)

// maxWay is how many times packets may be handed on; a longer way is a loop.
const maxWay = 12

// filterPassed is where the way of a question ends that asks the sender's firewall alone.
const filterPassed = "filter"

// start begins the way of flows at their sender.
func (r *run) start(p piece) {
	if _, ok := r.world.network(p.realm); ok {
		r.leave(r.serverless(p))
		return
	}
	r.fromSite(p)
}

// metadataServer are the addresses of the metadata server, to which no rule applies.
//
// Page "VPC firewall rules", Always allowed traffic.
func metadataServer() Ranges {
	return rangesIn("169.254.169.254/32", "fd20:ce::254/128")
}

// leave is what a sender in a network does: its firewall for connections that leave, then the routes.
func (r *run) leave(p piece) {
	n, ok := r.world.network(p.realm)
	if !ok {
		r.open(p.flows, Gap{FarSide, string(p.realm), "nothing is known of this network"})
		return
	}
	always := p.flows.within(EveryAddress(), metadataServer(), []Layer4{EveryProtocol()})
	r.arriveAt(p.with(always), Google)
	p = p.with(p.flows.Subtract(always))
	pass := p.flows
	if !r.question.Answer {
		var drop Flows
		pass, drop = r.firewall(gate{n, p, p.who, false})
		r.lose(drop)
	}
	if r.question.FilterOnly {
		r.arrive(p.with(pass), filterPassed)
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
	left = r.byPrefix(p.with(left), n.Routes.source(), slices.DeleteFunc(slices.Concat(n.Routes.Items, r.hidden(n)),
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

// importedRoute tells a route that a peering brought. It is not handed on to another peer.
//
// Page "VPC Network Peering" (docs.cloud.google.com/vpc/docs/vpc-peering): only directly peered networks communicate,
// transitive peering is not supported.
func (one Route) importedRoute() bool {
	return one.Next.Kind == ToPeer || one.Next.Kind == ToPeerRoutes
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
			if !sure.Equal(may) {
				r.gap(c.doubts(p)[0])
			}
			r.hop(Hop{p.realm, "policy routes", one.Object, Forward, may, n.Policies.Call, n.Policies.At})
			if one.Others {
				others = others.Union(may)
				continue
			}
			r.forward(p.with(may), one.Next)
			if equal > 1 {
				r.shared(may, one.Object)
			}
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

// hidden are the routes to connectors with a range of their own, which no list of routes shows: the network's own ones,
// and those of its peers, whose subnetworks are exchanged.
//
// Page "VPC with connectors": a connector with a custom range is on a hidden subnetwork of the network. Page "Routes",
// subnet routes: each subnetwork has one. That a hidden one has it too stands in no page and follows from its use:
// nobody else could answer what a connector asks.
func (r *run) hidden(n Network) (out []Route) {
	add := func(of Network, next NextHop) {
		for _, s := range of.Hidden.Items {
			for _, dst := range s.Ranges.Prefixes() {
				out = append(out, Route{Object: s.Object, Kind: SubnetRoute, Dst: dst, Next: next})
			}
		}
	}
	add(n, NextHop{Kind: ToLocal, Name: string(n.Realm), State: Up})
	for _, p := range n.Peers {
		if peer, ok := r.world.network(p.Realm); ok && p.State == Up {
			add(peer, NextHop{Kind: ToPeer, Name: string(p.Realm), Realm: p.Realm, State: Up})
		}
	}
	return out
}
