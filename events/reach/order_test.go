package reach

import (
	"net/netip"
	"slices"
	"testing"
)

// rules of the order tests: one decision about everything that leaves.
func decides(act Act) Rule {
	return Rule{Object: string(act), Priority: 1, Act: act, Src: Peer{Ranges: EveryAddress()},
		Dst: Peer{Ranges: EveryAddress()}, Layer4: []Layer4{EveryProtocol()}, Target: Target{All: true}}
}

func policyOf(acts ...Act) Policy {
	p := Policy{}
	for i, act := range acts {
		r := decides(act)
		r.Priority = int64(i)
		p.Rules = append(p.Rules, r)
	}
	return p
}

// TestEachLayerComesBeforeTheNext has, for every two neighbours of the firewall's order, a world in which they
// disagree.
func TestEachLayerComesBeforeTheNext(t *testing.T) {
	put := map[string]func(*Firewall, Act){
		"organisation": func(f *Firewall, a Act) { f.Hierarchical.Items[0] = policyOf(a) },
		"folder":       func(f *Firewall, a Act) { f.Hierarchical.Items[1] = policyOf(a) },
		"system":       func(f *Firewall, a Act) { f.System = WholeList(policyOf(a)) },
		"rules":        func(f *Firewall, a Act) { f.Rules = WholeList(decides(a)) },
		"global":       func(f *Firewall, a Act) { f.Global = WholeList(policyOf(a)) },
		"regional":     func(f *Firewall, a Act) { f.Regional = WholeList(policyOf(a)) },
	}
	for first, order := range map[bool][]string{
		false: {"organisation", "folder", "system", "rules", "global", "regional"},
		true:  {"organisation", "folder", "system", "global", "regional", "rules"},
	} {
		for i := range len(order) - 1 {
			for _, act := range []Act{Allow, Deny} {
				other := map[Act]Act{Allow: Deny, Deny: Allow}[act]
				n := emptyNetwork("net")
				n.Firewall.PoliciesFirst = first
				n.Firewall.Hierarchical = WholeList(policyOf(Next), policyOf(Next))
				put[order[i]](&n.Firewall, act)
				put[order[i+1]](&n.Firewall, other)
				pass := firewallOf(n, sender, false)
				if pass.Empty() == (act == Allow) {
					t.Errorf("policies first %v: %s says %s and %s says %s: passes %v", first, order[i], act,
						order[i+1], other, pass)
				}
			}
		}
	}
}

// firewallOf is what the firewall of a network lets through of everything.
func firewallOf(n Network, who Identity, in bool) Flows {
	r := &run{world: World{Networks: []Network{n}}}
	pass, _ := r.firewall(gate{n, piece{flows: everything(), who: sender, realm: n.Realm}, who, in})
	return pass
}

func TestTheImpliedRulesHoldForBothFamilies(t *testing.T) {
	n := emptyNetwork("net")
	if pass := firewallOf(n, sender, false); !pass.Equal(everything()) {
		t.Errorf("out: %v", pass)
	}
	if pass := firewallOf(n, receiver, true); !pass.Empty() {
		t.Errorf("in: %v", pass)
	}
}

func TestGotoNextLeavesItsOwnPolicyOnly(t *testing.T) {
	n := emptyNetwork("net")
	n.Firewall.Hierarchical = WholeList(policyOf(Next, Deny), policyOf(Allow))
	n.Firewall.Rules = WholeList(decides(Deny))
	if pass := firewallOf(n, sender, false); !pass.Equal(everything()) {
		t.Errorf("goto_next hands over to the folder, which allows: %v", pass)
	}
}

// TestTheMetadataServerIsAlwaysReached: no rule and no route decides about it.
func TestTheMetadataServerIsAlwaysReached(t *testing.T) {
	n := emptyNetwork("net")
	n.Firewall.Rules = WholeList(decides(Deny))
	for address, want := range map[string]string{"169.254.169.254": "passes", "169.254.169.253": "blocked"} {
		flows := tcp(t, "10.8.0.4", address, 80)
		expect(t, address, ask(n, sender, flows), flows, want)
	}
}

func TestInspectionIsUndecided(t *testing.T) {
	n := routedNetwork()
	n.Firewall.Global = WholeList(policyOf(Inspect))
	v := Evaluate(World{Networks: []Network{n}, Sites: []FarSideFacts{wholeSite}},
		Question{From: Place{"net", sender}, Flows: everything()})
	always := everything().within(EveryAddress(), metadataServer(), []Layer4{EveryProtocol()})
	if !v.Sure.Equal(always) || !v.May.Equal(everything()) || v.Open[0].Cause != Inspected {
		t.Errorf("sure %v, may %v, open %v", v.Sure, v.May, v.Open)
	}
}

// routedNetwork sends everything to a site that takes it.
func routedNetwork() Network {
	n := emptyNetwork("net")
	for _, dst := range []string{"0.0.0.0/0", "::/0"} {
		n.Routes.Items = append(n.Routes.Items, route(dst, StaticRoute, toSite("site")))
	}
	return n
}

func route(dst string, kind RouteKind, next NextHop) Route {
	return Route{Object: dst, Dst: netip.MustParsePrefix(dst), Kind: kind, Priority: 100, Next: next}
}

// TestEachKindOfRouteComesBeforeTheNext has worlds in which the earlier one loses the packets and the later one leads
// them on.
func TestEachKindOfRouteComesBeforeTheNext(t *testing.T) {
	to := FlowsOf(Box{Src: ranges(t, "10.8.0.0/28"), Dst: ranges(t, "10.9.0.1"),
		Layer4: Protocol(TCP, Port(443))}) // all that an endpoint for Google APIs takes
	nobody := NextHop{Kind: ToNobody, State: Up}
	for name, change := range map[string]func(*Network){
		"an endpoint for Google APIs before a policy route": func(n *Network) {
			n.Endpoints = WholeList(Endpoint{Object: "psc", Address: ranges(t, "10.9.0.1"), Bundle: true})
			n.Subnets = WholeList(Subnet{Object: "own", Ranges: ranges(t, "10.8.0.0/28"), PrivateGoogle: true})
			n.Policies = WholeList(policyRoute(1, nobody))
		},
		"a policy route before the subnetwork": func(n *Network) {
			n.Policies = WholeList(policyRoute(1, toSite("site")))
			n.Routes = WholeList(route("10.9.0.0/24", SubnetRoute, nobody))
		},
		"the first policy route before a longer one": func(n *Network) {
			long := policyRoute(2, nobody)
			long.Dst = ranges(t, "10.9.0.1")
			n.Policies = WholeList(long, policyRoute(1, toSite("site")))
		},
		"the subnetwork before a longer static route": func(n *Network) {
			n.Routes = WholeList(route("10.9.0.0/24", SubnetRoute, toSite("site")),
				route("10.9.0.1/32", StaticRoute, nobody))
		},
		"the longest prefix before the priority": func(n *Network) {
			low := route("10.9.0.0/16", StaticRoute, nobody)
			low.Priority = 0
			n.Routes = WholeList(low, route("10.9.0.0/24", StaticRoute, toSite("site")))
		},
		"a longer dynamic route before a static one": func(n *Network) {
			n.Routes = WholeList(route("10.9.0.0/16", StaticRoute, nobody))
			n.Dynamic = WholeList(route("10.9.0.0/24", DynamicRoute, toSite("site")))
		},
		"what is usable before the priority": func(n *Network) {
			dead := route("10.9.0.0/24", StaticRoute, NextHop{Kind: ToNobody, State: Down})
			dead.Priority = 0
			n.Routes = WholeList(dead, route("10.9.0.0/24", StaticRoute, toSite("site")))
		},
		"the priority before the preference": func(n *Network) {
			first := route("10.9.0.0/24", StaticRoute, toSite("site"))
			first.Preference = 2
			later := route("10.9.0.0/24", StaticRoute, nobody)
			later.Priority = 101
			n.Routes = WholeList(first, later)
		},
		"a route with a tag is not for others": func(n *Network) {
			tagged := route("10.9.0.1/32", StaticRoute, nobody)
			tagged.Tags = []string{"other"}
			n.Routes = WholeList(tagged, route("10.9.0.0/24", StaticRoute, toSite("site")))
		},
	} {
		n := emptyNetwork("net")
		change(&n)
		v := Evaluate(World{Networks: []Network{n}, Sites: []FarSideFacts{wholeSite}},
			Question{From: Place{"net", sender}, Flows: to})
		if !v.Sure.Equal(to) {
			t.Errorf("%s: sure %v of %v; %v", name, v.Sure, to, v.Hops)
		}
	}
}

func policyRoute(priority int64, next NextHop) PolicyRoute {
	return PolicyRoute{Object: "policy", Priority: priority, Src: EveryAddress(), Dst: EveryAddress(),
		Layer4: []Layer4{EveryProtocol()}, Next: next}
}

func ranges(t *testing.T, texts ...string) Ranges {
	t.Helper()
	r, err := ParseRanges(texts...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestHopsOfOneNameThatActApart: two rules of one name decide the same flows one after the other, each in its own way.
func TestHopsOfOneNameThatActApart(t *testing.T) {
	n := emptyNetwork("net")
	first, second := decides(Next), decides(Deny)
	first.Object, second.Object = "rule", "rule"
	n.Firewall.Regional = WholeList(Policy{Rules: []Rule{first}}, Policy{Rules: []Rule{second}})
	to := tcp(t, "10.8.0.4", "10.9.0.1", 443)
	var acts []Act
	for _, h := range ask(n, sender, to).Hops {
		acts = append(acts, h.Act)
	}
	if !slices.Equal(acts, []Act{Next, Deny}) {
		t.Errorf("acts %v, want both", acts)
	}
}
