package workers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// probe is a step whose verbs are the test's.
type probe struct {
	do   func(context.Context, workers.Run, probeIn) (probeOut, error)
	look func(context.Context, workers.Run, probeIn) (workers.Seen[probeOut], error)
	undo func(context.Context, workers.Run, probeIn) (workers.Undone, error)
}

type probeIn struct {
	Vendor string `json:"vendor,omitempty"`
}

type probeOut struct {
	Count int `json:"count"`
}

func (p probe) Do(ctx context.Context, run workers.Run, in probeIn, _ *probeOut) (probeOut, error) {
	return p.do(ctx, run, in)
}

func (p probe) Look(ctx context.Context, run workers.Run, in probeIn, _ *probeOut) (workers.Seen[probeOut], error) {
	return p.look(ctx, run, in)
}

func (p probe) Undo(ctx context.Context, run workers.Run, in probeIn, _ *probeOut) (workers.Undone, error) {
	return p.undo(ctx, run, in)
}

func (p probe) handler() workers.Handler {
	return workers.Handle("test.probe", func(in probeIn) string { return in.Vendor }, p)
}

// command is one command for the probe.
func command(verb events.Verb, epoch uint64, now time.Time) events.Command {
	key := events.Key{Tenant: "default", Name: "orders"}
	return events.Command{
		Connection: key, Saga: key.Saga(1), Step: "probe", Kind: "test.probe", Capability: "test", Generation: 1,
		Epoch: epoch,
		Verb:  verb, Name: "probename", RequestID: uuid.NameSpaceDNS, Due: now, Since: now,
		Deadline: now.Add(30 * time.Second),
		Input:    json.RawMessage(`{}`),
	}
}

// bench is a worker over a bus in memory, with the results that came back.
type bench struct {
	t       *testing.T
	bus     *memory.Bus
	worker  *workers.Worker
	stop    context.CancelFunc
	done    chan error
	results chan events.Result
}

// newBench starts a worker; change may alter its options.
func newBench(t *testing.T, p probe, change func(*workers.Options)) *bench {
	t.Helper()
	registry, err := workers.NewRegistry(p.handler())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, bus: memory.NewBus(nil), done: make(chan error, 1), results: make(chan events.Result, 100)}
	o := workers.Options{Bus: b.bus, Marks: memory.NewMarks(), Registry: registry, Name: "worker-1"}
	if change != nil {
		change(&o)
	}
	if b.worker, err = workers.New(o); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	b.stop = stop
	go func() { b.done <- b.worker.Run(ctx) }()
	listening := make(chan error, 1)
	go func() {
		s := events.Subscription{
			Name: "results", Subjects: []string{events.ResultSubject(events.Key{Tenant: "default", Name: "orders"})},
		}
		listening <- b.bus.Consume(t.Context(), s, func(_ context.Context, d events.Delivery) events.Verdict {
			r, err := events.DecodeResult(d.Body)
			if err != nil {
				t.Errorf("decode result: %v", err)
			}
			b.results <- r
			return events.Ack
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-b.done; err != nil {
			t.Errorf("worker ended: %v", err)
		}
		if err := <-listening; err != nil {
			t.Errorf("results ended: %v", err)
		}
	})
	return b
}

func (b *bench) send(commands ...events.Command) {
	b.t.Helper()
	for _, c := range commands {
		body, err := events.EncodeCommand(c)
		if err != nil {
			b.t.Fatal(err)
		}
		if err := b.bus.Publish(b.t.Context(), events.Message{Subject: events.CommandSubject("test"),
			Body: body}); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) result() events.Result {
	b.t.Helper()
	select {
	case r := <-b.results:
		return r
	case <-time.After(time.Hour):
		b.t.Fatal("no result came")
		return events.Result{}
	}
}

// ask sends a command and fails the test when its outcome is not of the class and reason.
func (b *bench) ask(c events.Command, class events.Class, reason events.Reason) events.Outcome {
	b.t.Helper()
	b.send(c)
	r := b.result()
	if r.Outcome.Class != class || r.Outcome.Reason != reason || r.ID() != c.ID() || r.Worker != "worker-1" {
		b.t.Fatalf("result %+v, want %s %q of %s", r, class, reason, c.ID())
	}
	return r.Outcome
}

func TestWorkerRunsEachVerbAndAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := probe{
			do: func(_ context.Context, run workers.Run, _ probeIn) (probeOut, error) {
				return probeOut{Count: int(run.Epoch)}, nil
			},
			look: func(context.Context, workers.Run, probeIn) (workers.Seen[probeOut], error) {
				return workers.Seen[probeOut]{
					Presence: events.Different, Out: probeOut{Count: 7}, Detail: "one is missing",
				}, nil
			},
			undo: func(context.Context, workers.Run, probeIn) (workers.Undone, error) {
				return workers.Undone{Retained: "a flag"}, nil
			},
		}
		b := newBench(t, p, nil)
		if o := b.ask(command(events.Do, 1, time.Now()), events.Done, ""); string(o.Output) != `{"count":1}` {
			t.Errorf("do: %+v", o)
		}
		o := b.ask(command(events.Look, 2, time.Now()), events.Done, "")
		if o.Seen != events.Different || o.Message != "one is missing" || string(o.Output) != `{"count":7}` {
			t.Errorf("look: %+v", o)
		}
		if o := b.ask(command(events.Undo, 3, time.Now()), events.Done, ""); o.Retained != "a flag" || o.Output != nil {
			t.Errorf("undo: %+v", o)
		}
		if s := b.worker.Stats(); s.Running != 0 || s.Outcomes[events.Done] != 3 {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestWorkerRunsAMutatingEpochOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		runs := 0
		p := probe{do: func(context.Context, workers.Run, probeIn) (probeOut, error) {
			<-time.After(time.Second)
			mu.Lock()
			defer mu.Unlock()
			runs++
			return probeOut{Count: runs}, nil
		}}
		b := newBench(t, p, nil)
		c := command(events.Do, 1, time.Now())
		b.send(c, c, c)
		if r := b.result(); string(r.Outcome.Output) != `{"count":1}` {
			t.Fatalf("result: %+v", r)
		}
		b.ask(command(events.Do, 2, time.Now()), events.Done, "")
		if s := b.worker.Stats(); runs != 2 || s.Repeated != 2 || len(b.results) != 0 {
			t.Fatalf("%d runs, stats %+v, %d more results", runs, s, len(b.results))
		}
	})
}

func TestWorkerComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, probe{}, nil) // a probe without verbs: running one would panic
		for epoch, left := range []time.Duration{-time.Second, 0, 100 * time.Millisecond} {
			for _, verb := range []events.Verb{events.Do, events.Look} {
				c := command(verb, uint64(10*epoch+len(verb)), time.Now())
				c.Deadline = time.Now().Add(left)
				b.ask(c, events.Retry, events.ReasonLate)
			}
		}
		if s := b.worker.Stats(); s.Late != 6 {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestWorkerPanicsAreOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, probe{}, nil)
		b.ask(command(events.Do, 1, time.Now()), events.Unsure, "panic")
		b.ask(command(events.Look, 2, time.Now()), events.Retry, "panic")
		b.ask(command(events.Undo, 3, time.Now()), events.Unsure, "panic")
		unknown := command(events.Do, 4, time.Now())
		unknown.Kind = "test.newer"
		b.ask(unknown, events.Retry, "unknown-kind")
	})
}

func TestWorkerRejectsWhatIsNoCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(
			t, probe{do: func(context.Context, workers.Run, probeIn) (probeOut, error) { return probeOut{}, nil }}, nil,
		)
		m := events.Message{Subject: events.CommandSubject("test"), Body: []byte(`{"surprise":true}`)}
		if err := b.bus.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		b.ask(command(events.Do, 1, time.Now()), events.Done, "") // what follows is served
		synctest.Wait()
		letters, err := b.bus.DeadLetters().List(t.Context(), "", 10)
		if err != nil || len(letters) != 1 || letters[0].Reason == "" || b.worker.Stats().Rejected != 1 {
			t.Fatalf("dead letters: %+v, %v", letters, err)
		}
	})
}

func TestWorkerRepeatsWhatCostsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		after := time.Duration(0)
		p := probe{do: func(context.Context, workers.Run, probeIn) (probeOut, error) {
			if runs++; runs < 3 {
				return probeOut{}, workers.Retry("busy", after, errors.New("try later"))
			}
			return probeOut{Count: runs}, nil
		}}
		b := newBench(t, p, nil)
		b.ask(command(events.Do, 1, time.Now()), events.Done, "")
		if runs != 3 {
			t.Fatalf("%d runs", runs)
		}
		runs, after = 0, time.Minute // a long pause is the engine's
		if o := b.ask(command(events.Do, 2, time.Now()), events.Retry, "busy"); runs != 1 || o.After != time.Minute {
			t.Fatalf("%d runs, %+v", runs, o)
		}
		runs, after = -100, 0
		b.ask(command(events.Do, 3, time.Now()), events.Retry, "busy")
		if runs != -97 {
			t.Fatalf("%d runs in one delivery", runs+100)
		}
	})
}

// script is a vendor's operations that answers polls in turn.
type script struct{ answers []error }

func (s *script) Poll(context.Context, string) error {
	if len(s.answers) == 0 {
		return nil
	}
	err := s.answers[0]
	s.answers = s.answers[1:]
	return err
}

func TestWorkerPollsTheOperationFirst(t *testing.T) {
	ended, doubt := workers.Refuse("quota", "no more"), workers.Unsure("operation-failed", errors.New("code 2"))
	for _, c := range []struct {
		name   string
		verb   events.Verb
		answer error
		class  events.Class
		reason events.Reason
		ran    bool
	}{
		{"goes on", events.Do, workers.WaitFor("sim:other", time.Second), events.Wait, "operation", false},
		{"goes on before an undo", events.Undo, workers.WaitFor("sim:op", time.Second), events.Wait, "operation",
			false},
		{"cannot be read", events.Do, errors.New("no route"), events.Wait, "operation", false},
		{"ended well", events.Do, nil, events.Done, "", true},
		{"is forgotten", events.Do, fmt.Errorf("poll: %w", workers.ErrNotFound), events.Done, "", true},
		{"ended badly", events.Do, ended, events.Refuse, "quota", false},
		{"ended in doubt", events.Do, doubt, events.Unsure, "operation-failed", false},
		{"ended for a cause that passes", events.Do, workers.Retry("busy", 0, nil), events.Retry, "busy", false},
		{"ended for a cause to wait for", events.Do, workers.Wait("not-ready", 0), events.Retry, "not-ready", false},
		{"ended in doubt before an undo", events.Undo, doubt, events.Retry, "operation-failed", false},
		{"ended in doubt before a look", events.Look, doubt, events.Done, "", true},
		{"ended badly before an undo", events.Undo, ended, events.Done, "", true},
		{"ended badly before a look", events.Look, ended, events.Done, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ran := false
				p := probe{
					do: func(_ context.Context, run workers.Run, _ probeIn) (probeOut, error) {
						ran = run.Resumed
						return probeOut{}, nil
					},
					look: func(context.Context, workers.Run, probeIn) (workers.Seen[probeOut], error) {
						ran = true
						return workers.Seen[probeOut]{Presence: events.Absent}, nil
					},
					undo: func(context.Context, workers.Run, probeIn) (workers.Undone, error) {
						ran = true
						return workers.Undone{}, nil
					},
				}
				b := newBench(t, p, func(o *workers.Options) {
					o.Operations = map[string]workers.Operations{"sim": &script{answers: []error{c.answer}}}
				})
				command := command(c.verb, 1, time.Now())
				command.Operation = "sim:op"
				o := b.ask(command, c.class, c.reason)
				if ran != c.ran || c.class == events.Wait && o.Operation != "sim:op" {
					t.Fatalf("ran %v, outcome %+v", ran, o)
				}
			})
		})
	}
}

func TestWorkerKeepsToTheVendorsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := probe{do: func(context.Context, workers.Run, probeIn) (probeOut, error) { return probeOut{}, nil }}
		b := newBench(t, p, func(o *workers.Options) {
			o.Limits = map[string]workers.Limit{"slow": {PerSecond: 1, Burst: 2}}
		})
		begun := time.Now()
		for epoch := range uint64(6) {
			c := command(events.Do, epoch+1, begun)
			c.Input = json.RawMessage(`{"vendor":"slow"}`)
			b.send(c)
		}
		for range 6 {
			if r := b.result(); r.Outcome.Class != events.Done {
				t.Fatalf("result: %+v", r)
			}
		}
		if took := time.Since(begun); took < 4*time.Second || took > 5*time.Second {
			t.Fatalf("6 verbs at 1 a second with a burst of 2 took %v", took)
		}
		b.ask(command(events.Do, 50, time.Now()), events.Done, "") // another vendor is not limited
		c := command(events.Do, 51, time.Now())
		c.Input, c.Deadline = json.RawMessage(`{"vendor":"slow"}`), time.Now().Add(1200*time.Millisecond)
		b.ask(c, events.Retry, events.ReasonLate) // its turn would come too near the deadline
	})
}

// deaf is a bus that does not take the first results.
type deaf struct {
	events.Bus
	mu       sync.Mutex
	failures int
}

func (d *deaf) Publish(ctx context.Context, m ...events.Message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failures--; d.failures >= 0 {
		return errors.New("broker is away")
	}
	return d.Bus.Publish(ctx, m...)
}

func TestWorkerAnswersUntilTheBusHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		p := probe{do: func(context.Context, workers.Run, probeIn) (probeOut, error) { runs++; return probeOut{}, nil }}
		b := newBench(t, p, func(o *workers.Options) { o.Bus = &deaf{Bus: o.Bus, failures: 5} })
		b.ask(command(events.Do, 1, time.Now()), events.Done, "")
		if runs != 1 {
			t.Fatalf("the verb ran %d times", runs)
		}
	})
}

func TestWorkerLetsVerbsEndWhenItStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := make(chan struct{})
		p := probe{do: func(ctx context.Context, _ workers.Run, _ probeIn) (probeOut, error) {
			close(begun)
			select {
			case <-time.After(5 * time.Second):
				return probeOut{Count: 1}, nil
			case <-ctx.Done():
				return probeOut{}, ctx.Err()
			}
		}}
		b := newBench(t, p, nil)
		b.send(command(events.Do, 1, time.Now()))
		<-begun
		b.stop()
		if r := b.result(); r.Outcome.Class != events.Done {
			t.Fatalf("result: %+v", r)
		}
	})
}

func TestWorkerBoundsAVerbByItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := probe{do: func(ctx context.Context, _ workers.Run, _ probeIn) (probeOut, error) {
			<-ctx.Done()
			return probeOut{}, fmt.Errorf("call: %w", ctx.Err())
		}}
		b := newBench(t, p, nil)
		begun := time.Now()
		b.ask(command(events.Do, 1, begun), events.Unsure, "deadline")
		if took := time.Since(begun); took != 30*time.Second {
			t.Fatalf("the verb ended after %v", took)
		}
	})
}

func TestNewWorkerRefusesHalfOfItsOptions(t *testing.T) {
	if _, err := workers.New(workers.Options{Name: "w"}); err == nil {
		t.Error("a worker without a bus was made")
	}
	registry, err := workers.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	o := workers.Options{Bus: memory.NewBus(nil), Marks: memory.NewMarks(), Registry: registry, Name: "w"}
	o.Limits = map[string]workers.Limit{"v": {PerSecond: 0, Burst: 1}}
	if _, err := workers.New(o); err == nil {
		t.Error("a limit that allows nothing was taken")
	}
}
