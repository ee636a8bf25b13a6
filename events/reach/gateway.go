package reach

import (
	"cmp"
	"net/netip"
	"slices"
)

// toGateway brings a piece to a gateway's machine: through the firewall of its interface, then through the gateway.
func (r *run) toGateway(p piece, name string) {
	g, ok := r.world.gateway(name)
	if !ok {
		r.open(p.flows, Gap{FarSide, name, "nothing was read of the gateway"})
		return
	}
	p.peered = false        // the machine sends it on in its own network
	if p.who.Kind != Site { // what comes by a connection is in the connection's domain
		p.domain = g.Domain
	}
	n, seen := r.world.network(g.Realm)
	if seen && p.realm == g.Realm && !r.question.Answer {
		pass, drop := r.firewall(gate{n, p, g.Who, true})
		r.lose(drop)
		p = p.with(pass)
	}
	r.through(p, g)
}

// through walks one gateway: filters by name, the distributed firewall, then the table and source NAT.
//
// Manual of the vendor, "Egress FQDN filter" and "Distributed Cloud Firewall": both look at what passes a spoke; a
// packet has to pass each of them, so that their order does not matter.
func (r *run) through(p piece, g Gateway) {
	p.hops++
	if p.hops > maxWay || g.State == Down {
		r.hop(Hop{Realm: g.Realm, Layer: "gateway", Object: g.Name, Act: Deny, Flows: p.flows})
		r.lose(p.flows)
		return
	}
	if g.State == Unclear {
		r.gap(Gap{FarSide, g.Name, "the state of the gateway is not known"})
		r.lose(p.flows)
	}
	c, ok := r.world.controller(g)
	if !ok {
		r.open(p.flows, Gap{NotAllowedToRead, g.Name, "nothing was read of the gateway's controller"})
		return
	}
	if c.Enabled && g.Spoke || len(g.Tags.Items) > 0 || !g.Tags.Whole {
		r.keeps(g.Name, p.flows)
	}
	if !r.question.Answer {
		p = p.with(r.tags(p, g, c))
		p = p.with(r.distributed(p, g, c))
	}
	if doubts := g.Table.doubts(r.question.Since); len(doubts) > 0 {
		r.open(p.flows, doubts...)
		return
	}
	r.byTable(p, g)
}

// byTable sends each flow by the longest prefix of the gateway's table; equal prefixes share.
func (r *run) byTable(p piece, g Gateway) {
	left := p.flows
	routes := slices.Clone(g.Table.Items)
	slices.SortStableFunc(routes, func(a, b GatewayRoute) int {
		return cmp.Or(cmp.Compare(b.Dst.Bits(), a.Dst.Bits()), a.Dst.Masked().Addr().Compare(b.Dst.Masked().Addr()))
	})
	var taken netip.Prefix
	var hit Flows
	for _, one := range routes {
		equal := one.Dst.Masked() == taken
		if !equal {
			taken = one.Dst.Masked()
			hit = left.within(EveryAddress(), RangesOf(taken), []Layer4{EveryProtocol()})
			left = left.Subtract(hit)
		}
		if !hit.Empty() {
			r.hop(Hop{g.Realm, "gateway", g.Name + " " + one.Object, Forward, hit, g.Table.Call, g.Table.At})
			r.onward(p.with(hit), g, one)
			if equal {
				r.shared(hit, g.Name+" "+one.Object)
			}
		}
	}
	if !left.Empty() {
		r.hop(Hop{Realm: g.Realm, Layer: "gateway", Object: g.Name + " has no route", Act: Deny, Flows: left})
		r.lose(left)
	}
}

// onward hands a piece to the next hop of a gateway's route.
func (r *run) onward(p piece, g Gateway, by GatewayRoute) {
	if by.Next.State == Down {
		r.lose(p.flows)
		return
	}
	switch by.Next.Kind {
	case ToGateway:
		next, ok := r.world.gateway(by.Next.Name)
		if !ok {
			r.open(p.flows, Gap{FarSide, by.Next.Name, "nothing was read of the gateway"})
			return
		}
		if r.apart(p, g, next.Domain) {
			r.segmented(p, g, next.Domain)
			return
		}
		r.through(p, next)
	case ToLocal:
		// Page "Static routes", Considerations for next hop instances, and discovery document, Instance.canIpForward.
		if g.Who.NoForwarding && p.seen.Empty() {
			r.hop(Hop{Realm: g.Realm, Layer: "gateway", Object: g.Name + " without IP forwarding", Act: Deny,
				Flows: p.flows})
			r.lose(p.flows)
			return
		}
		p.who, p.realm = g.Who, g.Realm
		r.leave(p)
	case ToInternet:
		if !g.SourceNAT {
			r.hop(Hop{Realm: g.Realm, Layer: "gateway", Object: g.Name + " without source NAT", Act: Deny,
				Flows: p.flows})
			r.lose(p.flows)
			return
		}
		r.hop(Hop{Realm: g.Realm, Layer: "gateway", Object: g.Name + " source NAT", Act: Translate, Flows: p.flows})
		p.who, p.realm, p.seen = g.Who, g.Realm, g.Address
		r.outside(p, g)
	case ToSite:
		if r.apart(p, g, by.Domain) {
			r.segmented(p, g, by.Domain)
			return
		}
		r.forward(p, by.Next)
	default:
		r.forward(p, by.Next)
	}
}

// outside sends what a gateway has translated to the internet. Its machine is under the firewall of its network like
// any other.
func (r *run) outside(p piece, g Gateway) {
	lost := p.flows.within(EveryAddress(), unrouted(), []Layer4{EveryProtocol()})
	if !lost.Empty() {
		r.hop(Hop{Realm: g.Realm, Layer: "gateway", Object: g.Name + " has no route for private addresses", Act: Deny,
			Flows: lost})
		r.lose(lost)
	}
	pass := p.flows.Subtract(lost)
	if n, ok := r.world.network(g.Realm); ok && !r.question.Answer {
		var drop Flows
		pass, drop = r.firewall(gate{n, p.with(pass), g.Who, false})
		r.lose(drop)
	}
	p.seen = g.Public
	google := pass.within(EveryAddress(), googleAPIs(), []Layer4{EveryProtocol()})
	r.arriveAt(p.with(r.http(p.with(google))), Google)
	r.arriveAt(p.with(pass.Subtract(google)), Internet)
}

// apart tells whether two domains have no connection policy. What is in no domain is not segmented.
//
// Manual of the vendor, "Transit network segmentation": domains are connected by policy only, and both ways.
func (r *run) apart(p piece, g Gateway, domain string) bool {
	if p.domain == "" || domain == "" || p.domain == domain {
		return false
	}
	control, _ := r.world.controller(g) // it was found when the gateway was entered
	return !slices.ContainsFunc(control.Connected, func(c [2]string) bool {
		return c == [2]string{p.domain, domain} || c == [2]string{domain, p.domain}
	})
}

func (r *run) segmented(p piece, g Gateway, domain string) {
	r.hop(Hop{Realm: g.Realm, Layer: "domain", Object: p.domain + " is not connected to " + domain, Act: Deny,
		Flows: p.flows})
	r.lose(p.flows)
}
