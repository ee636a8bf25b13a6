package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// turnBound is how many inputs one turn takes at most: enough to share a sync, small enough to answer soon.
const turnBound = 512

// appendTries bounds how often a turn tries a connection again after losing a race, before it lets the input come again.
const appendTries = 8

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
			o.o.Log.Error("connection cannot be decided", "connection", w.key.String(), "error", err)
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
			o.o.Log.Error("decision cannot be stored", "connection", w.key.String(), "error", err)
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

// decideAll decides for every connection whose append is not still to be settled. The errors are in the order of the works.
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

// append lands what was decided, in one call that shares one sync.
func (o *Orchestrator) append(ctx context.Context, landing []*work) (landed, lost []*work) {
	if len(landing) == 0 {
		return nil, nil
	}
	appends := make([]saga.Append, len(landing))
	for i, w := range landing {
		appends[i] = *w.append
	}
	for i, r := range o.o.Journal.Append(ctx, appends) {
		w := landing[i]
		switch {
		case r.Err == nil:
			landed = append(landed, w)
			continue
		case errors.Is(r.Err, saga.ErrUnknown): // the same again settles it, also when the reason is a store that is full
			w.unknown = true
		case errors.Is(r.Err, saga.ErrFull):
			o.alarm.set(w.key, o.o.Now().Add(o.o.SweepEvery))
			if w.unknown {
				r.Err = fmt.Errorf("%w; whether it was stored before is not known: offer the same again", r.Err)
			}
			if !w.refuseNew(r.Err) {
				continue
			}
			w.unknown = false // what is under way goes on without what is new
		default: // somebody else was first: read and decide again; a repeat of an input changes nothing
			w.unknown = false
			o.forget(w.key)
		}
		lost = append(lost, w)
	}
	return landed, lost
}

// errAhead says that a result answers a command that the journal does not show yet.
var errAhead = fmt.Errorf("%w yet: the result is ahead of what can be read", saga.ErrUnavailable)

// decide runs the engine over a connection's inputs, on the state as this process knows it. What would be answered without
// an append is first judged again by the journal: another process may have moved on.
func (o *Orchestrator) decide(ctx context.Context, w *work) (err error) {
	defer func() { // one connection that cannot be decided must not stop the others of the turn
		if p := recover(); p != nil {
			o.forget(w.key)
			w.facts, w.answers = nil, make([]outcome, len(w.jobs))
			err = fmt.Errorf("%w: %v", saga.ErrPanicked, p)
			o.o.Log.Error("deciding panicked", "connection", w.key.String(), "panic", p, "stack", string(debug.Stack()))
		}
	}()
	state, cached := o.cachedState(w.key)
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
	e, now := o.engine(), o.o.Now()
	w.before, w.after, w.facts, w.answers, w.admits = state, state, nil, make([]outcome, len(w.jobs)), make([]bool, len(w.jobs))
	for i, j := range w.jobs {
		d, err := e.Decide(w.after, j.in, now)
		w.answers[i] = outcome{receipt: saga.Receipt{Saga: d.Saga, Duplicate: d.Duplicate}, err: err, nothing: len(d.Facts) == 0}
		if err != nil {
			continue
		}
		w.resend, w.admits[i] = w.resend || d.Duplicate, admits(d.Facts)
		w.facts = append(w.facts, d.Facts...)
		w.after = d.State
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

// encode makes the append. A record that would be too large is split by its inputs: the first lands, the rest comes after.
func (o *Orchestrator) encode(w *work) (rest *work, err error) {
	id := o.o.ID()
	facts, head, err := saga.EncodeRecord(w.before, id, w.facts)
	if err == nil && len(facts) > saga.MaxFacts && len(w.jobs) > 1 {
		rest = &work{key: w.key, jobs: w.jobs[1:], resend: w.resend}
		w.jobs = w.jobs[:1]
		o.decideIn(w, w.before)
		facts, head, err = saga.EncodeRecord(w.before, id, w.facts)
	}
	if err == nil && len(facts) > saga.MaxFacts {
		err = events.NewRefusal("data", "size", "what follows from it takes %d bytes, more than the journal's %d", len(facts), saga.MaxFacts)
	}
	if err != nil {
		return rest, err
	}
	w.after.Head = head
	a := saga.Append{Key: w.key, After: w.before.Version, ID: id, Summary: o.engine().Summarise(w.after), Facts: facts, Admits: admits(w.facts)}
	if w.after.Version%saga.SnapshotEvery == 0 {
		if a.Snapshot, err = json.Marshal(w.after); err != nil {
			return rest, fmt.Errorf("snapshot %s: %w", w.key, err)
		}
	}
	w.append = &a
	return rest, nil
}

// refuseNew answers the jobs that would take in new work, and tells whether others are left. A full store that refuses
// an append without new work refuses it whole.
func (w *work) refuseNew(err error) (left bool) {
	var jobs []job
	for i, j := range w.jobs {
		if !w.append.Admits || w.admits[i] {
			if j.done != nil {
				j.done <- outcome{err: err}
			}
			continue
		}
		jobs = append(jobs, j)
	}
	w.jobs = jobs
	return len(jobs) > 0
}

// admits tells whether facts take in new work, and nothing that is under way waits for them.
func admits(facts []saga.Fact) bool {
	for _, f := range facts {
		switch f.(type) {
		case saga.IntentAccepted, saga.SagaReplayed, saga.SurveyAsked:
			return true
		}
	}
	return false
}

// settle publishes what is to be sent for connections whose facts are on stable storage, then answers.
func (o *Orchestrator) settle(ctx context.Context, settled []*work) {
	var messages []events.Message
	for _, w := range settled {
		o.remember(w.after)
		send, kept := o.commands(w)
		messages = append(messages, send...)
		if kept {
			o.alarm.resend(w.key, o.o.Now().Add(o.o.SweepEvery))
		}
		due := o.engine().Due(w.after)
		if soonest := o.o.Now().Add(o.o.SweepEvery); len(w.facts) == 0 && !due.IsZero() && !due.After(o.o.Now()) {
			due = soonest // nothing followed though it is due: never spin on it
		}
		o.alarm.set(w.key, due)
	}
	if len(messages) > 0 {
		if err := o.o.Bus.Publish(ctx, messages...); err != nil && ctx.Err() == nil {
			o.o.Log.Warn("commands could not be published; they are sent again", "commands", len(messages), "error", err)
			for _, w := range settled {
				o.alarm.resend(w.key, o.o.Now().Add(time.Second))
			}
		}
	}
	for _, w := range settled {
		for i, j := range w.jobs {
			if j.done != nil {
				j.done <- w.answers[i]
			}
		}
	}
}

// commands renders what is to be sent: what this decision opened, or everything that is open. A hold keeps what was open
// from being sent again for now.
func (o *Orchestrator) commands(w *work) (messages []events.Message, kept bool) {
	e := o.engine()
	fresh := saga.Opened(w.before, w.after, false)
	send := fresh
	if w.resend {
		send = saga.Opened(w.before, w.after, true)
	}
	for _, c := range send {
		if w.resend && e.Holds(c.Kind) && !slices.ContainsFunc(fresh, func(f events.Command) bool { return f.ID() == c.ID() }) {
			kept = true
			continue
		}
		body, err := events.EncodeCommand(c)
		if err != nil {
			o.o.Log.Error("command cannot be encoded", "connection", w.key.String(), "step", c.Step, "error", err)
			continue
		}
		messages = append(messages, events.Message{Subject: events.CommandSubject(c.Capability), ID: c.ID(), Body: body})
	}
	return messages, kept
}

func (w *work) answerAll(r outcome) {
	for _, j := range w.jobs {
		if j.done != nil {
			j.done <- r
		}
	}
}

func (o *Orchestrator) cachedState(key events.Key) (saga.State, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	state, ok := o.cache[key]
	return state, ok
}

// cacheBound is how many connections are kept decoded; which ones go does not matter much.
const cacheBound = 4096

func (o *Orchestrator) remember(s saga.State) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, kept := o.cache[s.Key]; !kept && len(o.cache) >= cacheBound {
		for k := range o.cache {
			delete(o.cache, k)
			break
		}
	}
	o.cache[s.Key] = s
}

func (o *Orchestrator) forget(key events.Key) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.cache, key)
}

// notBehind forgets what this process knows of a connection when somebody else has moved it on. What is heard while a turn
// settles can come before that turn remembers something older, so the sweep asks too.
func (o *Orchestrator) notBehind(key events.Key, version uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s, ok := o.cache[key]; ok && s.Version < version {
		delete(o.cache, key)
	}
}
