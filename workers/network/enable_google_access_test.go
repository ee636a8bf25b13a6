package network_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/steptest"
)

// flags reads whether the two subnetworks have the flag: subnet, which was off before us, and other, which was on.
func (b *bench) flags() (subnetOn, otherOn bool) {
	b.T.Helper()
	all := b.world.Snapshot()
	is := func(name string) bool { return strings.Contains(all["subnet "+name], "GoogleAccess:true") }
	return is(subnet), is(other)
}

func (b *bench) wantFlags(what string, subnetOn bool) {
	b.T.Helper()
	s, o := b.flags()
	if s != subnetOn || !o {
		b.T.Errorf("%s: %s is on: %t, want %t; %s is on: %t, want true: it was on before us", what, subnet, s, subnetOn,
			other, o)
	}
}

func TestGoogleAccessIsRetained(t *testing.T) {
	b := newBench(t)
	out := steptest.Output[network.EnableGoogleAccessOut](t, b.Must("do", b.Do(access(false)), events.Done))
	if len(out.On) != 2 || len(out.FoundOn) != 1 || out.FoundOn[0] != other {
		t.Errorf("output %+v, want both on, and %s found on", out, other)
	}
	o := b.Must("withdraw", b.Withdraw(access(false)), events.Done)
	b.wantFlags("withdrawn", true)
	if !strings.Contains(o.Retained, subnet) || strings.Contains(o.Retained, other) {
		t.Errorf("retained %q, want %s and not %s", o.Retained, subnet, other)
	}

	// What was found before the first time is still known to a later apply.
	restoring := access(true).Again()
	b.Must("apply again", b.Do(restoring), events.Done)
	if o := b.Must("withdraw", b.Withdraw(restoring), events.Done); o.Retained != "" {
		t.Errorf("retained %q although it was to be restored", o.Retained)
	}
	b.wantFlags("restored", false)
}

func TestGoogleAccessCompensationPutsBackOnlyItsOwnChange(t *testing.T) {
	b := newBench(t)
	b.Must("do", b.Do(access(false)), events.Done)
	b.Must("withdraw", b.Withdraw(access(false)), events.Done)
	again := access(false).Again()
	b.Must("apply again", b.Do(again), events.Done)
	if o := b.Must("compensate", b.Compensate(again), events.Done); o.Retained != "" {
		t.Errorf("a compensation that changed nothing retained %q", o.Retained)
	}
	b.wantFlags("compensated", true)
}

func TestGoogleAccessStaysWhileAnybodyHoldsIt(t *testing.T) {
	b := newBench(t)
	orders, bills := access(true), access(true).As("bills")
	b.Must("orders", b.Do(orders), events.Done)
	b.Must("bills", b.Do(bills), events.Done)
	if o := b.Must("orders leaves", b.Withdraw(orders), events.Done); o.Retained != "" {
		t.Errorf("retained %q although another holds it", o.Retained)
	}
	b.wantFlags("held by bills", true)
	b.Sees(orders, events.Absent)
	b.Sees(bills, events.Present)
	b.Must("bills leaves", b.Withdraw(bills), events.Done)
	b.wantFlags("held by nobody", false)
}

func TestGoogleAccessOfAnotherGenerationStays(t *testing.T) {
	b := newBench(t)
	narrow := step{Kind: network.KindEnableGoogleAccess, Generation: 1, In: network.EnableGoogleAccessIn{
		Subnets: []string{subnet}, Restore: true,
	}}
	b.Must("first", b.Do(access(true)), events.Done)
	b.Must("next generation", b.Do(narrow), events.Done)
	b.Must("first goes", b.Withdraw(access(true)), events.Done)
	b.wantFlags("held by the next generation", true)
	b.Must("next goes", b.Withdraw(narrow), events.Done)
	b.wantFlags("held by nobody", false)
}

func TestGoogleAccessOfAMissingSubnet(t *testing.T) {
	b := newBench(t)
	s := step{Kind: network.KindEnableGoogleAccess, In: network.EnableGoogleAccessIn{Subnets: []string{subnet + "x"}}}
	b.Refused("do", b.Do(s), "not-found")
	b.Must("undo", b.Compensate(s), events.Done)
}
