package reach

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
	case ToUnread:
		r.open(p.flows, Gap{FarSide, next.Name, "where the next hop leads was not read"})
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
		switch left = left.Subtract(hit); {
		case hit.Empty():
		case i.Stopped:
			r.hop(Hop{Realm: p.realm, Layer: "subnet", Object: i.Who.Name + " is stopped", Act: Deny, Flows: hit})
			r.lose(hit)
		default:
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

// enter asks the firewall of a receiver, and ends the way. Behind a load balancer are backends, to which rules of their
// own apply; a proxy is no machine of the network at all.
func (r *run) enter(n Network, p piece, who Identity) {
	if who.Kind == Balancer {
		r.open(p.flows, Gap{FarSide, who.Name, "a load balancer has the address, and its backends were not read"})
		return
	}
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
// attachment; of a client behind a machine that forwards the page says nothing), and "Access regional Google APIs
// through endpoints" (docs.cloud.google.com/vpc/docs/access-regional-google-apis-endpoints): clients in peered networks
// cannot reach endpoints.
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
	case p.peered:
		r.refuse(p, home, e.Object)
		return
	case e.Bundle && p.who.Kind == GatewayKind && p.seen.Empty():
		if !r.ask(EndpointAnswersForwardedSource) {
			r.refuse(p, home, e.Object)
			return
		}
	case e.Bundle:
	case e.Accepted == Down, e.Region != p.who.Region && p.who.Region != "" && !e.GlobalAccess:
		r.refuse(p, home, e.Object)
		return
	case e.Accepted == Unclear, e.Region != p.who.Region && !e.GlobalAccess:
		r.gap(Gap{FarSide, e.Object, "the state or the client's region is not known"})
		r.lose(p.flows)
	}
	if !e.Bundle && e.Accepted == Up { // a backend, its firewall and its load balancer are the producer's affair
		r.gap(Gap{FarSide, e.Object, "what the producer does with packets is not visible from here"})
		r.lose(p.flows)
	}
	if e.Bundle && !r.question.Answer {
		p = p.with(r.http(p))
	}
	if e.Restricted {
		p = p.with(r.restricted(p, home, e))
	}
	within := p.who.Kind != Site && p.who.Kind != GatewayKind
	if n, ok := r.world.network(home); ok && e.Bundle && within && !r.question.Answer {
		inside := p
		inside.realm = home
		p = p.with(r.toGoogle(n, inside))
	}
	r.hop(Hop{Realm: home, Layer: "endpoint", Object: e.Object, Act: Forward, Flows: p.flows})
	// guess: an answer of Google's leaves by the routes of the region where the packet came in
	region := e.Region
	if e.Bundle {
		region = p.who.Region
	}
	r.arriveTo(p, Identity{Kind: Instance, Name: e.Object, Region: region}, home)
}

// restricted is what the bundle vpc-sc serves: not, as far as any page says, the services of Cloud Run.
func (r *run) restricted(p piece, home Realm, e Endpoint) Flows {
	var services []Box
	for _, b := range p.flows.boxes {
		if b.Name.within("run.app") {
			services = append(services, b)
		}
	}
	if len(services) == 0 || r.ask(RestrictedServesRun) {
		return p.flows
	}
	r.refuse(p.with(FlowsOf(services...)), home, e.Object)
	return p.flows.Subtract(FlowsOf(services...))
}

// refuse loses a piece at an object.
func (r *run) refuse(p piece, realm Realm, object string) {
	r.hop(Hop{Realm: realm, Layer: "endpoint", Object: object, Act: Deny, Flows: p.flows})
	r.lose(p.flows)
}
