package reach

import "testing"

// TestWhatWasNotReadIsUndecided asks about each fact that stands for something that nobody has read, and about the
// neighbour that was read.
func TestWhatWasNotReadIsUndecided(t *testing.T) {
	to := tcp(t, "10.8.0.4", "10.9.0.1", 443)
	by := func(next NextHop) Network {
		n := emptyNetwork("net")
		n.Routes = WholeList(route("10.9.0.0/16", StaticRoute, next))
		return n
	}
	unread := by(NextHop{Kind: ToUnread, Name: "load balancer", State: Up})
	expect(t, "a load balancer as next hop", ask(unread, sender, to), to, "undecided", FarSide)
	expect(t, "nobody", ask(by(NextHop{Kind: ToNobody, State: Up}), sender, to), to, "blocked")

	front := by(NextHop{Kind: ToLocal, State: Up})
	front.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.9.0.1"),
		Who: Identity{Kind: Balancer, Name: "front"}})
	expect(t, "a load balancer's address", ask(front, sender, to), to, "undecided", FarSide)
	front.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.9.0.1"),
		Who: Identity{Kind: Instance, Name: "machine"}})
	expect(t, "a machine's address", ask(front, sender, to), to, "blocked")
}

func TestSecureTagsThatNobodyReadMayFit(t *testing.T) {
	to := tcp(t, "10.8.0.4", "10.9.0.1", 443)
	n := routedNetwork()
	denied := Rule{Act: Deny, Src: Peer{Ranges: EveryAddress()}, Dst: Peer{Ranges: EveryAddress()},
		Layer4: []Layer4{EveryProtocol()}, Target: Target{SecureTags: []string{"tagValues/1"}}}
	n.Firewall.Global = WholeList(Policy{Rules: []Rule{denied}})
	for _, c := range []struct {
		who  Identity
		want string
		open []Cause
	}{
		{Identity{Kind: Instance, SecureTagsUnread: true}, "undecided", []Cause{ListNotWhole}},
		{Identity{Kind: Instance}, "passes", nil},
		{Identity{Kind: Instance, SecureTags: []string{"tagValues/1"}}, "blocked", nil},
	} {
		expect(t, "secure tags", ask(n, c.who, to), to, c.want, c.open...)
	}
	n.Firewall.Global.Items[0].Rules[0].Target = Target{All: true}
	n.Firewall.Global.Items[0].Rules[0].Src = Peer{SecureTags: []string{"tagValues/1"}}
	expect(t, "as a source", ask(n, Identity{Kind: Instance, SecureTagsUnread: true}, to), to, "undecided",
		ListNotWhole)
	expect(t, "as a source, read", ask(n, Identity{Kind: Instance}, to), to, "passes")
}

// TestAnImportedRouteGoesOnByThePeersRoutes: the addresses behind it are in no subnetwork of the peer.
func TestAnImportedRouteGoesOnByThePeersRoutes(t *testing.T) {
	to := tcp(t, "10.8.0.4", "172.16.0.1", 443)
	n, peer := emptyNetwork("net"), emptyNetwork("peer")
	peer.Dynamic = WholeList(route("172.16.0.0/16", DynamicRoute, toSite("site")))
	for kind, want := range map[NextKind]string{ToPeerRoutes: "passes", ToPeer: "blocked"} {
		n.Dynamic = WholeList(route("172.16.0.0/16", DynamicRoute, NextHop{Kind: kind, Realm: "peer", State: Up}))
		v := Evaluate(World{Networks: []Network{n, peer}, Sites: []FarSideFacts{wholeSite}},
			Question{From: Place{"net", sender}, Flows: to})
		expect(t, string(kind), v, to, want)
	}
}

// TestPeeringIsNotTransitive: what a network imports itself is nothing that its peer gets, whatever its prefix.
func TestPeeringIsNotTransitive(t *testing.T) {
	to := tcp(t, "10.8.0.4", "172.16.0.1", 443)
	n, peer, third := emptyNetwork("net"), emptyNetwork("peer"), emptyNetwork("third")
	n.Routes = WholeList(route("0.0.0.0/0", StaticRoute, NextHop{Kind: ToPeerRoutes, Realm: "peer", State: Up}))
	third.Dynamic = WholeList(route("172.16.0.0/16", DynamicRoute, toSite("site")))
	third.Interfaces = WholeList(Interface{Addresses: ranges(t, "172.16.0.1"), Who: Identity{Kind: Instance}})
	entering := decides(Allow)
	entering.In = true
	third.Firewall.Rules = WholeList(entering)
	exported := route("0.0.0.0/0", StaticRoute, toSite("site"))
	for name, of := range map[string]Route{
		"a subnetwork of another peer": route("172.16.0.0/24", SubnetRoute,
			NextHop{Kind: ToPeer, Realm: "third", State: Up}),
		"a route of another peer": route("172.16.0.0/16", StaticRoute,
			NextHop{Kind: ToPeerRoutes, Realm: "third", State: Up}),
		"a route of the same prefix": route("0.0.0.0/0", StaticRoute,
			NextHop{Kind: ToPeerRoutes, Realm: "third", State: Up}),
	} {
		peer.Routes = WholeList(of, exported)
		w := World{Networks: []Network{n, peer, third}, Sites: []FarSideFacts{wholeSite}}
		q := Question{From: Place{"net", sender}, Flows: to}
		expect(t, name, Evaluate(w, q), to, "passes")
		q.To = "third"
		expect(t, name+", in the third network", Evaluate(w, q), to, "blocked")
		itself := tcp(t, "10.9.0.4", "172.16.0.1", 443)
		if v := Evaluate(w, Question{From: Place{"peer", sender}, Flows: itself}); v.May.Empty() {
			t.Errorf("%s: the peer itself does not use it", name)
		}
	}
}

// TestAnImportedRouteIsChosenOnce: in the sender's network. The exporter's next hop of the same prefix takes the
// packets, whatever else the exporter has for their destination.
func TestAnImportedRouteIsChosenOnce(t *testing.T) {
	to := tcp(t, "10.8.0.4", "172.16.0.1", 443)
	n := emptyNetwork("net")
	n.Routes = WholeList(route("172.16.0.0/16", StaticRoute, NextHop{Kind: ToPeerRoutes, Realm: "peer", State: Up}))
	site, nobody := route("172.16.0.0/16", StaticRoute, toSite("site")), NextHop{Kind: ToNobody, Name: "vm", State: Up}
	special := route("172.16.0.0/24", SubnetRoute, NextHop{Kind: ToLocal, State: Up})
	internet := route("172.16.0.0/16", StaticRoute, NextHop{Kind: ToInternet, State: Up})
	tagged := route("172.16.0.0/16", StaticRoute, nobody)
	tagged.Tags, tagged.Priority = []string{"t"}, -1
	internet.Priority = -1
	lost := route("172.16.0.0/16", StaticRoute, nobody)
	lost.Priority = 60_000
	for _, c := range []struct {
		name   string
		routes []Route
		want   string
		open   []Cause
	}{
		{"the next hop of the exported route", []Route{site}, "passes", nil},
		{"a more special route of the exporter has no say", []Route{site, special}, "passes", nil},
		{"a route to the internet gateway is not exported", []Route{site, internet}, "passes", nil},
		{"a tagged route is not exported", []Route{site, tagged}, "passes", nil},
		{"of two exported ones the better", []Route{site, lost}, "passes", nil},
		{"the better one loses", []Route{route("172.16.0.0/16", StaticRoute, nobody), special}, "blocked", nil},
		{"the exporter does not show it", []Route{special}, "undecided", []Cause{Stale}},
	} {
		peer := emptyNetwork("peer")
		peer.Routes = WholeList(c.routes...)
		w := World{Networks: []Network{n, peer}, Sites: []FarSideFacts{wholeSite}}
		expect(t, c.name, Evaluate(w, Question{From: Place{"net", sender}, Flows: to}), to, c.want, c.open...)
	}
}

// TestADeadImportedRouteMayYield: an imported route is left out like one's own when nothing is there by which the
// exporter has it, and whether that is before or after the longest prefix stands nowhere.
func TestADeadImportedRouteMayYield(t *testing.T) {
	to := tcp(t, "10.8.0.4", "172.16.0.1", 443)
	n, peer := emptyNetwork("net"), emptyNetwork("peer")
	n.Routes = WholeList(route("172.16.0.0/16", StaticRoute, NextHop{Kind: ToPeerRoutes, Realm: "peer", State: Up}),
		route("0.0.0.0/0", StaticRoute, toSite("site")))
	gone := NextHop{Kind: ToGateway, Name: "vm", State: Down}
	there := route("172.16.0.0/16", StaticRoute, toSite("site"))
	elsewhere := route("172.16.0.0/16", DynamicRoute, toSite("site"))
	elsewhere.Region = "there"
	for name, c := range map[string]struct {
		routes Listing[Route]
		want   string
		open   []Cause
	}{
		"all are gone":  {WholeList(route("172.16.0.0/16", StaticRoute, gone)), "undecided", []Cause{NoDocument}},
		"one is there":  {WholeList(route("172.16.0.0/16", StaticRoute, gone), there), "passes", nil},
		"nobody knows":  {Listing[Route]{Call: "routes.list"}, "undecided", []Cause{ListNotWhole}},
		"none is shown": {WholeList[Route](), "undecided", []Cause{Stale}},
		"what is there is not for the sender": {WholeList(route("172.16.0.0/16", StaticRoute, gone), elsewhere),
			"undecided", []Cause{NoDocument}},
	} {
		peer.Routes = c.routes
		w := World{Networks: []Network{n, peer}, Sites: []FarSideFacts{wholeSite}}
		expect(t, name, Evaluate(w, Question{From: Place{"net", sender}, Flows: to}), to, c.want, c.open...)
	}
}

// TestAStoppedMachineReceivesNothing, and it is still somebody whom a change would harm.
func TestAStoppedMachineReceivesNothing(t *testing.T) {
	to := tcp(t, "10.8.0.4", "10.9.0.1", 443)
	entering := decides(Allow)
	entering.In = true
	for stopped, want := range map[bool]string{false: "passes", true: "blocked"} {
		n := emptyNetwork("net")
		n.Firewall.Rules = WholeList(entering)
		n.Routes = WholeList(route("10.9.0.0/24", SubnetRoute, NextHop{Kind: ToLocal, State: Up}))
		n.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.9.0.1"), Stopped: stopped,
			Who: Identity{Kind: Instance, Name: "vm"}})
		expect(t, want, ask(n, sender, to), to, want)
		w := World{Networks: []Network{n}}
		if all := w.residents(extent{at: "net", src: ranges(t, "10.9.0.0/24"), dst: EveryAddress()}); len(all) < 2 {
			t.Errorf("stopped %t: nobody is asked for the machine: %+v", stopped, all)
		}
	}
}

// TestMailIsAlwaysBlocked: to external addresses, as a connection and not as an answer, and nowhere else.
func TestMailIsAlwaysBlocked(t *testing.T) {
	n := emptyNetwork("net")
	n.Routes = WholeList(route("0.0.0.0/0", StaticRoute, NextHop{Kind: ToInternet, State: Up}),
		route("10.9.0.0/24", SubnetRoute, NextHop{Kind: ToLocal, State: Up}))
	n.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.9.0.1"), Who: Identity{Kind: Instance}})
	entering := decides(Allow)
	entering.In = true
	n.Firewall.Rules = WholeList(entering)
	who := Identity{Kind: Instance, External4: true}
	for _, c := range []struct {
		dst  string
		port uint16
		want string
	}{{"203.0.113.1", 25, "blocked"}, {"203.0.113.1", 26, "passes"}, {"203.0.113.1", 24, "passes"},
		{"10.9.0.1", 25, "passes"}} {
		to := tcp(t, "10.8.0.4", c.dst, c.port)
		expect(t, c.dst, ask(n, who, to), to, c.want)
	}
}

// TestAHiddenRangeIsAnswered: in its network and in peers of it, though no list of routes has it.
func TestAHiddenRangeIsAnswered(t *testing.T) {
	back := tcp(t, "10.9.0.1", "10.8.0.4", 443)
	n, peer := emptyNetwork("net"), emptyNetwork("peer")
	peer.Peers = []Peering{{Realm: "net", State: Up}} // which may hand over no subnetwork at all
	for _, from := range []Realm{"net", "peer"} {
		for hidden, want := range map[bool]string{true: "passes", false: "blocked"} {
			if n.Hidden = WholeList[Subnet](); hidden {
				n.Hidden = WholeList(Subnet{Object: "connector", Ranges: ranges(t, "10.8.0.0/28")})
			}
			v := Evaluate(World{Networks: []Network{n, peer}},
				Question{From: Place{from, sender}, Flows: back, Answer: true})
			expect(t, string(from), v, back, want)
		}
	}
}

func TestAnAliasIsAnsweredAsItsTarget(t *testing.T) {
	n := emptyNetwork("net")
	n.Names.Zones = WholeList(Zone{Object: "corp", Domain: "corp.example", Kind: PrivateZone, Records: []Record{
		{Name: "git.corp.example", Addresses: ranges(t, "10.30.0.10")},
		{Name: "www.corp.example", Alias: "git.corp.example"}, {Name: "cdn.corp.example", Alias: "cdn.example"},
		{Name: "loop.corp.example", Alias: "loop.corp.example"}}})
	n.Names.Responses = WholeList(Response{Name: "old.example", Alias: "www.corp.example"})
	r := &run{world: World{Networks: []Network{n}}}
	for name, want := range map[Name]string{"www.corp.example": "10.30.0.10/32", "old.example": "none",
		"cdn.corp.example": "none", "loop.corp.example": "", "gone.corp.example": "none"} {
		a := r.resolve("net", name)
		if a.known != (want != "") || a.known && a.addresses.String() != want {
			t.Errorf("%s: %v by %v, want %q", name, a.addresses, a.gap, want)
		}
	}
	n.Names.Responses = WholeList(Response{Name: "git.corp.example", Addresses: ranges(t, "10.30.0.11")})
	for policy, want := range map[bool]string{false: "10.30.0.10/32", true: "10.30.0.11/32"} {
		r := &run{world: World{Networks: []Network{n}}, settled: map[Switch]bool{ResponsePolicyAnswersAliases: policy}}
		if a := r.resolve("net", "www.corp.example"); !a.known || a.addresses.String() != want {
			t.Errorf("with a response policy for the alias's target: %v by %v, want %s", a.addresses, a.gap, want)
		}
	}
}

// TestOwnRoutesLeaveOutImportedOnes: of one prefix, whatever the priorities are, and only where they are for the
// sender.
func TestOwnRoutesLeaveOutImportedOnes(t *testing.T) {
	to := tcp(t, "10.8.0.4", "172.16.0.1", 443)
	own := route("172.16.0.0/16", StaticRoute, NextHop{Kind: ToNobody, State: Up})
	own.Priority = 1000
	imported := route("172.16.0.0/16", StaticRoute, NextHop{Kind: ToPeerRoutes, Realm: "peer", State: Up})
	second := imported
	second.Next.Realm, second.Priority = "other", 1
	narrow := route("172.16.0.0/24", StaticRoute, imported.Next)
	tagged := own
	tagged.Tags = []string{"t"}
	peer, other := emptyNetwork("peer"), emptyNetwork("other")
	peer.Dynamic = WholeList(route("172.16.0.0/16", DynamicRoute, toSite("site")),
		route("172.16.0.0/24", DynamicRoute, toSite("site")))
	other.Dynamic = peer.Dynamic
	for _, c := range []struct {
		name   string
		who    Identity
		routes []Route
		want   string
		open   []Cause
	}{
		{"alone", sender, []Route{imported}, "passes", nil},
		{"beside one's own", sender, []Route{imported, own}, "blocked", nil},
		{"more special than one's own", sender, []Route{narrow, own}, "passes", nil},
		{"beside one's own for others", sender, []Route{imported, tagged}, "passes", nil},
		{"beside one's own that may count", Identity{Kind: Unknown}, []Route{imported, tagged}, "undecided",
			[]Cause{ListNotWhole, NoDocument}},
		{"of two peers", sender, []Route{imported, second}, "undecided", []Cause{ListNotWhole, NoDocument}},
	} {
		n := emptyNetwork("net")
		n.Routes = WholeList(c.routes...)
		v := Evaluate(World{Networks: []Network{n, peer, other}, Sites: []FarSideFacts{wholeSite}},
			Question{From: Place{"net", c.who}, Flows: to})
		expect(t, c.name, v, to, c.want, c.open...)
	}
}
