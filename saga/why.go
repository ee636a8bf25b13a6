package saga

import (
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
)

// overdue is how long after its time a connection is called late: three sweeps of any orchestrator have missed it.
const overdue = 30 * time.Second

// Why says why a saga of the connection does not move: everything it waits for, in the order of its steps. A saga that
// has ended waits for nothing, unless it is stuck. It is pure.
func (e Engine) Why(s State, n uint64, env Environment) []events.Cause {
	moves := e.Moves(&s, env.Held, nil)
	w := why{e: e, s: &s, now: env.Now}
	if !w.of(n, moves) {
		return nil
	}
	sum := Summary{Why: w.reasons}
	if g := s.Saga; g != nil && g.N == n {
		sum.Saga, sum.Status, sum.Due, sum.Paused = s.SagaID(n), g.Status, s.due(moves), s.Paused != nil
	}
	causes := env.see(sum)
	for i, c := range causes {
		if c.Code == events.CauseStuck {
			causes[i].Advice = c.Code.Remedy("SAGA", sum.Saga, "STEP", c.Step)
		}
	}
	return causes
}

// why gathers reasons.
type why struct {
	e       Engine
	s       *State
	now     time.Time // zero: not known
	reasons []Reason
}

// of gathers the reasons of a saga, and tells whether it can wait for anything.
func (w *why) of(n uint64, moves []Move) bool {
	for i, q := range w.s.Queue {
		if q.N == n {
			w.queued(i)
			return true
		}
	}
	g := w.s.Saga
	switch {
	case g == nil || g.N != n:
		return false
	case g.Status == events.SagaStuck && !g.superseded():
		w.stuck()
	case w.s.active():
		w.running(moves)
	default:
		return false
	}
	return true
}

func (w *why) add(r Reason) { w.reasons = append(w.reasons, r) }

// ahead tells whether a time is still to come.
func (w *why) ahead(at time.Time) bool {
	return !at.IsZero() && (w.now.IsZero() || at.After(w.now))
}

// queued: what a saga that has not begun waits for.
func (w *why) queued(place int) {
	q := w.s.Queue[place]
	switch {
	case w.s.active():
		id := w.s.SagaID(w.s.Saga.N)
		w.add(Reason{
			Cause: events.Cause{Code: events.CauseQueued, By: id, Since: q.At}, Detail: "is " + string(w.s.Saga.Status),
		})
	case place > 0:
		id := w.s.SagaID(w.s.Queue[0].N)
		w.add(Reason{Cause: events.Cause{Code: events.CauseQueued, By: id, Since: q.At}, Detail: "has not begun"})
	}
	w.paused()
	w.unplanned(q.Intent.Kind)
}

func (w *why) paused() {
	if p := w.s.Paused; p != nil {
		w.add(Reason{Cause: events.Cause{Code: events.CausePaused, By: p.Actor, Since: p.At}, Detail: p.Reason})
	}
}

func (w *why) unplanned(kind string) {
	if _, known := w.e.Kinds[kind]; !known {
		w.add(Reason{Cause: events.Cause{Code: events.CauseNoPlan}, Detail: kind})
	}
}

// stuck: what is left.
func (w *why) stuck() {
	for _, st := range w.s.Saga.Steps {
		if st.Status == events.StepStuck {
			w.add(Reason{
				Cause:  events.Cause{Code: events.CauseStuck, Step: st.Name, Kind: st.Kind, Since: st.EndedAt},
				Detail: lastError(st),
			})
		}
	}
}

// running: what each step waits for that no other step goes before, and then what the proof waits for.
func (w *why) running(moves []Move) {
	w.paused()
	w.unplanned(w.s.Saga.Intent.Kind)
	for i := range moves {
		switch m := &moves[i]; m.Act {
		case ActDecide, ActRequest, ActGiveUp, ActExpire:
			w.step(m)
		case ActProve:
			w.proof(m)
		}
	}
}

// step: what one step waits for.
func (w *why) step(m *Move) {
	st := m.step
	switch {
	case m.Block.By == BlockedByStep:
	case m.Act == ActExpire:
		w.inFlight(m)
	case m.Block.By == BlockedByHold && (!st.HeldAt.IsZero() || !w.ahead(m.At)):
		w.add(Reason{Cause: events.Cause{Code: events.CauseHeld, Step: st.Name, Kind: st.Kind, Since: st.HeldAt}})
	default:
		w.resting(m)
	}
}

// proof: what the next round of the proof waits for, besides steps.
func (w *why) proof(m *Move) {
	p := &w.s.Saga.Proof
	switch {
	case len(p.Failing) > 0 && w.ahead(m.At):
		w.add(Reason{
			Cause: events.Cause{Code: events.CauseProof, Step: ProveStep, Since: p.StartedAt, Until: m.At},
			Epoch: uint64(p.Round), Detail: strings.Join(p.Failing, "; "),
		})
	case m.Block.By == BlockedByHold:
		w.add(Reason{Cause: events.Cause{Code: events.CauseHeld, Step: ProveStep, Since: p.HeldAt}})
	}
}

// inFlight: a command of the step is in flight.
func (w *why) inFlight(m *Move) {
	st := m.step
	if st.Wait != nil { // it only asks whether the wait is over
		w.waiting(st, st.Open.Deadline)
		return
	}
	r := Reason{
		Cause: events.Cause{
			Code: events.CauseCommand, Step: st.Name, Kind: st.Kind, Since: st.Open.Due, Until: st.Open.Deadline,
		},
		Verb: st.Open.Verb, Generation: st.Generation, Epoch: st.Open.Epoch,
	}
	if !w.now.IsZero() && w.now.After(st.Open.Deadline) {
		r.late, r.Until = true, m.At
	}
	w.add(r)
}

// resting: the step could be next, nothing of it is in flight, and its time has not come.
func (w *why) resting(m *Move) {
	st := m.step
	r := Reason{Cause: events.Cause{Step: st.Name, Kind: st.Kind, Since: st.Since, Until: m.when()}, Verb: m.Verb}
	switch m.Pace {
	case PaceWait:
		w.waiting(st, m.when())
		return
	case PaceQuiet:
		if !w.ahead(m.At) { // it is about to be requested
			return
		}
		r.Code = events.CauseQuiet
	case PaceRetry:
		r.Code, r.Detail = events.CauseRetry, st.Error.Message
	default:
		return
	}
	w.add(r)
}

// waiting: the last outcome was a Wait.
func (w *why) waiting(st *Step, until time.Time) {
	r := Reason{
		Cause: events.Cause{Code: events.CauseWait, Step: st.Name, Kind: st.Kind, Since: st.Wait.Since, Until: until},
	}
	switch {
	case st.Operation != "":
		r.Code, r.By = events.CauseOperation, st.Operation
	case st.Wait.Message != "":
		r.Detail = st.Wait.Message
	default:
		r.Detail = string(st.Wait.Reason)
	}
	if r.Code == events.CauseWait && st.Wait.Reason.OfClaim() {
		r.Code = events.CauseClaim
	}
	w.add(r)
}
