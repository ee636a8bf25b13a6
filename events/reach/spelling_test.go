package reach

import (
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// respelled is the same network in another spelling: rules split in two, ranges cut in halves, lists turned around.
func respelled(n Network) Network {
	n.Firewall.Hierarchical = eachPolicy(n.Firewall.Hierarchical)
	n.Firewall.System = eachPolicy(n.Firewall.System)
	n.Firewall.Global = eachPolicy(n.Firewall.Global)
	n.Firewall.Regional = eachPolicy(n.Firewall.Regional)
	n.Firewall.Rules.Items = split(n.Firewall.Rules.Items)
	n.Routes.Items, n.Dynamic.Items = halves(n.Routes.Items), halves(n.Dynamic.Items)
	return n
}

func eachPolicy(l Listing[Policy]) Listing[Policy] {
	l.Items = slices.Clone(l.Items)
	for i := range l.Items {
		l.Items[i].Rules = split(l.Items[i].Rules)
	}
	return l
}

// split makes two rules of each, one for each family, and turns the list around.
func split(rules []Rule) (out []Rule) {
	for _, r := range rules {
		for _, four := range []bool{true, false} {
			half := r
			half.Object += " half"
			half.Dst.Ranges = r.Dst.Ranges.Family(four)
			out = append(out, half)
		}
	}
	slices.Reverse(out)
	return out
}

// halves cuts the prefix of a route that nothing longer is under, and turns the list around.
func halves(routes []Route) (out []Route) {
	for _, r := range routes {
		longer := slices.ContainsFunc(prefixes, func(p string) bool {
			return netip.MustParsePrefix(p).Bits() > r.Dst.Bits() && r.Dst.Overlaps(netip.MustParsePrefix(p))
		})
		if longer || r.Dst.Bits() == r.Dst.Addr().BitLen() {
			out = append(out, r)
			continue
		}
		low := netip.PrefixFrom(r.Dst.Addr(), r.Dst.Bits()+1)
		for _, one := range RangesOf(r.Dst).Subtract(RangesOf(low)).Prefixes() {
			high := r
			high.Dst = one
			out = append(out, high)
		}
		r.Dst = low
		out = append(out, r)
	}
	slices.Reverse(out)
	return out
}

func TestSpellingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := someNetwork().Draw(t, "network")
		q := Question{From: Place{"net", sender}, Flows: everything()}
		sites := []FarSideFacts{wholeSite}
		a := Evaluate(World{Networks: []Network{n}, Sites: sites}, q)
		b := Evaluate(World{Networks: []Network{respelled(n)}, Sites: sites}, q)
		if !a.Sure.Equal(b.Sure) || !a.May.Equal(b.May) {
			t.Fatalf("sure %v and %v, may %v and %v", a.Sure, b.Sure, a.May, b.May)
		}
		if len(a.Hops) < MaxHops && len(b.Hops) < MaxHops && a.Digest() != b.Digest() {
			t.Fatalf("digests of one thing in two spellings: %v\n%v", a.Hops, b.Hops)
		}
	})
}

// swapped is a set of ranges with the families changed: 10.0.0.0/8 for fd00::/8 and so on, for what both have.
var swap = map[string]string{"0.0.0.0/0": "::/0", "10.0.0.0/8": "fd00::/8", "10.8.0.0/28": "fd00:8::/64",
	"10.8.0.5/32": "fd00:8::5/128"}

func TestFamiliesAreTreatedAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"0.0.0.0/0", "10.0.0.0/8", "10.8.0.0/28", "10.8.0.5/32"}
		four, six := emptyNetwork("net"), emptyNetwork("net")
		pair := func(what string) (netip.Prefix, netip.Prefix) {
			p := rapid.SampledFrom(names).Draw(t, what)
			return netip.MustParsePrefix(p), netip.MustParsePrefix(swap[p])
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "rules") {
			r := decides(rapid.SampledFrom([]Act{Allow, Deny}).Draw(t, "act"))
			r.Priority = int64(i)
			a, b := pair("dst")
			r.Dst.Ranges = RangesOf(a)
			four.Firewall.Rules.Items = append(four.Firewall.Rules.Items, r)
			r.Dst.Ranges = RangesOf(b)
			six.Firewall.Rules.Items = append(six.Firewall.Rules.Items, r)
		}
		for range rapid.IntRange(0, 4).Draw(t, "routes") {
			r := someRoute().Draw(t, "route")
			r.Kind = StaticRoute
			a, b := pair("prefix")
			r.Dst = a
			four.Routes.Items = append(four.Routes.Items, r)
			r.Dst = b
			six.Routes.Items = append(six.Routes.Items, r)
		}
		q := Question{From: Place{"net", sender}, Flows: everything()}
		sites := []FarSideFacts{wholeSite}
		a := Evaluate(World{Networks: []Network{four}, Sites: sites}, q)
		b := Evaluate(World{Networks: []Network{six}, Sites: sites}, q)
		for _, name := range names {
			x, y := RangesOf(netip.MustParsePrefix(name)), RangesOf(netip.MustParsePrefix(swap[name]))
			for _, v := range [][2]Flows{{a.Sure, b.Sure}, {a.May, b.May}} {
				if v[0].destinations().Covers(x) != v[1].destinations().Covers(y) {
					t.Fatalf("%s: %v, and %v", name, v[0], v[1])
				}
			}
		}
	})
}
