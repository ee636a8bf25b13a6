package gcp_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// patience bounds every wait of a test in real time.
const patience = 30 * time.Second

// settle calls a level-triggered change until it answers something else than Wait, polling what it waits for, as the
// runtime does.
func settle(t *testing.T, c *gcp.Client, change func(context.Context, uuid.UUID) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	root := uuid.New()
	for {
		err := change(ctx, root)
		var f *workers.Failure
		if !errors.As(err, &f) || f.Class != events.Wait {
			return err
		}
		for f.Operation != "" {
			if err := rest(ctx); err != nil {
				return err
			}
			if err = c.Operations().Poll(ctx, f.Operation); err == nil {
				break
			}
			if !errors.As(err, &f) || f.Class != events.Wait {
				return err
			}
		}
		if err := rest(ctx); err != nil {
			return err
		}
	}
}

// rest waits a moment between two looks; it errs when the test's patience is at its end.
func rest(ctx context.Context) error {
	select {
	case <-time.After(time.Millisecond):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the world did not settle in time: %w", ctx.Err())
	}
}

func pause(ctx context.Context, t *testing.T) {
	t.Helper()
	must(t, "wait", rest(ctx))
}

// must fails the test on an error.
func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// refusal fails the test unless the error refuses for the reason.
func refusal(t *testing.T, what string, err error, reason events.Reason) {
	t.Helper()
	if got := workers.Outcome(err, events.Unsure); err == nil || got.Class != events.Refuse || got.Reason != reason {
		t.Errorf("%s: %v, want a refusal for %q", what, err, reason)
	}
}
