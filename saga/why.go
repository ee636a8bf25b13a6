package saga

import (
	"fmt"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
)

// overdue is how long after its time a connection is called late: three sweeps of any orchestrator have missed it.
const overdue = 30 * time.Second

// Why says why a saga of the connection does not move: everything it waits for, in the order of its steps. A saga that has
// ended waits for nothing, unless it is stuck. It is pure.
func (e Engine) Why(s State, n uint64, env Environment) []events.Cause {
	w := why{e: e, s: s, env: env}
	for i, q := range s.Queue {
		if q.N == n {
			w.queued(i)
			return env.see(w.causes, Summary{})
		}
	}
	g := s.Saga
	switch {
	case g == nil || g.N != n:
		return nil
	case g.Status == events.SagaStuck && !g.superseded():
		w.stuck()
	case s.active():
		w.running()
	default:
		return nil
	}
	return env.see(w.causes, Summary{Status: g.Status, Due: e.Due(s, env.Held), Paused: s.Paused != nil})
}

// why gathers causes.
type why struct {
	e      Engine
	s      State
	env    Environment
	causes []events.Cause
}

func (w *why) add(c events.Cause) { w.causes = append(w.causes, c) }

// ahead tells whether a time is still to come.
func (w *why) ahead(at time.Time) bool {
	return !at.IsZero() && (w.env.Now.IsZero() || at.After(w.env.Now))
}

// queued: what a saga that has not begun waits for.
func (w *why) queued(place int) {
	q := w.s.Queue[place]
	switch {
	case w.s.active():
		w.add(events.Cause{
			Code: events.CauseQueued, Text: fmt.Sprintf("waits behind %s, which is %s", w.s.SagaID(w.s.Saga.N), w.s.Saga.Status),
			By: w.s.SagaID(w.s.Saga.N), Since: q.At,
		})
	case place > 0:
		first := w.s.SagaID(w.s.Queue[0].N)
		w.add(events.Cause{Code: events.CauseQueued, Text: "waits behind " + first + ", which has not begun", By: first, Since: q.At})
	}
	w.paused()
	w.unplanned(q.Intent.Kind)
}

func (w *why) paused() {
	if p := w.s.Paused; p != nil {
		w.add(events.Cause{Code: events.CausePaused, Text: "paused by " + p.Actor + ": " + p.Reason, By: p.Actor, Since: p.At})
	}
}

func (w *why) unplanned(kind string) {
	if _, known := w.e.Kinds[kind]; !known {
		w.add(events.Cause{
			Code: events.CauseNoPlan, Text: "this release has no intent kind " + kind + "; run one that has it, or withdraw",
		})
	}
}

// stuck: what is left, and what an operator may do.
func (w *why) stuck() {
	g := w.s.Saga
	for _, st := range g.Steps {
		if st.Status == events.StepStuck {
			w.add(events.Cause{
				Code: events.CauseStuck, Step: st.Name, Kind: st.Kind, Since: st.EndedAt,
				Text: lastError(st), Advice: fmt.Sprintf("resolve %s %s --retry, --mark-undone or --skip, or replay %s --from failed",
					w.s.SagaID(g.N), st.Name, w.s.SagaID(g.N)),
			})
		}
	}
}

// running: what each step waits for that no other step goes before, and then what the proof waits for.
func (w *why) running() {
	w.paused()
	w.unplanned(w.s.Saga.Intent.Kind)
	moves := w.e.Moves(&w.s, w.env.Held, nil)
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
	switch {
	case m.Block.By == BlockedByStep:
	case m.Act == ActExpire:
		w.out(m.step)
	case m.Block.By == BlockedByHold && (!m.step.HeldAt.IsZero() || !w.ahead(m.At)):
		w.add(events.Cause{
			Code: events.CauseHeld, Step: m.step.Name, Kind: m.step.Kind, Since: m.step.HeldAt,
			Text: "the engine or its capability is held",
		})
	default:
		w.resting(m)
	}
}

// proof: what the next round of the proof waits for, besides steps.
func (w *why) proof(m *Move) {
	p := w.s.Saga.Proof
	switch {
	case len(p.Failing) > 0 && w.ahead(m.At):
		w.add(events.Cause{
			Code: events.CauseProof, Step: ProveStep, Since: p.StartedAt, Until: m.At,
			Text: fmt.Sprintf("round %d of the proof failed: %s", p.Round, strings.Join(p.Failing, "; ")),
		})
	case m.Block.By == BlockedByHold:
		w.add(events.Cause{Code: events.CauseHeld, Step: ProveStep, Since: p.HeldAt, Text: "the engine is held"})
	}
}

// out: a command of the step is out.
func (w *why) out(st *Step) {
	if st.Wait != nil { // it only asks whether the wait is over
		w.waiting(st, st.Open.Deadline)
		return
	}
	c := events.Cause{
		Code: events.CauseCommand, Step: st.Name, Kind: st.Kind, Since: st.Open.Due, Until: st.Open.Deadline,
		Text: fmt.Sprintf("%s of epoch %d is out", st.Open.Deed, st.Open.Epoch),
	}
	id := events.Command{Connection: w.s.Key, Step: st.Name, Generation: st.Generation, Epoch: st.Open.Epoch}.ID()
	if worker := w.env.Crews[c.Capability()].Runs[id]; worker != "" {
		c.By, c.Text = worker, c.Text+", run by "+worker
	}
	if !w.env.Now.IsZero() && w.env.Now.After(st.Open.Deadline) {
		c.Until = st.Open.Deadline.Add(w.e.Limits.quiet())
		c.Text += " past its deadline; when the quiet period is over it is looked at"
	}
	w.add(c)
}

// resting: the step could be next, nothing of it is in flight, and its time has not come.
func (w *why) resting(m *Move) {
	st := m.step
	c := events.Cause{Step: st.Name, Kind: st.Kind, Since: st.Since, Until: m.when()}
	switch m.Pace {
	case PaceWait:
		w.waiting(st, m.when())
		return
	case PaceQuiet:
		if !w.ahead(m.At) { // it is about to be requested
			return
		}
		c.Code, c.Text = events.CauseQuiet, "an earlier call may still act; nothing is undone or believed absent before"
	case PaceRetry:
		c.Code, c.Text = events.CauseRetry, fmt.Sprintf("%s again after: %s", m.Verb, st.Error.Message)
	default:
		return
	}
	w.add(c)
}

// waiting: the last outcome was a Wait.
func (w *why) waiting(st *Step, until time.Time) {
	c := events.Cause{Step: st.Name, Kind: st.Kind, Since: st.Wait.Since, Until: until}
	said := st.Wait.Message
	if said == "" {
		said = string(st.Wait.Reason)
	}
	switch {
	case st.Operation != "":
		c.Code, c.By, c.Text = events.CauseOperation, st.Operation, "waits for operation "+st.Operation
	case st.Wait.Reason.OfClaim():
		c.Code, c.Text = events.CauseClaim, "waits for a claim: "+said
	default:
		c.Code, c.Text = events.CauseWait, "waits: "+said
	}
	w.add(c)
}
