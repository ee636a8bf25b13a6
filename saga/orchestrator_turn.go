package saga

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
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
	before State
	after  State
	facts  []Fact
	// answers are the jobs' own; they are given when the facts have landed.
	answers []outcome
	resend  bool
}

// turn decides for every connection that has input, appends all at once, publishes and answers.
func (o *Orchestrator) turn(ctx context.Context, jobs []job) {
	pending := gather(jobs)
	for try := 0; len(pending) > 0; try++ {
		if try == appendTries || ctx.Err() != nil {
			for _, w := range pending {
				w.answerAll(outcome{err: fmt.Errorf("%w: %s", ErrUnavailable, w.key)})
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
	var appends []Append
	var landing, settled []*work
	for _, w := range pending {
		if err := o.decide(ctx, w); err != nil {
			o.o.Log.Error("connection cannot be decided", "connection", w.key.String(), "error", err)
			w.answerAll(outcome{err: fmt.Errorf("%w: %w", ErrUnavailable, err)})
			continue
		}
		if len(w.facts) == 0 {
			settled = append(settled, w)
			continue
		}
		a, err := o.encode(w)
		if err != nil {
			w.answerAll(outcome{err: err})
			continue
		}
		appends, landing = append(appends, a), append(landing, w)
	}
	if len(appends) > 0 {
		for i, r := range o.o.Journal.Append(ctx, appends) {
			switch w := landing[i]; {
			case r.Err == nil:
				settled = append(settled, w)
			case errors.Is(r.Err, ErrFull):
				w.answerAll(outcome{err: r.Err})
			default: // lost a race, or it is not known: read and decide again; a repeat of an input changes nothing
				o.forget(w.key)
				again = append(again, w)
			}
		}
	}
	o.settle(ctx, settled)
	return again
}

// decide runs the engine over a connection's inputs, on the state as this process knows it.
func (o *Orchestrator) decide(ctx context.Context, w *work) error {
	state, err := o.known(ctx, w.key)
	if err != nil {
		return err
	}
	e, now := o.engine(), o.o.Now()
	w.before, w.after, w.facts, w.answers = state, state, nil, make([]outcome, len(w.jobs))
	for i, j := range w.jobs {
		d, err := e.Decide(w.after, j.in, now)
		w.answers[i] = outcome{receipt: Receipt{Saga: d.Saga, Duplicate: d.Duplicate}, err: err}
		if err != nil {
			continue
		}
		w.facts = append(w.facts, d.Facts...)
		w.after = d.State
		w.after.Version = state.Version
	}
	if len(w.facts) > 0 {
		w.after.Version++
	}
	return nil
}

func (o *Orchestrator) encode(w *work) (Append, error) {
	facts, err := EncodeFacts(w.facts)
	if err != nil {
		return Append{}, err
	}
	a := Append{Key: w.key, After: w.before.Version, ID: o.o.ID(), Summary: o.engine().Summarise(w.after), Facts: facts}
	if w.after.Version%SnapshotEvery == 0 {
		if a.Snapshot, err = json.Marshal(w.after); err != nil {
			return Append{}, fmt.Errorf("snapshot %s: %w", w.key, err)
		}
	}
	return a, nil
}

// settle publishes what is to be sent for connections whose facts are on stable storage, then answers.
func (o *Orchestrator) settle(ctx context.Context, settled []*work) {
	var messages []events.Message
	for _, w := range settled {
		o.remember(w.after)
		for _, c := range Open(w.after) {
			if !w.resend && isOpen(w.before, c) {
				continue
			}
			body, err := events.EncodeCommand(c)
			if err != nil {
				o.o.Log.Error("command cannot be encoded", "connection", w.key.String(), "step", c.Step, "error", err)
				continue
			}
			messages = append(messages, events.Message{Subject: events.CommandSubject(c.Capability), ID: c.ID(), Body: body})
		}
		o.alarm.set(w.key, o.engine().Due(w.after))
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

func isOpen(s State, c events.Command) bool {
	if s.Saga == nil || s.SagaID(s.Saga.N) != c.Saga {
		return false
	}
	st := s.Saga.step(c.Step, c.Generation)
	return st != nil && st.Open != nil && st.Open.Epoch == c.Epoch
}

func (w *work) answerAll(r outcome) {
	for _, j := range w.jobs {
		if j.done != nil {
			j.done <- r
		}
	}
}

// known is the state in this process's cache, else the journal's.
func (o *Orchestrator) known(ctx context.Context, key events.Key) (State, error) {
	o.mu.Lock()
	state, ok := o.cache[key]
	o.mu.Unlock()
	if ok {
		return state, nil
	}
	return o.State(ctx, key)
}

// cacheBound is how many connections are kept decoded; which ones go does not matter much.
const cacheBound = 4096

func (o *Orchestrator) remember(s State) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.cache) >= cacheBound {
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
