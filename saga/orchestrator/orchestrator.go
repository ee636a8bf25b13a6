package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/events/poison"
	"github.com/culvertnet/culvert/saga"
)

// An Orchestrator is the shell around the engine: load, decide, append (synced), publish, acknowledge, in this order,
// so that whatever crashes, the input comes again and the decision is the same. Any number of them may run on one
// journal; the compare-and-set of an append is the fence between them. Its methods are safe for concurrent use.
type Orchestrator struct {
	opts    Options
	inbox   chan job
	stopped chan struct{} // closed when Run has ended
	held    holds

	cache cache
	hub   hub
	alarm *alarm
}

// Options are what an orchestrator works with. All but Held, SweepEvery and Log are needed.
type Options struct {
	Engine saga.Engine
	// Held is what is held from the start, until somebody releases it.
	Held    saga.Held
	Journal saga.Journal
	Bus     events.Bus
	// Cursor keeps how far the status events have been published.
	Cursor Cursor
	// Now is the clock; ID makes unique append ids; Name tells this process from others.
	Now  func() time.Time
	ID   func() string
	Name string
	// SweepEvery is how often the listing is searched for connections that are overdue; zero means 10 seconds.
	SweepEvery time.Duration
	// CheckpointEvery is how often the heads of what has changed are listed; zero means a minute.
	CheckpointEvery time.Duration
	// Log may be nil.
	Log *slog.Logger
}

// A Cursor is a saved position, e.g. of the status events. Safe for concurrent use.
type Cursor interface {
	Load(ctx context.Context) (saga.Position, error)
	Save(ctx context.Context, p saga.Position) error
}

// job is one input with whom to tell.
type job struct {
	key  events.Key
	in   saga.Input
	done chan<- outcome // nil when nobody waits
	// resend publishes every open command of the connection, not only new ones.
	resend bool
}

type outcome struct {
	receipt events.Receipt
	err     error
	// nothing followed from the input.
	nothing bool
}

// New makes one; Run starts it.
func New(o Options) *Orchestrator {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.SweepEvery <= 0 {
		o.SweepEvery = 10 * time.Second
	}
	if o.CheckpointEvery <= 0 {
		o.CheckpointEvery = checkpointEvery
	}
	orch := &Orchestrator{
		opts: o, inbox: make(chan job, 4096), stopped: make(chan struct{}), alarm: newAlarm(),
	}
	orch.held.now, orch.held.learnt = o.Held, map[events.Key]uint64{}
	return orch
}

// Run works until ctx ends: it takes results, fires timers, sweeps, follows the journal and publishes status. It
// returns nil when it was asked to end. It runs once.
func (o *Orchestrator) Run(ctx context.Context) error {
	defer close(o.stopped)
	switch err := o.learnHolds(ctx); { // before anything is requested
	case err != nil && ctx.Err() != nil:
		return nil // asked to end before it had begun
	case err != nil:
		return fmt.Errorf("run orchestrator: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return o.turns(ctx) })
	group.Go(func() error { return o.timers(ctx) })
	group.Go(func() error { return o.sweep(ctx) })
	group.Go(func() error { return o.follow(ctx) })
	group.Go(func() error { return o.publishStatus(ctx) })
	group.Go(func() error { return o.checkpoints(ctx) })
	group.Go(func() error {
		sub := events.Subscription{Name: "orchestrator", Subjects: []string{events.Results.Subject}, Parallel: 256,
			MaxDeliver: poison.MaxDeliver}
		return o.opts.Bus.Consume(ctx, sub, poison.Guard(o.takeResult, o.panicked))
	})
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("run orchestrator: %w", err)
	}
	return nil
}

// Submit offers a validated intent and answers when its acceptance is on stable storage. Errors are *events.Refusal,
// events.ErrBusy, ErrFull or ErrUnavailable.
func (o *Orchestrator) Submit(ctx context.Context, in events.Intent) (events.Receipt, error) {
	return o.ask(ctx, job{key: in.Connection, in: saga.Accept{Intent: in}})
}

// Act carries out an operator's order and answers when it is on stable storage. Errors are as of Submit.
func (o *Orchestrator) Act(ctx context.Context, a events.Action) (events.Receipt, error) {
	return o.ask(ctx, job{key: a.Connection, in: saga.Operate{Action: a}})
}

// State reads a connection as the journal has it. An unknown one is empty at version 0.
func (o *Orchestrator) State(ctx context.Context, key events.Key) (saga.State, error) {
	snapshot, records, err := o.opts.Journal.Load(ctx, key)
	if err != nil {
		return saga.State{}, fmt.Errorf("load %s: %w", key, err)
	}
	return saga.Rebuild(key, snapshot, records)
}

const (
	// readAgain is the rest before a journal that is behind is read again, and readTries how often it is.
	readAgain = 20 * time.Millisecond
	readTries = 500
)

// StateAt is State in a version that was heard of, or a later one. In a cluster the server that answers a read may not
// have applied yet what another has told, so it reads again; ErrUnavailable when the journal stays behind.
func (o *Orchestrator) StateAt(ctx context.Context, key events.Key, version uint64) (saga.State, error) {
	for range readTries {
		s, err := o.State(ctx, key)
		if err != nil || s.Version >= version {
			return s, err
		}
		if pause.For(ctx, readAgain) != nil {
			return saga.State{}, ctx.Err()
		}
	}
	return saga.State{}, fmt.Errorf("%w: reads of %s stay behind version %d", saga.ErrUnavailable, key, version)
}

// Rules are the pure engine: what it would decide, and why, can be asked of it.
func (o *Orchestrator) Rules() saga.Engine { return o.opts.Engine }
