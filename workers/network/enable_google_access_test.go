package network_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
)

// flags reads whether the two subnetworks have the flag: subnet, which was off before us, and other, which was on.
func (b *bench) flags() (subnetOn, otherOn bool) {
	b.t.Helper()
	all := b.world.Snapshot()
	is := func(name string) bool { return strings.Contains(all["subnet "+name], "GoogleAccess:true") }
	return is(subnet), is(other)
}

func (b *bench) wantFlags(what string, subnetOn bool) {
	b.t.Helper()
	s, o := b.flags()
	if s != subnetOn || !o {
		b.t.Errorf("%s: %s is on: %t, want %t; %s is on: %t, want true: it was on before us", what, subnet, s, subnetOn, other, o)
	}
}

func TestGoogleAccessIsRetained(t *testing.T) {
	b := newBench(t)
	out := output[network.EnableGoogleAccessOut](t, b.must("do", b.do(access(false)), events.Done))
	if len(out.On) != 2 || len(out.FoundOn) != 1 || out.FoundOn[0] != other {
		t.Errorf("output %+v, want both on, and %s found on", out, other)
	}
	o := b.must("withdraw", b.withdraw(access(false)), events.Done)
	b.wantFlags("withdrawn", true)
	if !strings.Contains(o.Retained, subnet) || strings.Contains(o.Retained, other) {
		t.Errorf("retained %q, want %s and not %s", o.Retained, subnet, other)
	}

	// What was found before the first time is still known to a later apply.
	restoring := access(true).again()
	b.must("apply again", b.do(restoring), events.Done)
	if o := b.must("withdraw", b.withdraw(restoring), events.Done); o.Retained != "" {
		t.Errorf("retained %q although it was to be restored", o.Retained)
	}
	b.wantFlags("restored", false)
}

func TestGoogleAccessCompensationPutsBackOnlyItsOwnChange(t *testing.T) {
	b := newBench(t)
	b.must("do", b.do(access(false)), events.Done)
	b.must("withdraw", b.withdraw(access(false)), events.Done)
	again := access(false).again()
	b.must("apply again", b.do(again), events.Done)
	if o := b.must("compensate", b.compensate(again), events.Done); o.Retained != "" {
		t.Errorf("a compensation that changed nothing retained %q", o.Retained)
	}
	b.wantFlags("compensated", true)
}

func TestGoogleAccessStaysWhileAnybodyHoldsIt(t *testing.T) {
	b := newBench(t)
	orders, bills := access(true), access(true).as("bills")
	b.must("orders", b.do(orders), events.Done)
	b.must("bills", b.do(bills), events.Done)
	if o := b.must("orders leaves", b.withdraw(orders), events.Done); o.Retained != "" {
		t.Errorf("retained %q although another holds it", o.Retained)
	}
	b.wantFlags("held by bills", true)
	b.sees(orders, events.Absent)
	b.sees(bills, events.Present)
	b.must("bills leaves", b.withdraw(bills), events.Done)
	b.wantFlags("held by nobody", false)
}

func TestGoogleAccessOfAnotherGenerationStays(t *testing.T) {
	b := newBench(t)
	narrow := step{kind: network.KindEnableGoogleAccess, generation: 1, in: network.EnableGoogleAccessIn{Subnets: []string{subnet}, Restore: true}}
	b.must("first", b.do(access(true)), events.Done)
	b.must("next generation", b.do(narrow), events.Done)
	b.must("first goes", b.withdraw(access(true)), events.Done)
	b.wantFlags("held by the next generation", true)
	b.must("next goes", b.withdraw(narrow), events.Done)
	b.wantFlags("held by nobody", false)
}

func TestGoogleAccessOfAMissingSubnet(t *testing.T) {
	b := newBench(t)
	s := step{kind: network.KindEnableGoogleAccess, in: network.EnableGoogleAccessIn{Subnets: []string{subnet + "x"}}}
	b.refused("do", b.do(s), "not-found")
	b.must("undo", b.compensate(s), events.Done)
}
