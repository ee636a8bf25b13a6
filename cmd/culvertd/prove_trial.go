package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/faulty"
	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/plans"
	"github.com/culvertnet/culvert/workers"
)

// trial is one run of an intent, there and back, in a world of its own, with one thing going wrong. Engine and workers are
// two processes on ports in memory; who dies is started again.
type trial struct {
	p      *prover
	script *faulty.Script
	sim    control.Client

	bus     *memory.Bus
	journal *memory.Journal
	claims  *memory.Claims
	marks   *memory.Marks

	ctx     context.Context
	running sync.WaitGroup
	mu      sync.Mutex
	engine  *orchestrator.Orchestrator
	broken  error
	end     context.CancelFunc // ends the trial, because a process cannot run
}

// outcome is what a trial has come to.
type outcome struct {
	ended     events.SagaStatus
	reason    string
	effects   int // the most live effects that one named object had
	leftovers []string
	passed    []string
	calls     [][2]string
	undone    [][2]string
	took      time.Duration
	fired     bool
}

// try runs one trial.
func (p *prover) try(ctx context.Context, plan planned) (r outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, trialWithin)
	defer cancel()
	sim, err := simcloud.Start(ctx, simcloud.Options{
		World: world.Config{Speed: p.config.SimSpeed}, Scenario: p.scenario, BGP: simcloud.BGP{Off: !p.speakers},
	})
	if err != nil {
		return r, fmt.Errorf("start simulated world: %w", err)
	}
	defer func() { err = errors.Join(err, sim.Close()) }()
	t := &trial{
		p: p, script: faulty.NewScript(plan.blows...), sim: control.Client{URL: sim.URL()}, ctx: ctx,
		bus: memory.NewBus(nil), journal: memory.NewJournal(nil), claims: memory.NewClaims(), marks: memory.NewMarks(),
	}
	if err := t.arm(plan.faults); err != nil {
		return r, err
	}
	stop, err := t.start(ctx)
	if err != nil {
		return r, err
	}
	defer stop()
	began := time.Now()
	if r, err = t.thereAndBack(plan); err != nil {
		return r, errors.Join(t.whyBroken(), err)
	}
	r.took, r.passed = time.Since(began), t.script.Passed()
	if r.fired, err = t.fired(len(plan.blows), len(plan.faults)+len(plan.back)); err != nil {
		return r, err
	}
	return r, t.whyBroken()
}

// arm tells the world what to do wrong from now on.
func (t *trial) arm(faults []control.Fault) error { return t.sim.AddFault(t.ctx, faults...) }

// whyBroken is the error of a process that could not run.
func (t *trial) whyBroken() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken
}

// fired tells whether everything went wrong that should have.
func (t *trial) fired(blows, faults int) (bool, error) {
	list, err := t.sim.Faults(t.ctx)
	if err != nil {
		return false, err
	}
	hits := 0
	for _, f := range list {
		if f.Hits > 0 {
			hits++
		}
	}
	return t.script.Struck() == blows && hits == faults, nil
}

// start starts both processes, and the speakers when the intent names one.
func (t *trial) start(ctx context.Context) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	t.ctx, t.end = ctx, cancel
	base := t.program(home{claims: t.claims})
	stop = func() {
		cancel()
		t.running.Wait()
		for _, c := range slices.Backward(base.closers) {
			_ = c() // the trial is over
		}
	}
	if t.p.speakers {
		if err := base.startSpeakers(ctx); err != nil {
			stop()
			return nil, err
		}
	}
	t.keep(t.runEngine)
	t.keep(t.runWorker)
	return stop, nil
}

// program is what both processes are wired by; without a speaker in the intent the world has no door for any.
func (t *trial) program(h home) *program {
	c := t.p.config
	if !t.p.speakers {
		c.File.Speakers = nil
	}
	return &program{config: c, log: t.p.log, at: addresses{World: t.sim.URL}, home: h}
}

// keep runs a process, and another one whenever it has died.
func (t *trial) keep(run func(ctx context.Context, p *faulty.Process, bus *memory.Bus) error) {
	t.running.Go(func() {
		for t.ctx.Err() == nil {
			ctx, cancel := context.WithCancel(t.ctx)
			bus := t.bus.Join()
			p := faulty.NewProcess(t.script, func() { bus.Kill(); cancel() })
			err := run(ctx, p, bus)
			cancel()
			select {
			case <-p.Dead():
				continue
			default:
			}
			if err != nil && t.ctx.Err() == nil {
				t.mu.Lock()
				t.broken = errors.Join(t.broken, fmt.Errorf("a process ended by itself: %w", err))
				t.mu.Unlock()
				t.end()
				return
			}
		}
	})
}

func (t *trial) runEngine(ctx context.Context, p *faulty.Process, bus *memory.Bus) error {
	o := orchestrator.New(orchestrator.Options{
		Engine: t.p.engine, Journal: p.Journal(t.journal), Bus: p.Bus(bus), Cursor: cursor{claims: p.Claims(t.claims)},
		Now: time.Now, ID: uuid.NewString, Name: "engine", SweepEvery: time.Second, Log: t.p.log,
	})
	t.mu.Lock()
	t.engine = o
	t.mu.Unlock()
	return o.Run(ctx)
}

func (t *trial) runWorker(ctx context.Context, p *faulty.Process, bus *memory.Bus) (err error) {
	prog := t.program(home{bus: p.Bus(bus), claims: p.Claims(t.claims), marks: p.Marks(t.marks)})
	defer func() {
		for _, c := range slices.Backward(prog.closers) {
			err = errors.Join(err, c())
		}
	}()
	d, err := prog.drivers(ctx)
	if err != nil {
		return err
	}
	registry, err := workers.NewRegistry(d.handlers(capabilities)...)
	if err != nil {
		return err
	}
	w, err := prog.worker(registry, d)
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// thereAndBack applies the intent and withdraws it, and judges the world after each. The end that it tells of is that of
// the saga that is disturbed.
func (t *trial) thereAndBack(plan planned) (r outcome, err error) {
	apply, err := t.run(t.p.event)
	if err != nil {
		return r, err
	}
	r.ended, r.reason = apply.Status, apply.Reason
	ledger, err := t.sim.Effects(t.ctx)
	if err != nil {
		return r, err
	}
	r.calls = mutatingCalls(ledger)
	if apply, err = t.proceed(apply, plan.continues); err != nil {
		return r, err
	}
	retained := apply.Retained
	if apply.Status == events.SagaCompleted {
		if err := t.arm(plan.back); err != nil {
			return r, err
		}
		gone, err := t.run(t.p.withdrawal)
		if err != nil {
			return r, err
		}
		if len(plan.back) > 0 {
			r.ended, r.reason = gone.Status, gone.Reason
		}
		if gone, err = t.proceed(gone, plan.continues); err != nil {
			return r, err
		}
		if gone.Status != events.SagaCompleted {
			return r, fmt.Errorf("the withdrawal is %s: %s", gone.Status, gone.Reason)
		}
		retained = gone.Retained
	}
	if ledger, err = t.sim.Effects(t.ctx); err != nil {
		return r, err
	}
	r.undone = undoingCalls(ledger)
	r.effects, err = mostLive(ledger)
	if err != nil {
		return r, err
	}
	r.leftovers, err = t.leftovers(retained)
	return r, err
}

// run offers an event until it is accepted, and waits for the end of its saga.
func (t *trial) run(event []byte) (events.Status, error) {
	for {
		receipts, err := plans.Door{Catalogue: t.p.catalogue, Engine: t.orchestrator(), Now: time.Now}.Accept(t.ctx, events.DefaultTenant, nil, event)
		if _, refused := events.AsRefusal(err); refused || t.ctx.Err() != nil {
			return events.Status{}, err
		}
		if err == nil {
			return t.await(receipts[0].Saga)
		}
		t.rest(20 * time.Millisecond)
	}
}

func (t *trial) orchestrator() *orchestrator.Orchestrator {
	for {
		t.mu.Lock()
		o := t.engine
		t.mu.Unlock()
		if o != nil || t.ctx.Err() != nil {
			return o
		}
		t.rest(time.Millisecond)
	}
}

func (t *trial) rest(d time.Duration) {
	select {
	case <-time.After(d):
	case <-t.ctx.Done():
	}
}

// await waits until a saga has ended.
func (t *trial) await(id string) (events.Status, error) {
	key, n, err := events.ParseSaga(id)
	if err != nil {
		return events.Status{}, err
	}
	for ; t.ctx.Err() == nil; t.rest(10 * time.Millisecond) {
		page, err := t.journal.List(t.ctx, saga.Query{Name: key.Name})
		if err != nil {
			return events.Status{}, err
		}
		if len(page.Items) != 1 || page.Items[0].Summary.Saga == id && !page.Items[0].Summary.Status.Ended() {
			continue // to rebuild the state every time would cost more than the whole trial
		}
		snapshot, records, err := t.journal.Load(t.ctx, key)
		if err != nil {
			return events.Status{}, err
		}
		s, err := saga.Rebuild(key, snapshot, records)
		if err != nil {
			return events.Status{}, err
		}
		if v, known := s.ViewOf(n); known && v.Status.Ended() {
			return v, nil
		}
	}
	return events.Status{}, fmt.Errorf("%s has not ended: %w", id, t.ctx.Err())
}

// proceed continues a saga once if it is stuck and that is wanted.
func (t *trial) proceed(v events.Status, wanted bool) (events.Status, error) {
	if v.Status != events.SagaStuck || !wanted {
		return v, nil
	}
	key, _, err := events.ParseSaga(v.ID)
	if err != nil {
		return v, err
	}
	_, err = t.orchestrator().Act(t.ctx, events.Action{
		Kind: events.ActionReplay, Connection: key, Saga: v.ID, From: events.FromFailed, Actor: "prove", Reason: "the vendor is well again",
	})
	if err != nil {
		return v, fmt.Errorf("continue what is stuck: %w", err)
	}
	return t.await(v.ID)
}

// leftovers are the differences from the world before that are not retained by name; what the vendors still settle is
// waited for.
func (t *trial) leftovers(retained []string) (left []string, err error) {
	for range 100 {
		list, err := t.sim.Resources(t.ctx)
		if err != nil {
			return nil, err
		}
		left = nil
		for _, d := range list {
			short := d.Name[strings.LastIndex(d.Name, "/")+1:]
			if !slices.ContainsFunc(retained, func(r string) bool { return strings.Contains(r, short) }) {
				left = append(left, d.Kind+" "+d.Name+" "+d.Change)
			}
		}
		if len(left) == 0 {
			return nil, nil
		}
		t.rest(50 * time.Millisecond)
	}
	return left, nil
}

// mutatingCalls are the calls that changed something, each once.
func mutatingCalls(ledger []control.Effect) [][2]string {
	return callsOf(ledger, func(e control.Effect) bool { return e.Effect != "delete" })
}

// undoingCalls are those that took something away.
func undoingCalls(ledger []control.Effect) [][2]string {
	return callsOf(ledger, func(e control.Effect) bool { return e.Effect == "delete" })
}

func callsOf(ledger []control.Effect, of func(control.Effect) bool) (calls [][2]string) {
	for _, e := range ledger {
		if call := [2]string{e.Vendor, e.Call}; of(e) && !slices.Contains(calls, call) {
			calls = append(calls, call)
		}
	}
	return calls
}

// mostLive is the most live effects that a named object had at any line of the ledger.
func mostLive(ledger []control.Effect) (most int, err error) {
	live := map[string]int{}
	for _, e := range ledger {
		key := e.Vendor + " " + e.Kind + " " + e.Name
		switch e.Effect {
		case "create":
			live[key]++
		case "delete":
			live[key]--
		}
		most = max(most, live[key])
		if live[key] < 0 || live[key] > 1 {
			return most, fmt.Errorf("%s has %d live effects", key, live[key])
		}
	}
	return most, nil
}
