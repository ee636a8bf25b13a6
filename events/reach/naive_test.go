package reach

import (
	"slices"

	"pgregory.net/rapid"
)

// judged walks one packet through one firewall as the page has it, rule by rule and without any set.
func judged(n Network, p packet, src, dst Identity, in bool) bool {
	f, who := n.Firewall, src
	if in {
		who = dst
	}
	fits := func(r Rule) bool {
		if r.Disabled || r.In != in {
			return false
		}
		target := r.Target.All || anyOf(r.Target.Tags, who.Tags)
		source := r.Src.Ranges.Contains(p.src) || anyOf(r.Src.Tags, src.Tags)
		layer4 := slices.ContainsFunc(r.Layer4, func(l Layer4) bool {
			return l.Protocols.Contains(p.protocol) && l.Ports.Contains(p.port) &&
				(l.Ports.Equal(EveryPort()) || withPorts().Contains(p.protocol))
		})
		return target && source && layer4 && r.Dst.Ranges.Contains(p.dst)
	}
	policy := func(all Policy) Act {
		best := Rule{Priority: -1, Act: Next}
		for _, r := range all.Rules {
			if fits(r) && (best.Priority < 0 || r.Priority < best.Priority) {
				best = r
			}
		}
		return best.Act
	}
	rules := func() Act {
		best := Rule{Priority: -1, Act: Next}
		for _, r := range f.Rules.Items {
			first := best.Priority < 0 || r.Priority < best.Priority
			if fits(r) && (first || r.Priority == best.Priority && r.Act == Deny) {
				best = r
			}
		}
		return best.Act
	}
	var order []func() Act
	add := func(l Listing[Policy]) {
		for _, one := range l.Items {
			if one.Region == "" || one.Region == who.Region {
				order = append(order, func() Act { return policy(one) })
			}
		}
	}
	add(f.Hierarchical)
	add(f.System)
	if !f.PoliciesFirst {
		order = append(order, rules)
	}
	add(f.Global)
	add(f.Regional)
	if f.PoliciesFirst {
		order = append(order, rules)
	}
	for _, ask := range order {
		if act := ask(); act != Next {
			return act == Allow
		}
	}
	return !in
}

func anyOf(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// routed is where one packet goes: the route that a walk over all of them chooses; ok is false when none does.
func routed(n Network, p packet, who Identity) (winners []Route, ok bool) {
	applies := func(r Route) bool {
		return r.Dst.Contains(p.dst) && (len(r.Tags) == 0 || anyOf(r.Tags, who.Tags)) &&
			(r.Region == "" || r.Region == who.Region)
	}
	var some []Route
	for _, r := range slices.Concat(n.Routes.Items, n.Dynamic.Items) {
		if applies(r) {
			some = append(some, r)
		}
	}
	if slices.ContainsFunc(some, func(r Route) bool { return r.Kind == SubnetRoute }) {
		some = slices.DeleteFunc(some, func(r Route) bool { return r.Kind != SubnetRoute })
	}
	keep := func(key func(Route) int64) {
		best := int64(1 << 62)
		for _, r := range some {
			best = min(best, key(r))
		}
		some = slices.DeleteFunc(some, func(r Route) bool { return key(r) > best })
	}
	keep(func(r Route) int64 { return -int64(r.Dst.Bits()) })
	some = slices.DeleteFunc(some, func(r Route) bool { return r.Next.State == Down })
	keep(func(r Route) int64 { return r.Priority })
	keep(func(r Route) int64 { return int64(r.Preference) })
	return some, len(some) > 0
}

var (
	sender   = Identity{Kind: Instance, Name: "sender", Tags: []string{"web"}, Region: "here"}
	receiver = Identity{Kind: Instance, Name: "receiver", Tags: []string{"db"}, Region: "there"}
)

func someRule() *rapid.Generator[Rule] {
	return rapid.Custom(func(t *rapid.T) Rule {
		r := Rule{
			Priority: rapid.Int64Range(0, 6).Draw(t, "priority"), In: rapid.Bool().Draw(t, "in"),
			Act:      rapid.SampledFrom([]Act{Allow, Deny, Next}).Draw(t, "act"),
			Disabled: rapid.IntRange(0, 9).Draw(t, "disabled") == 0,
			Src:      Peer{Ranges: someRanges().Draw(t, "src")}, Dst: Peer{Ranges: someRanges().Draw(t, "dst")},
			Layer4: []Layer4{rapid.SampledFrom(layers).Draw(t, "layer4")},
			Target: Target{All: true},
		}
		if rapid.Bool().Draw(t, "target") {
			r.Target = Target{Tags: []string{rapid.SampledFrom([]string{"web", "db", "other"}).Draw(t, "tag")}}
		}
		if r.In && rapid.Bool().Draw(t, "source") {
			r.Src.Tags = []string{rapid.SampledFrom([]string{"web", "db"}).Draw(t, "source tag")}
		}
		return r
	})
}

func somePolicies() *rapid.Generator[Listing[Policy]] {
	return rapid.Custom(func(t *rapid.T) Listing[Policy] {
		var out []Policy
		for range rapid.IntRange(0, 2).Draw(t, "policies") {
			p := Policy{Region: rapid.SampledFrom([]string{"", "here", "there"}).Draw(t, "region")}
			used := map[int64]bool{}
			for _, r := range rapid.SliceOfN(someRule(), 0, 4).Draw(t, "rules") {
				if !used[r.Priority] {
					p.Rules, used[r.Priority] = append(p.Rules, r), true
				}
			}
			out = append(out, p)
		}
		return WholeList(out...)
	})
}

func someFirewall() *rapid.Generator[Firewall] {
	return rapid.Custom(func(t *rapid.T) Firewall {
		f := Firewall{PoliciesFirst: rapid.Bool().Draw(t, "policies first"),
			Hierarchical: somePolicies().Draw(t, "hierarchical"), System: somePolicies().Draw(t, "system"),
			Global: somePolicies().Draw(t, "global"), Regional: somePolicies().Draw(t, "regional")}
		var rules []Rule
		for _, r := range rapid.SliceOfN(someRule(), 0, 5).Draw(t, "rules") {
			if r.Act != Next {
				rules = append(rules, r)
			}
		}
		f.Rules = WholeList(rules...)
		return f
	})
}

func someRoute() *rapid.Generator[Route] {
	return rapid.Custom(func(t *rapid.T) Route {
		r := Route{Dst: somePrefix().Draw(t, "dst"), Kind: StaticRoute,
			Priority:   rapid.Int64Range(0, 2).Draw(t, "priority"),
			Preference: rapid.IntRange(0, 1).Draw(t, "preference"),
			Next: NextHop{State: rapid.SampledFrom([]State{Up, Up, Up, Down}).Draw(t, "state"),
				Kind: rapid.SampledFrom([]NextKind{ToSite, ToNobody}).Draw(t, "next"), Realm: "site"}}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			r.Tags = []string{rapid.SampledFrom([]string{"web", "other"}).Draw(t, "tag")}
		case 1:
			r.Kind, r.Region = DynamicRoute, rapid.SampledFrom([]string{"", "here", "there"}).Draw(t, "region")
		case 2:
			r.Kind, r.Preference, r.Priority = SubnetRoute, 0, 0
			r.Next = NextHop{Kind: ToLocal, State: Up}
		}
		return r
	})
}

// someNetwork has everything that was read whole, and somebody at every address.
func someNetwork() *rapid.Generator[Network] {
	return rapid.Custom(func(t *rapid.T) Network {
		n := emptyNetwork("net")
		n.Firewall = someFirewall().Draw(t, "firewall")
		var static, dynamic []Route
		for _, r := range rapid.SliceOfN(someRoute(), 0, 6).Draw(t, "routes") {
			if r.Kind == DynamicRoute {
				dynamic = append(dynamic, r)
				continue
			}
			static = append(static, r)
		}
		n.Routes, n.Dynamic = WholeList(static...), WholeList(dynamic...)
		n.Interfaces = WholeList(Interface{Addresses: EveryAddress(), Who: receiver})
		return n
	})
}

// emptyNetwork has nothing in it, and all of it was read.
func emptyNetwork(realm Realm) Network {
	return Network{
		Realm: realm, Subnets: WholeList[Subnet](), Hidden: WholeList[Subnet](), Routes: WholeList[Route](),
		Dynamic: WholeList[Route](), Policies: WholeList[PolicyRoute](), Endpoints: WholeList[Endpoint](),
		NATs: WholeList[NAT](), Interfaces: WholeList[Interface](),
		Names: NameService{WholeList[string](), WholeList[Response](), WholeList[Zone]()},
		Firewall: Firewall{Hierarchical: WholeList[Policy](), System: WholeList[Policy](), Global: WholeList[Policy](),
			Regional: WholeList[Policy](), Rules: WholeList[Rule]()},
	}
}

// site reads everything, so that nothing about it is open.
var wholeSite = FarSideFacts{Realm: "site", Owns: EveryAddress(), Table: WholeList[Route]()}

// passes is the walk of one packet through one network, to its end.
func passes(n Network, p packet) bool {
	if !judged(n, p, sender, Identity{}, false) {
		return false
	}
	winners, ok := routed(n, p, sender)
	if !ok {
		return false
	}
	for _, w := range winners {
		switch w.Next.Kind {
		case ToNobody:
			return false
		case ToLocal:
			if !judged(n, p, sender, receiver, true) {
				return false
			}
		}
	}
	return true
}

// mixed tells whether equal routes lead some packets on and lose others.
func mixed(n Network, p packet) bool {
	winners, _ := routed(n, p, sender)
	kinds := map[NextKind]bool{}
	for _, w := range winners {
		kinds[w.Next.Kind] = true
	}
	return len(kinds) > 1
}

func everything() Flows {
	return FlowsOf(Box{Src: EveryAddress(), Dst: EveryAddress(), Layer4: EveryProtocol()})
}
