package egress_test

import (
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/egress"
)

func (b *bench) wantInvokers(what string, want ...string) {
	b.t.Helper()
	slices.Sort(want)
	if _, have := b.world.Service(orders); !slices.Equal(have, want) {
		b.t.Errorf("%s: invokers %q, want %q", what, have, want)
	}
}

func TestOnlyMembersThatWeAddedAreRemoved(t *testing.T) {
	b := newBench(t)
	s := grant(insider, member)
	out := output[egress.GrantInvokerOut](t, b.must("do", b.do(s), events.Done))
	if !slices.Equal(out.Added, []string{member}) || !slices.Equal(out.Have, []string{insider, member}) {
		t.Errorf("output %+v, want only the new one added", out)
	}
	b.must("withdraw", b.withdraw(s), events.Done)
	b.wantInvokers("withdrawn", insider)
}

func TestMemberStaysWhileAnybodyWantsIt(t *testing.T) {
	b := newBench(t)
	b.must("orders", b.do(grant(member)), events.Done)
	b.must("bills", b.do(grant(member, "user:b@example.com").as("bills")), events.Done)
	b.must("orders leaves", b.withdraw(grant(member)), events.Done)
	b.wantInvokers("wanted by bills", insider, member, "user:b@example.com")
	b.must("bills leaves", b.withdraw(grant(member, "user:b@example.com").as("bills")), events.Done)
	b.wantInvokers("wanted by nobody", insider)
}

func TestChangedMembersAreANewGeneration(t *testing.T) {
	b := newBench(t)
	b.must("first", b.do(grant(member)), events.Done)
	next := grant(member, "user:b@example.com").again()
	b.must("next", b.do(next), events.Done)
	b.must("first goes", b.withdraw(grant(member)), events.Done)
	b.wantInvokers("next stands", insider, member, "user:b@example.com")
	b.must("next goes", b.withdraw(next), events.Done)
	b.wantInvokers("none stands", insider)
}

func TestMemberThatSomebodyRemovedIsAddedAgain(t *testing.T) {
	b := newBench(t)
	b.must("do", b.do(grant(member)), events.Done)
	b.world.PutService(egress.Service{Ref: orders, Ingress: "all"}, insider)
	b.sees(grant(member), events.Different)
	b.must("repair", b.do(grant(member)), events.Done)
	b.must("withdraw", b.withdraw(grant(member)), events.Done)
	b.wantInvokers("withdrawn", insider)
}

func TestGrantOnAServiceThatIsGone(t *testing.T) {
	b := newBench(t)
	b.must("do", b.do(grant(member)), events.Done)
	b.world.RemoveService(orders)
	b.refused("do", b.do(grant(member)), "not-found")
	b.must("undo", b.withdraw(grant(member)), events.Done)
	b.sees(grant(member), events.Absent)
}
