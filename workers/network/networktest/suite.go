package networktest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
)

// A Subject is one implementation of the ports over one fresh world, with the facts of that world that the suite needs.
type Subject struct {
	Networks  network.Networks
	Addresses network.Addresses
	Endpoints network.Endpoints
	Names     network.Names
	// Operations polls what a change left running; nil when every change is done on return.
	Operations workers.Operations
	// Poll is the pause between two reads of something that takes a while; zero means one millisecond.
	Poll time.Duration

	// Project and Network are where objects can be made; the network has no endpoint for Google APIs yet.
	Project, Network string
	// Subnet is a regular subnetwork of Network with room, in Region; TakenIP lies inside it.
	Region, Subnet, TakenIP string
	// FreeIPs are outside everything.
	FreeIPs [2]string
	// Attachment accepts everybody, in Region; Refusing rejects everybody.
	Attachment, Refusing string
	// Host and OtherHost are answered by no zone of Network.
	Host, OtherHost string
}

// patience bounds every wait of the suite in real time.
const patience = 60 * time.Second

// owner is what the suite writes where the vendor has a field for it.
const owner = "culvert:default_orders/suite/1"

// Run holds an implementation against everything that the ports promise. Each part gets a subject of its own.
func Run(t *testing.T, newSubject func(t *testing.T) Subject) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(*testing.T, Subject)
	}{
		{"network described", describe},
		{"subnet flag on and off", googleAccess},
		{"address missing", addressMissing},
		{"address reserve, read back, repeat", addressReserve},
		{"address inside a subnet refused", addressTaken},
		{"address chosen by the vendor", addressChosen},
		{"address in use", addressInUse},
		{"endpoint missing", endpointMissing},
		{"endpoint create, read back, repeat, delete", endpointBundle},
		{"endpoint counted by the network", endpointCounted},
		{"endpoint of an attachment", endpointAttachment},
		{"endpoint rejected by the producer", endpointRejected},
		{"zone missing", zoneMissing},
		{"zone put, read back, changed", zonePut},
		{"zones that answer", zonesAnswering},
		{"zone cleared and deleted", zoneDelete},
		{"a cancelled call has no effect", cancelled},
	} {
		t.Run(part.name, func(t *testing.T) {
			s := newSubject(t)
			if s.Poll == 0 {
				s.Poll = time.Millisecond
			}
			part.test(t, s)
		})
	}
}

// request is a root of request ids that no other call has.
func request() uuid.UUID { return uuid.New() }

// change makes a change and waits until the vendor is done with it, as the runtime would. It gives the last error that is
// not a Wait.
func (s Subject) change(t *testing.T, call func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		err := call(ctx)
		var f *workers.Failure
		if !errors.As(err, &f) || f.Class != events.Wait {
			return err
		}
		if f.Operation != "" {
			return s.poll(ctx, t, f.Operation)
		}
		s.pause(ctx, t)
	}
}

// poll reads an operation until it has ended.
func (s Subject) poll(ctx context.Context, t *testing.T, handle string) error {
	t.Helper()
	for {
		err := s.Operations.Poll(ctx, handle)
		if classOf(err) != events.Wait {
			return err
		}
		s.pause(ctx, t)
	}
}

func (s Subject) pause(ctx context.Context, t *testing.T) {
	t.Helper()
	tick := time.NewTimer(s.Poll)
	defer tick.Stop()
	select {
	case <-tick.C:
	case <-ctx.Done():
		t.Fatal("the world did not settle in time")
	}
}

// must makes a change that has to work.
func (s Subject) must(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	if err := s.change(t, call); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// harmless makes a change again: nil or a Retry, and never a refusal, because the next Get decides.
func (s Subject) harmless(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	if err := s.change(t, call); err != nil && classOf(err) != events.Retry {
		t.Errorf("%s: %v, want nil or a Retry", what, err)
	}
}

// until reads until the predicate holds: reads may lag the operation that is done.
func until[T any](t *testing.T, s Subject, what string, read func(context.Context) (T, error), want func(T, error) bool) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		v, err := read(ctx)
		if want(v, err) {
			return v
		}
		if err != nil && !errors.Is(err, workers.ErrNotFound) {
			t.Fatalf("%s: %v", what, err)
		}
		s.pause(ctx, t)
	}
}

func classOf(err error) events.Class {
	var f *workers.Failure
	if errors.As(err, &f) {
		return f.Class
	}
	return ""
}

// equal fails the test with a difference.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func missing[T any](_ T, err error) bool { return errors.Is(err, workers.ErrNotFound) }

func there[T any](_ T, err error) bool { return err == nil }

func describe(t *testing.T, s Subject) {
	n, err := s.Networks.Describe(t.Context(), s.Network)
	if err != nil {
		t.Fatalf("describe network: %v", err)
	}
	equal(t, "name", n.Name, s.Network)
	sub, err := s.Networks.Subnet(t.Context(), s.Subnet)
	if err != nil {
		t.Fatalf("subnet: %v", err)
	}
	equal(t, "subnet's network", sub.Network, s.Network)
	equal(t, "subnet's region", sub.Region, s.Region)
	found := false
	for _, r := range n.Subnets {
		found = found || r.CIDR == sub.CIDR
	}
	if !found {
		t.Errorf("the network's ranges %v do not have its subnet %s", n.Subnets, sub.CIDR)
	}
	if _, err := s.Networks.Describe(t.Context(), s.Network+"-nobody"); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("describe a missing network: %v, want ErrNotFound", err)
	}
	if _, err := s.Networks.Subnet(t.Context(), s.Subnet+"-nobody"); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("read a missing subnet: %v, want ErrNotFound", err)
	}
}

func googleAccess(t *testing.T, s Subject) {
	before, err := s.Networks.Subnet(t.Context(), s.Subnet)
	if err != nil {
		t.Fatalf("subnet: %v", err)
	}
	for _, on := range []bool{!before.GoogleAccess, !before.GoogleAccess, before.GoogleAccess} {
		s.must(t, "set google access", func(ctx context.Context) error {
			return s.Networks.SetGoogleAccess(ctx, request(), s.Subnet, on)
		})
		want := before
		want.GoogleAccess = on
		got := until(t, s, "subnet", func(ctx context.Context) (network.Subnet, error) {
			return s.Networks.Subnet(ctx, s.Subnet)
		}, func(v network.Subnet, err error) bool { return err == nil && v.GoogleAccess == on })
		equal(t, "subnet", got, want)
	}
}
