package pubsub_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/pubsub/pubsublocal"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/bustest"
)

// Under every fault at once nothing that was accepted is lost: each message is handled or is a dead letter, whatever
// dies.
func TestFaultsLoseNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, 7)
	r.server.Set(pubsublocal.Rates{
		RefusePublish: .03, LosePublishAnswer: .03, DuplicatePublish: .03, DropDelivery: .01, DuplicateDelivery: .05,
		DelayDelivery: .05,
		CutStream:     .005, LoseAck: .03,
	})
	const messages, bad = 600, 7 // every seventh is rejected
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	seen := &tally{want: messages, handled: map[string]int{}, all: make(chan struct{})}
	processes := []bustest.Process{r.join(t), r.join(t), r.join(t)}
	subscription := events.Subscription{
		Name: "network", Subjects: []string{events.CommandSubject("network")}, Parallel: 8,
	}
	var running sync.WaitGroup
	consumers, stop := context.WithCancel(ctx)
	defer running.Wait()
	defer stop()
	for _, p := range processes {
		running.Go(func() {
			if err := p.Bus.Consume(consumers, subscription, seen.take); err != nil {
				t.Errorf("consume: %v", err)
			}
		})
	}
	for i := range messages {
		m := events.Message{
			Subject: events.CommandSubject("network"), ID: fmt.Sprint(i), Body: fmt.Appendf(nil, "m%d", i),
		}
		for ctx.Err() == nil && processes[i%2].Bus.Publish(ctx, m) != nil {
			t.Logf("publish %d again", i)
		}
		if i == messages/2 {
			processes[2].Kill()
		}
	}
	select {
	case <-seen.all:
	case <-ctx.Done():
		t.Fatalf("only %d of %d messages were handled; faults %v", seen.count(), messages, r.server.Counts())
	}
	r.server.Set(pubsublocal.Rates{})
	awaitLetters(ctx, t, processes[0], messages/bad)
	for kind, n := range r.server.Counts() {
		t.Logf("%s: %d", kind, n)
		if n == 0 {
			t.Errorf("%s was never made", kind)
		}
	}
	if len(r.server.Counts()) != 8 {
		t.Errorf("kinds of faults made: %v", r.server.Counts())
	}
}

// tally counts what was handled at least once.
type tally struct {
	mu      sync.Mutex
	want    int
	handled map[string]int
	all     chan struct{}
}

func (s *tally) take(_ context.Context, d events.Delivery) events.Verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handled[string(d.Body)]++; s.handled[string(d.Body)] == 1 && len(s.handled) == s.want {
		close(s.all)
	}
	var n int
	if _, err := fmt.Sscanf(string(d.Body), "m%d", &n); err == nil && n%7 == 6 {
		return events.Reject("every seventh")
	}
	return events.Ack
}

func (s *tally) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.handled)
}

// awaitLetters waits until every rejected message is a letter.
func awaitLetters(ctx context.Context, t *testing.T, p bustest.Process, want int) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := p.DeadLetters.List(ctx, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		bodies := map[string]bool{}
		for _, l := range list {
			bodies[string(l.Body)] = true
		}
		if len(bodies) >= want {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d of %d rejected messages are letters", len(bodies), want)
		}
	}
}
