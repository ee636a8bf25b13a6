package egress_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/steptest"
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
	b.Sees(s, events.Foreign)
	b.Refused("do", b.Do(s), "foreign")
	b.Must("undo", b.Compensate(s), events.Done)
	b.Unchanged(before)
}

func TestBindingOfAnotherConnectionIsRefusedEvenForATakeover(t *testing.T) {
	b := newBench(t)
	b.Must("orders", b.Do(bind(orders, ours, false)), events.Done)
	bills := bind(orders, wider, true).As("bills")
	o := b.Do(bills)
	b.Refused("bills", o, "foreign")
	if !strings.Contains(o.Message, "default_orders/") {
		t.Errorf("the refusal %q does not name the holder", o.Message)
	}
	b.Must("bills gives up", b.Compensate(bills), events.Done)
	b.Sees(bind(orders, ours, false), events.Present)
}

func TestTakenOverBindingComesBack(t *testing.T) {
	b := newBench(t)
	s := bind(bound, ours, true)
	out := steptest.Output[egress.BindServiceOut](t, b.Must("do", b.Do(s), events.Done))
	if out.Found.Connector != foreign || out.To.Connector != ours || !out.Serving {
		t.Errorf("output %+v, want ours after theirs, serving", out)
	}
	b.Must("withdraw", b.Withdraw(s), events.Done)
	if got := b.bindingOf(bound); got != foreign {
		t.Errorf("bound to %q, want what was found", got)
	}
}

func TestBindingChangedInPlace(t *testing.T) {
	b := newBench(t)
	first, next := bind(orders, ours, false), bind(orders, wider, false)
	b.Must("do", b.Do(first), events.Done)
	b.Sees(next, events.Different)
	b.Must("change", b.Do(next), events.Done)
	b.Must("take it back", b.Do(first), events.Done)
	if got := b.bindingOf(orders); got != ours {
		t.Errorf("bound to %q, want %q", got, ours)
	}
	b.Must("change", b.Do(next), events.Done)
	// The standing input is still the first: a binding that this generation wrote is ours whichever it is.
	b.Must("withdraw", b.Withdraw(first), events.Done)
	if got := b.bindingOf(orders); got != "" {
		t.Errorf("bound to %q, want nothing", got)
	}
}

func TestBindingThatSomebodyHasChangedSinceIsLeft(t *testing.T) {
	b := newBench(t)
	s := bind(orders, ours, false)
	b.Must("do", b.Do(s), events.Done)
	b.world.PutService(egress.Service{Ref: orders, Binding: egress.Binding{Connector: foreign}})
	b.Sees(s, events.Different)
	b.Refused("repair", b.Do(s), "foreign")
	o := b.Must("withdraw", b.Withdraw(s), events.Done)
	if !strings.Contains(o.Retained, foreign) || b.bindingOf(orders) != foreign {
		t.Errorf("retained %q, bound to %q: want theirs left and named", o.Retained, b.bindingOf(orders))
	}
	// Nothing is remembered of it: the next time finds anew.
	again := bind(orders, ours, true).Again()
	b.Must("take over", b.Do(again), events.Done)
	b.Must("withdraw", b.Withdraw(again), events.Done)
	if got := b.bindingOf(orders); got != foreign {
		t.Errorf("bound to %q, want what was found the second time", got)
	}
}

func TestBindingThatWasTakenAwayIsRepaired(t *testing.T) {
	b := newBench(t)
	s := bind(orders, ours, false)
	b.Must("do", b.Do(s), events.Done)
	b.world.PutService(egress.Service{Ref: orders, Ingress: "all"})
	b.Sees(s, events.Different)
	b.Must("repair", b.Do(s), events.Done)
	b.Sees(s, events.Present)
}

func TestBindingIsDoneOnlyWhenSettled(t *testing.T) {
	b := newBench(t)
	s := bind(orders, ours, false)
	settling := egress.Service{
		Ref: orders, Reconciling: true, Binding: egress.Binding{Connector: ours, Egress: "all-traffic"},
	}
	b.world.PutService(settling)
	b.Must("do", b.Once(b.Command(s, ask{Verb: events.Do})), events.Wait)
	b.Sees(s, events.Different)
	settling.Reconciling, settling.Pinned = false, "orders-00001"
	b.world.PutService(settling)
	out := steptest.Output[egress.BindServiceOut](t, b.Must("do", b.Do(s), events.Done))
	if out.Serving {
		t.Error("a service whose traffic is pinned to a revision is said to serve with the binding")
	}
}

func TestBindingOfAServiceThatIsGone(t *testing.T) {
	b := newBench(t)
	s := bind(orders, ours, false)
	b.Must("do", b.Do(s), events.Done)
	b.world.RemoveService(orders)
	b.Sees(s, events.Different)
	b.Refused("do", b.Do(s), "not-found")
	b.Must("undo", b.Withdraw(s), events.Done)
	b.Sees(s, events.Absent)
}

func TestTagsInAnotherOrderAreTheSameBinding(t *testing.T) {
	b := newBench(t)
	b.world.PutService(egress.Service{Ref: orders, Binding: egress.Binding{Network: vpc, Subnet: "s",
		Tags: []string{"b", "a"}, Egress: "all-traffic"}})
	s := step{Kind: egress.KindBindService, In: egress.BindServiceIn{
		Service: orders, To: egress.Binding{Network: vpc, Subnet: "s", Tags: []string{"a", "b"}, Egress: "all-traffic"},
	}}
	b.Must("do", b.Do(s), events.Done)
	if n := len(b.world.Effects()); n != 0 {
		t.Errorf("effects %q, want none", b.world.Effects())
	}
}

// A binding is ours by its way, whatever somebody has made of the rest of it: a number for the project, another part.
// It is drift of ours: the next Do repairs it, a withdrawal unbinds it.
func TestBindingOnOurWayIsOursInEverySpelling(t *testing.T) {
	const number = "projects/987654321"
	direct := egress.Binding{
		Network: vpc, Subnet: "projects/acme-net/regions/europe-west3/subnetworks/direct", Tags: []string{"a", "b"},
		Egress: "all-traffic",
	}
	for name, c := range map[string]struct{ to, is egress.Binding }{
		"connector by the number": {
			egress.Binding{Connector: ours, Egress: "all-traffic"},
			egress.Binding{Connector: strings.Replace(ours, "projects/acme-prod", number, 1), Egress: "all-traffic"},
		},
		"another egress": {
			egress.Binding{Connector: ours, Egress: "all-traffic"},
			egress.Binding{Connector: ours, Egress: "private-ranges-only"},
		},
		"both": {
			egress.Binding{Connector: ours, Egress: "all-traffic"},
			egress.Binding{
				Connector: strings.Replace(ours, "projects/acme-prod", number, 1), Egress: "private-ranges-only",
			},
		},
		"other tags": {direct, egress.Binding{Network: vpc, Subnet: direct.Subnet, Egress: "all-traffic"}},
		"subnet by the number": {direct, egress.Binding{
			Network: vpc, Subnet: strings.Replace(direct.Subnet, "projects/acme-net", number, 1),
			Tags: direct.Tags, Egress: "private-ranges-only",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := step{Kind: egress.KindBindService, In: egress.BindServiceIn{Service: orders, To: c.to}}
			drifted := func(t *testing.T) *bench {
				b := newBench(t)
				b.Must("do", b.Do(s), events.Done)
				b.world.PutService(egress.Service{Ref: orders, Ingress: "all", Binding: c.is})
				return b
			}
			b := drifted(t)
			if o := b.Must("withdraw", b.Withdraw(s), events.Done); o.Retained != "" {
				t.Errorf("retained %q", o.Retained)
			}
			if have, _ := b.world.Service(orders); have.Binding.Connector+have.Binding.Subnet != "" {
				t.Errorf("still bound: %+v", have.Binding)
			}
			b = drifted(t)
			b.Must("repair", b.Do(s), events.Done)
			b.Sees(s, events.Present)
		})
	}
}

// Two projects that are both named by their ids, or both by their numbers, are two projects.
func TestBindingToAnotherProjectsConnectorIsForeign(t *testing.T) {
	b := newBench(t)
	s := bind(orders, ours, false)
	b.Must("do", b.Do(s), events.Done)
	other := strings.Replace(ours, "acme-prod", "other", 1)
	b.world.PutService(egress.Service{Ref: orders, Binding: egress.Binding{Connector: other, Egress: "all-traffic"}})
	if o := b.Must("withdraw", b.Withdraw(s), events.Done); !strings.Contains(o.Retained, other) {
		t.Errorf("retained %q, want the other project's connector", o.Retained)
	}
}

// followTraffic accepts traffic that is pinned: the proof must not want what the option waives, and says who stays.
func TestBindingThatFollowsTrafficServesBesideAPinnedRevision(t *testing.T) {
	b := newBench(t)
	b.world.PutService(egress.Service{Ref: orders, Pinned: "orders-00001"})
	in := egress.BindServiceIn{
		Service: orders, To: egress.Binding{Connector: ours, Egress: "all-traffic"}, FollowTraffic: true,
	}
	s := step{Kind: egress.KindBindService, In: in}
	out := steptest.Output[egress.BindServiceOut](t, b.Must("do", b.Do(s), events.Done))
	if !out.Serving || out.Pinned != "orders-00001" {
		t.Errorf("output %+v, want serving, with the pinned revision named", out)
	}
}
