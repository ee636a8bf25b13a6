package steptest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/steptest"
)

var errCut = errors.New("connection reset")

// counter is the smallest world: one number that calls count up.
type counter struct {
	*steptest.Fake
	mu sync.Mutex
	n  int
}

func newCounter() *counter {
	c := &counter{}
	c.Fake = steptest.NewFake(&c.mu)
	return c
}

func (c *counter) count(ctx context.Context) error {
	return c.Act(ctx, "count", "n", func() (func(), error) { return func() { c.n++ }, nil })
}

func (c *counter) make(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	lost, err := c.Mutate(ctx, "make")
	if err != nil {
		return err
	}
	return c.Make(lost, func() { c.n++ })
}

// has fails the test unless the number is this, which is read without a call.
func (c *counter) has(t *testing.T, want int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n != want {
		t.Fatalf("the number is %d, want %d", c.n, want)
	}
}

func TestFakeChangesTakePolls(t *testing.T) {
	for name, change := range map[string]func(*counter, context.Context) error{"act": (*counter).count,
		"make": (*counter).make} {
		t.Run(name, func(t *testing.T) {
			c := newCounter()
			if err := change(c, t.Context()); err != nil {
				t.Fatal(err)
			}
			c.has(t, 1)
			c.Slow(2)
			var f *workers.Failure
			if err := change(c, t.Context()); !errors.As(err, &f) || f.Class != events.Wait || f.Operation == "" {
				t.Fatalf("a slow change: %v, want a Wait on an operation", err)
			}
			if err := c.Poll(t.Context(), f.Operation); !errors.As(err, &f) || f.Class != events.Wait {
				t.Fatalf("first poll: %v, want a Wait", err)
			}
			c.has(t, 1)
			for range 2 { // an operation that has ended stays so
				if err := c.Poll(t.Context(), f.Operation); err != nil {
					t.Fatalf("last poll: %v", err)
				}
				c.has(t, 2)
			}
			if err := c.Poll(t.Context(), "fake:nobody"); !errors.Is(err, workers.ErrNotFound) {
				t.Errorf("poll of nothing: %v, want ErrNotFound", err)
			}
		})
	}
}

func TestFakeFaults(t *testing.T) {
	c := newCounter()
	c.Fault("count", false, errCut)
	c.Fault("make", true, errCut)
	if err := c.count(t.Context()); !errors.Is(err, errCut) {
		t.Errorf("count with a fault: %v", err)
	}
	c.has(t, 0)
	if n := c.Faults(); n != 1 {
		t.Errorf("%d faults are left, want 1", n)
	}
	if err := c.make(t.Context()); !errors.Is(err, errCut) {
		t.Errorf("make with a lost answer: %v", err)
	}
	c.has(t, 1)

	c.Slow(3)
	c.Fault("count", true, errCut)
	if err := c.count(t.Context()); !errors.Is(err, errCut) {
		t.Errorf("slow count with a lost answer: %v", err)
	}
	c.has(t, 1) // it goes on, and ends with time
	c.Finish()
	c.has(t, 2)
	if got := c.Effects(); !slices.Equal(got, []string{"count n"}) {
		t.Errorf("effects %q, want what Act did", got)
	}
	c.Fault("read", true, errCut)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.Read(t.Context(), "read"); !errors.Is(err, errCut) {
		t.Errorf("read with a fault: %v", err)
	}
}

func TestFakeIntercept(t *testing.T) {
	c := newCounter()
	fates := []steptest.Fate{steptest.Pass, steptest.Fail, steptest.Lose}
	var seen []int
	c.Intercept(func(call int) steptest.Fate {
		seen = append(seen, call)
		return fates[call-1]
	})
	if err := c.make(t.Context()); err != nil {
		t.Fatalf("a call that passes: %v", err)
	}
	c.has(t, 1)
	var f *workers.Failure
	if err := c.make(t.Context()); !errors.As(err, &f) || f.Class != events.Retry {
		t.Errorf("a call that fails: %v, want a Retry", err)
	}
	c.has(t, 1)
	if err := c.make(t.Context()); err == nil || errors.As(err, &f) {
		t.Errorf("a call whose answer is lost: %v, want an error that nobody classified", err)
	}
	c.has(t, 2)
	if !slices.Equal(seen, []int{1, 2, 3}) {
		t.Errorf("calls %v were counted", seen)
	}
	cut, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.make(cut); !errors.Is(err, context.Canceled) || len(seen) != 3 {
		t.Errorf("a cancelled call: %v, seen %v", err, seen)
	}
	c.Intercept(nil)
	if err := c.make(t.Context()); err != nil {
		t.Errorf("a call after the interception: %v", err)
	}
}
