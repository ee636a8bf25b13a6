package stage

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/internal/wiring"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/plans"
)

// speed is how much faster than the clock the world's time passes; the product keeps pace with it.
const speed = 60

// A Stage is the product beside a world. It is for one goroutine.
type Stage struct {
	World *simcloud.Server
	Clock *Clock
	// Catalogue are the kinds of intents of the built-in configuration.
	Catalogue plans.Catalogue

	opts    Options
	file    wiring.File
	gate    *gate
	engine  *orchestrator.Orchestrator
	sent    int
	closers []func() error
}

// Options say what a stage is set up with.
type Options struct {
	// Scenario describes the world; Speakers starts the configured BGP speakers beside it.
	Scenario []byte
	Speakers bool
}

// Open sets up a world and a clock. Play begins when there is a witness.
func Open(ctx context.Context, o Options) (*Stage, error) {
	s := &Stage{Clock: &Clock{now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}, opts: o}
	var err error
	if s.file, err = wiring.ReadFile(""); err != nil {
		return nil, err
	}
	if !o.Speakers { // then the world has no BGP to find them by
		s.file.Speakers = nil
	}
	s.Catalogue = plans.All(s.file.PlansOperator())
	s.World, err = simcloud.Start(ctx, simcloud.Options{World: world.Config{Speed: speed, Now: s.Clock.Now},
		Scenario: o.Scenario, BGP: simcloud.BGP{Off: !o.Speakers}})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, s.World.Close)
	return s, nil
}

// Play starts the product in front of a witness.
func (s *Stage) Play(ctx context.Context, w Witness) error {
	s.gate = &gate{Bus: memory.NewBus(nil), witness: w, now: s.Clock.Now, under: map[string]bool{},
		answers: map[string]events.Outcome{}, ran: map[string]bool{}}
	p := wiring.Parts{File: s.file, World: s.World.URL(), Speed: speed, Bus: s.gate, Claims: memory.NewClaims(),
		Marks: memory.NewMarks(), Now: s.Clock.Now, Release: "proof", Log: slog.New(slog.DiscardHandler)}
	if s.opts.Speakers {
		stop, err := p.Speakers(ctx, "")
		if err != nil {
			return err
		}
		s.closers = append(s.closers, stop)
	}
	worker, drop, err := p.Worker(ctx, wiring.Capabilities())
	if err != nil {
		return err
	}
	s.engine = orchestrator.New(orchestrator.Options{
		Engine:  saga.Engine{Kinds: s.Catalogue.Kinds(), Limits: s.Catalogue.Limits(saga.DefaultLimits(speed))},
		Journal: memory.NewJournal(nil), Bus: s.gate, Cursor: noCursor{}, Now: s.Clock.Now, ID: uuid.NewString,
		Name: "stage", SweepEvery: tick,
	})
	running, end := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, run := range []func(context.Context) error{s.engine.Run, worker.Run} {
		all.Go(func() {
			if err := run(running); err != nil && running.Err() == nil {
				s.gate.fail(err)
			}
		})
	}
	s.closers = append(s.closers, func() error { end(); all.Wait(); return drop() })
	return nil
}

// Close ends everything.
func (s *Stage) Close() (err error) {
	for i := len(s.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, s.closers[i]())
	}
	return err
}

// noCursor is a cursor for one run.
type noCursor struct{}

// Load begins at the beginning.
func (noCursor) Load(context.Context) (saga.Position, error) { return 0, nil }

// Save forgets.
func (noCursor) Save(context.Context, saga.Position) error { return nil }
