package reach

import "net/netip"

// forward hands a piece to a next hop.
func (r *run) forward(p piece, next NextHop) {
	if p.flows.Empty() {
		return
	}
	if next.State == Unclear {
		r.gap(Gap{FarSide, next.Name, "nobody can tell whether the next hop is up"})
		r.lose(p.flows)
	}
	switch next.Kind {
	case ToLocal:
		r.deliver(p)
	case ToPeer:
		// Page "VPC firewall rules", Source tags and accounts: they are those of the rule's own network.
		p.realm, p.peered, p.who.Tags, p.who.Account = next.Realm, true, nil, ""
		r.deliver(p)
	case ToInternet:
		r.exit(p)
	case ToGateway:
		r.toGateway(p, next.Name)
	case ToSite:
		p.realm = next.Realm
		r.atSite(p)
	case ToNetwork:
		p.realm = next.Realm
		r.fromTunnel(p)
	default:
		r.hop(Hop{Realm: p.realm, Layer: "next hop", Object: next.Name, Act: Deny, Flows: p.flows})
		r.lose(p.flows)
	}
}

// fromTunnel routes what enters a network by a tunnel or an attachment. No rule about connections that leave is asked.
func (r *run) fromTunnel(p piece) {
	n, ok := r.world.network(p.realm)
	if !ok {
		r.open(p.flows, Gap{NotAllowedToRead, string(p.realm), "nothing was read of this network"})
		return
	}
	r.route(n, p)
}

// deliver brings a piece to the addresses of a network: to an endpoint, or through the firewall of whoever is there.
//
// Page "Routes", subnet routes: packets to an address of a subnetwork that nobody has are dropped.
func (r *run) deliver(p piece) {
	n, ok := r.world.network(p.realm)
	if !ok {
		r.open(p.flows, Gap{NotAllowedToRead, string(p.realm), "nothing was read of this network"})
		return
	}
	if r.question.Answer { // the one who asked is there
		r.arrive(p, "sender")
		return
	}
	left := p.flows
	if doubts := n.Endpoints.doubts(r.question.Since); len(doubts) > 0 {
		r.open(left, doubts...)
		return
	}
	for _, e := range n.Endpoints.Items {
		hit := left.within(EveryAddress(), e.Address, []Layer4{EveryProtocol()})
		left = left.Subtract(hit)
		r.endpoint(p.with(hit), e)
	}
	for _, i := range n.Interfaces.Items {
		hit := left.within(EveryAddress(), i.Addresses, []Layer4{EveryProtocol()})
		if !hit.Empty() {
			left = left.Subtract(hit)
			r.enter(n, p.with(hit), i.Who)
		}
	}
	if left.Empty() {
		return
	}
	doubts := n.Interfaces.doubts(r.question.Since)
	if len(doubts) == 0 && !r.question.Inhabited {
		r.hop(Hop{Realm: p.realm, Layer: "subnet", Object: "nobody has the address", Act: Deny, Flows: left})
		r.lose(left)
		return
	}
	if len(doubts) > 0 {
		for _, g := range doubts {
			r.gap(g)
		}
		r.lose(left)
	}
	r.enter(n, p.with(left), Identity{Kind: Unknown})
}

// enter asks the firewall of a receiver, and ends the way.
func (r *run) enter(n Network, p piece, who Identity) {
	if !r.question.Answer {
		pass, drop := r.firewall(gate{n, p, who, true})
		r.lose(drop)
		p = p.with(pass)
	}
	r.arriveTo(p, who, "")
}

// endpoint ends the way at a Private Service Connect endpoint. The producer sees an address of its own subnetwork,
// never the client's.
//
// Pages "About accessing published services through endpoints" (accepted connections only; clients of another region
// need global access) and "About accessing Google APIs through endpoints" (clients in the network, by VPN or VLAN
// attachment; of a client behind a machine that forwards the page says nothing).
func (r *run) endpoint(p piece, e Endpoint) {
	if p.flows.Empty() {
		return
	}
	home := p.realm
	p.realm = e.Producer
	if e.Bundle {
		p.realm = Google
	}
	switch {
	case e.Bundle && p.who.Kind == GatewayKind && p.seen.Empty():
		if !r.ask(EndpointAnswersForwardedSource) {
			r.refuse(p, home, e.Object)
			return
		}
	case e.Bundle:
	case p.peered && !r.ask(EndpointAnswersPeeredSource):
		r.refuse(p, home, e.Object)
		return
	case e.Accepted == Down, e.Region != p.who.Region && p.who.Region != "" && !e.GlobalAccess:
		r.refuse(p, home, e.Object)
		return
	case e.Accepted == Unclear, e.Region != p.who.Region && !e.GlobalAccess:
		r.gap(Gap{FarSide, e.Object, "the state or the client's region is not known"})
		r.lose(p.flows)
	}
	r.hop(Hop{Realm: home, Layer: "endpoint", Object: e.Object, Act: Forward, Flows: p.flows})
	r.arriveTo(p, Identity{Kind: Instance, Name: e.Object}, home)
}

// refuse loses a piece at an object.
func (r *run) refuse(p piece, realm Realm, object string) {
	r.hop(Hop{Realm: realm, Layer: "endpoint", Object: object, Act: Deny, Flows: p.flows})
	r.lose(p.flows)
}

// googleAPIs are the addresses that Private Google Access serves by the default internet gateway.
//
// Page "Configure Private Google Access", private.googleapis.com and restricted.googleapis.com.
func googleAPIs() Ranges {
	return RangesOf(netip.MustParsePrefix("199.36.153.8/30"), netip.MustParsePrefix("199.36.153.4/30"),
		netip.MustParsePrefix("2600:2d00:2:2000::/64"), netip.MustParsePrefix("2600:2d00:2:1000::/64"))
}

// unrouted are addresses that have no meaning in the internet (RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291).
func unrouted() Ranges {
	return RangesOf(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
		netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"))
}

// exit sends a piece to the default internet gateway: to Google's addresses with Private Google Access, to others with
// an external address or a Cloud NAT that covers the sender.
//
// Pages "Configure Private Google Access", "Cloud NAT overview".
func (r *run) exit(p piece) {
	n, _ := r.world.network(p.realm)
	every := []Layer4{EveryProtocol()}
	lost := p.flows.within(EveryAddress(), unrouted(), every)
	r.lose(lost)
	left := p.flows.Subtract(lost)
	google := left.within(EveryAddress(), googleAPIs(), every)
	left = left.Subtract(google)
	direct, rest := r.external(p.with(google))
	r.arriveAt(p.with(direct), Google)
	access, none := r.privateGoogle(n, p.with(rest))
	r.arriveAt(p.with(access), Google)
	r.lose(none)
	direct, rest = r.external(p.with(left))
	r.arriveAt(p.with(direct), Internet)
	r.nat(n, p.with(rest))
}

func (r *run) arriveAt(p piece, realm Realm) {
	p.realm = realm
	r.arrive(p, string(realm))
}

// external splits a piece by whether its sender has an external address of the family.
func (r *run) external(p piece) (direct, rest Flows) {
	for _, b := range p.flows.boxes {
		has := p.who.External6
		if b.Dst.four() {
			has = p.who.External4
		}
		if has {
			direct.boxes = append(direct.boxes, b)
			continue
		}
		rest.boxes = append(rest.boxes, b)
	}
	return direct, rest
}

// privateGoogle splits a piece by whether its source is in a subnetwork with Private Google Access.
func (r *run) privateGoogle(n Network, p piece) (access, none Flows) {
	none = p.flows
	for _, list := range []Listing[Subnet]{n.Subnets, n.Hidden} {
		if doubts := list.doubts(r.question.Since); len(doubts) > 0 && !none.Empty() {
			r.open(none, doubts...)
			return access, Flows{}
		}
		for _, s := range list.Items {
			if s.PrivateGoogle {
				may, sure := p.from(none, s.Ranges)
				access, none = access.Union(may), none.Subtract(sure)
			}
		}
	}
	return access, none
}

// nat sends out what a Cloud NAT of the sender's region covers, and loses the rest.
func (r *run) nat(n Network, p piece) {
	left := p.flows
	if left.Empty() {
		return
	}
	if doubts := n.NATs.doubts(r.question.Since); len(doubts) > 0 {
		r.open(left, doubts...)
		return
	}
	for _, nat := range n.NATs.Items {
		if p.who.Region != "" && nat.Region != p.who.Region {
			continue
		}
		hit, sure := p.from(left, nat.Covers)
		if hit.Empty() {
			continue
		}
		left = left.Subtract(sure)
		if p.who.Region == "" {
			r.gap(Gap{ListNotWhole, nat.Object, "the region of the sender is not known"})
			r.lose(hit)
		}
		r.hop(Hop{p.realm, "NAT", nat.Object, Change, hit, n.NATs.Call, n.NATs.At})
		out := p.with(hit)
		out.seen = nat.Addresses
		r.arriveAt(out, Internet)
	}
	if !left.Empty() {
		r.hop(Hop{Realm: p.realm, Layer: "NAT", Object: "no external address and no NAT", Act: Deny, Flows: left})
		r.lose(left)
	}
}
