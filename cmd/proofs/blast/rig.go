package blast

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/wiring"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/plans"
	"github.com/culvertnet/culvert/workers"
)

const (
	// speed is how fast a world is: its minutes are too short to wait for.
	speed = 1200
	// sagaWithin bounds one saga.
	sagaWithin = time.Minute
)

// A rig is the product in a world of its own: engine and worker are the real ones, on ports in memory.
type rig struct {
	sim       *simcloud.Server
	control   control.Client
	catalogue plans.Catalogue
	engine    *orchestrator.Orchestrator
	journal   *memory.Journal

	stop    context.CancelFunc
	running sync.WaitGroup
	mu      sync.Mutex
	broken  error
}

// limits are the engine's patience: nothing here is slow, but a busy machine.
func limits() saga.Limits {
	l := saga.DefaultLimits(speed)
	l.Deadline, l.Longest, l.Quiet, l.Skew = 10*time.Second, 10*time.Second, time.Second, 200*time.Millisecond
	return l
}

// newRig starts a world and the product in it. Watch sees every change. A rig that trusts has no check of reach: it
// makes what the intent would make if nobody asked.
func newRig(ctx context.Context, scenario, config []byte, watch func(*world.Tx), trusts bool) (*rig, error) {
	var file wiring.File
	if err := yaml.NewDecoder(bytes.NewReader(config)).Decode(&file); err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if err := file.Validate(); err != nil {
		return nil, err
	}
	sim, err := simcloud.Start(ctx, simcloud.Options{World: world.Config{Speed: speed, Watch: watch},
		Scenario: scenario, BGP: simcloud.BGP{Off: true}})
	if err != nil {
		return nil, err
	}
	r := &rig{sim: sim, control: control.Client{URL: sim.URL()}, journal: memory.NewJournal(nil),
		catalogue: plans.All(file.PlansOperator())}
	if err := r.start(ctx, file, trusts); err != nil {
		return nil, errors.Join(err, sim.Close())
	}
	return r, nil
}

func (r *rig) start(ctx context.Context, file wiring.File, trusts bool) error {
	ctx, r.stop = context.WithCancel(ctx)
	bus, claims := memory.NewBus(nil), memory.NewClaims()
	r.engine = orchestrator.New(orchestrator.Options{
		Engine:  saga.Engine{Kinds: r.catalogue.Kinds(), Limits: r.catalogue.Limits(limits())},
		Journal: r.journal, Bus: bus, Cursor: wiring.Cursor{Claims: claims}, Now: time.Now, ID: uuid.NewString,
		Name: "engine", SweepEvery: time.Second,
	})
	parts := wiring.Parts{File: file, World: r.sim.URL(), Speed: speed, Bus: bus, Claims: claims,
		Marks: memory.NewMarks(), Release: "proof", Log: slog.New(slog.DiscardHandler)}
	served := wiring.Capabilities()
	if trusts {
		served = slices.DeleteFunc(served, func(c string) bool { return c == "observe" })
		if err := r.trust(ctx, parts); err != nil {
			r.stop()
			return err
		}
	}
	w, closeDrivers, err := parts.Worker(ctx, served)
	if err != nil {
		r.stop()
		return err
	}
	r.run(func() error { return r.engine.Run(ctx) })
	r.run(func() error { return errors.Join(w.Run(ctx), closeDrivers()) })
	return nil
}

// trust serves the questions about reach without asking the model.
func (r *rig) trust(ctx context.Context, parts wiring.Parts) error {
	registry, err := workers.NewRegistry(trusting()...)
	if err != nil {
		return err
	}
	w, err := workers.New(workers.Options{Bus: parts.Bus, Marks: parts.Marks, Registry: registry, Name: "trusting"})
	if err != nil {
		return err
	}
	r.run(func() error { return w.Run(ctx) })
	return nil
}

// run runs a part of the product until the rig is closed; an end before is told by close.
func (r *rig) run(part func() error) {
	r.running.Go(func() {
		if err := part(); err != nil {
			r.mu.Lock()
			r.broken = errors.Join(r.broken, err)
			r.mu.Unlock()
		}
	})
}

func (r *rig) close() error {
	r.stop()
	r.running.Wait()
	return errors.Join(r.broken, r.sim.Close())
}

// submit offers an event and waits for the end of its saga. A refusal at the door is an error.
func (r *rig) submit(ctx context.Context, event []byte) (events.Status, error) {
	in := intake.Intake{Kinds: r.catalogue, Engine: r.engine, Now: time.Now}
	receipts, err := in.Accept(ctx, events.DefaultTenant, nil, event)
	if err != nil {
		return events.Status{}, err
	}
	return r.await(ctx, receipts[0].Saga)
}

// await waits until a saga has ended.
func (r *rig) await(ctx context.Context, id string) (events.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, sagaWithin)
	defer cancel()
	return proof.Await(ctx, r.journal, id, func(ctx context.Context, key events.Key, n uint64) (events.Status, error) {
		state, err := r.engine.State(ctx, key)
		if err != nil {
			return events.Status{}, err
		}
		v, _ := state.ViewOf(n)
		return v, nil
	})
}
