package reach

// googleAPIs are the addresses that Private Google Access serves by the default internet gateway.
//
// Page "Configure Private Google Access", private.googleapis.com and restricted.googleapis.com.
func googleAPIs() Ranges {
	return rangesIn("199.36.153.8/30", "199.36.153.4/30", "2600:2d00:2:2000::/64", "2600:2d00:2:1000::/64")
}

// GoogleFrontEnd is the object of the doubt whether an address is one of Google's own.
const GoogleFrontEnd = "goog.json"

// googleFrontEnd are addresses that may be those of the default domains of Google's APIs, to which Private Google
// Access leads as well. The published list (goog.json without cloud.json) changes, so that nothing in them is sure.
//
// Pages "Configure Private Google Access", IP addresses for default domains, and "Access APIs from VMs with external IP
// addresses".
func googleFrontEnd() Ranges {
	return rangesIn("8.8.4.0/24", "8.8.8.0/24", "64.233.160.0/19", "66.102.0.0/20", "66.249.64.0/19",
		"72.14.192.0/18", "74.125.0.0/16", "108.177.0.0/17", "142.250.0.0/15", "172.217.0.0/16", "172.253.0.0/16",
		"173.194.0.0/16", "192.178.0.0/15", "209.85.128.0/17", "216.58.192.0/19", "216.239.32.0/19", "2001:4860::/32",
		"2404:6800::/32", "2607:f8b0::/32", "2800:3f0::/32", "2a00:1450::/32", "2c0f:fb50::/32")
}

// unrouted are addresses that have no meaning in the internet (RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291, and
// RFC 6890: those that are not globally reachable). The ranges for documentation are left in: they are used for public
// hosts in examples.
func unrouted() Ranges {
	return rangesIn("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "0.0.0.0/8",
		"192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "fc00::/7", "fe80::/10")
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
	r.arriveAt(p.with(r.toGoogle(n, p.with(r.http(p.with(google))))), Google)
	left = left.Subtract(r.mail(n, p.with(left)))
	named := left.named(r.google)
	r.arriveAt(p.with(r.toGoogle(n, p.with(named))), Google)
	left = left.Subtract(named)
	direct, rest := r.external(n, p.with(left))
	r.arriveAt(p.with(direct), Internet)
	r.nat(n, p.with(rest))
}

// frontEnd lets flows arrive that have access to Google's addresses, may be for them, and have no other way out.
func (r *run) frontEnd(p piece, access Flows) {
	if !access.Empty() {
		r.gap(Gap{MayChange, GoogleFrontEnd,
			"only addresses of Google's are reached from here, and their list changes"})
		r.arriveAt(p.with(access), Google)
	}
}

// http is what of a piece Google's private and restricted addresses and the bundles of endpoints take: HTTP over TCP.
// Of other ports than the two well-known ones no page says anything.
//
// Pages "Private Service Connect compatibility" and "Access APIs from VMs with external IP addresses".
func (r *run) http(p piece) Flows {
	pass := p.flows.within(EveryAddress(), EveryAddress(), []Layer4{Protocol(TCP, Port(80), Port(443))})
	other := p.flows.within(EveryAddress(), EveryAddress(), []Layer4{Protocol(TCP)}).Subtract(pass)
	if !other.Empty() && r.ask(GoogleAnswersOtherPorts) {
		pass = pass.Union(other)
	}
	if lost := p.flows.Subtract(pass); !lost.Empty() {
		r.hop(Hop{Realm: p.realm, Layer: "google", Object: "HTTP over TCP only", Act: Deny, Flows: lost})
		r.lose(lost)
	}
	return pass
}

// mail loses what is always blocked to external addresses: connections to TCP port 25, but for those to servers of
// Google's. Answers are none of them.
//
// Page "VPC firewall rules" (docs.cloud.google.com/firewall/docs/firewalls), Always blocked traffic.
func (r *run) mail(n Network, p piece) Flows {
	if r.question.Answer {
		return Flows{}
	}
	blocked := p.flows.within(EveryAddress(), EveryAddress(), []Layer4{Protocol(TCP, Port(25))})
	if !blocked.Empty() {
		r.hop(Hop{Realm: p.realm, Layer: "always blocked", Object: "TCP port 25 of external addresses", Act: Deny,
			Flows: blocked})
		may := blocked.within(EveryAddress(), googleFrontEnd(), []Layer4{EveryProtocol()})
		r.frontEnd(p, r.toGoogle(n, p.with(may)))
		r.lose(blocked)
	}
	return blocked
}

// toGoogle is what of a piece may reach Google's APIs from its subnetwork; the rest is lost: a sender needs an external
// address, Private Google Access, or a Cloud NAT, which brings that access and does not translate what goes to Google.
//
// Pages "Configure Private Google Access" and "About accessing Google APIs through endpoints", requirements; "Cloud NAT
// product interactions" (docs.cloud.google.com/nat/docs/nat-product-interactions, as public repositories quote it).
func (r *run) toGoogle(n Network, p piece) Flows {
	direct, rest := r.external(n, p)
	access, rest := r.privateGoogle(n, p.with(rest))
	pass := direct.Union(access)
	r.lose(r.covered(n, p.with(rest), func(nat NAT, hit Flows) {
		r.hop(Hop{p.realm, "NAT", nat.Object, Forward, hit, n.NATs.Call, n.NATs.At})
		pass = pass.Union(hit)
	}))
	return pass
}

func (r *run) arriveAt(p piece, realm Realm) {
	if realm == Internet {
		r.public(p)
	}
	p.realm = realm
	r.arrive(p, string(realm))
}

// public is for what goes to external addresses of machines that were read: it arrives in their networks, and their
// firewalls and routes decide there, which this walk does not follow.
func (r *run) public(p piece) {
	for _, n := range r.world.Networks {
		for _, i := range n.Interfaces.Items {
			if i.Public.Empty() {
				continue
			}
			if there := p.flows.within(EveryAddress(), i.Public, []Layer4{EveryProtocol()}); !there.Empty() {
				r.gap(Gap{FarSide, i.Who.Name, "what the network of this external address lets in is not asked"})
				r.lose(there)
			}
		}
	}
}

// external splits a piece by whether its sender has an external address of the family. A service with an interface of
// its own has an address of its subnetwork, and so has somebody of whom only the address is known.
//
// Page "Configure dual-stack resources" (docs.cloud.google.com/run/docs/configuring/vpc-dual-stack-subnet):
// subnetworks with external IPv6 addresses are supported.
func (r *run) external(n Network, p piece) (direct, rest Flows) {
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
	six := rest.within(EveryAddress().Family(false), EveryAddress(), []Layer4{EveryProtocol()})
	if p.who.Kind != DirectEgress && p.who.Kind != Unknown || six.Empty() {
		return direct, rest
	}
	if doubts := n.Subnets.doubts(r.question.Since); len(doubts) > 0 {
		r.open(six, doubts...)
		return direct, rest.Subtract(six)
	}
	for _, s := range n.Subnets.Items {
		if s.External6 {
			may, sure := p.from(rest, s.Ranges.Family(false))
			direct, rest = direct.Union(may), rest.Subtract(sure)
		}
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
	}
	for _, s := range n.Subnets.Items {
		if s.PrivateGoogle {
			may, sure := p.from(none, s.Ranges)
			access, none = access.Union(may), none.Subtract(sure)
		}
	}
	for _, s := range n.Hidden.Items {
		may, sure := p.from(none, s.Ranges)
		if !may.Empty() && (s.PrivateGoogle || r.ask(HiddenRangeHasGoogleAccess)) {
			access, none = access.Union(may), none.Subtract(sure)
		}
	}
	return access, none
}

// nat sends out what a Cloud NAT of the sender's region covers, and loses the rest.
func (r *run) nat(n Network, p piece) {
	left := r.covered(n, p, func(nat NAT, hit Flows) {
		r.hop(Hop{p.realm, "NAT", nat.Object, Translate, hit, n.NATs.Call, n.NATs.At})
		out := p.with(hit)
		out.seen = nat.Addresses
		r.arriveAt(out, Internet)
	})
	if !left.Empty() {
		may := left.within(EveryAddress(), googleFrontEnd(), []Layer4{EveryProtocol()})
		access, _ := r.privateGoogle(n, p.with(may))
		r.frontEnd(p, access)
		r.hop(Hop{Realm: p.realm, Layer: "NAT", Object: "no external address and no NAT", Act: Deny, Flows: left})
		r.lose(left)
	}
}

// covered tells each Cloud NAT of the sender's region what it covers, and gives the rest.
func (r *run) covered(n Network, p piece, take func(NAT, Flows)) (left Flows) {
	left = p.flows
	if left.Empty() {
		return left
	}
	if doubts := n.NATs.doubts(r.question.Since); len(doubts) > 0 {
		r.open(left, doubts...)
		return Flows{}
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
		take(nat, hit)
	}
	return left
}
