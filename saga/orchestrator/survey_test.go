package orchestrator_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/poison"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// poisoned panics when one connection is read, as a mistake in folding its facts would.
type poisoned struct{ *journal }

// Load panics for the one.
func (p poisoned) Load(ctx context.Context, k events.Key) (saga.Snapshot, []saga.Record, error) {
	if k.Name == "poison" {
		panic("these facts are poison")
	}
	return p.journal.Load(ctx, k)
}

func TestAConnectionThatCannotBeDecidedStopsNoOther(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.worker()
		p := r.start(r.bus, func(o *orchestrator.Options) { o.Journal = poisoned{r.journal} })
		for range 3 {
			if _, err := p.Submit(r.Context(), intent("poison", "1", "a net.a")); !errors.Is(err, poison.ErrPanicked) {
				r.Errorf("submit: %v, want that it panicked", err)
			}
			synctest.Wait()
		}
		r.submit(p, intent("good", "1", "a net.a"))
		synctest.Wait()
		r.expect(p, "good", events.SagaCompleted)
	})
}

// A survey whose orchestrator dies before its Looks are sent is taken up by another, and one that nobody answers is
// ended by its timer.
func TestASurveyOutlivesItsOrchestrator(t *testing.T) {
	inBubble(t, func(r *rig) {
		stopWorker := r.worker()
		lost := &bus{Bus: r.bus}
		first := r.start(lost)
		r.submit(first, intent("orders", "1", "a net.a"))
		synctest.Wait()
		r.expect(first, "orders", events.SagaCompleted)
		stopWorker()
		lost.broken.Store(true)
		seen := r.commands()
		ask := events.Action{
			Kind: events.ActionSurvey, Connection: named("orders"), Saga: named("orders").Saga(1), Actor: "ann",
			Reason: "because", From: events.FromStart,
		}
		if _, err := first.Act(r.Context(), ask); err != nil {
			r.Fatal(err)
		}
		first.stop()
		second := r.start(r.bus)
		if diff := cmp.Diff([]string{"default_orders/a/1/3"}, ids(seen.take())); diff != "" {
			r.Errorf("commands (-want +got):\n%s", diff)
		}
		<-time.After(2 * time.Minute)
		s, err := second.State(r.Context(), named("orders"))
		if err != nil || s.Survey == nil || s.Survey.Ended != "timed out" {
			r.Errorf("survey %+v: %v", s.Survey, err)
		}
		r.expect(second, "orders", events.SagaCompleted)
	})
}

// One that is asked to end before it has begun ends well.
func TestAskedToEndBeforeItHasBegun(t *testing.T) {
	inBubble(t, func(r *rig) {
		o := orchestrator.New(orchestrator.Options{
			Engine: saga.Engine{Kinds: sagatest.Kinds(), Limits: sagatest.Limits()}, Journal: r.journal, Bus: r.bus,
			Cursor: r.cursor,
			Now:    time.Now, ID: func() string { return "1" }, Name: "test",
		})
		ended, cancel := context.WithCancel(r.Context())
		cancel()
		if err := o.Run(ended); err != nil {
			r.Errorf("it ended with %v", err)
		}
	})
}
