package egresstest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/steptest"
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

// connector reads until the connector is as the predicate wants it: reads may lag the operation that is done.
func (s Subject) connector(t *testing.T, name string, want func(egress.Connector) bool) (c egress.Connector) {
	t.Helper()
	s.caller().Await(t, "get connector", func(ctx context.Context) (bool, error) {
		var err error
		if c, err = s.Connectors.Get(ctx, name); errors.Is(err, workers.ErrNotFound) {
			return false, nil
		}
		return err == nil && want(c), err
	})
	return c
}

// service reads until the service has settled.
func (s Subject) service(t *testing.T) (v egress.Service) {
	t.Helper()
	s.caller().Await(t, "get service", func(ctx context.Context) (settled bool, err error) {
		v, err = s.Services.Get(ctx, s.Service)
		return !v.Reconciling, err
	})
	return v
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

// holds tells whether a sorted or unsorted list has a member.
func holds(list []string, member string) bool { return slices.Contains(list, member) }
