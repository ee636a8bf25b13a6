package steptest_test

import (
	"context"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/steptest"
)

func TestCallerSeesAChangeThrough(t *testing.T) {
	c := newCounter()
	c.Slow(3)
	caller := steptest.Caller{Operations: c}
	caller.Must(t, "count", c.count)
	c.has(t, 1)

	waits := 2
	if err := caller.Change(t, func(ctx context.Context) error {
		if waits--; waits >= 0 {
			return workers.Wait("lease", 0)
		}
		return c.count(ctx)
	}); err != nil || waits != -1 {
		t.Errorf("a change that waits first: %v, %d waits left", err, waits+1)
	}
	c.has(t, 2)
	c.Fault("count", false, workers.Refuse("invalid", "no"))
	if err := caller.Change(t, c.count); steptest.ClassOf(err) != events.Refuse {
		t.Errorf("a refused change: %v", err)
	}
}

func TestCallerCompletesEveryPart(t *testing.T) {
	c := newCounter()
	c.Slow(2)
	steptest.Caller{Operations: c}.Complete(t, "count to three", func(ctx context.Context) error {
		c.mu.Lock()
		have := c.n
		c.mu.Unlock()
		if have == 3 {
			return nil
		}
		return c.count(ctx)
	})
	c.has(t, 3)
}

func TestCallerAwaitsWhatLags(t *testing.T) {
	looks := 0
	steptest.Caller{}.Await(t, "third look", func(context.Context) (bool, error) {
		looks++
		return looks == 3, nil
	})
	if looks != 3 {
		t.Errorf("%d looks, want 3", looks)
	}
}
