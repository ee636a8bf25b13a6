package network_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
)

// pair is one connection's two steps of the shared endpoint; generation counts its comings.
type pair struct {
	connection string
	generation uint64
	address    string
	endpoint   bool
}

func (p *pair) reserve() step {
	s := sharedAddress().as(p.connection)
	s.generation = p.generation
	return s
}

func (p *pair) create(o network.ReserveAddressOut) step {
	return step{kind: network.KindCreateEndpoint, connection: p.connection, generation: p.generation, in: network.CreateEndpointIn{
		Project: project, Network: vpc, Target: "all-apis", Shared: shared, AddressName: o.FullName, AddressIP: o.IP,
	}}
}

// Whatever connections come and go in whatever order, cut off wherever: the shared endpoint is there with one address
// while anybody has it, and nothing is left when nobody has.
func TestSharedEndpointProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBench(t)
		before := b.world.Snapshot()
		pairs := []*pair{{connection: "orders"}, {connection: "bills"}, {connection: "carts"}}
		outs := map[*pair]network.ReserveAddressOut{}
		for range rapid.IntRange(1, 25).Draw(t, "moves") {
			p := rapid.SampledFrom(pairs).Draw(t, "who")
			b.world.Slow(rapid.IntRange(0, 2).Draw(t, "polls"))
			if call := rapid.SampledFrom([]string{
				"", "", "addresses.insert", "forwardingRules.insert", "forwardingRules.delete", "addresses.delete",
			}).Draw(t, "cut"); call != "" && b.world.Faults() == 0 {
				b.world.Fault(call, rapid.Bool().Draw(t, "after"), errCut)
			}
			purpose := rapid.SampledFrom([]events.Purpose{events.ToCompensate, events.ToWithdraw}).Draw(t, "purpose")
			switch {
			case p.address == "":
				outs[p] = output[network.ReserveAddressOut](t, b.until(p.reserve(), ask{deed: events.Do}))
				p.address = outs[p].IP
			case !p.endpoint:
				b.until(p.create(outs[p]), ask{deed: events.Do})
				p.endpoint = true
			default:
				b.until(p.create(outs[p]), ask{deed: events.Undo, purpose: purpose})
				b.until(p.reserve(), ask{deed: events.Undo, purpose: purpose})
				b.sees(p.create(outs[p]), events.Absent)
				b.sees(p.reserve(), events.Absent)
				p.address, p.endpoint, p.generation = "", false, p.generation+1
			}
			check(b, pairs, outs)
		}
		for _, p := range pairs {
			if p.address != "" {
				b.until(p.create(outs[p]), ask{deed: events.Undo, purpose: events.ToCompensate})
				b.until(p.reserve(), ask{deed: events.Undo, purpose: events.ToCompensate})
			}
		}
		b.unchanged(before)
		if n := b.live(""); n != 0 {
			t.Fatalf("%d holds are left", n)
		}
	})
}

// until asks for a deed again and again until it is done, as the engine would after a cut.
func (b *bench) until(s step, a ask) events.Outcome {
	b.t.Helper()
	for range 5 {
		o := b.settle(s, a)
		if o.Class == events.Done {
			return o
		}
		if o.Class != events.Unsure {
			b.t.Fatalf("%s of %s: %s (%s)", a.deed, s.kind, o.Class, o.Message)
		}
		b.look(s)
	}
	b.t.Fatalf("%s of %s is never done", a.deed, s.kind)
	return events.Outcome{}
}

func check(b *bench, pairs []*pair, outs map[*pair]network.ReserveAddressOut) {
	b.t.Helper()
	addresses := map[string]bool{}
	for _, p := range pairs {
		if p.address != "" {
			addresses[p.address] = true
			b.sees(p.reserve(), events.Present)
		}
		if p.endpoint {
			b.sees(p.create(outs[p]), events.Present)
		}
	}
	if len(addresses) > 1 {
		b.t.Fatalf("connections have different addresses of one shared endpoint: %v", fmt.Sprint(addresses))
	}
	if have := len(b.world.AllAddresses()); have > 1 || have < len(addresses) {
		b.t.Fatalf("%d addresses in the world, %d in use", have, len(addresses))
	}
}
