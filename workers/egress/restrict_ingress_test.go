package egress_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/egress"
)

func (b *bench) wantIngress(what, want string) {
	b.t.Helper()
	if s, _ := b.world.Service(orders); s.Ingress != want {
		b.t.Errorf("%s: ingress is %q, want %q", what, s.Ingress, want)
	}
}

func TestIngressStaysClosed(t *testing.T) {
	b := newBench(t)
	out := output[egress.RestrictIngressOut](t, b.must("do", b.do(restrict(orders, false)), events.Done))
	if out.Ingress != "internal" || out.Found != "all" {
		t.Errorf("output %+v, want internal, found all", out)
	}
	o := b.must("withdraw", b.withdraw(restrict(orders, false)), events.Done)
	b.wantIngress("withdrawn", "internal")
	if !strings.Contains(o.Retained, orders.Name) || !strings.Contains(o.Retained, "internal") {
		t.Errorf("retained %q, want the service and its setting named", o.Retained)
	}
	b.sees(restrict(orders, false), events.Absent)

	// What was found before the first time is still known to a later apply that restores.
	restoring := restrict(orders, true).again()
	b.must("apply again", b.do(restoring), events.Done)
	b.must("withdraw", b.withdraw(restoring), events.Done)
	b.wantIngress("restored", "all")
}

func TestIngressCompensationPutsBackOnlyItsOwnChange(t *testing.T) {
	b := newBench(t)
	b.must("do", b.do(restrict(orders, false)), events.Done)
	b.must("withdraw", b.withdraw(restrict(orders, false)), events.Done)
	again := restrict(orders, false).again()
	b.must("apply again", b.do(again), events.Done)
	if o := b.must("compensate", b.compensate(again), events.Done); o.Retained != "" {
		t.Errorf("a compensation that changed nothing retained %q", o.Retained)
	}
	b.wantIngress("compensated", "internal")
}

func TestIngressThatIsHeldByAnotherStaysClosed(t *testing.T) {
	b := newBench(t)
	b.must("orders", b.do(restrict(orders, true)), events.Done)
	b.must("bills", b.do(restrict(orders, true).as("bills")), events.Done)
	b.must("orders leaves", b.withdraw(restrict(orders, true)), events.Done)
	b.wantIngress("held by bills", "internal")
	b.must("bills leaves", b.withdraw(restrict(orders, true).as("bills")), events.Done)
	b.wantIngress("held by nobody", "all")
}

func TestIngressThatSomebodyHasChangedSinceIsLeft(t *testing.T) {
	b := newBench(t)
	s := restrict(orders, true)
	b.must("do", b.do(s), events.Done)
	b.world.PutService(egress.Service{Ref: orders, Ingress: "internal-and-load-balancing"})
	b.sees(s, events.Different)
	o := b.must("withdraw", b.withdraw(s), events.Done)
	b.wantIngress("withdrawn", "internal-and-load-balancing")
	if o.Retained == "" {
		t.Error("nothing tells that somebody else's setting was left")
	}
}
