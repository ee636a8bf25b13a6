package network_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/network/networktest"
)

var errCut = errors.New("connection reset")

// scenes are the steps with an effect; prepare makes what an earlier step would have made.
func scenes() map[string]struct {
	step
	prepare func(*bench)
} {
	type scene = struct {
		step
		prepare func(*bench)
	}
	none := func(*bench) {}
	return map[string]scene{
		"shared address":    {reserve(network.ReserveAddressIn{Shared: shared}), none},
		"own address":       {reserve(network.ReserveAddressIn{}), none},
		"fixed address":     {reserve(network.ReserveAddressIn{IP: "10.200.0.9"}), none},
		"attached address":  {step{kind: network.KindReserveAddress, in: network.ReserveAddressIn{Project: project, Network: vpc, Region: region, Subnet: subnet}}, none},
		"shared endpoint":   {endpoint(shared), reserved},
		"own endpoint":      {endpoint(""), reserved},
		"attached endpoint": {attached(), reserved},
		"names":             {names("10.200.0.9", host, "bills-abc-ey.a.run.app"), none},
		"google access":     {access(false), none},
	}
}

func reserve(in network.ReserveAddressIn) step {
	in.Project, in.Network, in.Pool, in.Ranges = project, vpc, "psc-frankfurt", pool
	return step{kind: network.KindReserveAddress, in: in}
}

// reserved reserves the addresses that endpoints of the tests stand on.
func reserved(b *bench) {
	for _, a := range []network.Address{
		{Ref: network.Ref{Project: project, Name: "given"}, IP: "10.200.0.200", Network: vpc},
		{Ref: network.Ref{Project: project, Region: region, Name: "given"}, IP: "10.11.0.200", Subnet: subnet},
	} {
		b.world.PutAddress(a)
	}
}

func endpoint(shared string) step {
	return step{kind: network.KindCreateEndpoint, in: network.CreateEndpointIn{
		Project: project, Network: vpc, Target: "all-apis", Shared: shared, AddressIP: "10.200.0.200",
		AddressName: networktest.AddressName(network.Ref{Project: project, Name: "given"}),
	}}
}

func attached() step {
	return step{kind: network.KindCreateEndpoint, in: network.CreateEndpointIn{
		Project: project, Network: vpc, Region: region, Subnet: subnet, Target: attachment, AddressIP: "10.11.0.200",
		AddressName: networktest.AddressName(network.Ref{Project: project, Region: region, Name: "given"}),
	}}
}

func names(ip string, hosts ...string) step {
	slices.Sort(hosts)
	return step{kind: network.KindMapNames, in: network.MapNamesIn{Project: project, Network: vpc, Hostnames: hosts, IP: ip, TTL: 60}}
}

func access(restore bool) step {
	return step{kind: network.KindEnableGoogleAccess, in: network.EnableGoogleAccessIn{Subnets: []string{subnet, other}, Restore: restore}}
}

func each(t *testing.T, test func(t *testing.T, b *bench, s step)) {
	for name, scene := range scenes() {
		for _, polls := range []int{0, 2} {
			t.Run(name+map[int]string{0: " at once", 2: " slowly"}[polls], func(t *testing.T) {
				b := newBench(t)
				scene.prepare(b)
				b.world.Slow(polls)
				test(t, b, scene.step)
			})
		}
	}
}

func TestDoTwiceIsDoOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench, s step) {
		b.sees(s, events.Absent)
		first := b.must("do", b.do(s), events.Done)
		effects := b.world.Effects()
		second := b.must("do again", b.settle(s, ask{deed: events.Do, prior: first.Output}), events.Done)
		if diff := cmp.Diff(string(first.Output), string(second.Output)); diff != "" {
			t.Errorf("outputs differ (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(effects, b.world.Effects()); diff != "" {
			t.Errorf("the second do had effects:\n%s", diff)
		}
		seen := b.sees(s, events.Present)
		if diff := cmp.Diff(string(first.Output), string(seen.Output)); diff != "" {
			t.Errorf("look tells another output than do (-do +look):\n%s", diff)
		}
	})
}

func TestUndoLeavesTheWorldAsItWas(t *testing.T) {
	each(t, func(t *testing.T, b *bench, s step) {
		before := b.world.Snapshot()
		done := b.must("do", b.do(s), events.Done)
		undo := ask{deed: events.Undo, purpose: events.ToCompensate, prior: done.Output}
		for range 2 {
			b.must("undo", b.settle(s, undo), events.Done)
			b.unchanged(before)
			b.sees(s, events.Absent)
		}
		if n := b.live(""); n != 0 {
			t.Errorf("%d holds are left", n)
		}
	})
}

func TestUndoWithoutDo(t *testing.T) {
	each(t, func(t *testing.T, b *bench, s step) {
		before := b.world.Snapshot()
		o := b.must("undo", b.compensate(s), events.Done)
		b.unchanged(before)
		if o.Retained != "" || len(b.world.Effects()) != 0 {
			t.Errorf("an undo of nothing retained %q and had the effects %q", o.Retained, b.world.Effects())
		}
		b.sees(s, events.Absent)
	})
}

// calls lists the vendor calls with an effect that a clean Do and the Undo after it make.
func calls(t *testing.T, scene string) (do, undo []string) {
	t.Helper()
	b := newBench(t)
	sc := scenes()[scene]
	sc.prepare(b)
	b.must("do", b.do(sc.step), events.Done)
	did := len(b.world.Effects())
	b.must("undo", b.compensate(sc.step), events.Done)
	return distinct(b.world.Effects()[:did]), distinct(b.world.Effects()[did:])
}

func distinct(effects []string) []string {
	var calls []string
	for _, e := range effects {
		call, _, _ := strings.Cut(e, " ")
		if !slices.Contains(calls, call) {
			calls = append(calls, call)
		}
	}
	return calls
}

func TestCutOffBetweenEffectAndReply(t *testing.T) {
	for name, scene := range scenes() {
		do, _ := calls(t, name)
		for _, call := range do {
			for _, after := range []bool{true, false} {
				cut := func(t *testing.T) (*bench, map[string]string) {
					b := newBench(t)
					scene.prepare(b)
					before := b.world.Snapshot()
					b.world.Fault(call, after, errCut)
					b.must("cut do", b.do(scene.step), events.Unsure)
					if n := b.world.Faults(); n != 0 {
						t.Fatalf("%d faults were never met", n)
					}
					return b, before
				}
				at := map[bool]string{true: " after ", false: " before "}[after] + call
				t.Run(name+at+", then do", func(t *testing.T) {
					b, _ := cut(t)
					if o := b.look(scene.step); o.Seen == events.Absent || o.Seen == events.Foreign {
						t.Errorf("look sees %s while a claim is held", o.Seen)
					}
					b.must("do", b.do(scene.step), events.Done)
					b.sees(scene.step, events.Present)
				})
				t.Run(name+at+", then undo", func(t *testing.T) {
					b, before := cut(t)
					b.must("undo", b.compensate(scene.step), events.Done)
					b.unchanged(before)
					b.sees(scene.step, events.Absent)
					if n := b.live(""); n != 0 {
						t.Errorf("%d holds are left", n)
					}
				})
			}
		}
	}
}

func TestUndoCutOffIsDoneAgain(t *testing.T) {
	for name, scene := range scenes() {
		_, undo := calls(t, name)
		for _, call := range undo {
			for _, after := range []bool{true, false} {
				t.Run(name+map[bool]string{true: " after ", false: " before "}[after]+call, func(t *testing.T) {
					b := newBench(t)
					scene.prepare(b)
					before := b.world.Snapshot()
					b.must("do", b.do(scene.step), events.Done)
					b.world.Fault(call, after, errCut)
					b.must("cut undo", b.compensate(scene.step), events.Unsure)
					if o := b.look(scene.step); o.Seen == events.Absent || o.Seen == events.Foreign {
						t.Errorf("look sees %s while a claim is held", o.Seen)
					}
					b.must("undo", b.compensate(scene.step), events.Done)
					b.unchanged(before)
					b.sees(scene.step, events.Absent)
				})
			}
		}
	}
}

func TestOldEpochsAreFenced(t *testing.T) {
	each(t, func(t *testing.T, b *bench, s step) {
		late := b.command(s, ask{deed: events.Do})
		before := b.world.Snapshot()
		b.must("undo", b.compensate(s), events.Done)
		if o := b.once(late); o.Class != events.Retry || o.Reason != "fenced" {
			t.Errorf("a do of an older epoch than the undo: %s (%s), want a fenced Retry", o.Class, o.Message)
		}
		b.unchanged(before)
	})
}

func TestCancelledInFlight(t *testing.T) {
	each(t, func(t *testing.T, b *bench, s step) {
		for _, deed := range []events.Deed{events.Do, events.Look, events.Undo} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			cancel()
			o := b.handlers[s.kind].Run(ctx, b.command(s, ask{deed: deed, purpose: events.ToCompensate}), b.now)
			if o.Class != events.Unsure && o.Class != events.Retry {
				t.Errorf("cancelled %s: %s (%s), want Unsure or Retry", deed, o.Class, o.Message)
			}
		}
	})
}
