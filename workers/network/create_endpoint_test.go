package network_test

import (
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
)

func TestEndpointWaitsForTheProducer(t *testing.T) {
	b := newBench(t)
	reserved(b)
	b.world.Attachment(attachment, "PENDING")
	c := b.command(attached(), ask{deed: events.Do})
	for range 3 {
		if o := b.once(c); o.Class != events.Wait || o.Reason != "acceptance" {
			t.Fatalf("pending: %s (%s), want a Wait for acceptance", o.Class, o.Reason)
		}
	}
	seen := b.sees(attached(), events.Different)
	if got := output[network.CreateEndpointOut](t, seen).Connection; got != "PENDING" {
		t.Errorf("look tells the connection %q, want PENDING", got)
	}
	b.world.Attachment(attachment, "ACCEPTED")
	o := b.must("do", b.do(attached()), events.Done)
	if got := output[network.CreateEndpointOut](t, o).Connection; got != "ACCEPTED" {
		t.Errorf("connection %q, want ACCEPTED", got)
	}
}

func TestEndpointRejected(t *testing.T) {
	b := newBench(t)
	reserved(b)
	before := b.world.Snapshot()
	b.world.Attachment(attachment, "REJECTED")
	b.refused("do", b.do(attached()), "rejected")
	b.must("undo", b.compensate(attached()), events.Done)
	b.unchanged(before)
}

func TestClosedEndpointIsMadeAnew(t *testing.T) {
	b := newBench(t)
	reserved(b)
	b.must("do", b.do(attached()), events.Done)
	b.world.Attachment(attachment, "CLOSED")
	b.sees(attached(), events.Different)
	c := b.command(attached(), ask{deed: events.Do})
	if o := b.once(c); o.Class != events.Wait || o.Reason != "closed" {
		t.Fatalf("closed: %s (%s), want a Wait while it is removed", o.Class, o.Reason)
	}
	b.world.Attachment(attachment, "ACCEPTED") // the producer has published again
	b.must("do", b.do(attached()), events.Done)
	calls := b.world.Effects()
	if n := len(calls); n != 3 || calls[0] != calls[2] || calls[1] == calls[0] {
		t.Errorf("effects %q, want insert, delete, insert", calls)
	}
	roots := b.world.Requests("forwardingRules.insert")
	slices.Sort(roots)
	if len(slices.Compact(roots)) != 2 {
		t.Error("the second insert has the request id of the first, which the vendor ignores")
	}
}

func TestForeignEndpoint(t *testing.T) {
	b := newBench(t)
	reserved(b)
	s := endpoint("")
	b.world.PutEndpoint(network.Endpoint{
		Ref: network.Ref{Project: project, Name: b.command(s, ask{}).Name}, Network: vpc, Target: "all-apis", Owner: "theirs",
	})
	before := b.world.Snapshot()
	b.sees(s, events.Foreign)
	b.refused("do", b.do(s), "foreign")
	b.must("undo", b.compensate(s), events.Done)
	b.unchanged(before)
}

func TestSharedEndpointAndItsAddressEndTogether(t *testing.T) {
	b := newBench(t)
	before := b.world.Snapshot()
	both := func(connection string) (address, rule step) {
		a := sharedAddress().as(connection)
		out := output[network.ReserveAddressOut](t, b.must("reserve", b.do(a), events.Done))
		return a, step{kind: network.KindCreateEndpoint, connection: connection, in: network.CreateEndpointIn{
			Project: project, Network: vpc, Target: "all-apis", Shared: shared, AddressName: out.FullName, AddressIP: out.IP,
		}}
	}
	ordersAddress, orders := both("orders")
	b.must("create", b.do(orders), events.Done)
	billsAddress, bills := both("bills")
	b.must("create", b.do(bills), events.Done)
	if n := len(b.world.AllEndpoints()); n != 1 {
		t.Fatalf("%d endpoints, want one", n)
	}
	first := b.world.AllEndpoints()[0].Name
	for _, s := range []step{orders, ordersAddress, bills, billsAddress} {
		b.must("undo", b.withdraw(s), events.Done)
	}
	b.unchanged(before)
	_, again := both("orders")
	b.must("create", b.do(again), events.Done)
	if name := b.world.AllEndpoints()[0].Name; name == first {
		t.Errorf("the next generation of the shared endpoint has the name %s of the one before", name)
	}
}
