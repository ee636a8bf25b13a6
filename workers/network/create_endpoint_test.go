package network_test

import (
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/steptest"
)

func TestEndpointWaitsForTheProducer(t *testing.T) {
	b := newBench(t)
	reserved(b)
	b.world.Attachment(attachment, "PENDING")
	c := b.Command(attached(), ask{Verb: events.Do})
	for range 3 {
		if o := b.Once(c); o.Class != events.Wait || o.Reason != "acceptance" {
			t.Fatalf("pending: %s (%s), want a Wait for acceptance", o.Class, o.Reason)
		}
	}
	seen := b.Sees(attached(), events.Different)
	if got := steptest.Output[network.CreateEndpointOut](t, seen).Connection; got != "PENDING" {
		t.Errorf("look tells the connection %q, want PENDING", got)
	}
	b.world.Attachment(attachment, "ACCEPTED")
	o := b.Must("do", b.Do(attached()), events.Done)
	if got := steptest.Output[network.CreateEndpointOut](t, o).Connection; got != "ACCEPTED" {
		t.Errorf("connection %q, want ACCEPTED", got)
	}
}

func TestEndpointRejected(t *testing.T) {
	b := newBench(t)
	reserved(b)
	before := b.world.Snapshot()
	b.world.Attachment(attachment, "REJECTED")
	b.Refused("do", b.Do(attached()), "rejected")
	b.Must("undo", b.Compensate(attached()), events.Done)
	b.Unchanged(before)
}

func TestClosedEndpointIsMadeAnew(t *testing.T) {
	b := newBench(t)
	reserved(b)
	b.Must("do", b.Do(attached()), events.Done)
	b.world.Attachment(attachment, "CLOSED")
	b.Sees(attached(), events.Different)
	c := b.Command(attached(), ask{Verb: events.Do})
	if o := b.Once(c); o.Class != events.Wait || o.Reason != "closed" {
		t.Fatalf("closed: %s (%s), want a Wait while it is removed", o.Class, o.Reason)
	}
	b.world.Attachment(attachment, "ACCEPTED") // the producer has published again
	b.Must("do", b.Do(attached()), events.Done)
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
		Ref: network.Ref{Project: project, Name: b.Command(s, ask{}).Name}, Network: vpc, Target: "all-apis",
		Owner: "theirs",
	})
	before := b.world.Snapshot()
	b.Sees(s, events.Foreign)
	b.Refused("do", b.Do(s), "foreign")
	b.Must("undo", b.Compensate(s), events.Done)
	b.Unchanged(before)
}

func TestSharedEndpointAndItsAddressEndTogether(t *testing.T) {
	b := newBench(t)
	before := b.world.Snapshot()
	both := func(connection string) (address, rule step) {
		a := sharedAddress().As(connection)
		out := steptest.Output[network.ReserveAddressOut](t, b.Must("reserve", b.Do(a), events.Done))
		return a, step{Kind: network.KindCreateEndpoint, Connection: connection, In: network.CreateEndpointIn{
			Project: project, Network: vpc, Target: "all-apis", Shared: shared, AddressName: out.FullName,
			AddressIP: out.IP,
		}}
	}
	ordersAddress, orders := both("orders")
	b.Must("create", b.Do(orders), events.Done)
	billsAddress, bills := both("bills")
	b.Must("create", b.Do(bills), events.Done)
	if n := len(b.world.AllEndpoints()); n != 1 {
		t.Fatalf("%d endpoints, want one", n)
	}
	first := b.world.AllEndpoints()[0].Name
	for _, s := range []step{orders, ordersAddress, bills, billsAddress} {
		b.Must("undo", b.Withdraw(s), events.Done)
	}
	b.Unchanged(before)
	_, again := both("orders")
	b.Must("create", b.Do(again), events.Done)
	if name := b.world.AllEndpoints()[0].Name; name == first {
		t.Errorf("the next generation of the shared endpoint has the name %s of the one before", name)
	}
}
