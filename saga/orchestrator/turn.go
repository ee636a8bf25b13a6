package orchestrator

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/poison"
	"github.com/culvertnet/culvert/saga"
)

// turnBound is how many inputs one turn takes at most: enough to share a sync, small enough to answer soon.
const turnBound = 512

// appendTries bounds how often a turn tries a connection again after losing a race, before it lets the input come
// again.
const appendTries = 8

// ask puts an input into the next turn and waits for its answer.
func (o *Orchestrator) ask(ctx context.Context, j job) (events.Receipt, error) {
	if err := j.key.Validate(); err != nil {
		return events.Receipt{}, events.NewRefusal("subject", "connection", "%s", err.Error())
	}
	done := make(chan outcome, 1)
	j.done = done
	select {
	case o.inbox <- j:
	case <-o.stopped:
		return events.Receipt{}, saga.ErrUnavailable
	case <-ctx.Done():
		return events.Receipt{}, ctx.Err()
	}
	select {
	case r := <-done:
		return r.receipt, r.err
	case <-o.stopped:
		return events.Receipt{}, saga.ErrUnavailable
	case <-ctx.Done():
		return events.Receipt{}, ctx.Err()
	}
}

// turns gathers turn after turn: whatever has queued while the last one was being synced, no timer.
func (o *Orchestrator) turns(ctx context.Context) error {
	for {
		var jobs []job
		select {
		case <-ctx.Done():
			return ctx.Err()
		case j := <-o.inbox:
			jobs = append(jobs, j)
		}
		for len(jobs) < turnBound {
			select {
			case j := <-o.inbox:
				jobs = append(jobs, j)
				continue
			default:
			}
			break
		}
		o.turn(ctx, jobs)
	}
}

// work is what one turn does for one connection.
type work struct {
	key    events.Key
	jobs   []job
	before saga.State
	after  saga.State
	facts  []saga.Fact
	// moves is the table of next moves of after, made while held was paused.
	moves []saga.Move
	held  saga.Held
	// answers are the jobs' own; they are given when the facts have landed.
	answers []outcome
	// admits tells which jobs take in new work.
	admits []bool
	resend bool
	// append is what is to land; kept over an unknown answer, so that the very same is offered again.
	append  *saga.Append
	unknown bool
}

// turn decides for every connection that has input, appends all at once, publishes and answers.
func (o *Orchestrator) turn(ctx context.Context, jobs []job) {
	pending := gather(jobs)
	for try := 0; len(pending) > 0; try++ {
		if try == appendTries || ctx.Err() != nil {
			for _, w := range pending {
				w.answerAll(outcome{err: fmt.Errorf("%w: %s", saga.ErrUnavailable, w.key)})
			}
			return
		}
		pending = o.attempt(ctx, pending)
	}
}

// gather groups jobs by connection, in order.
func gather(jobs []job) []*work {
	var all []*work
	by := map[events.Key]*work{}
	for _, j := range jobs {
		w := by[j.key]
		if w == nil {
			w = &work{key: j.key}
			by[j.key], all = w, append(all, w)
		}
		w.jobs = append(w.jobs, j)
		w.resend = w.resend || j.resend
	}
	return all
}

// attempt is one try of a turn; it gives back the connections that have to be tried again.
func (o *Orchestrator) attempt(ctx context.Context, pending []*work) (again []*work) {
	var landing, settled []*work
	failed := o.decideAll(ctx, pending)
	for i, w := range pending {
		if w.unknown {
			landing = append(landing, w)
			continue
		}
		if err := failed[i]; err != nil {
			o.opts.Log.Error("deciding failed", "connection", w.key.String(), "error", err)
			w.answerAll(outcome{err: fmt.Errorf("%w: %w", saga.ErrUnavailable, err)})
			continue
		}
		if len(w.facts) == 0 {
			settled = append(settled, w)
			continue
		}
		rest, err := o.encode(w)
		if rest != nil {
			again = append(again, rest)
		}
		if err == nil && len(w.facts) == 0 { // after a split
			settled = append(settled, w)
			continue
		}
		if err != nil {
			o.opts.Log.Error("storing a decision failed", "connection", w.key.String(), "error", err)
			w.answerAll(outcome{err: err})
			continue
		}
		landing = append(landing, w)
	}
	landed, lost := o.append(ctx, landing)
	o.settle(ctx, append(settled, landed...))
	return append(lost, again...)
}

// loadsAtOnce is how many connections of a turn are read and decided at the same time.
const loadsAtOnce = 16

// decideAll decides for every connection whose append is not still to be settled. The errors are in the order of the
// works.
func (o *Orchestrator) decideAll(ctx context.Context, pending []*work) []error {
	failed := make([]error, len(pending))
	var group errgroup.Group
	group.SetLimit(loadsAtOnce)
	for i, w := range pending {
		if !w.unknown {
			group.Go(func() error {
				failed[i] = o.decide(ctx, w)
				return nil
			})
		}
	}
	_ = group.Wait() // errors are in failed
	return failed
}

// errAhead says that a result answers a command that the journal does not show yet.
var errAhead = fmt.Errorf("%w yet: the result is ahead of the journal as read", saga.ErrUnavailable)

// decide runs the engine over a connection's inputs, on the state as this process knows it. What would be answered
// without an append is first judged again by the journal: another process may have moved on.
func (o *Orchestrator) decide(ctx context.Context, w *work) (err error) {
	defer func() { // one connection that cannot be decided must not stop the others of the turn
		if p := recover(); p != nil {
			o.cache.forget(w.key)
			w.facts, w.answers = nil, make([]outcome, len(w.jobs))
			err = fmt.Errorf("%w: %v", poison.ErrPanicked, p)
			o.opts.Log.Error(
				"deciding panicked", "connection", w.key.String(), "panic", p, "stack", string(debug.Stack()),
			)
		}
	}()
	state, cached := o.cache.get(w.key)
	if cached {
		if o.decideIn(w, state); w.conclusive() {
			return nil
		}
	}
	if state, err = o.State(ctx, w.key); err != nil {
		return err
	}
	o.decideIn(w, state)
	for i, j := range w.jobs {
		if r, is := j.in.(saga.Report); is && w.after.Ahead(r.Result) {
			w.answers[i].err = errAhead
		}
	}
	return nil
}

// decideIn runs the engine over the inputs in a state.
func (o *Orchestrator) decideIn(w *work, state saga.State) {
	env := saga.Environment{Now: o.opts.Now(), Held: o.Held()}
	w.held = env.Held
	w.before, w.after, w.facts, w.answers, w.admits = state, state, nil, make([]outcome, len(w.jobs)),
		make([]bool, len(w.jobs))
	for i, j := range w.jobs {
		d, err := o.opts.Engine.Decide(w.after, j.in, env)
		w.answers[i] = outcome{
			receipt: events.Receipt{Saga: d.Saga, Duplicate: d.Duplicate}, err: err, nothing: len(d.Facts) == 0,
		}
		if err != nil {
			continue
		}
		w.resend, w.admits[i] = w.resend || d.Duplicate, admits(d.Facts)
		w.facts = append(w.facts, d.Facts...)
		w.after, w.moves = d.State, d.Moves
		w.after.Version = state.Version
	}
	if len(w.facts) > 0 {
		w.after.Version++
	}
}

// conclusive tells whether every answer rests on an append, or on nothing but time.
func (w *work) conclusive() bool {
	for i, a := range w.answers {
		if _, tick := w.jobs[i].in.(saga.Tick); !tick && a.nothing {
			return false
		}
	}
	return true
}

// answerAll gives every job that is waited for the same answer.
func (w *work) answerAll(r outcome) {
	for _, j := range w.jobs {
		if j.done != nil {
			j.done <- r
		}
	}
}
