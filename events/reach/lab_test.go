package reach

import (
	"net/netip"
	"slices"
	"testing"
)

// The lab is the example world with the main example applied: a connector with a bare range, its filter in the policy
// of the network, the gateways of the newer controller, and two ways to the sites.
func lab(t *testing.T) World {
	t.Helper()
	spoke := emptyNetwork("spoke-vpc")
	spoke.Firewall = Firewall{
		PoliciesFirst: true,
		Hierarchical:  WholeList[Policy](), System: WholeList[Policy](), Regional: WholeList[Policy](),
		Global: WholeList(Policy{Object: "spoke-policy", Rules: labRules(t)}),
		Rules: WholeList(Rule{Object: "allow-internal", Priority: 1000, In: true, Act: Allow,
			Src: Peer{Ranges: ranges(t, "10.0.0.0/8")}, Dst: Peer{Ranges: EveryAddress()},
			Layer4: []Layer4{EveryProtocol()}, Target: Target{All: true}}),
	}
	spoke.Subnets = WholeList(Subnet{Object: "workloads", Region: "europe-west3", Ranges: ranges(t, "10.10.0.0/24")})
	spoke.Hidden = WholeList(Subnet{Object: "conn", Region: "europe-west3", Ranges: ranges(t, "10.8.0.0/28")})
	spoke.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.10.0.2"), Who: machine("gcp-spoke-1")},
		Interface{Addresses: ranges(t, "10.10.0.10"), Who: machine("gcp-spoke-10")})
	spoke.Endpoints = WholeList(Endpoint{Object: "psc", Address: ranges(t, "10.200.0.5"), Bundle: true})
	tagged := labRoute("avx-default", "0.0.0.0/0", 800, NextHop{Kind: ToGateway, Name: "gcp-spoke-1", State: Up})
	tagged.Tags = []string{"avx-snat-noip"}
	spoke.Routes = WholeList(
		route("10.10.0.0/24", SubnetRoute, NextHop{Kind: ToLocal, State: Up}),
		route("10.8.0.0/28", SubnetRoute, NextHop{Kind: ToLocal, State: Up}),
		route("10.30.0.0/16", SubnetRoute, NextHop{Kind: ToPeer, Realm: "shared-services", State: Up}),
		tagged,
		labRoute("avx-default-10", "0.0.0.0/0", 991, NextHop{Kind: ToGateway, Name: "gcp-spoke-10", State: Up}),
		labRoute("default-internet", "0.0.0.0/0", 1000, NextHop{Kind: ToInternet, State: Up}),
		labRoute("avx-onprem", "192.168.0.0/16", 1000, NextHop{Kind: ToGateway, Name: "gcp-spoke-1", State: Up}),
	)
	spoke.Dynamic = WholeList(route("172.16.0.0/16", DynamicRoute, toSite("site-a")),
		route("192.168.10.0/24", DynamicRoute, toSite("site-a")))
	shared := emptyNetwork("shared-services")
	shared.Routes = WholeList(route("10.30.0.0/16", SubnetRoute, NextHop{Kind: ToLocal, State: Up}),
		route("10.10.0.0/24", SubnetRoute, NextHop{Kind: ToPeer, Realm: "spoke-vpc", State: Up}))
	shared.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.30.0.53"),
		Who: Identity{Kind: Instance, Name: "dns"}})
	return World{
		Networks: []Network{spoke, shared},
		Controllers: []Controller{{Enabled: true, Default: Allow, Sets: WholeList(RuleSet{Object: "foreign-rules",
			Rules: []WebRule{{Object: "servers-rest", Priority: 1000, Act: Deny,
				Src: Group{Ranges: ranges(t, "10.10.0.0/25")}, Dst: Group{Ranges: EveryAddress().Subtract(unrouted())},
				Layer4: []Layer4{EveryProtocol()}}},
		})}},
		Gateways: []Gateway{
			labGateway(t, "gcp-spoke-10", "10.10.0.10",
				line("default", "0.0.0.0/0", NextHop{Kind: ToInternet, State: Up})),
			labGateway(t, "gcp-spoke-1", "10.10.0.2", line("site-1", "192.168.10.0/24", toSite("site-1"))),
		},
		Sites: []FarSideFacts{
			{Realm: "site-a", Owns: ranges(t, "172.16.0.0/16", "192.168.10.0/24"), Table: WholeList(
				labRoute("edge-1", "10.200.0.0/20", 0, NextHop{Kind: ToNetwork, Realm: "spoke-vpc", State: Up}))},
		},
	}
}

func machine(name string) Identity {
	return Identity{Kind: GatewayKind, Name: name, Tags: []string{"avx-gateway"}, Region: "europe-west3",
		External4: true}
}

func toSite(realm Realm) NextHop {
	return NextHop{Kind: ToSite, Name: string(realm), Realm: realm, State: Up}
}

func labRoute(object, dst string, priority int64, next NextHop) Route {
	return Route{Object: object, Dst: netip.MustParsePrefix(dst), Kind: StaticRoute, Priority: priority, Next: next}
}

func labGateway(t *testing.T, name, address string, more GatewayRoute) Gateway {
	return Gateway{
		Name: name, Realm: "spoke-vpc", Spoke: true, Cloud: true, State: Up, Who: machine(name),
		Address: ranges(t, address), Public: ranges(t, "203.0.113.81"), SourceNAT: true, Tags: WholeList[Tag](),
		Table: WholeList(line("spoke-vpc", "10.10.0.0/24", NextHop{Kind: ToLocal, State: Up}), more),
	}
}

func line(object, dst string, next NextHop) GatewayRoute {
	return GatewayRoute{Object: object, Dst: netip.MustParsePrefix(dst), Next: next}
}

// labRules are the security team's rules and those of the main example.
func labRules(t *testing.T) []Rule {
	own := Peer{Ranges: ranges(t, "10.8.0.0/28")}
	out := func(object string, priority int64, act Act, dst Peer, layer4 Layer4) Rule {
		return Rule{Object: object, Priority: priority, Act: act, Src: own, Dst: dst, Layer4: []Layer4{layer4},
			Target: Target{All: true}}
	}
	corp := out("corp-dns", 100, Allow, Peer{Ranges: ranges(t, "10.30.0.53/32")}, Protocol(UDP, Port(53)))
	corp.Src.Ranges = EveryAddress()
	return []Rule{
		corp,
		out("qa1", 1000, Allow, Peer{Names: []Name{"qa1.backend.example"}}, Protocol(TCP, Port(443))),
		out("reports", 1001, Allow, Peer{Ranges: ranges(t, "10.20.0.4/32")}, Protocol(TCP, Port(80))),
		out("google", 1002, Allow, Peer{Ranges: ranges(t, "199.36.153.4/30", "199.36.153.8/30")},
			Protocol(TCP, Port(443))),
		out("rest", 1015, Deny, Peer{Ranges: EveryAddress()}, EveryProtocol()),
	}
}

func TestTheLab(t *testing.T) {
	connector := Place{"spoke-vpc", Identity{Kind: RangeConnector, Name: "conn", Region: "europe-west3",
		Tags: []string{"vpc-connector"}}}
	every := EveryAddress().String()
	for _, c := range []struct {
		name     string
		from     Place
		src, dst string
		layer4   Layer4
		sent     Name
		to       Realm
		filter   bool
		want     string
		causes   []Cause
		hop      string
	}{
		{name: "the allowed name is reached if its address is a public one", from: connector, src: "10.8.0.0/28",
			dst: every, sent: "qa1.backend.example", layer4: Protocol(TCP, Port(443)), want: "undecided",
			causes: []Cause{NameUnresolved}, hop: "avx-default-10"},
		{name: "the allowed address has no way", from: connector, src: "10.8.0.0/28", dst: "10.20.0.4",
			layer4: Protocol(TCP, Port(80)), want: "blocked", hop: "gcp-spoke-10 default"},
		{name: "the security team's rule opens the filter", from: connector, src: "10.8.0.0/28", dst: "10.30.0.53",
			layer4: Protocol(UDP, Port(53)), filter: true, want: "passes", hop: "corp-dns"},
		{name: "and the network of the destination lets nobody in", from: connector, src: "10.8.0.0/28",
			dst: "10.30.0.53", layer4: Protocol(UDP, Port(53)), want: "blocked", hop: "implied deny ingress"},
		{name: "the implied opening is open", from: connector, src: "10.8.0.0/28", dst: "199.36.153.8",
			layer4: Protocol(TCP, Port(443)), want: "passes", hop: "gcp-spoke-10 source NAT"},
		{name: "nothing is proved closed for a bare range", from: connector, src: "10.8.0.0/28", dst: "1.1.1.1",
			layer4: Protocol(TCP, Port(22)), want: "undecided", causes: []Cause{NoDocument}, hop: "rest"},
		{name: "a bare range has no IPv6", from: connector, src: "10.8.0.0/28", dst: "2000::/3",
			layer4: EveryProtocol(), want: "blocked"},
		{name: "nobody reads the table of the site", from: Place{Realm: "site-1"}, src: "192.168.10.0/24",
			dst: "10.200.0.5", layer4: Protocol(TCP, Port(443)), want: "undecided", causes: []Cause{FarSide}},
		{name: "a site with a table reaches the endpoint", from: Place{Realm: "site-a"}, src: "172.16.0.0/16",
			dst: "10.200.0.5", layer4: Protocol(TCP, Port(443)), want: "passes", hop: "psc"},
		{name: "the answer to site-1 leaves by site-a", from: Place{"spoke-vpc", machine("any")}, src: "10.10.0.2",
			dst: "192.168.10.7", layer4: EveryProtocol(), to: "site-1", want: "blocked", hop: "192.168.10.0/24"},
		{name: "a peered network without custom routes has no way", from: Place{"shared-services",
			Identity{Kind: Instance, Name: "dns"}}, src: "10.30.0.53", dst: "10.200.0.5", layer4: EveryProtocol(),
			want: "blocked", hop: "no route"},
	} {
		flows := FlowsOf(Box{ranges(t, c.src), destination(t, c.dst), c.layer4, c.sent})
		v := Evaluate(lab(t), Question{From: c.from, To: c.to, Flows: flows, FilterOnly: c.filter})
		if got := word(v, flows); got != c.want {
			t.Errorf("%s: %s, want %s: sure %v, may %v, open %v", c.name, got, c.want, v.Sure, v.May, v.Open)
		}
		var causes []Cause
		for _, g := range v.Open {
			causes = append(causes, g.Cause)
		}
		if !slices.Equal(causes, c.causes) {
			t.Errorf("%s: causes %v, want %v", c.name, v.Open, c.causes)
		}
		if c.hop != "" && !slices.ContainsFunc(v.Hops, func(h Hop) bool { return h.Object == c.hop }) {
			t.Errorf("%s: no hop %q in %v", c.name, c.hop, v.Hops)
		}
	}
}

func destination(t *testing.T, text string) Ranges {
	if text == EveryAddress().String() {
		return EveryAddress()
	}
	return ranges(t, text)
}

// word is what becomes of all of some flows.
func word(v Verdict, flows Flows) string {
	switch {
	case v.May.Empty():
		return "blocked"
	case v.Sure.Equal(flows):
		return "passes"
	case v.May.Equal(flows) && v.Sure.Empty():
		return "undecided"
	}
	return "in part"
}
