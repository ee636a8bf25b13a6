package orchestrator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// deafJournal is a journal whose records are never heard of.
type deafJournal struct{ *journal }

func (deafJournal) Follow(ctx context.Context, _ saga.Position) iter.Seq2[saga.Record, error] {
	return func(func(saga.Record, error) bool) { <-ctx.Done() }
}

// statuses collects status events.
func (r *rig) statuses() *collector {
	c := &collector{}
	r.run(func(ctx context.Context) error {
		sub := events.Subscription{Name: "watcher", Subjects: []string{events.Statuses.Subject}}
		return r.bus.Consume(ctx, sub, func(_ context.Context, d events.Delivery) events.Verdict {
			c.add(d.Message)
			return events.Ack
		})
	})
	return c
}

// owed lists the ids of all status events that the journal says there are.
func (r *rig) owed(name string) []string {
	r.Helper()
	_, records, err := r.journal.Load(r.Context(), named(name))
	if err != nil {
		r.Fatal(err)
	}
	s := saga.State{Key: named(name)}
	var all []string
	for _, rec := range records {
		facts, _, _, err := saga.DecodeRecord(rec.Facts)
		if err != nil {
			r.Fatal(err)
		}
		changes, err := saga.Changes(s, facts)
		if err != nil {
			r.Fatal(err)
		}
		for _, c := range changes {
			all = append(all, fmt.Sprintf("%s/%d/%d", named(name), rec.Version, c.N))
		}
		if s, err = saga.ApplyRecord(s, rec); err != nil {
			r.Fatal(err)
		}
	}
	slices.Sort(all)
	return all
}

func TestStatusFeed(t *testing.T) {
	inBubble(t, func(r *rig) {
		statuses := r.statuses()
		p := r.start(r.bus)
		r.worker()
		r.submit(p, intent("orders", "1", "a net.a", "b egress.b after=a"))
		r.expect(p, "orders", events.SagaCompleted)
		got := statuses.take()
		if diff := cmp.Diff(r.owed("orders"), ids(got)); diff != "" {
			r.Errorf("ids (-want +got):\n%s", diff)
		}
		last := got[len(got)-1]
		var v events.Status
		if err := json.Unmarshal(last.Body, &v); err != nil {
			r.Fatal(err)
		}
		if last.Subject != "culvert.status.story.completed" || v.ID != "default_orders.1" ||
			v.Status != events.SagaCompleted {
			r.Errorf("the last status on %s is %+v", last.Subject, v)
		}
		for name, want := range map[string]string{
			"ce-id": last.ID, "ce-type": "culvert.story.status.v1", "ce-subject": "orders",
			"ce-source": "/culvert/default", "ce-specversion": "1.0",
		} {
			if last.Header[name] != want {
				r.Errorf("header %s is %q, want %q", name, last.Header[name], want)
			}
		}
	})
}

// TestStatusFeedSurvivesRestarts refuses two of three publishes of the feed and ends its process again and again: in
// the end every status was told.
func TestStatusFeedSurvivesRestarts(t *testing.T) {
	inBubble(t, func(r *rig) {
		statuses := r.statuses()
		r.worker()
		told := map[string]bool{}
		for i := range 12 {
			var tries atomic.Int64
			p := r.start(&bus{Bus: r.bus, refuse: func(m events.Message) bool {
				return strings.HasPrefix(m.Subject, "culvert.status.") && tries.Add(1)%3 != 0
			}})
			r.submit(p, intent("orders", fmt.Sprint(i), "a net.a", fmt.Sprintf("b egress.b after=a zone=%d", i)))
			<-time.After(time.Duration(i) * 700 * time.Millisecond)
			for _, id := range ids(statuses.take()) {
				told[id] = true
			}
			p.stop()
		}
		p := r.start(r.bus)
		r.expect(p, "orders", events.SagaCompleted)
		for _, id := range ids(statuses.take()) {
			told[id] = true
		}
		owed := r.owedFromStart("orders")
		if diff := cmp.Diff(owed, slices.Sorted(maps.Keys(told))); diff != "" {
			r.Errorf("told (-owed +got):\n%s", diff)
		}
	})
}

// owedFromStart is owed for a journal that has snapshots.
func (r *rig) owedFromStart(name string) []string {
	r.Helper()
	s := saga.State{Key: named(name)}
	snapshot, records, err := r.journal.Load(r.Context(), named(name))
	if err != nil {
		r.Fatal(err)
	}
	newest := snapshot.Version + uint64(len(records))
	var all []string
	for rec, err := range r.journal.Follow(r.Context(), 0) {
		if err != nil {
			r.Fatal(err)
		}
		facts, _, _, err := saga.DecodeRecord(rec.Facts)
		if err != nil {
			r.Fatal(err)
		}
		changes, err := saga.Changes(s, facts)
		if err != nil {
			r.Fatal(err)
		}
		for _, c := range changes {
			all = append(all, fmt.Sprintf("%s/%d/%d", named(name), rec.Version, c.N))
		}
		if s, err = saga.ApplyRecord(s, rec); err != nil {
			r.Fatal(err)
		}
		if rec.Version == newest {
			break
		}
	}
	slices.Sort(all)
	return all
}

func (r *rig) order(p process, kind events.ActionKind, key events.Key) {
	r.Helper()
	if _, err := p.Act(r.Context(), events.Action{Kind: kind, Connection: key, Actor: "ann", Reason: "because"}); err !=
		nil {
		r.Fatalf("%s %s: %v", kind, key, err)
	}
	synctest.Wait()
}

// TestHoldsAreLearntByEveryProcess pauses the engine and a capability through one process; another, and one that starts
// later, hold too.
func TestHoldsAreLearntByEveryProcess(t *testing.T) {
	inBubble(t, func(r *rig) {
		one, two := r.start(r.bus), r.start(r.bus.Join())
		commands := r.commands()
		r.order(one, events.ActionPause, saga.EngineKey(""))
		r.submit(two, intent("orders", "1", "a net.a", "b egress.b"))
		if got := commands.take(); len(got) != 0 {
			r.Fatalf("a held engine sent %v", ids(got))
		}
		r.order(two, events.ActionPause, saga.EngineKey("net"))
		three := r.start(r.bus.Join())
		synctest.Wait()
		for i, p := range []process{one, two, three} {
			if h := p.Held(); !h.All() || !h.Holds("net.x") {
				r.Errorf("process %d holds %+v", i+1, h)
			}
		}
		r.order(three, events.ActionResume, saga.EngineKey(""))
		if diff := cmp.Diff([]string{"default_orders/b/1/1"}, ids(commands.take())); diff != "" {
			r.Errorf("commands while a capability is held (-want +got):\n%s", diff)
		}
		r.order(one, events.ActionResume, saga.EngineKey("net"))
		if diff := cmp.Diff([]string{"default_orders/a/1/1"}, ids(commands.take())); diff != "" {
			r.Errorf("commands after the release (-want +got):\n%s", diff)
		}
	})
}

// TestAHoldIsLearntThoughReadsAreBehind lets the first reads of a hold that was heard of know nothing of it yet: it is
// not left to the next sweep.
func TestAHoldIsLearntThoughReadsAreBehind(t *testing.T) {
	inBubble(t, func(r *rig) {
		one := r.start(r.bus)
		two := r.start(r.bus.Join(), func(o *orchestrator.Options) { o.SweepEvery = 24 * time.Hour })
		r.journal.hook(nil, func([]saga.Result) { r.journal.stale.Store(20) })
		r.order(one, events.ActionPause, saga.EngineKey(""))
		r.journal.hook(nil, nil)
		<-time.After(time.Minute)
		if !two.Held().All() {
			r.Error("the other process does not hold")
		}
	})
}

// TestStartedHeld starts an engine that waits for its operator, twice.
func TestStartedHeld(t *testing.T) {
	inBubble(t, func(r *rig) {
		commands := r.commands()
		held := func(o *orchestrator.Options) { o.Held = saga.Held{"": {}} }
		for i := range 2 {
			name := fmt.Sprintf("c-%d", i)
			p := r.start(r.bus, held)
			r.submit(p, intent(name, "1", "a net.a"))
			<-time.After(time.Minute)
			if got := commands.take(); len(got) != 0 {
				r.Fatalf("start %d: an engine that was started held sent %v", i, ids(got))
			}
			r.order(p, events.ActionResume, saga.EngineKey(""))
			if got := ids(commands.take()); !slices.Contains(got, "default_"+name+"/a/1/1") {
				r.Errorf("start %d: commands after the release: %v", i, got)
			}
			if v, _ := r.journal.List(r.Context(),
				saga.Query{Name: name}); v.Items[0].Summary.Status != events.SagaRunning {
				r.Errorf("start %d: %+v", i, v.Items[0].Summary)
			}
			p.stop()
		}
	})
}

// TestResultThatComesAgain publishes the open commands again: whoever took it first may have died before it did.
func TestResultThatComesAgain(t *testing.T) {
	inBubble(t, func(r *rig) {
		commands := r.commands()
		gate := make(chan struct{})
		r.start(&bus{Bus: r.bus, gate: gate}) // runs, but takes no results yet
		dying := &bus{Bus: r.bus.Join()}
		first := r.start(dying)
		r.submit(first, intent("orders", "1", "a net.a", "b net.b after=a"))
		c, err := events.DecodeCommand(commands.take()[0].Body)
		if err != nil {
			r.Fatal(err)
		}
		r.journal.hook(nil, func([]saga.Result) { dying.Kill() }) // once the facts have landed
		r.answer(c, sagatest.Willing(c))
		if got := ids(commands.take()); len(got) != 0 {
			r.Fatalf("the dead process sent %v", got)
		}
		r.journal.hook(nil, nil)
		close(gate)
		if got := ids(commands.take()); !slices.Contains(got, "default_orders/b/1/1") {
			r.Errorf("commands when the result came again: %v", got)
		}
	})
}

// TestResultAheadOfTheReplica lets the journal's reads lag behind: a result is not thrown away for that.
func TestResultAheadOfTheReplica(t *testing.T) {
	inBubble(t, func(r *rig) {
		commands := r.commands()
		gate := make(chan struct{})
		first := r.start(&bus{Bus: r.bus, gate: gate})
		r.submit(first, intent("orders", "1", "a net.a"))
		c, err := events.DecodeCommand(commands.take()[0].Body)
		if err != nil {
			r.Fatal(err)
		}
		first.stop()
		r.answer(c, sagatest.Willing(c))
		second := r.start(
			&bus{Bus: r.bus, gate: gate}, func(o *orchestrator.Options) { o.Journal = unlistedJournal{r.journal} },
		)
		r.journal.stale.Store(3)
		close(gate)
		<-time.After(5 * time.Second)
		s, err := second.State(r.Context(), named("orders"))
		if err != nil || s.Saga == nil || s.Saga.Steps[0].Status != events.StepDone {
			r.Errorf("step a is not done: %+v, %v", s.Saga, err)
		}
	})
}

// unlistedJournal is a journal whose listing lags behind, too, so that nothing is known before it is asked for.
type unlistedJournal struct{ *journal }

func (unlistedJournal) List(context.Context, saga.Query) (saga.Page, error) { return saga.Page{}, nil }

// TestNewsOfOthersSavesConflicts lets two processes take turns at one connection.
func TestNewsOfOthersSavesConflicts(t *testing.T) {
	inBubble(t, func(r *rig) {
		var conflicts atomic.Int64
		r.journal.hook(nil, func(results []saga.Result) {
			for _, result := range results {
				if result.Err != nil {
					conflicts.Add(1)
				}
			}
		})
		processes := []process{r.start(r.bus), r.start(r.bus.Join())}
		for i := range 8 {
			r.submit(processes[i%2], intent("orders", fmt.Sprint(i), "a net.a"))
			synctest.Wait()
		}
		if n := conflicts.Load(); n != 0 {
			r.Errorf("%d conflicts", n)
		}
	})
}

// landedJournal calls back when an append has landed, before its process knows.
type landedJournal struct {
	*journal
	landed func()
}

func (j landedJournal) Append(ctx context.Context, appends []saga.Append) []saga.Result {
	results := j.journal.Append(ctx, appends)
	j.landed()
	return results
}

// TestOvertakenWhileItLanded lets another process move a connection on, and die before it sends its commands, while
// this one waits for its own append: it hears of the newer version before it remembers its own.
func TestOvertakenWhileItLanded(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.worker()
		silent := &bus{Bus: r.bus.Join(), gate: make(chan struct{})} // results are for one alone
		silent.broken.Store(true)
		other := r.start(silent)
		overtaken := false
		one := r.start(r.bus, func(o *orchestrator.Options) {
			o.Journal = landedJournal{r.journal, func() {
				if overtaken || r.status(other, "orders") != events.SagaCompleted {
					return
				}
				overtaken = true
				r.submit(other, intent("orders", "2", "a net.b"))
				other.stop()
				<-time.After(time.Second) // one hears of it
			}}
		})
		r.submit(one, intent("orders", "1", "a net.a"))
		r.expect(one, "orders", events.SagaCompleted)
		giveUp := time.After(time.Hour)
		for s, err := one.State(r.Context(), named("orders")); s.Newest() != 2 ||
			s.Saga.Status != events.SagaCompleted; s, err = one.State(r.Context(), named("orders")) {
			select {
			case <-time.After(time.Second):
			case <-giveUp:
				r.Fatalf("the second saga never ends: %+v, %v", s.Saga, err)
			}
		}
	})
}
