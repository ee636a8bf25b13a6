package steptest

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// A Tester is what a bench needs of a test: *testing.T and *rapid.T have it.
type Tester interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// A Setting is one fresh fake world with the steps over it.
type Setting struct {
	Fake *Fake
	// Snapshot is everything that is in the world, by kind and name.
	Snapshot func() map[string]string
	Claims   workers.Claims
	Handlers []workers.Handler
}

// A Bench runs single verbs against a fake world, with a clock of its own. It delivers commands to the real handlers,
// as the runtime does. It is for one goroutine, but for Once.
type Bench struct {
	Setting
	T        Tester
	Now      time.Time
	handlers map[string]workers.Handler
	epoch    uint64
}

// NewBench makes a bench, at a fixed time.
func NewBench(t Tester, s Setting) *Bench {
	b := &Bench{
		Setting: s, T: t, Now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), handlers: map[string]workers.Handler{},
	}
	for _, h := range s.Handlers {
		b.handlers[h.Kind()] = h
	}
	return b
}

// A Step is one generation of a step of one connection with its input.
type Step struct {
	// Kind is "<capability>.<name>".
	Kind string
	// Name is the step's in its plan; the kind's when empty.
	Name string
	// Connection is "orders" when empty.
	Connection string
	// Generation counts from zero here.
	Generation uint64
	In         any
}

// As is the same step of another connection.
func (s Step) As(connection string) Step { s.Connection = connection; return s }

// Again is the step's next generation.
func (s Step) Again() Step { s.Generation++; return s }

// An Ask is how a verb is asked for.
type Ask struct {
	Verb     events.Verb
	Purpose  events.Purpose
	Expedite bool
	// Prior is the output that the journal has.
	Prior json.RawMessage
}

// Command is the next command for a step, with a new epoch.
func (b *Bench) Command(s Step, a Ask) events.Command {
	b.T.Helper()
	c := Sample(b.T, s)
	b.epoch++
	c.Epoch, c.Verb, c.Purpose, c.Expedite, c.Output = b.epoch, a.Verb, a.Purpose, a.Expedite, a.Prior
	c.Since, c.Due, c.Deadline = b.Now, b.Now, b.Now.Add(30*time.Second)
	return c
}

// Sample is the first Do command of a step, without its times, as [Run] takes it.
func Sample(t Tester, s Step) events.Command {
	t.Helper()
	in, err := json.Marshal(s.In)
	if err != nil {
		t.Fatalf("encode input of %s: %v", s.Kind, err)
	}
	kind, err := events.ParseStepKind(s.Kind)
	if err != nil {
		t.Fatalf("sample: %v", err)
	}
	name := cmp.Or(s.Name, kind.Step)
	key := events.Key{Tenant: "default", Name: cmp.Or(s.Connection, "orders")}
	generation := s.Generation + 1
	return events.Command{
		Connection: key, Saga: key.Saga(1), Step: name, Kind: s.Kind, Capability: kind.Capability,
		Generation: generation,
		Epoch:      1, Verb: events.Do, Input: in,
		Name:      events.Name("n", key.String(), name, strconv.FormatUint(generation, 10)),
		RequestID: events.StepRequestID(key.Saga(1), name, generation),
	}
}

// Once delivers one command. Many goroutines may do so at once.
func (b *Bench) Once(c events.Command) events.Outcome {
	b.T.Helper()
	return b.handlers[c.Kind].Run(b.T.Context(), c, b.Now)
}

// Settle delivers a command until its outcome is no Wait, polling operations and moving the clock as the engine would.
func (b *Bench) Settle(s Step, a Ask) events.Outcome {
	b.T.Helper()
	c := b.Command(s, a)
	for range 200 {
		o := b.Once(c)
		if o.Class != events.Wait {
			return o
		}
		if o.Operation != "" {
			for b.Fake.Poll(b.T.Context(), o.Operation) != nil {
				b.Now = b.Now.Add(time.Second)
			}
		} else { // what goes on without our knowing its handle ends by itself
			b.Fake.Finish()
		}
		b.Now = b.Now.Add(max(o.After, time.Second))
		b.epoch++
		c.Epoch, c.Deadline, c.Operation = b.epoch, b.Now.Add(30*time.Second), o.Operation
	}
	b.T.Fatalf("%s of %s waits for ever", a.Verb, s.Kind)
	return events.Outcome{}
}

// Until settles a verb again and again until it is done, as the engine would after a cut.
func (b *Bench) Until(s Step, a Ask) events.Outcome {
	b.T.Helper()
	for range 5 {
		o := b.Settle(s, a)
		if o.Class == events.Done {
			return o
		}
		if o.Class != events.Unsure {
			b.T.Fatalf("%s of %s: %s (%s)", a.Verb, s.Kind, o.Class, o.Message)
		}
		b.Look(s)
	}
	b.T.Fatalf("%s of %s is never done", a.Verb, s.Kind)
	return events.Outcome{}
}

// Do settles a Do.
func (b *Bench) Do(s Step) events.Outcome { b.T.Helper(); return b.Settle(s, Ask{Verb: events.Do}) }

// Compensate settles an Undo of a saga that goes back.
func (b *Bench) Compensate(s Step) events.Outcome {
	b.T.Helper()
	return b.Settle(s, Ask{Verb: events.Undo, Purpose: events.ToCompensate})
}

// Withdraw settles an Undo of a withdrawal.
func (b *Bench) Withdraw(s Step) events.Outcome {
	b.T.Helper()
	return b.Settle(s, Ask{Verb: events.Undo, Purpose: events.ToWithdraw})
}

// Look settles a Look, and fails the test when that has no answer.
func (b *Bench) Look(s Step) events.Outcome {
	b.T.Helper()
	o := b.Settle(s, Ask{Verb: events.Look})
	if o.Class != events.Done {
		b.T.Fatalf("look of %s: %+v", s.Kind, o)
	}
	return o
}

// Must fails the test unless the outcome has the class.
func (b *Bench) Must(what string, o events.Outcome, want events.Class) events.Outcome {
	b.T.Helper()
	if o.Class != want {
		b.T.Fatalf("%s: %s (%s: %s), want %s", what, o.Class, o.Reason, o.Message, want)
	}
	return o
}

// Sees fails the test unless a Look sees this.
func (b *Bench) Sees(s Step, want events.Presence) events.Outcome {
	b.T.Helper()
	o := b.Look(s)
	if o.Seen != want {
		b.T.Fatalf("look of %s sees %s (%s), want %s", s.Kind, o.Seen, o.Message, want)
	}
	return o
}

// Refused fails the test unless the outcome is a refusal for this reason.
func (b *Bench) Refused(what string, o events.Outcome, reason events.Reason) {
	b.T.Helper()
	b.Must(what, o, events.Refuse)
	if o.Reason != reason {
		b.T.Fatalf("%s: refused for %q (%s), want %q", what, o.Reason, o.Message, reason)
	}
}

// Unchanged fails the test unless the world is as it was.
func (b *Bench) Unchanged(before map[string]string) {
	b.T.Helper()
	if diff := gocmp.Diff(before, b.Snapshot()); diff != "" {
		b.T.Fatalf("the world is not as before (-before +now):\n%s", diff)
	}
}

// Live counts the live holds of a connection, or of all when it is empty, in all claims.
func (b *Bench) Live(connection string) int {
	b.T.Helper()
	page, err := b.Claims.Find(b.T.Context(), workers.ClaimQuery{Limit: 1000})
	if err != nil {
		b.T.Fatalf("find claims: %v", err)
	}
	n := 0
	for _, c := range page.Items {
		for _, h := range c.Record.Holds {
			if !h.Dropped && (connection == "" || h.Of(events.Key{Tenant: events.DefaultTenant, Name: connection})) {
				n++
			}
		}
	}
	return n
}

// Output reads the output of an outcome.
func Output[Out any](t Tester, o events.Outcome) Out {
	t.Helper()
	var out Out
	if err := json.Unmarshal(o.Output, &out); err != nil {
		t.Fatalf("decode output %s: %v", o.Output, err)
	}
	return out
}
