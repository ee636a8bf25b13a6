package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/poison"
)

// Options are what a Worker stands on. Bus, Marks, Registry and Name are required.
type Options struct {
	Bus      events.Bus
	Marks    Marks
	Registry *Registry
	// Operations polls long operations, by the part of a handle before the colon ("gcp").
	Operations map[string]Operations
	// Limits are what verbs may ask of vendors, by the name that a Handler's Vendor gives. A vendor without one is not
	// limited.
	Limits map[string]Limit
	// Budget is what the worker's calls use up together with those of other workers; nil is nothing. Without Presence
	// the worker is taken to be alone.
	Budget Budget
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// Name tells this process from others, in marks and results.
	Name string
	// Presence says to others that the worker lives; nil says nothing.
	Presence *Presence
	// Preflight asks what the worker's credentials may do, for questions in the store of Presence; nil answers none.
	Preflight Preflight
	// Logger takes one line a verb; nil is silent.
	Logger *slog.Logger
	// Parallel is how many verbs of one capability run at once; zero is 16.
	Parallel int
	// Pace divides the pauses between quick retries, for a world that runs faster; zero is 1.
	Pace float64
}

// A Limit is how many verbs a second a vendor's quota allows, and how many of them at once.
type Limit struct {
	PerSecond float64
	Burst     int
}

// Stats are a worker's counters since it was made.
type Stats struct {
	// Running verbs are under way now.
	Running int
	// Outcomes counts verbs that ended, by class.
	Outcomes map[events.Class]uint64
	// Late counts commands that came too late, Repeated second deliveries of a mutating command, Rejected messages that
	// were no command.
	Late, Repeated, Rejected uint64
}

// A Worker runs commands of the capabilities that its registry serves. Any number of workers, in any number of
// processes, share the commands. Safe for concurrent use.
type Worker struct {
	opts   Options
	limits map[string]*rate.Limiter

	// started is when it began to run.
	started time.Time

	mu    sync.Mutex
	stats Stats
	// inHand are the ids of the commands that run, with their capability.
	inHand map[string]string
}

// New makes a worker.
func New(o Options) (*Worker, error) {
	if o.Bus == nil || o.Marks == nil || o.Registry == nil || o.Name == "" {
		return nil, errors.New("make worker: bus, marks, registry and name are required")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Parallel == 0 {
		o.Parallel = 16
	}
	if o.Pace <= 0 {
		o.Pace = 1
	}
	w := &Worker{
		opts: o, limits: map[string]*rate.Limiter{}, stats: Stats{Outcomes: map[events.Class]uint64{}},
		inHand: map[string]string{},
	}
	for vendor, l := range o.Limits {
		if l.PerSecond <= 0 || l.Burst < 1 {
			return nil, fmt.Errorf("make worker: limit of %s must allow something: %+v", vendor, l)
		}
		w.limits[vendor] = rate.NewLimiter(rate.Limit(l.PerSecond), l.Burst)
	}
	return w, nil
}

// Run takes commands until ctx ends, then lets the verbs that run come to their end, which their deadlines bound, and
// returns nil. An error says that a subscription could not start, or ended.
func (w *Worker) Run(ctx context.Context) error {
	w.started = w.opts.Clock()
	capabilities := w.opts.Registry.Capabilities()
	group, ctx := errgroup.WithContext(ctx)
	if w.opts.Presence != nil {
		group.Go(func() error { w.attend(ctx); return nil })
		defer w.leave(ctx)
	}
	defer w.sharing(ctx)()
	if w.opts.Presence != nil {
		if w.opts.Preflight != nil {
			group.Go(func() error { w.answerQuestions(ctx); return nil })
		}
	}
	for _, capability := range capabilities {
		group.Go(func() error {
			s := events.CommandsOf(capability)
			s.Parallel, s.MaxDeliver = w.opts.Parallel, commandDeliveries
			if err := w.opts.Bus.Consume(ctx, s, poison.Guard(w.deliver, w.panicked)); err != nil {
				return fmt.Errorf("serve capability %s: %w", capability, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// Stats gives the counters as they are now.
func (w *Worker) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.stats
	s.Outcomes = maps.Clone(s.Outcomes)
	return s
}

// count changes the counters.
func (w *Worker) count(change func(*Stats)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.stats)
}
