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
	if held, is := f.(StepHeld); is && r.Step == ProveStep {
		s.Saga.Proof.HeldAt = held.At
		return nil
	}
	t := s.Saga.step(r.Step, r.Generation)
	if t == nil {
		return fmt.Errorf("no step %s generation %d in saga %d", r.Step, r.Generation, s.Saga.N)
	}
	t.noteWait(f)
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
		t.Open, t.Operation = nil, ""
		t.Retained, t.Confirm, t.Next = f.Retained, true, &Next{Verb: events.Look, At: f.At}
	case StepUndone:
		s.applyUndone(t, f.Retained, f.At)
	case StepResolved:
		s.applyResolved(t, f)
	default:
		applyOutcome(t, f)
		s.keep(t)
	}
	return nil
}

// noteWait keeps what the step waits for, through the commands that ask again, until another outcome.
func (t *Step) noteWait(f Fact) {
	switch f := f.(type) {
	case StepRequested, StepHeld, StepExpedited:
	case StepWaiting:
		since := f.At
		if t.Wait != nil && t.Wait.Reason == f.Reason && t.Operation == f.Operation {
			since = t.Wait.Since
		}
		t.Wait = &Waiting{Reason: f.Reason, Message: f.Message, Since: since}
	default:
		t.Wait = nil
	}
}

// keep notes with the standing generation what the next saga has to reckon with, should this one be stuck.
func (s *State) keep(t *Step) {
	if st := s.standing(t.Name, t.Generation); st != nil && t.Transition != TransitionCheck {
		st.QuietAt, st.Operation = t.QuietAt, t.Operation
	}
}

// applyOutcome folds what became of a command into the step alone.
func applyOutcome(t *Step, f Fact) {
	switch f := f.(type) {
	case StepWaiting:
		t.Operation, t.Next = f.Operation, &Next{Verb: t.Open.Verb, At: f.Until}
		t.Open = nil
		if !t.settled() { // a done step stays done while the Look that proves it waits
			t.setStatus(events.StepWaiting)
		}
		t.Error = nil
	case StepRetrying:
		t.Next = &Next{Verb: f.Verb, At: f.Until}
		t.Open = nil
		if !f.Free {
			t.Tries++
			t.Said = f.Message
			if f.Verb == events.Do { // it may be the operation that ended badly: the next Do begins afresh
				t.Operation = ""
			}
		}
		if f.Ended {
			t.Operation = ""
		}
		t.Error = &events.StepError{Class: events.Retry, Message: f.Message}
	case StepUnsure:
		t.Open, t.Next = nil, &Next{Verb: events.Look, At: f.At}
		if f.QuietAt.After(t.QuietAt) {
			t.QuietAt = f.QuietAt
		}
		if !f.Free {
			t.Tries++
			t.Said = f.Message
		}
		if f.Ended {
			t.Operation = ""
		}
		t.setStatus(events.StepUnsure)
		t.Error = &events.StepError{Class: events.Unsure, Message: f.Message}
	case StepRefused:
		t.Open = nil
		t.Next, t.EndedAt, t.Status = nil, f.At, events.StepRefused
		t.Error = &events.StepError{Class: events.Refuse, Message: f.Message}
	case StepSkipped:
		t.Status, t.Next = events.StepSkipped, nil
	case StepStuck:
		t.Open = nil
		t.Status, t.Next, t.EndedAt = events.StepStuck, nil, f.At
		t.Error = &events.StepError{Class: events.Refuse, Message: f.Message}
	case StepExpedited:
		t.Next = &Next{Verb: t.Next.Verb, At: f.At}
	case StepHeld:
		t.HeldAt = f.At
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
	if st := s.standing(t.Name, f.To); st != nil && f.Transition != TransitionCheck {
		t.Epoch, t.Output, t.QuietAt, t.Operation = st.Epoch, st.Output, st.QuietAt, st.Operation
	}
	next := f.At
	if t.QuietAt.After(next) { // an earlier saga's call may still act; until then neither a Look nor a Do would last
		next = t.QuietAt
	}
	switch {
	case f.Transition == TransitionKeep:
		t.Status, t.StartedAt, t.EndedAt = events.StepDone, f.At, f.At
	case f.LookFirst:
		t.Touched = true // whatever is there becomes this saga's to settle
		t.Next = &Next{Verb: events.Look, At: next}
	default:
		t.Status, t.EndedAt = events.StepPending, zeroTime
		t.Next = &Next{Verb: events.Do, At: next}
	}
}

func (s *State) applyRequested(t *Step, f StepRequested) {
	t.Open = &Request{
		Verb: f.Verb, Purpose: f.Purpose, Epoch: f.Epoch, Input: f.Input, Operation: f.Operation, Expedite: f.Expedite,
		Due: f.Due, Deadline: f.Deadline,
	}
	s.applyReleased(t, f.At)
	if f.Back && !t.Back {
		t.Back, t.Tries, t.Since, t.Seen, t.Said = true, 0, f.At, "", ""
	}
	if t.StartedAt.IsZero() {
		t.StartedAt = f.At
	}
	if t.Since.IsZero() {
		t.Since = f.At
	}
	t.Epoch, t.Next = f.Epoch, nil
	t.Attempts++
	if !t.settled() {
		t.EndedAt = zeroTime
	}
	if !t.settled() && t.Status != events.StepUnsure {
		t.setStatus(events.StepRequested)
	}
	if t.Transition == TransitionCheck {
		return
	}
	st := s.standing(t.Name, t.Generation)
	if st == nil && f.Verb.Mutates() {
		s.Standing = append(s.Standing, Standing{
			Step: t.Name, Generation: t.Generation, Kind: t.Kind, Object: t.Object, After: t.After,
			UndoLast: t.UndoLast,
			Limits:   t.Limits, Input: f.Input, RequestID: t.RequestID,
		})
		st = &s.Standing[len(s.Standing)-1]
	}
	if st != nil {
		st.Epoch = f.Epoch
	}
	if f.Verb.Mutates() {
		t.Touched, t.Confirm, st.Known = true, false, false
		if !st.Committed {
			st.Input = f.Input
		}
	}
}

// applyReleased moves on the beginning of a step's time, and of the proof's, by as long as it was held.
func (s *State) applyReleased(t *Step, at time.Time) {
	if t.HeldAt.IsZero() {
		return
	}
	if !t.Since.IsZero() {
		t.Since = t.Since.Add(at.Sub(t.HeldAt))
	}
	if p := &s.Saga.Proof; s.Saga.Direction == Proving {
		from := t.HeldAt
		if p.MovedAt.After(from) { // another Look was held at the same time
			from = p.MovedAt
		}
		p.StartedAt, p.MovedAt = p.StartedAt.Add(at.Sub(from)), at
	}
	t.HeldAt = zeroTime
}

func (s *State) applyDone(t *Step, f StepDone) {
	t.Open, t.Next, t.Operation, t.Error, t.Said = nil, nil, "", nil, ""
	if f.Output != nil {
		t.Output = f.Output
	}
	if st := s.standing(t.Name, t.Generation); st != nil && t.Transition != TransitionCheck {
		st.Output, st.Operation = t.Output, ""
	}
	if t.Back { // a change on its way back: its earlier input is done, and a Look has to confirm it
		t.Confirm, t.Next = true, &Next{Verb: events.Look, At: f.At}
		return
	}
	t.Status, t.EndedAt = events.StepDone, f.At
}

func (s *State) applySeen(t *Step, f StepSeen) {
	t.Open = nil
	t.Seen, t.Observed = f.Presence, f.Output
	switch {
	case t.Back && f.Detail == "": // why it went back is worth more than that it is gone
	case f.Presence == events.Present:
		t.Error = nil
	default:
		t.Error = &events.StepError{Class: events.Unsure, Message: f.Detail}
	}
	if s.Saga.Direction == Proving && !t.Back {
		t.Proved = true
	}
}

func (s *State) applyUndone(t *Step, retained string, at time.Time) {
	t.Open, t.Operation = nil, ""
	t.Status, t.Next, t.EndedAt = events.StepUndone, nil, at
	if retained != "" {
		t.Retained = retained
	}
	st := s.standing(t.Name, t.Generation)
	switch {
	case st == nil:
	case t.Transition == TransitionChange:
		st.Known, st.QuietAt, st.Operation = true, t.QuietAt, ""
	default:
		s.Standing = slices.DeleteFunc(
			s.Standing, func(e Standing) bool { return e.Step == t.Name && e.Generation == t.Generation },
		)
	}
}

func (s *State) applyResolved(t *Step, f StepResolved) {
	s.Saga.goOn()
	switch f.Resolution {
	case events.ResolveRetry:
		t.revive(f.At)
	case events.ResolveMarkUndone:
		s.applyUndone(t, "", f.At)
	case events.ResolveSkip:
		s.applyUndone(t, fmt.Sprintf("%s %s: left by %s: %s", t.Name, t.Object, f.Actor, f.Reason), f.At)
	}
	if st := s.standing(t.Name, t.Generation); st != nil { // a changed step still stands, but nobody has seen how
		st.Known = false
	}
}

// revive gives a stuck step a new budget; it looks first.
func (t *Step) revive(at time.Time) {
	t.Status, t.Tries, t.Since, t.EndedAt = events.StepUndoing, 0, at, zeroTime
	t.Next = &Next{Verb: events.Look, At: at}
}

// forgetForward drops what the step would have done next: the saga has turned back. Only a verb that may have an effect
// is still waited for.
func (t *Step) forgetForward() {
	t.Next, t.Proved, t.HeldAt = nil, false, zeroTime
	if t.Open != nil && (!t.Open.Verb.Mutates() || t.Transition == TransitionCheck) {
		t.Open = nil
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
