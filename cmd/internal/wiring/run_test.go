package wiring

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/plans"
	"github.com/culvertnet/culvert/workers"
)

// A daemon is the product on a lab: engine, workers, adapters and world, with a clock that jumps.
type daemon struct {
	*lab
	t         *testing.T
	catalogue plans.Catalogue
	engine    *orchestrator.Orchestrator
	bus       *tape
	sent      int
}

// startDaemon runs the product until the test ends.
func startDaemon(t *testing.T) *daemon {
	t.Helper()
	return startDaemonOn(t, newLab(t))
}

// startDaemonOn runs the product on a lab; each of its handlers may be wrapped.
func startDaemonOn(t *testing.T, l *lab, wraps ...func(workers.Handler) workers.Handler) *daemon {
	t.Helper()
	d := &daemon{
		lab: l, t: t, catalogue: testCatalogue(t),
		bus: &tape{Bus: memory.NewBus(nil), commands: map[string]events.Command{}},
	}
	limits := saga.DefaultLimits(1)
	d.engine = orchestrator.New(orchestrator.Options{
		Engine: saga.Engine{Kinds: d.catalogue.Kinds(), Limits: limits}, Journal: memory.NewJournal(nil), Bus: d.bus,
		Cursor: memoryCursor{}, Now: d.clock.Now, ID: uuid.NewString, Name: "test", SweepEvery: 10 * time.Millisecond,
	})
	handlers := d.handlers(Capabilities())
	for _, wrap := range wraps {
		for i := range handlers {
			handlers[i] = wrap(handlers[i])
		}
	}
	registry, err := workers.NewRegistry(handlers...)
	if err != nil {
		t.Fatal(err)
	}
	w, err := workers.New(workers.Options{
		Bus: d.bus, Marks: memory.NewMarks(), Registry: registry, Operations: d.operations(), Clock: d.clock.Now,
		Name: "test", Pace: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { told(t, ctx, d.engine.Run(ctx)) })
	running.Go(func() { told(t, ctx, w.Run(ctx)) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return d
}

// submit accepts an intent and gives the saga at its end.
func (d *daemon) submit(in events.Intent) saga.State {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	accepts := intake.Intake{Kinds: d.catalogue, Engine: d.engine, Now: d.clock.Now}
	d.sent++
	if _, err := accepts.Accept(ctx, events.DefaultTenant, nil, event(in, d.sent)); err != nil {
		d.t.Fatal(err)
	}
	for {
		s, err := d.engine.State(ctx, in.Connection)
		if err != nil {
			d.t.Fatalf("the run did not end: %v", err)
		}
		if s.Saga != nil && s.Saga.N == uint64(d.sent) && s.View(true).Status.Ended() {
			return s
		}
		// This loop is what lets time pass. It stands while a command runs: what takes a machine its time to compute
		// takes none of the vendors' pace, and no command outlives its deadline for it.
		if d.bus.running.Load() == 0 {
			d.clock.Pause(ctx, 3*time.Second)
		}
		pause(ctx)
	}
}

// ends submits an intent and fails the test unless the saga ends so.
func (d *daemon) ends(in events.Intent, want events.SagaStatus) saga.State {
	d.t.Helper()
	s := d.submit(in)
	if v := s.View(true); v.Status != want {
		d.t.Fatalf("%s of %s ended %s, want %s: %s", in.Want, in.Connection, v.Status, want, v.Reason)
	}
	return s
}

func (d *daemon) control() control.Client { return control.Client{URL: d.world.URL()} }

// fault sets a fault of Google's; times 0 is for ever.
func (d *daemon) fault(call, mode, status string, times int) {
	d.t.Helper()
	f := control.Fault{Vendor: "gcp", Call: call, Mode: mode, Status: status, Times: times}
	if err := d.control().AddFault(d.t.Context(), f); err != nil {
		d.t.Fatal(err)
	}
}

func event(in events.Intent, id int) []byte {
	data := in.Data
	if len(data) == 0 {
		data = []byte("{}")
	}
	return fmt.Appendf(nil,
		`{"specversion":"1.0","id":"%d","source":"/test","type":%q,"subject":%q,"datacontenttype":"application/json","data":%s}`,
		id, events.IntentType(in.Kind, in.Want, in.Version), in.Connection.Name, data)
}

// met fails the test unless a fault of each call was met.
func (d *daemon) met(calls ...string) {
	d.t.Helper()
	all, err := d.control().Faults(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	for _, call := range calls {
		if !slices.ContainsFunc(all, func(f control.Fault) bool { return f.Call == call && f.Hits > 0 }) {
			d.t.Errorf("no fault of %s was met: %+v", call, all)
		}
	}
}

// clear takes all faults away.
func (d *daemon) clear() {
	d.t.Helper()
	if err := d.control().Reset(d.t.Context(), control.Reset{Faults: true}); err != nil {
		d.t.Fatal(err)
	}
}

// sample is an apply of a sample of the private service, by its name.
func sample(t *testing.T, name string) events.Intent {
	t.Helper()
	e := testCatalogue(t)["private-service"]
	for _, s := range e.Samples {
		if s.Name == name {
			return e.Apply(s.Data)
		}
	}
	t.Fatalf("there is no sample %q", name)
	return events.Intent{}
}
