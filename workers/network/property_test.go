package network_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/steptest"
)

// pair is one connection's two steps of the shared endpoint; generation counts its comings.
type pair struct {
	connection string
	generation uint64
	address    string
	endpoint   bool
}

func (p *pair) reserve() step {
	s := sharedAddress().As(p.connection)
	s.Generation = p.generation
	return s
}

func (p *pair) create(o network.ReserveAddressOut) step {
	return step{Kind: network.KindCreateEndpoint, Connection: p.connection, Generation: p.generation,
		In: network.CreateEndpointIn{
			Project: project, Network: vpc, Target: "all-apis", Shared: shared, AddressName: o.FullName,
			AddressIP: o.IP,
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
				outs[p] = steptest.Output[network.ReserveAddressOut](t, b.Until(p.reserve(), ask{Verb: events.Do}))
				p.address = outs[p].IP
			case !p.endpoint:
				b.Until(p.create(outs[p]), ask{Verb: events.Do})
				p.endpoint = true
			default:
				b.Until(p.create(outs[p]), ask{Verb: events.Undo, Purpose: purpose})
				b.Until(p.reserve(), ask{Verb: events.Undo, Purpose: purpose})
				b.Sees(p.create(outs[p]), events.Absent)
				b.Sees(p.reserve(), events.Absent)
				p.address, p.endpoint, p.generation = "", false, p.generation+1
			}
			check(b, pairs, outs)
		}
		for _, p := range pairs {
			if p.address != "" {
				b.Until(p.create(outs[p]), ask{Verb: events.Undo, Purpose: events.ToCompensate})
				b.Until(p.reserve(), ask{Verb: events.Undo, Purpose: events.ToCompensate})
			}
		}
		b.Unchanged(before)
		if n := b.Live(""); n != 0 {
			t.Fatalf("%d holds are left", n)
		}
	})
}

func check(b *bench, pairs []*pair, outs map[*pair]network.ReserveAddressOut) {
	b.T.Helper()
	addresses := map[string]bool{}
	for _, p := range pairs {
		if p.address != "" {
			addresses[p.address] = true
			b.Sees(p.reserve(), events.Present)
		}
		if p.endpoint {
			b.Sees(p.create(outs[p]), events.Present)
		}
	}
	if len(addresses) > 1 {
		b.T.Fatalf("connections have different addresses of one shared endpoint: %v", fmt.Sprint(addresses))
	}
	if have := len(b.world.AllAddresses()); have > 1 || have < len(addresses) {
		b.T.Fatalf("%d addresses in the world, %d in use", have, len(addresses))
	}
}
