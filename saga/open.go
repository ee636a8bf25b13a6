package saga

import (
	"time"

	"github.com/culvertnet/culvert/events"
)

// Open renders every command that is out, from the state alone: the same state gives the same commands, so a lost one is
// found again by reading the journal.
func Open(s State) []events.Command {
	commands := s.surveyCommands()
	if s.Saga == nil {
		return commands
	}
	for _, st := range s.Saga.Steps {
		if st.Open == nil {
			continue
		}
		commands = append(commands, events.Command{
			Connection: s.Key, Saga: s.SagaID(s.Saga.N), Step: st.Name, Kind: st.Kind, Capability: Node{Kind: st.Kind}.Capability(),
			Generation: st.Generation, Epoch: st.Open.Epoch, Deed: st.Open.Deed, Purpose: st.Open.Purpose, Name: st.Object,
			RequestID: st.RequestID, Due: st.Open.Due, Deadline: st.Open.Deadline, Since: st.Since, Operation: st.Open.Operation,
			Input: st.Open.Input, Output: st.Output, Hurry: st.Open.Hurry || len(s.Queue) > 0,
		})
	}
	return commands
}

// Due is when the connection next needs the engine by itself: the earliest retry, proof round or lost command. Zero means
// that only an input, or the end of a hold, can move it. After a decision at a time, Due is later than that time.
func (e Engine) Due(s State) time.Time {
	var d dueTime
	t := &turn{e: e, s: &s}
	if !s.active() {
		if s.Survey.open() {
			d.sooner(s.Survey.Until)
		}
		if len(s.Queue) > 0 && s.Paused == nil && !e.Held.All {
			d.sooner(s.Queue[0].At)
		}
		return d.at
	}
	for _, st := range s.Saga.Steps {
		if st.Open != nil {
			d.sooner(st.Open.Deadline.Add(e.Limits.quiet()))
		}
	}
	if s.Paused != nil {
		return d.at
	}
	switch s.Saga.Direction {
	case Making:
		t.dueForward(&d)
	case Proving:
		t.dueProof(&d)
	default:
		t.dueBack(&d)
	}
	return d.at
}

func (t *turn) dueForward(d *dueTime) {
	done := true
	for _, st := range t.s.Saga.Steps {
		done = done && st.Status == events.StepDone
		if st.Next != nil && !t.heldStill(st) && t.needsDone(st) {
			d.sooner(st.Next.At)
		}
	}
	if p := t.s.Saga.Proof; done && (!t.e.Held.All || p.HeldAt.IsZero()) {
		d.sooner(p.Next)
	}
}

func (t *turn) dueProof(d *dueTime) {
	held := false
	for _, st := range t.s.Saga.Steps {
		if st.Next != nil && !t.heldStill(st) {
			d.sooner(st.Next.At)
		}
		held = held || !st.HeldAt.IsZero()
	}
	if !held {
		d.sooner(t.proveBy())
	}
}

func (t *turn) dueBack(d *dueTime) {
	for _, st := range t.moving() {
		switch {
		case st.Open != nil:
		case st.Back:
			if !t.heldStill(st) {
				d.sooner(st.Next.At)
			}
		case !t.e.holds(st.Kind):
			d.sooner(st.QuietAt)
		}
	}
}

// heldStill tells whether a step is held and that has been noted, so that its time has nothing more to tell.
func (t *turn) heldStill(st *Step) bool { return t.e.holds(st.Kind) && !st.HeldAt.IsZero() }

// dueTime keeps the earliest of times.
type dueTime struct{ at time.Time }

func (d *dueTime) sooner(at time.Time) {
	if !at.IsZero() && (d.at.IsZero() || at.Before(d.at)) {
		d.at = at
	}
}
