package networktest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/steptest"
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
		{"routes that take an address", overrides},
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
		t.Run(part.name, func(t *testing.T) { part.test(t, newSubject(t)) })
	}
}

// request is a root of request ids that no other call has.
func request() uuid.UUID { return uuid.New() }

func (s Subject) caller() steptest.Caller {
	return steptest.Caller{Operations: s.Operations, Poll: s.Poll}
}

func (s Subject) change(t *testing.T, call func(context.Context) error) error {
	t.Helper()
	return s.caller().Change(t, call)
}

func (s Subject) must(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	s.caller().Must(t, what, call)
}

// harmless makes a change again: nil or a Retry, and never a refusal, because the next Get decides.
func (s Subject) harmless(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	if err := s.change(t, call); err != nil && steptest.ClassOf(err) != events.Retry {
		t.Errorf("%s: %v, want nil or a Retry", what, err)
	}
}

// until reads until the predicate holds: reads may lag the operation that is done.
func until[T any](
	t *testing.T, s Subject, what string, read func(context.Context) (T, error), want func(T, error) bool,
) (v T) {
	t.Helper()
	s.caller().Await(t, what, func(ctx context.Context) (bool, error) {
		var err error
		v, err = read(ctx)
		if want(v, err) {
			return true, nil
		}
		if errors.Is(err, workers.ErrNotFound) {
			err = nil
		}
		return false, err
	})
	return v
}

func missing[T any](_ T, err error) bool { return errors.Is(err, workers.ErrNotFound) }

func there[T any](_ T, err error) bool { return err == nil }

func describe(t *testing.T, s Subject) {
	n, err := s.Networks.Describe(t.Context(), s.Network)
	if err != nil {
		t.Fatalf("describe network: %v", err)
	}
	steptest.Equal(t, "name", n.Name, s.Network)
	sub, err := s.Networks.Subnet(t.Context(), s.Subnet)
	if err != nil {
		t.Fatalf("subnet: %v", err)
	}
	steptest.Equal(t, "subnet's network", sub.Network, s.Network)
	steptest.Equal(t, "subnet's region", sub.Region, s.Region)
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
		steptest.Equal(t, "subnet", got, want)
	}
}
