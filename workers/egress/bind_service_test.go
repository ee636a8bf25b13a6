package egress_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/egress"
)

const wider = "projects/acme-prod/locations/europe-west3/connectors/conwider"

func (b *bench) bindingOf(ref egress.ServiceRef) string {
	s, _ := b.world.Service(ref)
	return s.Binding.Connector
}

func TestBindingOfOthersIsRefused(t *testing.T) {
	b := newBench(t)
	before := b.world.Snapshot()
	s := bind(bound, ours, false)
	b.sees(s, events.Foreign)
	b.refused("do", b.do(s), "foreign")
	b.must("undo", b.compensate(s), events.Done)
	b.unchanged(before)
}

func TestBindingOfAnotherConnectionIsRefusedEvenForATakeover(t *testing.T) {
	b := newBench(t)
	b.must("orders", b.do(bind(orders, ours, false)), events.Done)
	bills := bind(orders, wider, true).as("bills")
	o := b.do(bills)
	b.refused("bills", o, "foreign")
	if !strings.Contains(o.Message, "default_orders/") {
		t.Errorf("the refusal %q does not name the holder", o.Message)
	}
	b.must("bills gives up", b.compensate(bills), events.Done)
	b.sees(bind(orders, ours, false), events.Present)
}

func TestTakenOverBindingComesBack(t *testing.T) {
	b := newBench(t)
	s := bind(bound, ours, true)
	out := output[egress.BindServiceOut](t, b.must("do", b.do(s), events.Done))
	if out.Found.Connector != foreign || out.To.Connector != ours || !out.Serving {
		t.Errorf("output %+v, want ours after theirs, serving", out)
	}
	b.must("withdraw", b.withdraw(s), events.Done)
	if got := b.bindingOf(bound); got != foreign {
		t.Errorf("bound to %q, want what was found", got)
	}
}

func TestBindingChangedInPlace(t *testing.T) {
	b := newBench(t)
	first, next := bind(orders, ours, false), bind(orders, wider, false)
	b.must("do", b.do(first), events.Done)
	b.sees(next, events.Different)
	b.must("change", b.do(next), events.Done)
	b.must("take it back", b.do(first), events.Done)
	if got := b.bindingOf(orders); got != ours {
		t.Errorf("bound to %q, want %q", got, ours)
	}
	b.must("change", b.do(next), events.Done)
	// The standing input is still the first: a binding that this generation wrote is ours whichever it is.
	b.must("withdraw", b.withdraw(first), events.Done)
	if got := b.bindingOf(orders); got != "" {
		t.Errorf("bound to %q, want nothing", got)
	}
}

func TestBindingThatSomebodyHasChangedSinceIsLeft(t *testing.T) {
	b := newBench(t)
	s := bind(orders, ours, false)
	b.must("do", b.do(s), events.Done)
	b.world.PutService(egress.Service{Ref: orders, Binding: egress.Binding{Connector: foreign}})
	b.sees(s, events.Different)
	b.refused("repair", b.do(s), "foreign")
	o := b.must("withdraw", b.withdraw(s), events.Done)
	if !strings.Contains(o.Retained, foreign) || b.bindingOf(orders) != foreign {
		t.Errorf("retained %q, bound to %q: want theirs left and named", o.Retained, b.bindingOf(orders))
	}
	// Nothing is remembered of it: the next time finds anew.
	again := bind(orders, ours, true).again()
	b.must("take over", b.do(again), events.Done)
	b.must("withdraw", b.withdraw(again), events.Done)
	if got := b.bindingOf(orders); got != foreign {
		t.Errorf("bound to %q, want what was found the second time", got)
	}
}

func TestBindingThatWasTakenAwayIsRepaired(t *testing.T) {
	b := newBench(t)
	s := bind(orders, ours, false)
	b.must("do", b.do(s), events.Done)
	b.world.PutService(egress.Service{Ref: orders, Ingress: "all"})
	b.sees(s, events.Different)
	b.must("repair", b.do(s), events.Done)
	b.sees(s, events.Present)
}

func TestBindingIsDoneOnlyWhenSettled(t *testing.T) {
	b := newBench(t)
	s := bind(orders, ours, false)
	settling := egress.Service{Ref: orders, Reconciling: true, Binding: egress.Binding{Connector: ours, Egress: "all-traffic"}}
	b.world.PutService(settling)
	b.must("do", b.once(b.command(s, ask{deed: events.Do})), events.Wait)
	b.sees(s, events.Different)
	settling.Reconciling, settling.Pinned = false, "orders-00001"
	b.world.PutService(settling)
	out := output[egress.BindServiceOut](t, b.must("do", b.do(s), events.Done))
	if out.Serving {
		t.Error("a service whose traffic is pinned to a revision is said to serve with the binding")
	}
}

func TestBindingOfAServiceThatIsGone(t *testing.T) {
	b := newBench(t)
	s := bind(orders, ours, false)
	b.must("do", b.do(s), events.Done)
	b.world.RemoveService(orders)
	b.sees(s, events.Different)
	b.refused("do", b.do(s), "not-found")
	b.must("undo", b.withdraw(s), events.Done)
	b.sees(s, events.Absent)
}

func TestTagsInAnotherOrderAreTheSameBinding(t *testing.T) {
	b := newBench(t)
	b.world.PutService(egress.Service{Ref: orders, Binding: egress.Binding{Network: vpc, Subnet: "s", Tags: []string{"b", "a"}, Egress: "all-traffic"}})
	s := step{kind: egress.KindBindService, in: egress.BindServiceIn{
		Service: orders, To: egress.Binding{Network: vpc, Subnet: "s", Tags: []string{"a", "b"}, Egress: "all-traffic"},
	}}
	b.must("do", b.do(s), events.Done)
	if n := len(b.world.Effects()); n != 0 {
		t.Errorf("effects %q, want none", b.world.Effects())
	}
}
