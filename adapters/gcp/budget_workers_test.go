package gcp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/workers"
)

// counted is a Google that notes when it was called, and has nothing.
type counted struct {
	mu    sync.Mutex
	calls []time.Time
}

// RoundTrip notes the call.
func (c *counted) RoundTrip(req *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, time.Now())
	return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Request: req,
		Body: io.NopCloser(strings.NewReader(`{"error":{"code":404}}`))}, nil
}

// between counts the calls from one moment to another.
func (c *counted) between(from, to time.Time) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range c.calls {
		if !at.Before(from) && at.Before(to) {
			n++
		}
	}
	return n
}

// restful is a step that does nothing.
type restful struct{}

func (restful) Do(context.Context, workers.Run, struct{}, *struct{}) (struct{}, error) {
	return struct{}{}, nil
}

func (restful) Look(context.Context, workers.Run, struct{}, *struct{}) (workers.Seen[struct{}], error) {
	return workers.Seen[struct{}]{}, nil
}

func (restful) Undo(context.Context, workers.Run, struct{}, *struct{}) (workers.Undone, error) {
	return workers.Undone{}, nil
}

// A greedy worker calls whenever it may, from when it is told.
type greedy struct {
	client      *gcp.Client
	calling     context.Context
	quiet, stop context.CancelFunc
	// crowd are its calls, running is its runtime.
	crowd, running sync.WaitGroup
}

// hire starts a worker.
func hire(t *testing.T, claims workers.Claims, google *counted, n int) *greedy {
	t.Helper()
	c, err := gcp.New(t.Context(), gcp.Options{HTTPClient: &http.Client{Transport: google},
		Budget: &gcp.Budget{Projects: map[string]map[string]int{"p": {"run.read": 240}}}})
	if err != nil {
		t.Fatal(err)
	}
	registry, err := workers.NewRegistry(workers.Handle("test.idle", nil, restful{}))
	if err != nil {
		t.Fatal(err)
	}
	w, err := workers.New(workers.Options{Bus: memory.NewBus(nil), Marks: memory.NewMarks(), Registry: registry,
		Name: fmt.Sprintf("worker-%d", n), Presence: &workers.Presence{Claims: claims}, Budget: c.Budget()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	g := &greedy{client: c, stop: stop}
	g.calling, g.quiet = context.WithCancel(t.Context())
	g.running.Go(func() {
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return g
}

// call lets it call, five at once.
func (g *greedy) call() {
	for range 5 {
		g.crowd.Go(func() {
			for g.calling.Err() == nil {
				// there is no such operation
				_ = g.client.Operations().Poll(g.calling, "gcp:run/projects/p/locations/r/operations/o")
			}
		})
	}
}

// end lets it go, after its last call.
func (g *greedy) end() {
	g.quiet()
	g.crowd.Wait()
	g.stop()
	g.running.Wait()
}

// Twenty workers that come and go never make more calls in a minute than the project's number, and use most of it. The
// first has saved what it can when the others come.
func TestWorkersShareABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		google, claims := &counted{}, memory.NewClaims()
		steady := func(what string) {
			<-time.After(3 * time.Minute) // virtual
			if n := google.between(time.Now().Add(-time.Minute), time.Now()); n < 180 {
				t.Errorf("%s: %d calls in a minute, want most of 240", what, n)
			}
		}
		first := hire(t, claims, google, 0)
		<-time.After(2*time.Minute + 500*time.Millisecond) // it counts on the full five seconds, and is not to know
		crew := []*greedy{first}
		first.call()
		for _, n := range []int{3, 20} {
			for len(crew) < n {
				one := hire(t, claims, google, len(crew))
				one.call()
				crew = append(crew, one)
			}
			steady(fmt.Sprintf("%d workers", n))
		}
		for _, one := range crew[3:] {
			one.end()
		}
		steady("three workers")
		crew[1].end()
		crew[2].end()
		steady("one worker")
		first.end()
		for _, from := range google.calls {
			if n := google.between(from, from.Add(time.Minute)); n > 240 {
				t.Fatalf("%d calls in the minute from %s", n, from)
			}
		}
	})
}
