package network_test

import (
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
)

func ipOf(t tester, o events.Outcome) string {
	t.Helper()
	return output[network.ReserveAddressOut](t, o).IP
}

func sharedAddress() step { return reserve(network.ReserveAddressIn{Shared: shared}) }

func TestSharedAddressIsOneAndStaysWhileHeld(t *testing.T) {
	b := newBench(t)
	orders, bills := sharedAddress(), sharedAddress().as("bills")
	first := ipOf(t, b.must("orders", b.do(orders), events.Done))
	if second := ipOf(t, b.must("bills", b.do(bills), events.Done)); second != first {
		t.Fatalf("the second connection got %s, the first %s", second, first)
	}
	b.must("orders leaves", b.withdraw(orders), events.Done)
	b.sees(orders, events.Absent)
	b.sees(bills, events.Present)

	began := b.now
	b.must("bills leaves", b.withdraw(bills), events.Done)
	if lingered := b.now.Sub(began); lingered < 15*time.Minute {
		t.Errorf("the last one left after %s, before the linger was over", lingered)
	}
	if left := b.world.AllAddresses(); len(left) != 0 {
		t.Errorf("left in the world: %+v", left)
	}
	again := output[network.ReserveAddressOut](t, b.must("orders comes back", b.do(orders.again()), events.Done))
	if again.IP != first {
		t.Errorf("the shared thing came back with %s, not %s", again.IP, first)
	}
}

func TestSharedAddressStaysForWhoeverComesInTheLinger(t *testing.T) {
	b := newBench(t)
	orders, bills := sharedAddress(), sharedAddress().as("bills")
	b.must("orders", b.do(orders), events.Done)
	leave := b.command(orders, ask{deed: events.Undo, purpose: events.ToWithdraw})
	if o := b.once(leave); o.Class != events.Wait || o.Reason != "linger" {
		t.Fatalf("the last one to leave: %s (%s), want a linger", o.Class, o.Reason)
	}
	b.must("bills", b.do(bills), events.Done)
	b.must("orders leaves", b.withdraw(orders), events.Done)
	b.sees(bills, events.Present)
}

func TestSharedAddressIsLeftInAHurry(t *testing.T) {
	b := newBench(t)
	b.must("do", b.do(sharedAddress()), events.Done)
	o := b.must("undo", b.settle(sharedAddress(), ask{deed: events.Undo, purpose: events.ToWithdraw, hurry: true}), events.Done)
	if o.Retained == "" || len(b.world.AllAddresses()) != 1 {
		t.Errorf("retained %q, %d addresses: want the address left and named", o.Retained, len(b.world.AllAddresses()))
	}
	b.sees(sharedAddress(), events.Absent)
	b.must("do of the next", b.do(sharedAddress().again()), events.Done)
	b.must("undo of the next", b.compensate(sharedAddress().again()), events.Done)
	if left := b.world.AllAddresses(); len(left) != 0 {
		t.Errorf("left in the world: %+v", left)
	}
}

func TestAnotherAddressForAStandingEndpointIsRefused(t *testing.T) {
	b := newBench(t)
	b.must("orders", b.do(sharedAddress()), events.Done)
	other := reserve(network.ReserveAddressIn{Shared: shared, IP: "10.200.0.99"}).as("bills")
	b.refused("another ip", b.do(other), "address-conflict")
	b.must("undo", b.compensate(other), events.Done)
	b.sees(sharedAddress(), events.Present)
	b.refused("check", b.do(step{kind: network.KindCheck, connection: "bills", in: network.CheckIn{
		Network: vpc, Target: "all-apis", Shared: shared, IP: "10.200.0.99",
	}}), "address-conflict")
}

func TestForeignAddressUnderOurNameIsLeftAlone(t *testing.T) {
	b := newBench(t)
	s := reserve(network.ReserveAddressIn{})
	theirs := network.Address{
		Ref: network.Ref{Project: project, Name: b.command(s, ask{}).Name}, IP: "10.200.0.30", Network: vpc, Owner: "theirs",
	}
	b.world.PutAddress(theirs)
	before := b.world.Snapshot()
	b.sees(s, events.Foreign)
	b.refused("do", b.do(s), "foreign")
	b.must("undo", b.compensate(s), events.Done)
	b.sees(s, events.Foreign)
	b.unchanged(before)
	if n := b.live(""); n != 0 {
		t.Errorf("%d holds are left", n)
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		in           network.ReserveAddressIn
	}{
		{"in a subnet", "address-taken", network.ReserveAddressIn{IP: "10.11.0.9"}},
		{"a static host route", "address-taken", network.ReserveAddressIn{IP: "10.200.0.7"}},
		{"in an allocated range", "address-taken", network.ReserveAddressIn{IP: "10.60.0.9"}},
		{"known elsewhere", "address-taken", network.ReserveAddressIn{IP: "10.200.0.9", Known: []string{"10.200.0.9/32"}}},
		{"no address", "invalid", network.ReserveAddressIn{IP: "10.200.0"}},
		{"outside its subnet", "invalid", network.ReserveAddressIn{IP: "10.200.0.9", Region: region, Subnet: subnet}},
		{"kept by the vendor", "invalid", network.ReserveAddressIn{IP: "10.11.0.1", Region: region, Subnet: subnet}},
		{"subnet of another region", "invalid", network.ReserveAddressIn{Region: "us-east1", Subnet: subnet}},
		{"no such subnet", "not-found", network.ReserveAddressIn{Region: region, Subnet: subnet + "x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			before := b.world.Snapshot()
			s := reserve(c.in)
			b.refused("do", b.do(s), c.reason)
			b.must("undo", b.compensate(s), events.Done)
			b.unchanged(before)
		})
	}
}

func TestFixedAddressOfAnotherIsRefused(t *testing.T) {
	b := newBench(t)
	fixed := reserve(network.ReserveAddressIn{IP: "10.200.0.9"})
	b.must("orders", b.do(fixed), events.Done)
	b.refused("bills", b.do(fixed.as("bills")), "foreign")
}

func TestPoolSkipsWhatIsTaken(t *testing.T) {
	b := newBench(t)
	in := network.ReserveAddressIn{Project: project, Network: vpc, Pool: "tiny", Ranges: []string{"10.200.0.6/31"}}
	s := step{kind: network.KindReserveAddress, in: in}
	if ip := ipOf(t, b.must("do", b.do(s), events.Done)); ip != "10.200.0.6" {
		t.Errorf("got %s, want the only address that is no static route", ip)
	}
	b.refused("the next", b.do(s.as("bills")), "pool-exhausted")
}

func TestManyAtOnce(t *testing.T) {
	b := newBench(t)
	const many = 40
	var wg sync.WaitGroup
	outcomes := make([]events.Outcome, 2*many)
	for i := range many {
		name := "c" + string(rune('a'+i/10)) + string(rune('0'+i%10))
		for j, s := range []step{sharedAddress().as(name), reserve(network.ReserveAddressIn{}).as("own" + name)} {
			c := b.command(s, ask{deed: events.Do})
			wg.Go(func() { outcomes[2*i+j] = b.handlers[c.Kind].Run(t.Context(), c, b.now) })
		}
	}
	wg.Wait()
	seen := map[string]int{}
	for i, o := range outcomes {
		b.must("do", o, events.Done)
		if ip := ipOf(t, o); i%2 == 0 {
			seen["shared "+ip]++
		} else if seen[ip]++; seen[ip] > 1 {
			t.Errorf("%s was given twice", ip)
		}
	}
	if len(seen) != many+1 || len(b.world.AllAddresses()) != many+1 {
		t.Errorf("%d answers and %d addresses, want one shared and %d of their own", len(seen), len(b.world.AllAddresses()), many)
	}
}

func TestAddressInUseIsNotTakenAway(t *testing.T) {
	b := newBench(t)
	s := reserve(network.ReserveAddressIn{})
	a := output[network.ReserveAddressOut](t, b.must("do", b.do(s), events.Done))
	b.world.PutEndpoint(network.Endpoint{Ref: network.Ref{Project: project, Name: "theirs"}, Network: vpc, AddressName: a.FullName, AddressIP: a.IP})
	o := b.must("undo", b.compensate(s), events.Retry)
	if o.Reason != "in-use" {
		t.Errorf("reason %q (%s), want in-use", o.Reason, o.Message)
	}
	if got := b.sees(s, events.Present); output[network.ReserveAddressOut](t, got).IP != a.IP {
		t.Error("the address is another")
	}
}
