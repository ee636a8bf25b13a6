package saga

import (
	"fmt"
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
)

var zeroTime time.Time

// applyToStep folds a fact about one step of the newest saga.
func (s *State) applyToStep(f Fact) error {
	r, ok := refOf(f)
	if !ok {
		return fmt.Errorf("unknown fact")
	}
	t := s.Saga.step(r.Step, r.Generation)
	if t == nil {
		return fmt.Errorf("no step %s generation %d in saga %d", r.Step, r.Generation, s.Saga.N)
	}
	switch f := f.(type) {
	case StepDecided:
		s.applyDecided(t, f)
	case StepRequested:
		s.applyRequested(t, f)
	case StepDone:
		s.applyDone(t, f)
	case StepSeen:
		s.applySeen(t, f)
	case StepReversed:
		t.close()
		t.Retained = f.Retained
		t.Confirm, t.Next = true, &Next{Deed: events.Look, At: f.At}
	case StepUndone:
		s.applyUndone(t, f.Retained, f.At)
	case StepResolved:
		s.applyResolved(t, f)
	default:
		applyOutcome(t, f)
	}
	return nil
}

// applyOutcome folds what became of a command into the step alone.
func applyOutcome(t *Step, f Fact) {
	switch f := f.(type) {
	case StepWaiting:
		next := Next{Deed: t.Open.deed(), At: f.Until}
		t.close()
		t.Operation, t.Next = f.Operation, &next
		t.setStatus(events.StepWaiting)
		t.Error = nil
	case StepRetrying:
		next := Next{Deed: t.Open.deed(), At: f.Until}
		t.close()
		t.Next = &next
		if !f.Free {
			t.Tries++
		}
		t.Error = &events.StepError{Class: events.Retry, Message: f.Message}
	case StepUnsure:
		t.close()
		t.QuietAt, t.Next = f.QuietAt, &Next{Deed: events.Look, At: f.At}
		if !f.Free {
			t.Tries++
		}
		t.setStatus(events.StepUnsure)
		t.Error = &events.StepError{Class: events.Unsure, Message: f.Message}
	case StepRefused:
		t.close()
		t.Next, t.EndedAt, t.Status = nil, f.At, events.StepRefused
		t.Error = &events.StepError{Class: events.Refuse, Message: f.Message}
	case StepSkipped:
		t.Status, t.Next = events.StepSkipped, nil
	case StepStuck:
		t.close()
		t.Status, t.Next, t.EndedAt = events.StepStuck, nil, f.At
		t.Error = &events.StepError{Class: events.Refuse, Message: f.Message}
	case StepHurried:
		t.Next.At = f.At
	}
}

func (s *State) applyDecided(t *Step, f StepDecided) {
	t.Transition, t.Input, t.Earlier = f.Transition, f.Input, f.Earlier
	t.Generation, t.Object, t.RequestID = f.To, f.Object, f.RequestID
	if f.To > s.Generations[t.Name] {
		if s.Generations == nil {
			s.Generations = map[string]uint64{}
		}
		s.Generations[t.Name] = f.To
	}
	st := s.standing(t.Name, f.To)
	if st != nil {
		t.Epoch, t.Output = st.Epoch, st.Output
	}
	switch {
	case f.Transition == TransitionKeep:
		t.Status, t.StartedAt, t.EndedAt = events.StepDone, f.At, f.At
		st.Input, st.After = f.Input, t.After
	case f.LookFirst:
		t.Touched = true // whatever is there becomes this saga's to settle
		t.Next = &Next{Deed: events.Look, At: f.At}
	default:
		t.Next = &Next{Deed: events.Do, At: f.At}
	}
}

func (s *State) applyRequested(t *Step, f StepRequested) {
	t.Open = &Request{
		Deed: f.Deed, Purpose: f.Purpose, Epoch: f.Epoch, Input: f.Input, Operation: f.Operation, Due: f.Due, Deadline: f.Deadline,
	}
	if f.Back && !t.Back {
		t.Back, t.Tries, t.Since, t.Confirm, t.Seen = true, 0, f.At, false, ""
	}
	if t.StartedAt.IsZero() {
		t.StartedAt = f.At
	}
	if t.Since.IsZero() {
		t.Since = f.At
	}
	t.Epoch, t.Next = f.Epoch, nil
	t.Attempts++
	t.EndedAt = zeroTime
	if !t.settled() && t.Status != events.StepUnsure {
		t.setStatus(events.StepRequested)
	}
	if t.Transition == TransitionCheck {
		return
	}
	st := s.standing(t.Name, t.Generation)
	if st == nil && f.Deed.Mutates() {
		s.Standing = append(s.Standing, Standing{
			Step: t.Name, Generation: t.Generation, Kind: t.Kind, Object: t.Object, After: t.After, UndoLast: t.UndoLast,
			Input: f.Input, RequestID: t.RequestID,
		})
		st = &s.Standing[len(s.Standing)-1]
	}
	if st != nil {
		st.Epoch = f.Epoch
	}
	if f.Deed.Mutates() {
		t.Touched, t.Confirm = true, false
		st.Known = false
	}
}

func (s *State) applyDone(t *Step, f StepDone) {
	t.close()
	t.Output, t.Operation, t.Error = f.Output, "", nil
	if t.Back { // a change on its way back: its earlier input is done, and a Look has to confirm it
		t.Confirm, t.Next = true, &Next{Deed: events.Look, At: f.At}
		return
	}
	t.Status, t.EndedAt = events.StepDone, f.At
	s.stand(t, f.Output)
}

// stand notes that a generation is there, as the step's input says.
func (s *State) stand(t *Step, output []byte) {
	if st := s.standing(t.Name, t.Generation); st != nil && t.Transition != TransitionCheck {
		st.Known, st.Input, st.After = true, t.Input, t.After
		if output != nil {
			st.Output = output
		}
	}
}

func (s *State) applySeen(t *Step, f StepSeen) {
	t.close()
	t.Seen, t.Observed = f.Presence, f.Output
	if f.Detail != "" && f.Presence != events.Present {
		t.Error = &events.StepError{Class: events.Unsure, Message: f.Detail}
	}
	if s.Saga.Direction == Proving && !t.Back {
		t.Proved = true
	}
}

func (s *State) applyUndone(t *Step, retained string, at time.Time) {
	t.close()
	t.Status, t.Next, t.EndedAt, t.Confirm = events.StepUndone, nil, at, false
	if retained != "" {
		t.Retained = retained
	}
	st := s.standing(t.Name, t.Generation)
	switch {
	case st == nil:
	case t.Transition == TransitionChange:
		st.Known, st.Input = true, t.Earlier
		if t.Output != nil {
			st.Output = t.Output
		}
	default:
		s.Standing = slices.DeleteFunc(s.Standing, func(e Standing) bool { return e.Step == t.Name && e.Generation == t.Generation })
	}
}

func (s *State) applyResolved(t *Step, f StepResolved) {
	g := s.Saga
	g.Status, g.EndedAt = events.SagaRunning, zeroTime
	if g.Direction == Reversing {
		g.Status = events.SagaCompensating
	}
	switch f.Resolution {
	case events.ResolveRetry:
		t.revive(f.At)
	case events.ResolveMarkUndone:
		s.applyUndone(t, "", f.At)
	case events.ResolveSkip:
		s.applyUndone(t, fmt.Sprintf("%s %s: left by %s: %s", t.Name, t.Object, f.Actor, f.Reason), f.At)
	}
}

// close ends the open command. A mutating one that has reported cannot act any more.
func (t *Step) close() {
	if t.Open != nil && t.Open.Deed.Mutates() {
		t.QuietAt = zeroTime
	}
	t.Open = nil
}

// revive gives a stuck step a new budget; it looks first.
func (t *Step) revive(at time.Time) {
	t.Status, t.Tries, t.Since, t.EndedAt = events.StepUndoing, 0, at, zeroTime
	t.Confirm, t.Next = true, &Next{Deed: events.Look, At: at}
}

// forgetForward drops what the step would have done next: the saga has turned back.
func (t *Step) forgetForward() {
	if !t.Back {
		t.Next, t.Proved = nil, false
	}
}

// setStatus sets a forward status, or undoing for a step on its way back.
func (t *Step) setStatus(forward events.StepStatus) {
	if t.Back {
		forward = events.StepUndoing
	}
	t.Status = forward
}

// settled tells whether the step has come to an end of its way, whatever Looks are still out.
func (t *Step) settled() bool {
	switch t.Status {
	case events.StepDone, events.StepRefused:
		return !t.Back
	case events.StepUndone, events.StepSkipped, events.StepStuck:
		return true
	}
	return false
}

func (r *Request) deed() events.Deed {
	if r == nil {
		return events.Look
	}
	return r.Deed
}

// refOf reads which step a fact is about.
func refOf(f Fact) (Ref, bool) {
	type referred interface{ ref() Ref }
	r, ok := f.(referred)
	if !ok {
		return Ref{}, false
	}
	return r.ref(), true
}

func (r Ref) ref() Ref { return r }
