package reach

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// behind is a network whose whole way out is one gateway, which sends on to a site that takes everything.
func behind(g Gateway, c Controller) World {
	n := emptyNetwork("net")
	n.Firewall.Rules = WholeList(Rule{Object: "in", In: true, Act: Allow, Src: Peer{Ranges: EveryAddress()},
		Dst: Peer{Ranges: EveryAddress()}, Layer4: []Layer4{EveryProtocol()}, Target: Target{All: true}})
	to := NextHop{Kind: ToGateway, Name: "gw", State: Up}
	n.Routes = WholeList(route("0.0.0.0/0", StaticRoute, to), route("::/0", StaticRoute, to))
	g.Name, g.Realm, g.State, g.Who = "gw", "net", Up, Identity{Kind: GatewayKind, Name: "gw"}
	if g.Table.Items == nil {
		g.Table = WholeList(line("site", "0.0.0.0/0", toSite("site")), line("site", "::/0", toSite("site")))
	}
	return World{Networks: []Network{n}, Gateways: []Gateway{g}, Controllers: []Controller{c},
		Sites: []FarSideFacts{wholeSite}}
}

func someWebRule() *rapid.Generator[WebRule] {
	return rapid.Custom(func(t *rapid.T) WebRule {
		r := WebRule{Priority: rapid.Int64Range(0, 3).Draw(t, "priority"),
			Act:     rapid.SampledFrom([]Act{Allow, Deny}).Draw(t, "act"),
			Watches: rapid.IntRange(0, 4).Draw(t, "watches") == 0,
			Src:     Group{Ranges: someRanges().Draw(t, "src")}, Dst: Group{Ranges: someRanges().Draw(t, "dst")},
			Layer4: []Layer4{rapid.SampledFrom(layers).Draw(t, "layer4")}}
		if rapid.Bool().Draw(t, "web") {
			r.Web = []Name{rapid.SampledFrom([]Name{"a.example", "*.example", "b.example"}).Draw(t, "pattern")}
		}
		return r
	})
}

// webJudged walks one packet through the rule sets of the distributed firewall.
func webJudged(c Controller, p packet) bool {
	for _, set := range c.Sets.Items {
		best := WebRule{Priority: -1}
		for _, r := range set.Rules {
			layer4 := slices.ContainsFunc(r.Layer4, func(l Layer4) bool {
				return l.Protocols.Contains(p.protocol) && l.Ports.Contains(p.port) &&
					(l.Ports.Equal(EveryPort()) || withPorts().Contains(p.protocol))
			})
			web := len(r.Web) == 0 || p.protocol == TCP && slices.ContainsFunc(r.Web, p.name.fits)
			if !r.Watches && layer4 && web && r.Src.Ranges.Contains(p.src) && r.Dst.Ranges.Contains(p.dst) &&
				(best.Priority < 0 || r.Priority < best.Priority) {
				best = r
			}
		}
		if best.Priority >= 0 {
			return best.Act == Allow
		}
	}
	return c.Default == Allow
}

func TestTheDistributedFirewallAgreesWithOnePacket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Controller{Enabled: rapid.IntRange(0, 4).Draw(t, "enabled") > 0,
			Default: rapid.SampledFrom([]Act{Allow, Deny}).Draw(t, "default")}
		var sets []RuleSet
		for range rapid.IntRange(0, 2).Draw(t, "sets") {
			sets = append(sets, RuleSet{Rules: rapid.SliceOfNDistinct(someWebRule(), 0, 4,
				func(r WebRule) int64 { return r.Priority }).Draw(t, "rules")})
		}
		c.Sets = WholeList(sets...)
		g := Gateway{Spoke: rapid.IntRange(0, 4).Draw(t, "spoke") > 0, Tags: WholeList[Tag](),
			Cloud: rapid.IntRange(0, 4).Draw(t, "cloud") > 0}
		all := everything().Union(FlowsOf(Box{EveryAddress(), EveryAddress(), EveryProtocol(), "a.example"}))
		w := behind(g, c)
		w.Networks[0].Names.Zones = WholeList(Zone{Kind: PrivateZone,
			Records: []Record{{Name: "a.example", Addresses: EveryAddress()}}})
		v := Evaluate(w, Question{From: Place{"net", sender}, Flows: all})
		for range 20 {
			p := somePacket().Draw(t, "packet")
			want := !g.Spoke || !g.Cloud || !c.Enabled || webJudged(c, p)
			if v.Sure.has(p) != want || v.May.has(p) != want {
				t.Fatalf("%+v: sure %v, may %v, want %v\n%+v\n%+v", p, v.Sure.has(p), v.May.has(p), want, g, c)
			}
		}
	})
}

func TestAFilterByNameStopsHonestClientsOnly(t *testing.T) {
	c := Controller{Enabled: true, Default: Deny, Sets: WholeList(RuleSet{Rules: []WebRule{{Object: "web", Act: Allow,
		Src: Group{Ranges: EveryAddress()}, Dst: Group{Ranges: EveryAddress()},
		Layer4: []Layer4{Protocol(TCP, Port(443))}, Web: []Name{"good.example"}}}})}
	w := behind(Gateway{Spoke: true, Cloud: true, Tags: WholeList[Tag]()}, c)
	flows := func(name Name) Flows {
		return FlowsOf(Box{ranges(t, "10.8.0.4"), ranges(t, "203.0.113.7"), Protocol(TCP, Port(443)), name})
	}
	for name, want := range map[Name]string{"good.example": "passes", "evil.example": "blocked", NoName: "blocked",
		AnyName: "undecided"} {
		v := Evaluate(w, Question{From: Place{"net", sender}, Flows: flows(name)})
		got := word(v, flows(name))
		if got != want || v.Against != HonestClients || got == "undecided" && v.Open == nil {
			t.Errorf("%q: %s against %s, want %s", name, got, v.Against, want)
		}
	}
	other := tcp(t, "10.8.0.4", "203.0.113.7", 22)
	if v := Evaluate(w, Question{From: Place{"net", sender}, Flows: other}); v.Against != Addresses || !v.May.Empty() {
		t.Errorf("another port is closed to everybody: %v against %s", v.May, v.Against)
	}
}

func TestTags(t *testing.T) {
	white := Tag{Object: "white", Enabled: true, White: true, Rules: []TagRule{
		{"good.example", Protocol(TCP, Port(443)), Allow}, {"*.bad.example", Protocol(TCP, Port(443)), Deny},
		{"*", Protocol(TCP, Port(80)), Allow}}}
	named := func(dst string, port uint16, name Name) Flows {
		return FlowsOf(Box{ranges(t, "10.8.0.4"), ranges(t, dst), Protocol(TCP, Port(port)), name})
	}
	black := Tag{Object: "black", Enabled: true, Rules: []TagRule{{"ads.example", Protocol(TCP, Port(443)), Deny}}}
	closed := map[Switch]bool{WhiteTagClosesOtherPorts: true}
	const public = "203.0.113.7"
	sources := white
	sources.Sources = ranges(t, "10.9.0.0/24")
	off := white
	off.Enabled = false
	for _, c := range []struct {
		name    string
		tags    []Tag
		control Controller
		pass    string
		settled map[Switch]bool
		flows   Flows
		want    string
		causes  []Cause
	}{
		{name: "a name of the tag", tags: []Tag{white}, settled: closed,
			flows: named(public, 443, "good.example"), want: "passes"},
		{name: "another name", tags: []Tag{white}, settled: closed, flows: named(public, 443, "evil.example"),
			want: "blocked"},
		{name: "any name at another port", tags: []Tag{white}, settled: closed,
			flows: named(public, 80, "x.example"), want: "passes"},
		{name: "no name", tags: []Tag{white}, settled: closed, flows: named(public, 443, NoName), want: "blocked"},
		{name: "no name with the exception rule", tags: []Tag{white}, control: Controller{Exception: true},
			settled: closed, flows: named(public, 443, NoName), want: "passes"},
		{name: "another internal range is looked at", tags: []Tag{white}, settled: closed,
			flows: named("100.64.0.1", 443, "evil.example"), want: "blocked"},
		{name: "the exception rule is about TLS", tags: []Tag{{Object: "all", Enabled: true, White: true}},
			control: Controller{Exception: true}, settled: closed, flows: named(public, 80, NoName), want: "blocked"},
		{name: "a private destination is not looked at", tags: []Tag{white}, settled: closed,
			flows: named("10.77.0.1", 443, "evil.example"), want: "passes"},
		{name: "unless that is switched on", tags: []Tag{white}, control: Controller{Private: true}, settled: closed,
			flows: named("10.77.0.1", 443, "evil.example"), want: "blocked"},
		{name: "a port without names", tags: []Tag{white}, flows: named(public, 22, NoName), want: "undecided",
			causes: []Cause{NoDocument}},
		{name: "a source that is not listed", tags: []Tag{sources}, settled: closed,
			flows: named(public, 443, "good.example"), want: "blocked"},
		{name: "a source that passes through", tags: []Tag{sources}, pass: "10.8.0.0/24", settled: closed,
			flows: named(public, 443, "evil.example"), want: "passes"},
		{name: "a name of the second of two tags", tags: []Tag{white, {Object: "two", Enabled: true, White: true,
			Rules: []TagRule{{"other.example", Protocol(TCP, Port(443)), Allow}}}}, settled: closed,
			flows: named(public, 443, "other.example"), want: "passes"},
		{name: "a denial of the first of two tags", tags: []Tag{white, {Object: "two", Enabled: true, White: true,
			Rules: []TagRule{{"x.bad.example", Protocol(TCP, Port(443)), Allow}}}}, settled: closed,
			flows: named(public, 443, "x.bad.example"), want: "blocked"},
		{name: "a name of a tag for other sources", tags: []Tag{sources, {Object: "two", Enabled: true, White: true}},
			settled: closed, flows: named(public, 443, "good.example"), want: "blocked"},
		{name: "a source of one of two tags", tags: []Tag{sources, {Object: "two", Enabled: true, White: true,
			Sources: ranges(t, "10.8.0.0/24"), Rules: []TagRule{{"other.example", Protocol(TCP, Port(443)), Allow}}}},
			settled: closed, flows: named(public, 443, "other.example"), want: "passes"},
		{name: "a name that has the text of a rule in it", tags: []Tag{{Object: "loose", Enabled: true, White: true,
			Rules: []TagRule{{"*good.example*", Protocol(TCP, Port(443)), Allow}}}}, settled: closed,
			flows: named(public, 443, "xgood.example.evil"), want: "passes"},
		{name: "a tag that is off", tags: []Tag{off}, flows: named(public, 443, "evil.example"), want: "passes"},
		{name: "a name of a black tag", tags: []Tag{black}, flows: named(public, 443, "ads.example"),
			want: "blocked"},
		{name: "another name and a black tag", tags: []Tag{black}, flows: named(public, 443, "good.example"),
			want: "passes"},
	} {
		g := Gateway{Tags: WholeList(c.tags...)}
		if c.pass != "" {
			g.PassThrough = ranges(t, c.pass)
		}
		w := behind(g, c.control)
		w.Settled = c.settled
		v := Evaluate(w, Question{From: Place{"net", sender}, Flows: c.flows})
		expect(t, c.name, v, c.flows, c.want, c.causes...)
	}
}

func TestPatternsOfNames(t *testing.T) {
	for _, c := range []struct {
		name, pattern Name
		want          bool
	}{
		{"a.example", "a.example", true}, {"a.example", "b.example", false}, {NoName, AnyName, false},
		{"a.example", AnyName, true}, {"x.a.example", "*.a.example", true}, {"a.example", "*.a.example", false},
		{"xa.example", "*.a.example", false}, {"xa.examplex", "*a.example*", true}, {"a.example", "*a.example*", true},
		{"b.example", "*a.example*", false}, {"a.b.c", "a.*.c", true}, {"a.c", "a.*.c", false},
		{"aba", "ab*ba", false}, {NoName, "*a*", false},
	} {
		if got := c.name.fits(c.pattern); got != c.want {
			t.Errorf("%q fits %q: %v", c.name, c.pattern, got)
		}
	}
}

func TestTheGatewaysTable(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "203.0.113.7", 443)
	private := tcp(t, "10.8.0.4", "10.77.0.1", 443)
	transit := Gateway{Name: "transit", State: Up, Domain: "sites", Tags: WholeList[Tag](), Table: WholeList(
		line("site", "0.0.0.0/0", toSite("site")))}
	over := NextHop{Kind: ToGateway, Name: "transit", State: Up}
	for _, c := range []struct {
		name   string
		change func(*World, *Gateway)
		flows  Flows
		want   string
		causes []Cause
	}{
		{name: "source NAT", flows: flows, want: "passes", change: func(_ *World, g *Gateway) {
			g.SourceNAT, g.Table = true, WholeList(line("out", "0.0.0.0/0", NextHop{Kind: ToInternet, State: Up}))
		}},
		{name: "no source NAT", flows: flows, want: "blocked", change: func(_ *World, g *Gateway) {
			g.Table = WholeList(line("out", "0.0.0.0/0", NextHop{Kind: ToInternet, State: Up}))
		}},
		{name: "a private address outside", flows: private, want: "blocked", change: func(_ *World, g *Gateway) {
			g.SourceNAT, g.Table = true, WholeList(line("out", "0.0.0.0/0", NextHop{Kind: ToInternet, State: Up}))
		}},
		{name: "over the transit", flows: flows, want: "passes", change: func(_ *World, g *Gateway) {
			g.Table = WholeList(line("transit", "0.0.0.0/0", over))
		}},
		{name: "the longest prefix", flows: flows, want: "passes", change: func(_ *World, g *Gateway) {
			g.Table = WholeList(line("no", "203.0.0.0/8", NextHop{Kind: ToNobody, State: Up}),
				line("transit", "203.0.113.0/24", over))
		}},
		{name: "no line", flows: flows, want: "blocked", change: func(_ *World, g *Gateway) {
			g.Table = WholeList(line("other", "10.0.0.0/8", over))
		}},
		{name: "domains apart", flows: flows, want: "blocked", change: func(_ *World, g *Gateway) {
			g.Domain, g.Table = "prod", WholeList(line("transit", "0.0.0.0/0", over))
		}},
		{name: "domains with a policy", flows: flows, want: "passes", change: func(w *World, g *Gateway) {
			g.Domain, g.Table = "prod", WholeList(line("transit", "0.0.0.0/0", over))
			w.Controllers[0].Connected = [][2]string{{"sites", "prod"}}
		}},
		{name: "a table that is not read", flows: flows, want: "undecided", causes: []Cause{ListNotWhole},
			change: func(_ *World, g *Gateway) { g.Table = Listing[GatewayRoute]{Call: "vpc_route"} }},
		{name: "a gateway that is down", flows: flows, want: "blocked",
			change: func(_ *World, g *Gateway) { g.State = Down }},
		{name: "two gateways that send to each other", flows: flows, want: "blocked",
			change: func(w *World, g *Gateway) {
				g.Table = WholeList(line("transit", "0.0.0.0/0", over))
				back := NextHop{Kind: ToGateway, Name: "gw", State: Up}
				w.Gateways[1].Table = WholeList(line("back", "0.0.0.0/0", back))
			}},
	} {
		w := behind(Gateway{Tags: WholeList[Tag]()}, Controller{})
		w.Gateways = append(w.Gateways, transit)
		c.change(&w, &w.Gateways[0])
		v := Evaluate(w, Question{From: Place{"net", sender}, Flows: c.flows})
		expect(t, c.name, v, c.flows, c.want, c.causes...)
	}
}

func TestTrafficInsideANetworkIsFilteredOnlyWhereSwitchedOn(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "10.9.0.7", 443)
	c := Controller{Enabled: true, Default: Deny, Sets: WholeList[RuleSet]()}
	w := behind(Gateway{Spoke: true, Cloud: true, Tags: WholeList[Tag]()}, c)
	w.Networks[0].Subnets = WholeList(Subnet{Ranges: ranges(t, "10.8.0.0/28", "10.9.0.0/24")})
	q := Question{From: Place{"net", sender}, Flows: flows}
	expect(t, "off", Evaluate(w, q), flows, "passes")
	w.Networks[0].Subnets = WholeList(Subnet{Ranges: ranges(t, "10.8.0.0/28")})
	expect(t, "another network", Evaluate(w, q), flows, "blocked")
	w.Networks[0].Subnets.Whole = false
	expect(t, "a list that lacks something", Evaluate(w, q), flows, "undecided", ListNotWhole)
	w.Networks[0].Subnets = WholeList(Subnet{Ranges: ranges(t, "10.8.0.0/28", "10.9.0.0/24")})
	w.Controllers[0].IntraVPC = []Realm{"net"}
	expect(t, "on", Evaluate(w, q), flows, "blocked")
}

// TestLessKnownOfGatewaysIsNeverMoreSure takes away what was read of a gateway, and of the way back.
func TestLessKnownOfGatewaysIsNeverMoreSure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Controller{Enabled: true, Default: rapid.SampledFrom([]Act{Allow, Deny}).Draw(t, "default"),
			Sets: WholeList(RuleSet{Rules: rapid.SliceOfN(someWebRule(), 0, 4).Draw(t, "rules")})}
		w := behind(Gateway{Spoke: true, Cloud: true, Tags: WholeList[Tag]()}, c)
		back := labRoute("back", "10.0.0.0/8", 0, NextHop{Kind: ToGateway, Name: "gw", State: Up})
		w.Sites = []FarSideFacts{{Realm: "site", Owns: someRanges().Draw(t, "owns"), Table: WholeList(back)}}
		w.Networks[0].Routes.Items = append(w.Networks[0].Routes.Items,
			Route{Dst: somePrefix().Draw(t, "local"), Kind: SubnetRoute, Next: NextHop{Kind: ToLocal, State: Up}})
		w.Gateways[0].Table.Items = append(w.Gateways[0].Table.Items, line("net", "10.8.0.0/28",
			NextHop{Kind: ToLocal, State: Up}))
		q := Question{From: Place{"net", sender}, Flows: everything(), Inhabited: true}
		full := RoundTrip(w, q)
		forget := func(what string) bool { return rapid.IntRange(0, 2).Draw(t, what) == 0 }
		less := w
		less.Networks, less.Gateways = slices.Clone(w.Networks), slices.Clone(w.Gateways)
		c.Sets = without(c.Sets, forget("sets"))
		less.Controllers = []Controller{c}
		less.Gateways[0].Table = without(w.Gateways[0].Table, forget("table"))
		less.Gateways[0].Tags = without(w.Gateways[0].Tags, forget("tags"))
		less.Networks[0].Subnets = without(w.Networks[0].Subnets, forget("subnetworks"))
		less.Networks[0].Routes = without(w.Networks[0].Routes, forget("routes"))
		if forget("controller") {
			less.Controllers = nil
		}
		if forget("site") {
			less.Sites = nil
		}
		if forget("gateway") {
			less.Gateways = nil
		}
		v := RoundTrip(less, q)
		if more := v.Sure.Subtract(full.Sure); !more.Empty() {
			t.Fatalf("sure with less knowledge: %v\nfull: %v", more, full.Sure)
		}
		if lost := full.May.Subtract(v.May); !lost.Empty() {
			t.Fatalf("cannot pass with less knowledge: %v\n%v", lost, v.Hops)
		}
	})
}

// TestAGatewaySendsForOthersOnlyIfItsMachineMay: without IP forwarding it sends what it has translated, and nothing
// else.
func TestAGatewaySendsForOthersOnlyIfItsMachineMay(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "10.9.0.4", 443)
	w := behind(Gateway{Spoke: true, Cloud: true, Tags: WholeList[Tag](), Table: WholeList(
		line("own", "10.9.0.0/16", NextHop{Kind: ToLocal, State: Up}))},
		Controller{Default: Allow, Sets: WholeList[RuleSet]()})
	w.Networks[0].Routes.Items = append(w.Networks[0].Routes.Items,
		route("10.9.0.0/24", StaticRoute, toSite("site")))
	from := Place{"elsewhere", Identity{Kind: Site}}
	w.Sites = append(w.Sites, FarSideFacts{Realm: "elsewhere", Owns: EveryAddress(), Table: WholeList(
		labRoute("in", "10.9.0.0/16", 0, NextHop{Kind: ToGateway, Name: "gw", State: Up}))})
	expect(t, "it may", Evaluate(w, Question{From: from, Flows: flows}), flows, "passes")
	w.Gateways[0].Who.NoForwarding = true
	expect(t, "it may not", Evaluate(w, Question{From: from, Flows: flows}), flows, "blocked")
}
