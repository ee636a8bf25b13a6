package egress_test

import (
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/steptest"
)

func (b *bench) wantInvokers(what string, want ...string) {
	b.T.Helper()
	slices.Sort(want)
	if _, have := b.world.Service(orders); !slices.Equal(have, want) {
		b.T.Errorf("%s: invokers %q, want %q", what, have, want)
	}
}

func TestOnlyMembersThatWeAddedAreRemoved(t *testing.T) {
	b := newBench(t)
	s := grant(insider, member)
	out := steptest.Output[egress.GrantInvokerOut](t, b.Must("do", b.Do(s), events.Done))
	if !slices.Equal(out.Added, []string{member}) || !slices.Equal(out.Have, []string{insider, member}) {
		t.Errorf("output %+v, want only the new one added", out)
	}
	b.Must("withdraw", b.Withdraw(s), events.Done)
	b.wantInvokers("withdrawn", insider)
}

func TestMemberStaysWhileAnybodyWantsIt(t *testing.T) {
	b := newBench(t)
	b.Must("orders", b.Do(grant(member)), events.Done)
	b.Must("bills", b.Do(grant(member, "user:b@example.com").As("bills")), events.Done)
	b.Must("orders leaves", b.Withdraw(grant(member)), events.Done)
	b.wantInvokers("wanted by bills", insider, member, "user:b@example.com")
	b.Must("bills leaves", b.Withdraw(grant(member, "user:b@example.com").As("bills")), events.Done)
	b.wantInvokers("wanted by nobody", insider)
}

func TestChangedMembersAreANewGeneration(t *testing.T) {
	b := newBench(t)
	b.Must("first", b.Do(grant(member)), events.Done)
	next := grant(member, "user:b@example.com").Again()
	b.Must("next", b.Do(next), events.Done)
	b.Must("first goes", b.Withdraw(grant(member)), events.Done)
	b.wantInvokers("next stands", insider, member, "user:b@example.com")
	b.Must("next goes", b.Withdraw(next), events.Done)
	b.wantInvokers("none stands", insider)
}

func TestMemberThatSomebodyRemovedIsAddedAgain(t *testing.T) {
	b := newBench(t)
	b.Must("do", b.Do(grant(member)), events.Done)
	b.world.PutService(egress.Service{Ref: orders, Ingress: "all"}, insider)
	b.Sees(grant(member), events.Different)
	b.Must("repair", b.Do(grant(member)), events.Done)
	b.Must("withdraw", b.Withdraw(grant(member)), events.Done)
	b.wantInvokers("withdrawn", insider)
}

func TestGrantOnAServiceThatIsGone(t *testing.T) {
	b := newBench(t)
	b.Must("do", b.Do(grant(member)), events.Done)
	b.world.RemoveService(orders)
	b.Refused("do", b.Do(grant(member)), "not-found")
	b.Must("undo", b.Withdraw(grant(member)), events.Done)
	b.Sees(grant(member), events.Absent)
}

// Where nobody's right to call is checked, a role says nothing: a look tells.
func TestGrantOnAServiceThatChecksNobody(t *testing.T) {
	b := newBench(t)
	b.Must("do", b.Do(grant(member)), events.Done)
	b.Sees(grant(member), events.Present)
	have, invokers := b.world.Service(orders)
	have.OpenInvoker = true
	b.world.PutService(have, invokers...)
	b.Sees(grant(member), events.Different)
	b.Must("bind", b.Do(bind(orders, ours, false)), events.Done)
	b.Sees(grant(member), events.Present) // the binding tells it, and the service is not read twice
	out := steptest.Output[egress.BindServiceOut](t, b.Must("look", b.Look(bind(orders, ours, false)), events.Done))
	if out.Unchecked != "acme-prod/europe-west3/orders" {
		t.Errorf("the binding tells %q", out.Unchecked)
	}
	b.Must("unbind", b.Withdraw(bind(orders, ours, false)), events.Done)
	b.Sees(grant(member), events.Different)
	have, invokers = b.world.Service(orders)
	have.OpenInvoker = false
	b.world.PutService(have, invokers...)
	b.Sees(grant(member), events.Present)
}
