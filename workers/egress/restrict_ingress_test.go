package egress_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/steptest"
)

func (b *bench) wantIngress(what, want string) {
	b.T.Helper()
	if s, _ := b.world.Service(orders); s.Ingress != want {
		b.T.Errorf("%s: ingress is %q, want %q", what, s.Ingress, want)
	}
}

func TestIngressStaysClosed(t *testing.T) {
	b := newBench(t)
	out := steptest.Output[egress.RestrictIngressOut](t, b.Must("do", b.Do(restrict(orders, false)), events.Done))
	if out.Ingress != "internal" || out.Found != "all" {
		t.Errorf("output %+v, want internal, found all", out)
	}
	o := b.Must("withdraw", b.Withdraw(restrict(orders, false)), events.Done)
	b.wantIngress("withdrawn", "internal")
	if !strings.Contains(o.Retained, orders.Name) || !strings.Contains(o.Retained, "internal") {
		t.Errorf("retained %q, want the service and its setting named", o.Retained)
	}
	b.Sees(restrict(orders, false), events.Absent)

	// What was found before the first time is still known to a later apply that restores.
	restoring := restrict(orders, true).Again()
	b.Must("apply again", b.Do(restoring), events.Done)
	b.Must("withdraw", b.Withdraw(restoring), events.Done)
	b.wantIngress("restored", "all")
}

func TestIngressCompensationPutsBackOnlyItsOwnChange(t *testing.T) {
	b := newBench(t)
	b.Must("do", b.Do(restrict(orders, false)), events.Done)
	b.Must("withdraw", b.Withdraw(restrict(orders, false)), events.Done)
	again := restrict(orders, false).Again()
	b.Must("apply again", b.Do(again), events.Done)
	if o := b.Must("compensate", b.Compensate(again), events.Done); o.Retained != "" {
		t.Errorf("a compensation that changed nothing retained %q", o.Retained)
	}
	b.wantIngress("compensated", "internal")
}

// A restriction never opens.
func TestIngressThatAdmitsNobodyIsNotOpened(t *testing.T) {
	b := newBench(t)
	b.world.PutService(egress.Service{Ref: orders, Ingress: "none"})
	b.Refused("do", b.Do(restrict(orders, false)), "closed")
	b.wantIngress("refused", "none")
	b.Must("compensate", b.Compensate(restrict(orders, false)), events.Done)
	b.wantIngress("compensated", "none")
}

func TestIngressThatIsHeldByAnotherStaysClosed(t *testing.T) {
	b := newBench(t)
	b.Must("orders", b.Do(restrict(orders, true)), events.Done)
	b.Must("bills", b.Do(restrict(orders, true).As("bills")), events.Done)
	b.Must("orders leaves", b.Withdraw(restrict(orders, true)), events.Done)
	b.wantIngress("held by bills", "internal")
	b.Must("bills leaves", b.Withdraw(restrict(orders, true).As("bills")), events.Done)
	b.wantIngress("held by nobody", "all")
}

func TestIngressThatSomebodyHasChangedSinceIsLeft(t *testing.T) {
	b := newBench(t)
	s := restrict(orders, true)
	b.Must("do", b.Do(s), events.Done)
	b.world.PutService(egress.Service{Ref: orders, Ingress: "internal-and-load-balancing"})
	b.Sees(s, events.Different)
	o := b.Must("withdraw", b.Withdraw(s), events.Done)
	b.wantIngress("withdrawn", "internal-and-load-balancing")
	if o.Retained == "" {
		t.Error("nothing tells that somebody else's setting was left")
	}
}
