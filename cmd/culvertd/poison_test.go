package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/plans"
	"github.com/culvertnet/culvert/saga/plans/kind"
	"github.com/culvertnet/culvert/saga/plans/operator/operatortest"
	"github.com/culvertnet/culvert/saga/plans/privateservice"
	"github.com/culvertnet/culvert/workers"
)

// thing is a step that is done by remembering it, and that panics for connections with a bad name.
type thing struct{ there *sync.Map }

type thingIn struct {
	Name string `json:"name"`
}

type thingOut struct{}

func (s thing) Do(_ context.Context, run workers.Run, in thingIn, _ *thingOut) (thingOut, error) {
	if in.Name == "poison-verb" {
		panic("this verb is poison")
	}
	s.there.Store(run.Name, true)
	return thingOut{}, nil
}

func (s thing) Look(_ context.Context, run workers.Run, _ thingIn, _ *thingOut) (workers.Seen[thingOut], error) {
	if _, there := s.there.Load(run.Name); there {
		return workers.Seen[thingOut]{Presence: events.Present}, nil
	}
	return workers.Seen[thingOut]{Presence: events.Absent}, nil
}

func (s thing) Undo(_ context.Context, run workers.Run, _ thingIn, _ *thingOut) (workers.Undone, error) {
	s.there.Delete(run.Name)
	return workers.Undone{}, nil
}

// vendorOf panics outside of any verb, in the runtime.
func vendorOf(in thingIn) string {
	if in.Name == "poison-vendor" {
		panic("this vendor is poison")
	}
	return ""
}

// poisonData is what the schemas let through; the catalogue of this test does not read it.
var poisonData = plans.All(operatortest.Config())[privateservice.Name].Example(1).Data

// poisonous is a catalogue whose rules and plans panic for connections with a bad name.
func poisonous() plans.Catalogue {
	plan := func(p saga.Planning) (saga.Plan, error) {
		if p.Intent.Connection.Name == "poison-plan" {
			panic("this plan is poison")
		}
		b := saga.NewBuilder(privateservice.Name, 1)
		spec := saga.Spec{Name: "thing", Kind: "test.thing", Prefix: "thing"}
		if p.Intent.Connection.Name == "poison-vendor" { // nobody ever reports: its time has to end soon
			spec.Limits = saga.StepLimits{Deadline: time.Second, Budget: 3 * time.Second, UndoBudget: 3 * time.Second}
		}
		saga.Add[thingOut](b, spec, &thingIn{Name: p.Intent.Connection.Name})
		return b.Build()
	}
	judge := func(o saga.Outputs) []string {
		if o.Intent.Connection.Name == "poison-proof" {
			panic("this proof is poison")
		}
		return nil
	}
	admit := func(in events.Intent) error {
		if in.Connection.Name == "poison-rule" {
			panic("this rule is poison")
		}
		return nil
	}
	return plans.Of(kind.Entry{
		Name: privateservice.Name, Versions: map[int]kind.Version{1: {Admit: admit, Example: poisonData}}, Plan: plan,
		Postconditions: judge,
	})
}

type savedCursor struct{ at atomic.Uint64 }

func (c *savedCursor) Load(context.Context) (saga.Position, error) {
	return saga.Position(c.at.Load()), nil
}

func (c *savedCursor) Save(_ context.Context, p saga.Position) error {
	c.at.Store(uint64(p))
	return nil
}

// What panics, wherever it does, ends by itself: an intent in the dead letters or as a saga that says why, a command as
// one that was not done. A hundred others are not held up.
func TestPoisonHoldsUpNobody(t *testing.T) {
	bus, journal := memory.NewBus(nil), memory.NewJournal(nil)
	catalogue := poisonous()
	o := orchestrator.New(orchestrator.Options{
		Engine: saga.Engine{Kinds: catalogue.Kinds(), Limits: saga.Limits{
			Deadline: patience, Quiet: time.Millisecond, Skew: time.Millisecond, Tries: 3, Budget: 2 * patience,
			UndoTries: 3, UndoBudget: 2 * patience, ProveBudget: patience / 4, RetryBase: 10 * time.Millisecond,
			RetryCap: 50 * time.Millisecond,
		}},
		Journal: journal, Bus: bus, Cursor: &savedCursor{}, Now: time.Now, ID: uuid.NewString, Name: "test",
		SweepEvery: 50 * time.Millisecond,
	})
	registry, err := workers.NewRegistry(workers.Handle("test.thing", vendorOf, thing{&sync.Map{}}))
	if err != nil {
		t.Fatal(err)
	}
	w, err := workers.New(
		workers.Options{Bus: bus, Marks: memory.NewMarks(), Registry: registry, Name: "worker", Pace: 100, Parallel: 8},
	)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	in := intake.Intake{Kinds: catalogue, Engine: o, Now: time.Now}
	for name, run := range map[string]func(context.Context) error{
		"orchestrator": o.Run, "worker": w.Run,
		"intake": func(ctx context.Context) error {
			return in.Consume(ctx, bus, slog.New(slog.DiscardHandler))
		},
	} {
		running.Go(func() {
			if err := run(ctx); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	t.Cleanup(func() { stop(); running.Wait() })
	publish := func(name string) {
		body, err := json.Marshal(map[string]any{
			"specversion": "1.0", "id": "1", "source": "/test", "type": events.IntentType(privateservice.Name,
				events.Apply, 1), "subject": name,
			"datacontenttype": "application/json", "data": poisonData,
		})
		if err == nil {
			err = bus.Publish(ctx, events.Message{
				Subject: events.IntentSubject(privateservice.Name), Header: map[string]string{
					"content-type": "application/cloudevents+json",
				}, Body: body,
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ended := func(name string) events.Status {
		for end := time.Now().Add(patience); time.Now().Before(end); {
			s, err := o.State(ctx, events.Key{Tenant: events.DefaultTenant, Name: name})
			if err != nil {
				t.Fatal(err)
			}
			if v, known := s.ViewOf(s.Newest()); known && v.Status.Ended() {
				return v
			}
			rest(ctx)
		}
		t.Fatalf("%s does not end", name)
		return events.Status{}
	}
	poison := []string{"poison-rule", "poison-plan", "poison-proof", "poison-verb", "poison-vendor"}
	for _, name := range poison {
		publish(name)
	}
	for i := range 100 {
		publish(fmt.Sprint("good-", i))
	}
	for i := range 100 {
		if v := ended(fmt.Sprint("good-", i)); v.Status != events.SagaCompleted {
			t.Errorf("good-%d: %s (%s)", i, v.Status, v.Reason)
		}
	}
	for name, says := range map[string]string{"poison-plan": "this plan is poison",
		"poison-proof": "this proof is poison", "poison-verb": "", "poison-vendor": ""} {
		if v := ended(name); v.Status == events.SagaCompleted || !strings.Contains(v.Reason, says) {
			t.Errorf("%s: %s (%s), want an end that says %q", name, v.Status, v.Reason, says)
		}
	}
	for _, says := range []string{"this rule is poison", "this vendor is poison"} {
		deadWith(t, bus.DeadLetters(), says)
	}
}

// deadWith waits for a dead letter whose reason says so.
func deadWith(t *testing.T, letters events.DeadLetters, says string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		all, err := letters.List(t.Context(), "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range all {
			if strings.Contains(l.Reason, says) && strings.Contains(l.Reason, "panicked 5 times") {
				return
			}
		}
		rest(t.Context())
	}
	t.Errorf("no dead letter says %q", says)
}
