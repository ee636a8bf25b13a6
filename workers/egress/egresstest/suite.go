package egresstest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
)

// A Subject is one implementation of the ports over one fresh world, with the facts of that world that the suite needs.
type Subject struct {
	Connectors egress.Connectors
	Services   egress.Services
	// Operations polls what a change left running; nil when every change is done on return.
	Operations workers.Operations
	// Poll is the pause between two reads of something that takes a while; zero means one millisecond.
	Poll time.Duration
	// Connector can be made: nothing has its name or range. Its limits leave room to grow by one.
	Connector egress.Connector
	// Service exists, is bound to nothing, takes all ingress, and neither of Members may invoke it.
	Service egress.ServiceRef
	Members [2]string
	// Direct is a direct interface that the service can have, as Get gives it back.
	Direct egress.Binding
	// Missing does not exist.
	Missing egress.ServiceRef
}

// patience bounds every wait of the suite in real time.
const patience = 60 * time.Second

// Run holds an implementation against everything that the ports promise. Each part gets a subject of its own.
func Run(t *testing.T, newSubject func(t *testing.T) Subject) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(*testing.T, Subject)
	}{
		{"connector missing", connectorMissing},
		{"connector create, read back, repeat", connectorCreate},
		{"connector grow", connectorGrow},
		{"connector delete, repeat", connectorDelete},
		{"connector users", connectorUsers},
		{"service missing", serviceMissing},
		{"service read", serviceRead},
		{"bind, unbind, nothing else", bindAndUnbind},
		{"bind directly", bindDirectly},
		{"bind with a stale etag", bindStale},
		{"ingress", ingress},
		{"ingress with a stale etag", ingressStale},
		{"invokers", invokers},
		{"invokers with a stale etag", invokersStale},
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

// connector reads until the connector is as the predicate wants it: reads may lag the operation that is done.
func (s Subject) connector(t *testing.T, name string, want func(egress.Connector) bool) egress.Connector {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		c, err := s.Connectors.Get(ctx, name)
		if err != nil && !errors.Is(err, workers.ErrNotFound) {
			t.Fatalf("get connector: %v", err)
		}
		if err == nil && want(c) {
			return c
		}
		s.pause(ctx, t)
	}
}

// service reads until the service has settled.
func (s Subject) service(t *testing.T) egress.Service {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		v, err := s.Services.Get(ctx, s.Service)
		if err != nil {
			t.Fatalf("get service: %v", err)
		}
		if !v.Reconciling {
			return v
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

func ready(c egress.Connector) bool { return c.State == "READY" }

// create makes the subject's connector and waits until it is ready.
func (s Subject) create(t *testing.T) egress.Connector {
	t.Helper()
	s.must(t, "create connector", func(ctx context.Context) error {
		return s.Connectors.Create(ctx, request(), s.Connector)
	})
	return s.connector(t, s.Connector.Name, ready)
}

// equal fails the test with a difference.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// holds tells whether a sorted or unsorted list has a member.
func holds(list []string, member string) bool { return slices.Contains(list, member) }
