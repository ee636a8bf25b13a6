package reach

import "testing"

// TestAFilterForARangeCutsOffItsNeighbours closes a range for one service: everybody else in it loses what it had.
func TestAFilterForARangeCutsOffItsNeighbours(t *testing.T) {
	before, after := routedNetwork(), routedNetwork()
	closing := decides(Deny)
	closing.Src.Ranges = ranges(t, "10.8.0.0/28")
	after.Firewall.Global = WholeList(Policy{Rules: []Rule{closing}})
	space := FlowsOf(Box{Src: ranges(t, "10.8.0.0/27"), Dst: EveryAddress(), Layer4: EveryProtocol()})
	own := FlowsOf(Box{Src: ranges(t, "10.8.0.4"), Dst: EveryAddress(), Layer4: EveryProtocol()})
	c := Compare(ask(before, sender, space), ask(after, sender, space), own)
	if c.None() || c.Lost.Boxes()[0].Src.String() != "10.8.0.0/30,10.8.0.5/32,10.8.0.6/31,10.8.0.8/29" {
		t.Errorf("lost: %v", c.Lost)
	}
	c = Compare(ask(after, sender, space), ask(before, sender, space), Flows{})
	if !c.Lost.Empty() || c.Widened.Boxes()[0].Src.String() != "10.8.0.0/28" {
		t.Errorf("undone: lost %v, widened %v", c.Lost, c.Widened)
	}
	if c := Compare(ask(after, sender, space), ask(after, sender, space), Flows{}); !c.None() {
		t.Errorf("no change: %v", c)
	}
}
