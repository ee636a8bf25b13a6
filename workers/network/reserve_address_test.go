package network_test

import (
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/steptest"
)

func ipOf(t steptest.Tester, o events.Outcome) string {
	t.Helper()
	return steptest.Output[network.ReserveAddressOut](t, o).IP
}

func sharedAddress() step { return reserve(network.ReserveAddressIn{Shared: shared}) }

func TestSharedAddressIsOneAndStaysWhileHeld(t *testing.T) {
	b := newBench(t)
	orders, bills := sharedAddress(), sharedAddress().As("bills")
	first := ipOf(t, b.Must("orders", b.Do(orders), events.Done))
	if second := ipOf(t, b.Must("bills", b.Do(bills), events.Done)); second != first {
		t.Fatalf("the second connection got %s, the first %s", second, first)
	}
	b.Must("orders leaves", b.Withdraw(orders), events.Done)
	b.Sees(orders, events.Absent)
	b.Sees(bills, events.Present)

	began := b.Now
	b.Must("bills leaves", b.Withdraw(bills), events.Done)
	if lingered := b.Now.Sub(began); lingered < 15*time.Minute {
		t.Errorf("the last one left after %s, before the linger was over", lingered)
	}
	if left := b.world.AllAddresses(); len(left) != 0 {
		t.Errorf("left in the world: %+v", left)
	}
	again := steptest.Output[network.ReserveAddressOut](
		t, b.Must("orders comes back", b.Do(orders.Again()), events.Done),
	)
	if again.IP != first {
		t.Errorf("the shared thing came back with %s, not %s", again.IP, first)
	}
}

func TestSharedAddressStaysForWhoeverComesInTheLinger(t *testing.T) {
	b := newBench(t)
	orders, bills := sharedAddress(), sharedAddress().As("bills")
	b.Must("orders", b.Do(orders), events.Done)
	leave := b.Command(orders, ask{Verb: events.Undo, Purpose: events.ToWithdraw})
	if o := b.Once(leave); o.Class != events.Wait || o.Reason != "linger" {
		t.Fatalf("the last one to leave: %s (%s), want a linger", o.Class, o.Reason)
	}
	b.Must("bills", b.Do(bills), events.Done)
	b.Must("orders leaves", b.Withdraw(orders), events.Done)
	b.Sees(bills, events.Present)
}

func TestSharedAddressIsLeftWhenExpedited(t *testing.T) {
	b := newBench(t)
	b.Must("do", b.Do(sharedAddress()), events.Done)
	o := b.Must("undo", b.Settle(sharedAddress(), ask{Verb: events.Undo, Purpose: events.ToWithdraw, Expedite: true}),
		events.Done)
	if o.Retained == "" || len(b.world.AllAddresses()) != 1 {
		t.Errorf("retained %q, %d addresses: want the address left and named", o.Retained, len(b.world.AllAddresses()))
	}
	b.Sees(sharedAddress(), events.Absent)
	b.Must("do of the next", b.Do(sharedAddress().Again()), events.Done)
	b.Must("undo of the next", b.Compensate(sharedAddress().Again()), events.Done)
	if left := b.world.AllAddresses(); len(left) != 0 {
		t.Errorf("left in the world: %+v", left)
	}
}

func TestAnotherAddressForAStandingEndpointIsRefused(t *testing.T) {
	b := newBench(t)
	b.Must("orders", b.Do(sharedAddress()), events.Done)
	other := reserve(network.ReserveAddressIn{Shared: shared, IP: "10.200.0.99"}).As("bills")
	b.Refused("another ip", b.Do(other), "address-conflict")
	b.Must("undo", b.Compensate(other), events.Done)
	b.Sees(sharedAddress(), events.Present)
	b.Refused("check", b.Do(step{Kind: network.KindCheck, Connection: "bills", In: network.CheckIn{
		Network: vpc, Target: "all-apis", Shared: shared, IP: "10.200.0.99",
	}}), "address-conflict")
}

func TestForeignAddressUnderOurNameIsLeftAlone(t *testing.T) {
	b := newBench(t)
	s := reserve(network.ReserveAddressIn{})
	theirs := network.Address{
		Ref: network.Ref{Project: project, Name: b.Command(s, ask{}).Name}, IP: "10.200.0.30", Network: vpc,
		Owner: "theirs",
	}
	b.world.PutAddress(theirs)
	before := b.world.Snapshot()
	b.Sees(s, events.Foreign)
	b.Refused("do", b.Do(s), "foreign")
	b.Must("undo", b.Compensate(s), events.Done)
	b.Sees(s, events.Foreign)
	b.Unchanged(before)
	if n := b.Live(""); n != 0 {
		t.Errorf("%d holds are left", n)
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name   string
		reason events.Reason
		in     network.ReserveAddressIn
	}{
		{"in a subnet", "address-taken", network.ReserveAddressIn{IP: "10.11.0.9"}},
		{"a static host route", "address-taken", network.ReserveAddressIn{IP: "10.200.0.7"}},
		{"in an allocated range", "address-taken", network.ReserveAddressIn{IP: "10.60.0.9"}},
		{"known elsewhere", "address-taken", network.ReserveAddressIn{
			IP: "10.200.0.9", Known: []string{"10.200.0.9/32"},
		}},
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
			b.Refused("do", b.Do(s), c.reason)
			b.Must("undo", b.Compensate(s), events.Done)
			b.Unchanged(before)
		})
	}
}

func TestFixedAddressOfAnotherIsRefused(t *testing.T) {
	b := newBench(t)
	fixed := reserve(network.ReserveAddressIn{IP: "10.200.0.9"})
	b.Must("orders", b.Do(fixed), events.Done)
	b.Refused("bills", b.Do(fixed.As("bills")), "foreign")
}

func TestPoolSkipsWhatIsTaken(t *testing.T) {
	b := newBench(t)
	in := network.ReserveAddressIn{Project: project, Network: vpc, Pool: "tiny", Ranges: []string{"10.200.0.6/31"}}
	s := step{Kind: network.KindReserveAddress, In: in}
	if ip := ipOf(t, b.Must("do", b.Do(s), events.Done)); ip != "10.200.0.6" {
		t.Errorf("got %s, want the only address that is no static route", ip)
	}
	b.Refused("the next", b.Do(s.As("bills")), "pool-exhausted")
}

func TestManyAtOnce(t *testing.T) {
	b := newBench(t)
	const many = 40
	var wg sync.WaitGroup
	outcomes := make([]events.Outcome, 2*many)
	for i := range many {
		name := "c" + string(rune('a'+i/10)) + string(rune('0'+i%10))
		for j, s := range []step{sharedAddress().As(name), reserve(network.ReserveAddressIn{}).As("own" + name)} {
			c := b.Command(s, ask{Verb: events.Do})
			wg.Go(func() { outcomes[2*i+j] = b.Once(c) })
		}
	}
	wg.Wait()
	seen := map[string]int{}
	for i, o := range outcomes {
		b.Must("do", o, events.Done)
		if ip := ipOf(t, o); i%2 == 0 {
			seen["shared "+ip]++
		} else if seen[ip]++; seen[ip] > 1 {
			t.Errorf("%s was given twice", ip)
		}
	}
	if len(seen) != many+1 || len(b.world.AllAddresses()) != many+1 {
		t.Errorf("%d answers and %d addresses, want one shared and %d of their own", len(seen),
			len(b.world.AllAddresses()), many)
	}
}

func TestAddressInUseIsNotTakenAway(t *testing.T) {
	b := newBench(t)
	s := reserve(network.ReserveAddressIn{})
	a := steptest.Output[network.ReserveAddressOut](t, b.Must("do", b.Do(s), events.Done))
	b.world.PutEndpoint(network.Endpoint{
		Ref: network.Ref{Project: project, Name: "theirs"}, Network: vpc, AddressName: a.FullName, AddressIP: a.IP,
	})
	o := b.Must("undo", b.Compensate(s), events.Retry)
	if o.Reason != "in-use" {
		t.Errorf("reason %q (%s), want in-use", o.Reason, o.Message)
	}
	if got := b.Sees(s, events.Present); steptest.Output[network.ReserveAddressOut](t, got).IP != a.IP {
		t.Error("the address is another")
	}
}
