package reach

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestTheFirewallAgreesWithOnePacket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := emptyNetwork("net")
		n.Firewall = someFirewall().Draw(t, "firewall")
		in := rapid.Bool().Draw(t, "in")
		who := sender
		if in {
			who = receiver
		}
		r := &run{world: World{Networks: []Network{n}}}
		pass, drop := r.firewall(gate{n, piece{flows: everything(), who: sender, realm: "net"}, who, in})
		if both := pass.Intersect(drop); !both.Empty() {
			t.Fatalf("undecided without a doubt: %v", both)
		}
		for range 30 {
			p := somePacket().Draw(t, "packet")
			p.name = NoName
			if want := judged(n, p, sender, receiver, in); pass.has(p) != want || drop.has(p) == want {
				t.Fatalf("%+v in=%v: passes %v, dropped %v, want %v\n%+v", p, in, pass.has(p), drop.has(p), want,
					n.Firewall)
			}
		}
	})
}

func TestTheWholeWayAgreesWithOnePacket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := someNetwork().Draw(t, "network")
		yields := rapid.Bool().Draw(t, "dead next hops yield")
		v := Evaluate(World{Networks: []Network{n}, Sites: []FarSideFacts{wholeSite},
			Settled: map[Switch]bool{DeadNextHopYields: yields}},
			Question{From: Place{"net", sender}, Flows: everything()})
		if yields {
			n.Routes.Items = slices.DeleteFunc(slices.Clone(n.Routes.Items), func(one Route) bool {
				return one.Kind == StaticRoute && one.Next.State == Down
			})
		}
		for range 30 {
			p := somePacket().Draw(t, "packet")
			p.name = NoName
			want := passes(n, p)
			if v.Sure.has(p) != want {
				t.Fatalf("%+v: sure %v, want %v\n%+v", p, v.Sure.has(p), want, n)
			}
			if may := v.May.has(p); may != want && !(may && mixed(n, p)) {
				t.Fatalf("%+v: may %v, want %v\n%+v", p, may, want, n)
			}
		}
	})
}

// TestLessKnownIsNeverMoreSure takes knowledge away at random: what is sure never grows, what may pass never shrinks.
func TestLessKnownIsNeverMoreSure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := someNetwork().Draw(t, "network")
		q := Question{From: Place{"net", sender}, Flows: everything()}
		full := Evaluate(World{Networks: []Network{n}, Sites: []FarSideFacts{wholeSite}}, q)
		less := n
		forget := func(what string) bool { return rapid.IntRange(0, 3).Draw(t, what) == 0 }
		less.Firewall.Hierarchical = without(n.Firewall.Hierarchical, forget("hierarchical"))
		less.Firewall.System = without(n.Firewall.System, forget("system"))
		less.Firewall.Rules = without(n.Firewall.Rules, forget("rules"))
		less.Firewall.Global = without(n.Firewall.Global, forget("global"))
		less.Firewall.Regional = without(n.Firewall.Regional, forget("regional"))
		less.Routes, less.Dynamic = without(n.Routes, forget("routes")), without(n.Dynamic, forget("dynamic"))
		less.Policies = without(n.Policies, forget("policy routes"))
		less.Endpoints = without(n.Endpoints, forget("endpoints"))
		less.Interfaces = without(n.Interfaces, forget("interfaces"))
		w := World{Networks: []Network{less}}
		if !forget("site") {
			w.Sites = []FarSideFacts{wholeSite}
		}
		if forget("sender") {
			q.From.Who = Identity{Kind: Unknown, Name: "sender"}
		}
		v := Evaluate(w, q)
		if more := v.Sure.Subtract(full.Sure); !more.Empty() {
			t.Fatalf("sure with less knowledge: %v", more)
		}
		if lost := full.May.Subtract(v.May); !lost.Empty() {
			t.Fatalf("cannot pass with less knowledge: %v", lost)
		}
		if !v.Undecided().Empty() && len(v.Open) == 0 {
			t.Fatalf("undecided and no cause is given: %v", v.Undecided())
		}
	})
}

// without forgets the items of a listing and says that it is not whole.
func without[T any](l Listing[T], forget bool) Listing[T] {
	if forget {
		return Listing[T]{Call: "list"}
	}
	return l
}
