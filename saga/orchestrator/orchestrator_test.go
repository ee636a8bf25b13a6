package orchestrator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
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

func TestOneSagaFromIntentToEnd(t *testing.T) {
	inBubble(t, func(r *rig) {
		p := r.start(r.bus)
		r.worker()
		receipt := r.submit(p, intent("orders", "1", "c net.check check", "a net.a", "b egress.b x<-a.y"))
		if receipt.Saga != "default_orders.1" || receipt.Duplicate {
			r.Errorf("receipt is %+v", receipt)
		}
		r.expect(p, "orders", events.SagaCompleted)
		if again := r.submit(p, intent("orders", "1", "c net.check check", "a net.a",
			"b egress.b x<-a.y")); !again.Duplicate || again.Saga != receipt.Saga {
			r.Errorf("the same again is answered with %+v", again)
		}
	})
}

// TestTurnSharesOneAppend holds the first append up: whatever queues meanwhile is one call.
func TestTurnSharesOneAppend(t *testing.T) {
	inBubble(t, func(r *rig) {
		gate := make(chan struct{})
		r.journal.hook(func([]saga.Append) []saga.Result { <-gate; return nil }, nil)
		p := r.start(r.bus)
		var group sync.WaitGroup
		submit := func(i int) {
			group.Go(func() { r.submit(p, intent(fmt.Sprintf("c-%d", i), "1", "a net.a")) })
		}
		submit(0)
		synctest.Wait()
		for i := range 100 {
			submit(i + 1)
		}
		synctest.Wait()
		close(gate)
		group.Wait()
		if diff := cmp.Diff([]int{1, 100}, r.journal.sizes); diff != "" {
			r.Errorf("appends a call (-want +got):\n%s", diff)
		}
	})
}

// TestTwoOrchestratorsOnOneJournal lets two processes fight over the same connections.
func TestTwoOrchestratorsOnOneJournal(t *testing.T) {
	inBubble(t, func(r *rig) {
		var conflicts atomic.Int64
		r.journal.hook(nil, func(results []saga.Result) {
			for _, result := range results {
				if errors.Is(result.Err, saga.ErrConflict) {
					conflicts.Add(1)
				}
			}
		})
		one, two := r.start(r.bus), r.start(r.bus.Join())
		r.worker()
		const connections, each = 20, 6
		var group sync.WaitGroup
		receipts := make([]events.Receipt, connections*each)
		for i := range receipts {
			group.Go(func() {
				p := []process{one, two}[i%2]
				receipts[i] = r.submit(p, intent(fmt.Sprintf("c-%d", i/each), fmt.Sprint(i), "a net.a",
					fmt.Sprintf("b egress.b after=a zone=%d", i)))
			})
		}
		group.Wait()
		seen := map[string]bool{}
		for _, receipt := range receipts {
			if receipt.Duplicate || seen[receipt.Saga] {
				r.Errorf("saga %s was given twice", receipt.Saga)
			}
			seen[receipt.Saga] = true
		}
		for i := range connections {
			name := fmt.Sprintf("c-%d", i)
			r.expect(one, name, events.SagaCompleted)
			s, err := two.State(r.Context(), named(name))
			if err != nil || s.Sagas != each || len(s.Past) != each-1 {
				r.Errorf("%s has %d sagas, %d past, %v", name, s.Sagas, len(s.Past), err)
			}
		}
		if conflicts.Load() == 0 {
			r.Error("the two never met: the test proves nothing")
		}
	})
}

// TestStaleProcessAsksTheJournal lets one process know less than the other: what it would answer without an append is
// judged by the journal.
func TestStaleProcessAsksTheJournal(t *testing.T) {
	inBubble(t, func(r *rig) {
		one := r.start(r.bus)
		commands := r.commands()
		r.submit(one, intent("orders", "1", "a net.a"))
		first := commands.take()
		one.stop() // it hears of nothing any more, but knows the connection
		two := r.start(r.bus)
		synctest.Wait()
		deaf := r.start(r.bus.Join(), func(o *orchestrator.Options) { o.Journal = deafJournal{r.journal} })
		r.submit(deaf, intent("orders", "1", "a net.a")) // so that it knows the connection as it is now
		r.submit(two, intent("orders", "2", "a net.a"))
		number := uint64(2)
		in := intent("orders", "3", "a net.a")
		in.IfVersion = &number
		if receipt := r.submit(deaf, in); receipt.Saga != "default_orders.3" {
			r.Errorf("receipt is %+v", receipt)
		}
		if len(first) != 1 {
			r.Errorf("%d commands at first", len(first))
		}
	})
}

func TestPublishFailureIsSentAgain(t *testing.T) {
	inBubble(t, func(r *rig) {
		b := &bus{Bus: r.bus}
		b.broken.Store(true)
		commands := r.commands()
		p := r.start(b)
		r.submit(p, intent("orders", "1", "a net.a", "b egress.b"))
		if got := commands.take(); len(got) != 0 {
			r.Fatalf("%d commands came through a broken bus", len(got))
		}
		b.broken.Store(false)
		<-time.After(3 * time.Second)
		if diff := cmp.Diff([]string{"default_orders/a/1/1", "default_orders/b/1/1"},
			slices.Compact(ids(commands.take()))); diff != "" {
			r.Errorf("commands (-want +got):\n%s", diff)
		}
	})
}

func TestRestartSendsOpenCommandsAgain(t *testing.T) {
	inBubble(t, func(r *rig) {
		lost := &bus{Bus: r.bus}
		lost.broken.Store(true)
		first := r.start(lost)
		r.submit(first, intent("orders", "1", "a net.a"))
		r.submit(first, intent("bills", "1", "a net.a"))
		first.stop()
		commands := r.commands()
		r.start(r.bus)
		if diff := cmp.Diff([]string{"default_bills/a/1/1", "default_orders/a/1/1"}, ids(commands.take())); diff != "" {
			r.Errorf("commands (-want +got):\n%s", diff)
		}
	})
}

// TestAnotherProcessTakesOver kills the process between its append and its publish, while another one runs.
func TestAnotherProcessTakesOver(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start(r.bus.Join())
		lost := &bus{Bus: r.bus}
		lost.broken.Store(true)
		dying := r.start(lost)
		r.submit(dying, intent("orders", "1", "a net.a"))
		dying.stop()
		commands := r.commands()
		<-time.After(25 * time.Second)
		if got := ids(commands.take()); !slices.Contains(got, "default_orders/a/1/1") {
			r.Errorf("commands after 25 s: %v", got)
		}
	})
}

// TestLostCommandsAreFollowedByTheirTimer needs nothing but time.
func TestLostCommandsAreFollowedByTheirTimer(t *testing.T) {
	inBubble(t, func(r *rig) {
		p := r.start(r.bus)
		commands := r.commands()
		r.submit(p, intent("orders", "1", "a net.a"))
		commands.take()
		<-time.After(51 * time.Second)
		if diff := cmp.Diff([]string{"default_orders/a/1/2"}, ids(commands.take())); diff != "" {
			r.Errorf("commands (-want +got):\n%s", diff)
		}
	})
}

func TestFullJournalTakesNothing(t *testing.T) {
	inBubble(t, func(r *rig) {
		p := r.start(r.bus)
		r.worker()
		r.journal.hook(failing(fmt.Errorf("append: %w", saga.ErrFull)), nil)
		if _, err := p.Submit(r.Context(), intent("orders", "1", "a net.a")); !errors.Is(err, saga.ErrFull) {
			r.Errorf("submit to a full journal: %v", err)
		}
		r.journal.hook(nil, nil)
		r.submit(p, intent("orders", "1", "a net.a"))
		r.expect(p, "orders", events.SagaCompleted)
	})
}

// TestUnknownAppendIsTheSameAgain lets an append land without an answer: the input is decided once.
func TestUnknownAppendIsTheSameAgain(t *testing.T) {
	inBubble(t, func(r *rig) {
		var once sync.Once
		r.journal.hook(nil, func(results []saga.Result) {
			once.Do(func() { results[0] = saga.Result{Err: fmt.Errorf("append: %w", saga.ErrUnknown)} })
		})
		p := r.start(r.bus)
		r.worker()
		if receipt := r.submit(p, intent("orders", "1", "a net.a")); receipt.Duplicate {
			r.Error("its own append made the intent a duplicate")
		}
		r.expect(p, "orders", events.SagaCompleted)
	})
}

func TestJournalThatDoesNotAnswer(t *testing.T) {
	inBubble(t, func(r *rig) {
		p := r.start(r.bus)
		r.journal.hook(failing(saga.ErrUnknown), nil)
		if _, err := p.Submit(r.Context(), intent("orders", "1", "a net.a")); !errors.Is(err, saga.ErrUnavailable) {
			r.Errorf("submit: %v", err)
		}
		p.stop()
		for range 20 { // whether it gets into the queue or not
			if _, err := p.Submit(r.Context(), intent("orders", "1", "a net.a")); !errors.Is(err, saga.ErrUnavailable) {
				r.Errorf("submit after the end: %v", err)
			}
		}
	})
}

func TestSnapshotKeepsLoadShort(t *testing.T) {
	inBubble(t, func(r *rig) {
		p := r.start(r.bus)
		r.worker()
		for i := range 20 {
			r.submit(p, intent("orders", fmt.Sprint(i), "a net.a", fmt.Sprintf("b egress.b after=a zone=%d", i)))
			r.expect(p, "orders", events.SagaCompleted)
		}
		snapshot, records, err := r.journal.Load(r.Context(), named("orders"))
		if err != nil || snapshot.Version < saga.SnapshotEvery || len(records) >= saga.SnapshotEvery {
			r.Fatalf("snapshot at %d, then %d records: %v", snapshot.Version, len(records), err)
		}
		var all []saga.Record
		for rec, err := range r.journal.Follow(r.Context(), 0) {
			if err != nil {
				r.Fatal(err)
			}
			if all = append(all, rec); rec.Version == snapshot.Version+uint64(len(records)) {
				break
			}
		}
		long, err := saga.Rebuild(named("orders"), saga.Snapshot{}, all)
		if err != nil {
			r.Fatal(err)
		}
		short, err := saga.Rebuild(named("orders"), snapshot, records)
		if err != nil {
			r.Fatal(err)
		}
		if sagatest.Hash(long) != sagatest.Hash(short) {
			r.Error("the snapshot leads to another state than the whole journal")
		}
	})
}

func TestWatchTellsOfEveryChange(t *testing.T) {
	inBubble(t, func(r *rig) {
		one, two := r.start(r.bus), r.start(r.bus.Join())
		changed, stop := two.Watch(named("orders"))
		other, stopOther := two.Watch(named("bills"))
		defer stopOther()
		r.submit(one, intent("orders", "1", "a net.a"))
		<-changed
		stop()
		r.submit(one, intent("orders", "2", "a net.a"))
		synctest.Wait()
		select {
		case <-changed:
			r.Error("told after stop")
		case <-other:
			r.Error("told of another connection")
		default:
		}
	})
}

// TestTooLargeToStore offers an intent whose facts no record can hold, and a crowd that is too large for one record.
func TestTooLargeToStore(t *testing.T) {
	inBubble(t, func(r *rig) {
		p := r.start(r.bus)
		r.worker()
		large := func(id string, size int) events.Intent {
			in := intent("orders", id, "a net.a")
			var d sagatest.Data
			if err := json.Unmarshal(in.Data, &d); err != nil {
				r.Fatal(err)
			}
			note, err := json.Marshal(map[string]string{"note": string(make([]byte, size))})
			if err != nil {
				r.Fatal(err)
			}
			d.Nodes[0].Input = note
			raw, err := json.Marshal(d)
			if err != nil {
				r.Fatal(err)
			}
			in.Data, in.Digest = raw, events.Digest(raw)
			return in
		}
		// each byte is written as six, in the intent and in the plan
		_, err := p.Submit(r.Context(), large("0", 100<<10))
		if _, refused := events.AsRefusal(err); !refused {
			r.Errorf("what no record can hold: %v", err)
		}
		gate := make(chan struct{})
		r.journal.hook(func([]saga.Append) []saga.Result { <-gate; return nil }, nil)
		var group sync.WaitGroup
		group.Go(func() { r.submit(p, intent("bills", "1", "a net.a")) })
		synctest.Wait()
		for i := range 8 {
			group.Go(func() { r.submit(p, large(fmt.Sprint(i+1), 8<<10)) })
		}
		synctest.Wait()
		close(gate)
		group.Wait()
		r.expect(p, "orders", events.SagaCompleted)
	})
}
