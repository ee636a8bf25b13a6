package workers_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// times are the clocks of these tests; inside a synctest bubble they cost nothing.
var times = workers.ClaimTimes{
	Quiet: 5 * time.Second, Skew: time.Second, Lease: 40 * time.Second, Linger: 15 * time.Minute,
}

// start is when the tests without a bubble begin.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// runOf is one run of a connection's step.
func runOf(name string, epoch uint64, now time.Time) workers.Run {
	return workers.Run{
		Connection: events.Key{Tenant: "default", Name: name}, Step: "step", Generation: 1, Epoch: epoch,
		Now: now, Since: now, Deadline: now.Add(30 * time.Second),
	}
}

// failure gives the class and reason of an error, "done" for nil and "plain" for one that has none.
func failure(err error) (class events.Class, reason events.Reason) {
	var f *workers.Failure
	switch {
	case err == nil:
		return events.Done, ""
	case errors.As(err, &f):
		return f.Class, f.Reason
	default:
		return "plain", events.Reason(err.Error())
	}
}

// wantClass fails the test when the error is not of the class and reason.
func wantClass(t testing.TB, err error, class events.Class, reason events.Reason) {
	t.Helper()
	if gotClass, gotReason := failure(err); gotClass != class || gotReason != reason {
		t.Fatalf("got %s %q (%v), want %s %q", gotClass, gotReason, err, class, reason)
	}
}

// persist runs a verb as the engine would: every run has the next epoch and the present time, a Wait or Retry is
// followed by another run after its delay. It gives the first other answer.
func persist(ctx context.Context, name string, epoch uint64, verb func(workers.Run) error) (uint64, error) {
	for tries := 0; tries < 1000; tries++ {
		err := verb(runOf(name, epoch, time.Now()))
		var f *workers.Failure
		if !errors.As(err, &f) || f.Class != events.Wait && f.Class != events.Retry {
			return epoch, err
		}
		epoch++
		select {
		case <-time.After(max(f.After, time.Millisecond)):
		case <-ctx.Done():
			return epoch, ctx.Err()
		}
	}
	return epoch, errors.New("never ended")
}
