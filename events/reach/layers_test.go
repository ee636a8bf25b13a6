package reach

import (
	"fmt"
	"slices"
	"testing"
)

// tcp is a set of flows of tcp to one port.
func tcp(t *testing.T, src, dst string, port uint16) Flows {
	t.Helper()
	return FlowsOf(Box{Src: ranges(t, src), Dst: ranges(t, dst), Layer4: Protocol(TCP, Port(port))})
}

func ask(n Network, who Identity, flows Flows) Verdict {
	return Evaluate(World{Networks: []Network{n}, Sites: []FarSideFacts{wholeSite}},
		Question{From: Place{n.Realm, who}, Flows: flows})
}

func causes(v Verdict) (all []Cause) {
	for _, g := range v.Open {
		all = append(all, g.Cause)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func expect(t *testing.T, what string, v Verdict, flows Flows, want string, open ...Cause) {
	t.Helper()
	if got := word(v, flows); got != want || !slices.Equal(causes(v), open) {
		t.Errorf("%s: %s by %v, want %s by %v; sure %v, may %v, hops %v", what, got, v.Open, want, open, v.Sure, v.May,
			v.Hops)
	}
}

func TestPrivateRangesOnlyLeavesTheRestToGoogle(t *testing.T) {
	n := emptyNetwork("net")
	n.Firewall.Global = WholeList(policyOf(Deny))
	who := Identity{Kind: DirectEgress, PrivateRangesOnly: true}
	public := tcp(t, "10.8.0.4", "1.1.1.1", 443)
	expect(t, "no filter of the network sees it", ask(n, who, public), public, "passes")
	for _, dst := range []string{"10.20.0.4", "100.64.0.1", "199.36.153.9", "169.254.1.1"} {
		private := tcp(t, "10.8.0.4", dst, 443)
		expect(t, dst, ask(n, who, private), private, "blocked")
	}
	reserved := tcp(t, "10.8.0.4", "198.51.100.7", 443)
	expect(t, "a reserved range that is used in public", ask(n, who, reserved), reserved, "undecided", NoDocument)
	server := tcp(t, "10.8.0.4", "169.254.169.254", 80)
	expect(t, "the metadata server", ask(n, who, server), server, "passes")
	q := Question{From: Place{"net", who}, To: Google, Flows: tcp(t, "fd00:8::4", "2600:2d00:2:2000::1", 443)}
	expect(t, "Google's own addresses are Google", Evaluate(World{Networks: []Network{n}}, q), q.Flows, "passes")
	open := n
	open.Firewall.Global = WholeList(policyOf(Allow))
	open.Routes = WholeList(route("fd00:9::/64", StaticRoute, toSite("site")))
	local := tcp(t, "fd00:8::4", "fd00:9::4", 443)
	expect(t, "internal IPv6", ask(open, who, local), local, "undecided", NoDocument)
	who.PrivateRangesOnly = false
	expect(t, "internal IPv6, all traffic", ask(open, who, local), local, "passes")
	expect(t, "all traffic", ask(n, who, public), public, "blocked")
}

// TestAConnectorCarriesTCPAndUDP: and nothing else for sure. A direct interface has no such limit.
func TestAConnectorCarriesTCPAndUDP(t *testing.T) {
	n := emptyNetwork("net")
	n.Routes = WholeList(route("0.0.0.0/0", StaticRoute, toSite("site")))
	for protocol, want := range map[uint16]string{TCP: "passes", UDP: "passes", ICMP: "undecided", ESP: "blocked"} {
		flows := FlowsOf(Box{Src: ranges(t, "10.8.0.4"), Dst: ranges(t, "10.9.0.1"), Layer4: Protocol(protocol)})
		var open []Cause
		if want == "undecided" {
			open = append(open, NoDocument)
		}
		for _, kind := range []Kind{RangeConnector, SubnetConnector} {
			expect(t, fmt.Sprintf("%s %d", kind, protocol), ask(n, Identity{Kind: kind}, flows), flows, want, open...)
		}
		expect(t, fmt.Sprintf("direct %d", protocol), ask(n, Identity{Kind: DirectEgress}, flows), flows, "passes")
	}
}

func TestTheWayOutNeedsAnAddressOrNAT(t *testing.T) {
	n := emptyNetwork("net")
	n.Routes = WholeList(route("0.0.0.0/0", StaticRoute, NextHop{Kind: ToInternet, State: Up}),
		route("::/0", StaticRoute, NextHop{Kind: ToInternet, State: Up}))
	four, six := tcp(t, "10.8.0.4", "1.1.1.1", 443), tcp(t, "fd00:8::5", "2001:db8::1", 443)
	expect(t, "neither", ask(n, sender, four), four, "blocked")
	external := sender
	external.External4, external.External6 = true, true
	expect(t, "external IPv4", ask(n, external, four), four, "passes")
	expect(t, "external IPv6", ask(n, external, six), six, "passes")
	external.External6 = false
	expect(t, "an address of the other family is no help", ask(n, external, six), six, "blocked")
	direct := Identity{Kind: DirectEgress, Region: "here"}
	n.Subnets = WholeList(Subnet{Object: "dual", Ranges: ranges(t, "10.8.0.0/28", "fd00:8::/64")})
	expect(t, "a service in a subnetwork with internal IPv6", ask(n, direct, six), six, "blocked")
	n.Subnets.Items[0].External6 = true
	expect(t, "a service in a subnetwork with external IPv6", ask(n, direct, six), six, "passes")
	expect(t, "somebody in it", ask(n, Identity{Kind: Unknown}, six), six, "passes")
	expect(t, "a machine says for itself", ask(n, external, six), six, "blocked")
	expect(t, "and has no external IPv4 by it", ask(n, direct, four), four, "blocked")
	n.Subnets = Listing[Subnet]{Call: "subnetworks.list"}
	expect(t, "subnetworks are not read", ask(n, direct, six), six, "undecided", ListNotWhole)
	n.Subnets = WholeList[Subnet]()
	nat := NAT{Object: "nat", Region: "here", Covers: ranges(t, "10.8.0.0/28"), Addresses: ranges(t, "203.0.113.9")}
	n.NATs = WholeList(nat)
	expect(t, "NAT", ask(n, sender, four), four, "passes")
	nat.Region = "there"
	n.NATs = WholeList(nat)
	expect(t, "NAT of another region", ask(n, sender, four), four, "blocked")
	nat.Region, nat.Covers = "here", ranges(t, "10.9.0.0/28")
	n.NATs = WholeList(nat)
	expect(t, "NAT of another subnetwork", ask(n, sender, four), four, "blocked")
	n.NATs = Listing[NAT]{Call: "routers.list",
		Gaps: []Gap{{NotAllowedToRead, "compute.routers.list", "no permission"}}}
	expect(t, "routers are not read", ask(n, sender, four), four, "undecided", NotAllowedToRead)
	private := tcp(t, "10.8.0.4", "10.99.0.1", 443)
	expect(t, "a private address has no meaning outside", ask(n, external, private), private, "blocked")
}

// TestGooglesAddressesTakeHTTP: over TCP, and whether by other ports than the well-known ones stands nowhere.
func TestGooglesAddressesTakeHTTP(t *testing.T) {
	n := emptyNetwork("net")
	n.Routes = WholeList(route("0.0.0.0/0", StaticRoute, NextHop{Kind: ToInternet, State: Up}))
	n.Subnets = WholeList(Subnet{Object: "own", Ranges: ranges(t, "10.8.0.0/28"), PrivateGoogle: true})
	n.Endpoints = WholeList(Endpoint{Object: "psc", Address: ranges(t, "10.200.0.5"), Bundle: true, Accepted: Up})
	for _, dst := range []string{"199.36.153.8", "199.36.153.4", "10.200.0.5"} {
		for _, port := range []uint16{80, 443} {
			flows := tcp(t, "10.8.0.4", dst, port)
			expect(t, fmt.Sprintf("%s tcp %d", dst, port), ask(n, sender, flows), flows, "passes")
		}
		other := tcp(t, "10.8.0.4", dst, 8443)
		expect(t, dst+" tcp 8443", ask(n, sender, other), other, "undecided", NoDocument)
		icmp := FlowsOf(Box{Src: ranges(t, "10.8.0.4"), Dst: ranges(t, dst), Layer4: Protocol(ICMP)})
		expect(t, dst+" icmp", ask(n, sender, icmp), icmp, "blocked")
	}
}

// TestGooglesDefaultDomainsMayBeReached by Private Google Access alone: nobody can tell which addresses they have.
func TestGooglesDefaultDomainsMayBeReached(t *testing.T) {
	n := emptyNetwork("net")
	n.Routes = WholeList(route("0.0.0.0/0", StaticRoute, NextHop{Kind: ToInternet, State: Up}))
	n.Subnets = WholeList(Subnet{Object: "own", Ranges: ranges(t, "10.8.0.0/28"), PrivateGoogle: true})
	google, other := tcp(t, "10.8.0.4", "142.250.0.95", 443), tcp(t, "10.8.0.4", "203.0.113.9", 443)
	expect(t, "an address of Google's", ask(n, sender, google), google, "undecided", MayChange)
	expect(t, "another address", ask(n, sender, other), other, "blocked")
	mail := tcp(t, "10.8.0.4", "142.250.0.95", 25)
	expect(t, "a mail server of Google's", ask(n, sender, mail), mail, "undecided", MayChange)
	n.Subnets.Items[0].PrivateGoogle = false
	expect(t, "without the access", ask(n, sender, google), google, "blocked")
	external := sender
	external.External4 = true
	expect(t, "with an external address", ask(n, external, google), google, "passes")
}

func TestPrivateGoogleAccessServesGooglesAddresses(t *testing.T) {
	n := emptyNetwork("net")
	n.Routes = WholeList(route("0.0.0.0/0", StaticRoute, NextHop{Kind: ToInternet, State: Up}))
	flows := tcp(t, "10.8.0.4", "199.36.153.8", 443)
	subnet := Subnet{Object: "direct", Ranges: ranges(t, "10.8.0.0/28")}
	n.Subnets = WholeList(subnet)
	expect(t, "off", ask(n, sender, flows), flows, "blocked")
	subnet.PrivateGoogle = true
	n.Subnets = WholeList(subnet)
	expect(t, "on", ask(n, sender, flows), flows, "passes")
	subnet.PrivateGoogle = false
	n.Subnets, n.NATs = WholeList(subnet), WholeList(NAT{Object: "nat", Region: sender.Region,
		Covers: ranges(t, "10.8.0.0/28"), Addresses: ranges(t, "203.0.113.9")})
	v := ask(n, sender, flows)
	expect(t, "by Cloud NAT", v, flows, "passes")
	if slices.ContainsFunc(v.Hops, func(h Hop) bool { return h.Act == Translate }) {
		t.Errorf("what goes to Google is translated: %v", v.Hops)
	}
	n.NATs = WholeList(NAT{Object: "nat", Region: sender.Region, Covers: ranges(t, "10.9.0.0/28")})
	expect(t, "by a Cloud NAT of others", ask(n, sender, flows), flows, "blocked")
	subnet.PrivateGoogle = true
	n.Subnets = WholeList(subnet)
	n.Subnets.Whole = false
	expect(t, "on, and the list lacks pages", ask(n, sender, flows), flows, "undecided", ListNotWhole)
	other := tcp(t, "10.8.0.4", "1.1.1.1", 443)
	n.Subnets.Whole = true
	expect(t, "others", ask(n, sender, other), other, "blocked")
}

func TestEndpoints(t *testing.T) {
	bundle := Endpoint{Object: "psc", Address: ranges(t, "10.200.0.5"), Bundle: true}
	flows := tcp(t, "10.8.0.4", "10.200.0.5", 443)
	n := emptyNetwork("net")
	n.Endpoints = WholeList(bundle)
	own := Subnet{Object: "own", Region: "here", Ranges: ranges(t, "10.8.0.0/28")}
	n.Subnets = WholeList(own)
	expect(t, "without Private Google Access", ask(n, sender, flows), flows, "blocked")
	own.PrivateGoogle = true
	n.Subnets = WholeList(own)
	expect(t, "in the network", ask(n, sender, flows), flows, "passes")
	hidden := sender
	hidden.Kind = RangeConnector
	n.Subnets, n.Hidden = WholeList[Subnet](), WholeList(Subnet{Object: "c", Ranges: ranges(t, "10.8.0.0/28")})
	expect(t, "from a hidden range", ask(n, hidden, flows), flows, "undecided", NoDocument)
	n.Hidden = WholeList[Subnet]()
	forwarded := Identity{Kind: GatewayKind, Name: "gw"}
	expect(t, "behind a machine that forwards", ask(n, forwarded, flows), flows, "undecided", NoDocument)

	published := Endpoint{Object: "orders", Address: ranges(t, "10.11.0.7"), Producer: "orders", Region: "here",
		Accepted: Up}
	flows = tcp(t, "10.8.0.4", "10.11.0.7", 443)
	n.Routes = WholeList(route("10.11.0.0/24", SubnetRoute, NextHop{Kind: ToLocal, State: Up}))
	n.Endpoints = WholeList(published)
	expect(t, "accepted", ask(n, sender, flows), flows, "undecided", FarSide)
	far := sender
	far.Region = "there"
	expect(t, "a client of another region", ask(n, far, flows), flows, "blocked")
	published.GlobalAccess = true
	n.Endpoints = WholeList(published)
	expect(t, "with global access", ask(n, far, flows), flows, "undecided", FarSide)
	published.Accepted = Down
	n.Endpoints = WholeList(published)
	expect(t, "pending", ask(n, sender, flows), flows, "blocked")
	published.Accepted = Unclear
	n.Endpoints = WholeList(published)
	expect(t, "state not read", ask(n, sender, flows), flows, "undecided", FarSide)
}

// TestSourceTagsOfSenders: a machine fits by its tag, a direct interface does not, nor does anybody behind translation.
func TestSourceTagsOfSenders(t *testing.T) {
	n := emptyNetwork("net")
	n.Routes = WholeList(route("10.9.0.0/24", SubnetRoute, NextHop{Kind: ToLocal, State: Up}))
	n.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.9.0.1"), Who: Identity{Kind: Instance, Name: "server"}})
	n.Firewall.Rules = WholeList(Rule{Object: "from-web", In: true, Act: Allow, Src: Peer{Tags: []string{"web"}},
		Dst: Peer{Ranges: EveryAddress()}, Layer4: []Layer4{EveryProtocol()}, Target: Target{All: true}})
	flows := tcp(t, "10.8.0.4", "10.9.0.1", 443)
	for kind, want := range map[Kind]string{Instance: "passes", SubnetConnector: "passes", DirectEgress: "blocked"} {
		who := sender
		who.Kind = kind
		w := World{Networks: []Network{n}, Settled: map[Switch]bool{PoliciesBindSubnetConnector: true}}
		expect(t, string(kind), Evaluate(w, Question{From: Place{"net", who}, Flows: flows}), flows, want)
	}
}

// TestTheRestrictedBundle: whether it serves Cloud Run is in no document; what else it serves is.
func TestTheRestrictedBundle(t *testing.T) {
	n := emptyNetwork("net")
	n.Subnets = WholeList(Subnet{Object: "own", Ranges: ranges(t, "10.8.0.0/28"), PrivateGoogle: true})
	for _, c := range []struct {
		name       Name
		restricted bool
		want       string
		causes     []Cause
	}{
		{"svc-1-ew.a.run.app", true, "undecided", []Cause{NoDocument}}, {"storage.googleapis.com", true, "passes", nil},
		{"svc-1-ew.a.run.app", false, "passes", nil}, {NoName, true, "passes", nil},
	} {
		n.Endpoints = WholeList(Endpoint{Object: "psc", Address: ranges(t, "10.200.0.5"), Bundle: true,
			Restricted: c.restricted})
		flows := FlowsOf(Box{ranges(t, "10.8.0.4"), ranges(t, "10.200.0.5"), Protocol(TCP, Port(443)), c.name})
		expect(t, string(c.name), ask(n, sender, flows), flows, c.want, c.causes...)
	}
}

// TestNoEndpointAnswersAPeer: whichever kind it is, and whatever else of the peer is reached.
func TestNoEndpointAnswersAPeer(t *testing.T) {
	n, peer := emptyNetwork("net"), emptyNetwork("peer")
	n.Routes = WholeList(route("10.11.0.0/24", SubnetRoute, NextHop{Kind: ToPeer, Realm: "peer", State: Up}))
	peer.Firewall.Rules = WholeList(Rule{Object: "in", In: true, Act: Allow, Src: Peer{Ranges: EveryAddress()},
		Dst: Peer{Ranges: EveryAddress()}, Layer4: []Layer4{EveryProtocol()}, Target: Target{All: true}})
	peer.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.11.0.9"),
		Who: Identity{Kind: Instance, Name: "beside"}})
	peer.Endpoints = WholeList(
		Endpoint{Object: "orders", Address: ranges(t, "10.11.0.7"), Producer: "orders", Region: "here", Accepted: Up},
		Endpoint{Object: "apis", Address: ranges(t, "10.11.0.8"), Bundle: true, Accepted: Up})
	for address, want := range map[string]string{"10.11.0.7": "blocked", "10.11.0.8": "blocked",
		"10.11.0.9": "passes"} {
		flows := tcp(t, "10.8.0.4", address, 443)
		v := Evaluate(World{Networks: []Network{n, peer}}, Question{From: Place{"net", sender}, Flows: flows})
		expect(t, address+" through peering", v, flows, want)
	}
}

func TestNamesFollowTheOrderOfTheNetwork(t *testing.T) {
	zones := WholeList(
		Zone{Object: "corp", Domain: "corp.example", Kind: PrivateZone, Records: []Record{
			{Name: "git.corp.example", Addresses: ranges(t, "10.30.0.10")},
			{Name: "*.corp.example", Addresses: ranges(t, "10.30.0.11")},
			{Name: "*.b.corp.example", Addresses: ranges(t, "10.30.0.12")}}},
		Zone{Object: "deep", Domain: "deep.corp.example", Kind: PrivateZone},
		Zone{Object: "forward", Domain: "forward.example", Kind: ForwardingZone},
		Zone{Object: "peer", Domain: "peer.example", Kind: PeeringZone, Target: "other"},
		Zone{Object: "loop", Domain: "loop.example", Kind: PeeringZone, Target: "net"},
	)
	n, other := emptyNetwork("net"), emptyNetwork("other")
	n.Names.Zones = zones
	n.Names.Responses = WholeList(Response{Name: "git2.corp.example", Addresses: ranges(t, "10.1.1.1")},
		Response{Name: "git.corp.example", Passthru: true},
		Response{Name: "*.corp.example", Addresses: ranges(t, "10.1.1.2")},
		Response{Name: "*.b.corp.example", Passthru: true})
	other.Names.Zones = WholeList(Zone{Object: "there", Domain: "peer.example", Kind: PrivateZone,
		Records: []Record{{Name: "a.peer.example", Addresses: ranges(t, "10.2.2.2")}}})
	r := &run{world: World{Networks: []Network{n, other}}}
	for _, c := range []struct {
		name  Name
		want  string
		cause Cause
	}{
		{"git.corp.example", "10.30.0.10/32", ""},
		{"git2.corp.example", "10.1.1.1/32", ""},
		{"any.corp.example", "10.1.1.2/32", ""},
		{"x.b.corp.example", "10.30.0.12/32", ""},
		{"a.peer.example", "10.2.2.2/32", ""},
		{"b.peer.example", "none", ""},
		{"a.forward.example", "none", ForwardedName},
		{"a.loop.example", "none", NameUnresolved},
		{"public.example", "none", NameUnresolved},
	} {
		a := r.resolve("net", c.name)
		if a.addresses.String() != c.want || a.gap.Cause != c.cause || a.known != (c.cause == "") {
			t.Errorf("%s: %v by %v, want %v by %v", c.name, a.addresses, a.gap, c.want, c.cause)
		}
	}
	n.Names.Responses = WholeList[Response]()
	r = &run{world: World{Networks: []Network{n}}}
	if a := r.resolve("net", "x.deep.corp.example"); !a.known || !a.addresses.Empty() {
		t.Errorf("the deeper zone answers that the name does not exist: %v", a)
	}
	n.Names.Servers = WholeList("10.0.0.1")
	r = &run{world: World{Networks: []Network{n}}}
	if a := r.resolve("net", "git.corp.example"); a.known || a.gap.Cause != ForwardedName {
		t.Errorf("alternative servers alone answer: %v", a)
	}
}

func TestARuleByNameIsOneByTheAddressesThatAZoneGives(t *testing.T) {
	n := routedNetwork()
	allow := decides(Allow)
	allow.Dst = Peer{Names: []Name{"git.corp.example"}}
	rest := decides(Deny)
	rest.Priority = 2
	n.Firewall.Global = WholeList(Policy{Rules: []Rule{allow, rest}})
	n.Names.Zones = WholeList(Zone{Domain: "corp.example", Kind: PrivateZone,
		Records: []Record{{Name: "git.corp.example", Addresses: ranges(t, "10.30.0.10")}}})
	hit, miss := tcp(t, "10.8.0.4", "10.30.0.10", 22), tcp(t, "10.8.0.4", "10.30.0.11", 22)
	expect(t, "the address", ask(n, sender, hit), hit, "passes")
	expect(t, "another", ask(n, sender, miss), miss, "blocked")
	named := FlowsOf(Box{ranges(t, "10.8.0.4"), EveryAddress(), Protocol(TCP, Port(22)), "git.corp.example"})
	if v := ask(n, sender, named); v.Sure.String() != "10.8.0.4/32 > 10.30.0.10/32 6:22 git.corp.example" {
		t.Errorf("the name: %v", v.Sure)
	}
	n.Names.Zones = WholeList(Zone{Domain: "corp.example", Kind: ForwardingZone})
	expect(t, "nobody here answers", ask(n, sender, miss), miss, "undecided", ForwardedName)
	v := ask(n, sender, named)
	expect(t, "the name itself fits its rule, wherever it is", v, named, "passes")
	lie := FlowsOf(Box{ranges(t, "10.8.0.4"), EveryAddress().Family(true), Protocol(TCP, Port(22)), "evil.example"})
	expect(t, "another name may have its address", ask(n, sender, lie), lie, "undecided", ForwardedName, NameUnresolved)
}
