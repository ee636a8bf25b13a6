package routingtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// patience bounds every wait of the suites in real time.
const patience = 60 * time.Second

// owner is what the suites write where the vendor has a field for it.
const owner = "culvert:default_orders/suite/1"

// vendor is how a suite makes changes: as the runtime would, with the operations that go on.
type vendor struct {
	operations workers.Operations
	poll       time.Duration
}

// request is a root of request ids that no other call has.
func request() uuid.UUID { return uuid.New() }

// change makes a change and waits until the vendor is done with it. It gives the last error that is not a Wait.
func (v vendor) change(t *testing.T, call func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		err := call(ctx)
		var f *workers.Failure
		if !errors.As(err, &f) || f.Class != events.Wait {
			return err
		}
		for f.Operation != "" {
			v.pause(ctx, t)
			if err := v.operations.Poll(ctx, f.Operation); class(err) != events.Wait {
				return err
			}
		}
		v.pause(ctx, t)
	}
}

// must makes a change that has to work.
func (v vendor) must(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	if err := v.change(t, call); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func (v vendor) pause(ctx context.Context, t *testing.T) {
	t.Helper()
	poll := v.poll
	if poll == 0 {
		poll = time.Millisecond
	}
	tick := time.NewTimer(poll)
	defer tick.Stop()
	select {
	case <-tick.C:
	case <-ctx.Done():
		t.Fatal("the world did not settle in time")
	}
}

// until reads until the predicate holds: reads may lag the change that is done.
func until[T any](t *testing.T, v vendor, what string, read func(context.Context) (T, error), want func(T) bool) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		got, err := read(ctx)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if want(got) {
			return got
		}
		v.pause(ctx, t)
	}
}

func class(err error) events.Class {
	var f *workers.Failure
	if errors.As(err, &f) {
		return f.Class
	}
	return ""
}

// absent tells whether an error says that there is no such thing.
func absent(err error) bool {
	return errors.Is(err, workers.ErrNotFound) || class(err) == events.Refuse
}
