package egress_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/events"
)

// Whatever connections come and go in whatever order, cut off wherever: the service is closed and a member may invoke
// it while anybody wants so, and both are as found when nobody does.
func TestFlagsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBench(t)
		before := b.world.Snapshot()
		names := []string{"orders", "bills", "carts"}
		held := map[string]bool{}
		generations := map[string]uint64{}
		steps := func(name string) []step {
			flags := []step{restrict(orders, true).As(name), grant(insider, member).As(name)}
			for i := range flags {
				flags[i].Generation = generations[name]
			}
			return flags
		}
		leave := func(name string, purpose events.Purpose) {
			for _, s := range steps(name) {
				b.Until(s, ask{Verb: events.Undo, Purpose: purpose})
				b.Sees(s, events.Absent)
			}
			held[name] = false
			generations[name]++
		}
		for range rapid.IntRange(1, 20).Draw(t, "moves") {
			name := rapid.SampledFrom(names).Draw(t, "who")
			b.world.Slow(rapid.IntRange(0, 2).Draw(t, "polls"))
			if call := rapid.SampledFrom([]string{"", "services.ingress", "services.setInvokers"}).Draw(t,
				"cut"); call != "" && b.world.Faults() == 0 {
				b.world.Fault(call, rapid.Bool().Draw(t, "after"), errCut)
			}
			if held[name] {
				leave(name, events.ToWithdraw)
			} else {
				for _, s := range steps(name) {
					b.Until(s, ask{Verb: events.Do})
					b.Sees(s, events.Present)
				}
				held[name] = true
			}
			s, members := b.world.Service(orders)
			wanted := slices.ContainsFunc(names, func(n string) bool { return held[n] })
			if closed := s.Ingress == "internal"; closed != wanted || slices.Contains(members, member) != wanted ||
				!slices.Contains(members, insider) {
				t.Fatalf("wanted: %t, but ingress is %s and invokers are %q", wanted, s.Ingress, members)
			}
		}
		for _, name := range names {
			if held[name] {
				leave(name, events.ToWithdraw)
			}
		}
		b.Unchanged(before)
		if n := b.Live(""); n != 0 {
			t.Fatalf("%d holds are left", n)
		}
	})
}
