package steptest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// A Caller calls a port as the runtime would, for the suites of the capabilities' ports: operations that go on are
// polled, and what lags is read again.
type Caller struct {
	// Operations polls what a change left running; nil when every change is done on return.
	Operations workers.Operations
	// Poll is the pause between two reads of something that takes a while; zero means one millisecond.
	Poll time.Duration
}

// patience bounds every wait of a suite in real time.
const patience = 60 * time.Second

// Change makes a change and waits until the vendor is done with it. It gives the last error that is not a Wait.
func (c Caller) Change(t *testing.T, call func(context.Context) error) error {
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
			return c.finish(ctx, t, f.Operation)
		}
		c.pause(ctx, t)
	}
}

// Must makes a change that has to work.
func (c Caller) Must(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	if err := c.Change(t, call); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// Complete makes a change of several parts, which has to work: it is called again after every operation, until it is
// done.
func (c Caller) Complete(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	c.Await(t, what, func(ctx context.Context) (done bool, err error) {
		err = call(ctx)
		var f *workers.Failure
		if !errors.As(err, &f) || f.Class != events.Wait {
			return err == nil, err
		}
		if f.Operation == "" {
			return false, nil
		}
		return false, c.finish(ctx, t, f.Operation)
	})
}

// Await looks until the look is content: reads may lag what is done. An error ends the test.
func (c Caller) Await(t *testing.T, what string, look func(context.Context) (content bool, err error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		content, err := look(ctx)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if content {
			return
		}
		c.pause(ctx, t)
	}
}

// finish reads an operation until it has ended.
func (c Caller) finish(ctx context.Context, t *testing.T, handle string) error {
	t.Helper()
	for {
		err := c.Operations.Poll(ctx, handle)
		if ClassOf(err) != events.Wait {
			return err
		}
		c.pause(ctx, t)
	}
}

func (c Caller) pause(ctx context.Context, t *testing.T) {
	t.Helper()
	tick := time.NewTimer(max(c.Poll, time.Millisecond))
	defer tick.Stop()
	select {
	case <-tick.C:
	case <-ctx.Done():
		t.Fatal("the world did not settle in time")
	}
}

// ClassOf is the class of a classified error; any other, and nil, has none.
func ClassOf(err error) events.Class {
	var f *workers.Failure
	if errors.As(err, &f) {
		return f.Class
	}
	return ""
}

// Equal fails the test with a difference.
func Equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
