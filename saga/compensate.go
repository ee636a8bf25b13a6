package saga

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
)

// turnBack starts the compensation: every step that was begun goes back, in reverse along the graph.
func (t *turn) turnBack(reason string) {
	fact := CompensationStarted{At: t.now, Reason: reason}
	if t.s.Stands == 0 { // nothing stands to go back to, so what earlier sagas left unsettled goes too
		for _, e := range t.s.Standing {
			if t.s.Saga.step(e.Step, e.Generation) == nil {
				fact.Leftovers = append(fact.Leftovers, t.removal(e))
			}
		}
	}
	t.add(fact)
	for _, st := range t.s.Saga.Steps {
		if st.Status == events.StepPending && !st.Touched {
			t.add(StepSkipped{Ref: Ref{st.Name, st.Generation}, At: t.now})
		}
	}
}

// back asks for the undos that are ready, and ends the saga when none is left.
func (t *turn) back(purpose events.Purpose) {
	left := 0
	for _, st := range t.s.Saga.Steps {
		if !t.goesBack(st) {
			continue
		}
		if st.Status == events.StepUndone {
			continue
		}
		if st.Status != events.StepStuck {
			left++
		}
	}
	if left == 0 || t.blocked() {
		t.end(purpose)
		return
	}
	for _, st := range t.s.Saga.Steps {
		if t.goesBack(st) && st.Status != events.StepUndone && st.Status != events.StepStuck && st.Open == nil && t.mayRequest(st.Kind) {
			t.stepBack(st, purpose)
		}
	}
}

// goesBack tells whether a step is to be undone in the saga's present direction.
func (t *turn) goesBack(st *Step) bool {
	switch st.Transition {
	case TransitionCheck, TransitionKeep, TransitionUndecided:
		return false
	case TransitionRemove:
		return true
	}
	return t.s.Saga.Direction == Reversing && st.Touched
}

// stepBack moves one step on its way back that has nothing out.
func (t *turn) stepBack(st *Step, purpose events.Purpose) {
	switch {
	case !st.Back:
		if t.now.Before(st.QuietAt) || !t.dependentsGone(st) {
			return
		}
		t.requestBack(st, purpose)
	case st.Next == nil || t.now.Before(st.Next.At):
		return
	case t.spent(st, t.e.Limits.UndoTries, t.e.Limits.UndoBudget):
		t.add(StepStuck{Ref: Ref{st.Name, st.Generation}, At: t.now, Message: "gave up: " + lastError(st)})
	case st.Next.Deed == events.Look:
		t.request(st, events.Look, purpose, true)
	default:
		t.requestBack(st, purpose)
	}
}

// requestBack asks for the deed that goes back: a change gets its earlier input, everything else is undone.
func (t *turn) requestBack(st *Step, purpose events.Purpose) {
	deed := events.Undo
	if st.Transition == TransitionChange {
		deed = events.Do
	}
	t.request(st, deed, purpose, true)
}

// dependentsGone tells whether everything that needs this step has gone back, and, for a step whose undo widens access,
// everything else.
func (t *turn) dependentsGone(st *Step) bool {
	for _, other := range t.s.Saga.Steps {
		if other == st || !t.goesBack(other) || other.Status == events.StepUndone {
			continue
		}
		if st.UndoLast && !other.UndoLast {
			return false
		}
		if slices.Contains(other.After, st.Name) && !(other.UndoLast && !st.UndoLast) {
			return false
		}
	}
	return true
}

// blocked tells whether nothing can move any more: what is left is stuck, or waits for what is stuck.
func (t *turn) blocked() bool {
	stuck := false
	for _, st := range t.s.Saga.Steps {
		if !t.goesBack(st) || st.Status == events.StepUndone {
			continue
		}
		if st.Status == events.StepStuck {
			stuck = true
			continue
		}
		if st.Open != nil || st.Back || t.dependentsGone(st) {
			return false
		}
	}
	return stuck
}

// seenBack decides after a Look at a step on its way back.
func (t *turn) seenBack(st *Step) {
	ref := Ref{st.Name, st.Generation}
	gone := st.Seen == events.Absent || st.Seen == events.Foreign
	if st.Transition == TransitionChange {
		gone = st.Seen == events.Present // as it was
	}
	switch {
	case gone && t.now.Before(st.QuietAt):
		t.add(StepRetrying{Ref: ref, At: t.now, Epoch: st.Epoch, Until: st.QuietAt, Free: true, Message: "gone, but an earlier call may still act"})
	case gone && st.Confirm, gone && st.Tries > 0:
		t.add(StepUndone{Ref: ref, At: t.now})
	case t.spent(st, t.e.Limits.UndoTries, t.e.Limits.UndoBudget):
		t.add(StepStuck{Ref: ref, At: t.now, Message: "still there: " + lastError(st)})
	case gone:
		t.add(StepUndone{Ref: ref, At: t.now})
	default:
		t.undoAgain(st)
	}
}

// undoAgain follows a Look that still saw the step's object.
func (t *turn) undoAgain(st *Step) {
	purpose := events.ToCompensate
	if t.s.Saga.Direction == Removing {
		purpose = events.ToWithdraw
	}
	if !t.mayRequest(st.Kind) {
		t.add(StepRetrying{Ref: Ref{st.Name, st.Generation}, At: t.now, Epoch: st.Epoch, Until: t.now, Free: true, Message: "held"})
		return
	}
	t.requestBack(st, purpose)
}

// end brings the saga to rest.
func (t *turn) end(purpose events.Purpose) {
	g := t.s.Saga
	var stuck []string
	for _, st := range g.Steps {
		if st.Status == events.StepStuck {
			stuck = append(stuck, st.Name+": "+lastError(st))
		}
	}
	fact := SagaEnded{At: t.now, Saga: g.N, Status: events.SagaCompleted}
	switch {
	case len(stuck) > 0:
		fact.Status, fact.Reason = events.SagaStuck, strings.Join(stuck, "; ")
		if g.Reason != "" && purpose == events.ToCompensate {
			fact.Reason = fmt.Sprintf("%s (turned back because: %s)", fact.Reason, g.Reason)
		}
	case purpose == events.ToCompensate:
		fact.Status = events.SagaCompensated
	}
	t.add(fact)
}
