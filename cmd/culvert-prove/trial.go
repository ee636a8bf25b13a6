package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/faulty"
	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/wiring"
	"github.com/culvertnet/culvert/saga/orchestrator"
)

// trial is one run of an intent, there and back, in a world of its own, with one thing going wrong. Engine and workers
// are two processes on ports in memory; who dies is started again.
type trial struct {
	p      *prover
	script *faulty.Script
	sim    control.Client

	bus     *memory.Bus
	journal *memory.Journal
	claims  *memory.Claims
	marks   *memory.Marks

	running sync.WaitGroup
	mu      sync.Mutex
	engine  *orchestrator.Orchestrator
	broken  error
}

// try runs one trial.
func (p *prover) try(ctx context.Context, plan planned) (r outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, trialWithin)
	defer cancel()
	sim, err := simcloud.Start(ctx, simcloud.Options{
		World: world.Config{Speed: proveSpeed}, Scenario: p.scenario, BGP: simcloud.BGP{Off: !p.speakers},
	})
	if err != nil {
		return r, fmt.Errorf("start simulated world: %w", err)
	}
	defer func() { err = errors.Join(err, sim.Close()) }()
	t := &trial{
		p: p, script: faulty.NewScript(plan.blows...), sim: control.Client{URL: sim.URL()},
		bus: memory.NewBus(nil), journal: memory.NewJournal(nil), claims: memory.NewClaims(), marks: memory.NewMarks(),
	}
	if err := t.sim.AddFault(ctx, plan.faults...); err != nil {
		return r, err
	}
	ctx, stop, err := t.start(ctx)
	if err != nil {
		return r, err
	}
	defer stop()
	began := time.Now()
	if r, err = t.thereAndBack(ctx, plan); err != nil {
		return r, errors.Join(t.whyBroken(), err)
	}
	r.took, r.passed = time.Since(began), t.script.Passed()
	if r.fired, err = t.fired(ctx, plan); err != nil {
		return r, err
	}
	return r, t.whyBroken()
}

// whyBroken is the error of a process that could not run.
func (t *trial) whyBroken() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken
}

// fired tells whether everything went wrong that should have.
func (t *trial) fired(ctx context.Context, plan planned) (bool, error) {
	faults, err := t.sim.Faults(ctx)
	if err != nil {
		return false, err
	}
	met, _ := proof.Fired(faults)
	return t.script.Struck() == len(plan.blows) && met == len(plan.faults)+len(plan.back), nil
}

// start starts both processes, and the speakers when the plan needs one. The context that it gives ends with the trial,
// or when a process cannot run.
func (t *trial) start(ctx context.Context) (_ context.Context, stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	closeSpeakers := func() error { return nil }
	if t.p.speakers {
		if closeSpeakers, err = t.parts().Speakers(ctx, ""); err != nil {
			cancel()
			return nil, nil, err
		}
	}
	t.running.Go(func() { t.keep(ctx, cancel, t.runEngine) })
	t.running.Go(func() { t.keep(ctx, cancel, t.runWorker) })
	return ctx, func() {
		cancel()
		t.running.Wait()
		_ = closeSpeakers() // the trial is over
	}, nil
}

// parts are what both processes are wired from; without a speaker in the plan the world has no endpoint for any.
func (t *trial) parts() wiring.Parts {
	file := t.p.file
	speakers := map[string]wiring.SpeakerConfig{}
	for name, s := range file.Speakers {
		if t.p.speakers {
			// The routers of the operator are real, and so is the speaker whose port this is.
			s.Peers, s.GRPC = nil, ""
			speakers[name] = s
		}
	}
	file.Speakers = speakers
	return wiring.Parts{File: file, World: t.sim.URL, Speed: proveSpeed, Claims: t.claims, Release: "prove",
		Log: t.p.log}
}

// keep runs a process, and another one whenever it has died. A process that ends by itself ends the trial.
func (t *trial) keep(ctx context.Context, end func(), run func(context.Context, *faulty.Process, *memory.Bus) error) {
	for ctx.Err() == nil {
		life, cancel := context.WithCancel(ctx)
		bus := t.bus.Join()
		p := faulty.NewProcess(t.script, func() { bus.Kill(); cancel() })
		err := run(life, p, bus)
		cancel()
		select {
		case <-p.Dead():
			continue
		default:
		}
		if err != nil && ctx.Err() == nil {
			t.mu.Lock()
			t.broken = errors.Join(t.broken, fmt.Errorf("a process ended by itself: %w", err))
			t.mu.Unlock()
			end()
			return
		}
	}
}

func (t *trial) runEngine(ctx context.Context, p *faulty.Process, bus *memory.Bus) error {
	o := orchestrator.New(orchestrator.Options{
		Engine: t.p.engine, Journal: p.Journal(t.journal), Bus: p.Bus(bus),
		Cursor: wiring.Cursor{Claims: p.Claims(t.claims)},
		Now:    time.Now, ID: uuid.NewString, Name: "engine", SweepEvery: time.Second, Log: t.p.log,
	})
	t.mu.Lock()
	t.engine = o
	t.mu.Unlock()
	return o.Run(ctx)
}

func (t *trial) runWorker(ctx context.Context, p *faulty.Process, bus *memory.Bus) error {
	parts := t.parts()
	parts.Bus, parts.Claims, parts.Marks = p.Bus(bus), p.Claims(t.claims), p.Marks(t.marks)
	w, closeDrivers, err := parts.Worker(ctx, wiring.Capabilities())
	if err != nil {
		return err
	}
	return errors.Join(w.Run(ctx), closeDrivers())
}
