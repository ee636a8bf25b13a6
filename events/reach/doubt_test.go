package reach

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestEveryFlowHasAFate holds that no layer forgets flows: each may pass or may be lost.
func TestEveryFlowHasAFate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := someNetwork().Draw(t, "network")
		site := FarSideFacts{Realm: "site", Owns: someRanges().Draw(t, "owns"), Table: WholeList[Route]()}
		_, r := evaluate(World{Networks: []Network{n}, Sites: []FarSideFacts{site}},
			Question{From: Place{"net", sender}, Flows: everything()})
		if left := everything().Subtract(r.pass).Subtract(r.drop); !left.Empty() {
			t.Fatalf("nobody says what becomes of %v", left)
		}
	})
}

func TestAtOnePriorityADenyComesFirst(t *testing.T) {
	for _, acts := range [][]Act{{Allow, Deny}, {Deny, Allow}} {
		n := emptyNetwork("net")
		n.Firewall.Rules = WholeList(decides(acts[0]), decides(acts[1]))
		if pass := firewallOf(n, sender, false); !pass.Empty() {
			t.Errorf("%v: passes %v", acts, pass)
		}
	}
}

func TestWhoIsNotKnownMayBeTheTarget(t *testing.T) {
	n := emptyNetwork("net")
	n.Routes = WholeList(route("10.9.0.0/24", SubnetRoute, NextHop{Kind: ToLocal, State: Up}))
	n.Firewall.Rules = WholeList(Rule{Object: "web", In: true, Act: Allow, Src: Peer{Ranges: EveryAddress()},
		Dst: Peer{Ranges: EveryAddress()}, Layer4: []Layer4{EveryProtocol()}, Target: Target{Tags: []string{"db"}}})
	flows := tcp(t, "10.8.0.4", "10.9.0.7", 443)
	q := Question{From: Place{"net", sender}, Flows: flows}
	expect(t, "nobody is there", Evaluate(World{Networks: []Network{n}}, q), flows, "blocked")
	q.Inhabited = true
	expect(t, "somebody may come", Evaluate(World{Networks: []Network{n}}, q), flows, "undecided", ListNotWhole)
	n.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.9.0.7"), Who: receiver})
	expect(t, "the target", Evaluate(World{Networks: []Network{n}}, q), flows, "passes")
	n.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.9.0.7"), Who: sender})
	expect(t, "another", Evaluate(World{Networks: []Network{n}}, q), flows, "blocked")
}

func TestARouteThatIsDownMayHideAShorterOne(t *testing.T) {
	n := routedNetwork()
	dead := route("172.16.0.0/16", StaticRoute, NextHop{Kind: ToSite, Realm: "site", State: Down})
	dead.Tags = []string{"web"}
	n.Routes.Items = append(n.Routes.Items, dead)
	flows := tcp(t, "10.8.0.4", "172.16.0.9", 443)
	expect(t, "with the tag", ask(n, sender, flows), flows, "undecided", NoDocument)
	expect(t, "without", ask(n, receiver, flows), flows, "passes")
	expect(t, "nobody knows", ask(n, Identity{Kind: Unknown}, flows), flows, "undecided", ListNotWhole, NoDocument)
}

// TestADeadNextHopYieldsOrNot: a static route whose next hop is not there is left out, and no page says whether that is
// before the longest prefix is chosen.
func TestADeadNextHopYieldsOrNot(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "172.16.0.9", 443)
	for _, c := range []struct {
		name, want string
		next       NextHop
		kind       RouteKind
		dst        string
	}{
		{"an address that nobody has", "undecided", NextHop{Kind: ToNobody, Name: "10.8.0.9", State: Up}, StaticRoute,
			"172.16.0.0/24"},
		{"a machine that is stopped", "undecided", NextHop{Kind: ToGateway, Name: "vm", State: Down}, StaticRoute,
			"172.16.0.0/24"},
		{"an IPv6 address, beside the route", "passes", NextHop{Kind: ToNobody, Name: "fd00::9", State: Up},
			StaticRoute, "fd99::/64"},
		{"a machine that does not forward is there", "blocked", NextHop{Kind: ToNobody, Name: "vm", State: Up},
			StaticRoute, "172.16.0.0/24"},
		{"a subnetwork's route", "blocked", NextHop{Kind: ToNobody, Name: "10.8.0.9", State: Up}, SubnetRoute,
			"172.16.0.0/24"},
		{"a live route has the same prefix", "passes", NextHop{Kind: ToGateway, Name: "vm", State: Down}, StaticRoute,
			"172.16.0.0/16"},
	} {
		for yields, settled := range map[string]map[Switch]bool{"": nil, "passes": {DeadNextHopYields: true},
			"blocked": {DeadNextHopYields: false}} {
			n := emptyNetwork("net")
			one := route(c.dst, c.kind, c.next)
			one.Priority = 1
			n.Routes = WholeList(one, route("172.16.0.0/16", StaticRoute, toSite("site")))
			want, causes := c.want, []Cause(nil)
			if want == "undecided" && settled != nil {
				want = yields
			}
			if want == "undecided" {
				causes = []Cause{NoDocument}
			}
			v := Evaluate(World{Networks: []Network{n}, Sites: []FarSideFacts{wholeSite}, Settled: settled},
				Question{From: Place{"net", sender}, Flows: flows})
			expect(t, c.name+" "+yields, v, flows, want, causes...)
		}
	}
}

func TestAnExactRecordComesBeforeAWildcard(t *testing.T) {
	n := emptyNetwork("net")
	n.Names.Zones = WholeList(Zone{Domain: "example", Kind: PrivateZone, Records: []Record{
		{Name: "*.example", Addresses: ranges(t, "10.1.1.1")}, {Name: "a.example", Addresses: ranges(t, "10.1.1.2")}}})
	r := &run{world: World{Networks: []Network{n}}}
	if a := r.resolve("net", "a.example"); a.addresses.String() != "10.1.1.2/32" {
		t.Errorf("a.example is %v", a.addresses)
	}
}

func TestATagsDenyComesFirst(t *testing.T) {
	tag := Tag{Enabled: true, White: true, Rules: []TagRule{{"*.example", Protocol(TCP, Port(443)), Allow},
		{"bad.example", Protocol(TCP, Port(443)), Deny}}}
	w := behind(Gateway{Tags: WholeList(tag)}, Controller{})
	flows := FlowsOf(Box{ranges(t, "10.8.0.4"), ranges(t, "203.0.113.7"), Protocol(TCP, Port(443)), "bad.example"})
	expect(t, "deny", Evaluate(w, Question{From: Place{"net", sender}, Flows: flows}), flows, "blocked")
}

func TestEqualRoutesPassWhenEachMemberPasses(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "172.16.0.9", 443)
	q := Question{From: Place{"net", sender}, Flows: flows}
	back := labRoute("back", "10.8.0.0/28", 0, NextHop{Kind: ToNetwork, Realm: "net", State: Up})
	w := ends(back)
	w.Networks[0].Routes.Items = append(w.Networks[0].Routes.Items,
		route("172.16.0.0/16", StaticRoute, toSite("site-2")))
	w.Sites = append(w.Sites, FarSideFacts{Realm: "site-2", Owns: ranges(t, "172.16.0.0/16"), Table: WholeList(back)})
	expect(t, "both", RoundTrip(w, q), flows, "passes")
	w.Sites[1].Table = WholeList[Route]()
	if v := RoundTrip(w, q); !v.Sure.Empty() || v.May.Empty() {
		t.Errorf("one has no way back: sure %v, may %v", v.Sure, v.May)
	}
	w.Sites[1].Owns, w.Sites[1].Table = Ranges{}, WholeList(back)
	expect(t, "one does not own the address", Evaluate(w, q), flows, "undecided", NoDocument)
}

func TestAnAnswerAsksNoFilterOfAGateway(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "172.16.0.9", 443)
	c := Controller{Enabled: true, Default: Deny, Sets: WholeList(RuleSet{Rules: []WebRule{{Object: "out", Act: Allow,
		Src: Group{Ranges: ranges(t, "10.8.0.0/28")}, Dst: Group{Ranges: EveryAddress()},
		Layer4: []Layer4{EveryProtocol()}}}})}
	w := behind(Gateway{Spoke: true, Cloud: true, Tags: WholeList[Tag]()}, c)
	w.Networks[0].Routes.Items = append(w.Networks[0].Routes.Items,
		route("10.8.0.0/28", SubnetRoute, NextHop{Kind: ToLocal, State: Up}))
	w.Gateways[0].Table.Items = append(w.Gateways[0].Table.Items,
		line("net", "10.8.0.0/28", NextHop{Kind: ToLocal, State: Up}))
	w.Sites = []FarSideFacts{{Realm: "site", Owns: EveryAddress(), Table: WholeList(
		labRoute("back", "10.8.0.0/28", 0, NextHop{Kind: ToGateway, Name: "gw", State: Up}))}}
	expect(t, "out and back", RoundTrip(w, Question{From: Place{"net", sender}, Flows: flows}), flows, "passes")
}

func TestAnOldFactIsStale(t *testing.T) {
	n := routedNetwork()
	read := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	n.Firewall.Global = Listing[Policy]{Call: "effective", Whole: true, At: read}
	w := World{Networks: []Network{n}, Sites: []FarSideFacts{wholeSite}}
	flows := tcp(t, "10.8.0.4", "172.16.0.9", 443)
	q := Question{From: Place{"net", sender}, Flows: flows}
	expect(t, "any time", Evaluate(w, q), flows, "passes")
	q.Since = read.Add(time.Second)
	v := Evaluate(w, q)
	if got := word(v, flows); got != "undecided" || !slices.Contains(causes(v), Stale) {
		t.Errorf("older than the last change: %s by %v", got, v.Open)
	}
}

func TestTheCausesAreClosed(t *testing.T) {
	if all := Causes(); len(all) != 10 || slices.Contains(all, "") {
		t.Errorf("causes: %v", all)
	}
}

// TestTheBeltHoldsWhateverBindsTheConnector denies everything by the connector's own tag: it is closed under each
// answer to the switch.
func TestTheBeltHoldsWhateverBindsTheConnector(t *testing.T) {
	n := routedNetwork()
	who := Identity{Kind: RangeConnector, Tags: []string{"vpc-connector"}}
	flows := tcp(t, "10.8.0.4", "1.1.1.1", 22)
	n.Firewall.PoliciesFirst = true
	n.Firewall.Global = WholeList(policyOf(Deny))
	expect(t, "a policy alone", ask(n, who, flows), flows, "undecided", NoDocument)
	belt := decides(Deny)
	belt.Src.Ranges, belt.Target = EveryAddress().Family(true), Target{Tags: []string{"vpc-connector"}}
	n.Firewall.Rules = WholeList(belt)
	expect(t, "with the belt", ask(n, who, flows), flows, "blocked")
	belt.Src.Ranges = ranges(t, "10.8.0.0/28")
	n.Firewall.Rules = WholeList(belt)
	expect(t, "a belt by the hidden range", ask(n, who, flows), flows, "undecided", NoDocument)
	who.Kind = DirectEgress
	expect(t, "direct egress is bound by the page", ask(n, who, flows), flows, "blocked")
	w := World{Networks: []Network{n}, Sites: []FarSideFacts{wholeSite},
		Settled: map[Switch]bool{PoliciesBindRangeConnector: false}}
	who.Kind = RangeConnector
	v := Evaluate(w, Question{From: Place{"net", who}, Flows: flows})
	expect(t, "a switch that is settled is not open", v, flows, "passes")
}

// A switch is a cause only where its own setting changes the answer, not wherever another one does.
func TestOnlyASwitchThatMattersIsACause(t *testing.T) {
	one, other := tcp(t, "10.8.0.4", "1.1.1.1", 22), tcp(t, "10.8.0.4", "1.1.1.1", 23)
	first := []*run{{pass: one}, {pass: other}, {pass: one}, {pass: other}} // by the settings of two switches
	both := []*run{{pass: one}, {pass: one}, {pass: one}, {pass: one, drop: other}}
	for name, c := range map[string]struct {
		runs []*run
		want []bool
	}{"the first": {first, []bool{true, false}}, "both together": {both, []bool{true, true}},
		"none is open": {first[:1], []bool{false}}} {
		for i, want := range c.want {
			if got := matters(c.runs, i); got != want {
				t.Errorf("%s: switch %d matters: %t, want %t", name, i, got, want)
			}
		}
	}
}
