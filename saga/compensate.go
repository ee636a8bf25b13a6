package saga

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
)

// turnBack starts the compensation: every step that was begun goes back, in reverse along the graph.
func (t *turn) turnBack(reason string) {
	fact := CompensationStarted{At: t.now, Reason: reason}
	for _, e := range t.s.Standing { // what earlier sagas left behind does not stand either, so it goes too
		if !e.Stood && t.s.Saga.step(e.Step, e.Generation) == nil {
			fact.Leftovers = append(fact.Leftovers, t.removal(e))
		}
	}
	t.add(fact)
	for _, st := range t.s.Saga.Steps {
		if st.Status == events.StepPending && !st.Touched {
			t.add(StepSkipped{Ref: Ref{st.Name, st.Generation}, At: t.now})
		}
	}
}

// back asks for the undos that are ready, and ends the saga when none is left that can move.
func (t *turn) back(purpose events.Purpose) {
	moving := t.moving()
	if len(moving) == 0 {
		t.end(purpose)
		return
	}
	for _, st := range moving {
		if st.Open == nil {
			t.stepBack(st, purpose)
		}
	}
}

// moving are the steps that are on their way back, or would be but for the time: nothing that needs them is left. Plans of
// different versions may have left needs in a circle; then the last one is first.
func (t *turn) moving() []*Step {
	var moving []*Step
	var blocked *Step
	for _, st := range t.s.Saga.Steps {
		switch {
		case t.s.Saga.rests(st):
		case st.Open != nil, st.Back, t.s.Saga.goesBackFirst(st) == (Ref{}):
			moving = append(moving, st)
		default:
			blocked = st
		}
	}
	if len(moving) == 0 && blocked != nil && !t.anyStuck() {
		moving = append(moving, blocked)
	}
	return moving
}

// rests tells whether a step is not to go back, or not any more.
func (g *Saga) rests(st *Step) bool {
	return !g.goesBack(st) || st.Status == events.StepUndone || st.Status == events.StepStuck
}

func (t *turn) anyStuck() bool {
	return slices.ContainsFunc(t.s.Saga.Steps, func(st *Step) bool { return st.Status == events.StepStuck })
}

// goesBack tells whether a step is to be undone in the saga's present direction.
func (g *Saga) goesBack(st *Step) bool {
	switch st.Transition {
	case TransitionCheck, TransitionKeep, TransitionUndecided:
		return false
	case TransitionRemove:
		return true
	}
	return g.Direction == Reversing && st.Touched
}

// stepBack moves one step on its way back that may move and has nothing out.
func (t *turn) stepBack(st *Step, purpose events.Purpose) {
	switch {
	case !t.mayRequest(st):
	case !st.Back:
		if !t.now.Before(st.QuietAt) {
			t.requestBack(st, purpose)
		}
	case t.givesUpBack(st):
		t.add(StepStuck{Ref: Ref{st.Name, st.Generation}, At: t.now, Message: "gave up: " + lastError(st)})
	case t.now.Before(st.Next.At):
	case st.Next.Deed == events.Look:
		t.request(st, events.Look, purpose, true)
	default:
		t.requestBack(st, purpose)
	}
}

// givesUpBack tells whether a step's patience on its way back is spent. What may have worked is still looked at.
func (t *turn) givesUpBack(st *Step) bool {
	l := t.e.Limits
	if st.Next.Deed == events.Look {
		return t.spent(st, l.UndoTries+1, l.UndoBudget+l.Deadline+l.quiet())
	}
	return t.spent(st, l.UndoTries, l.UndoBudget)
}

// requestBack asks for the deed that goes back: a change gets its earlier input, everything else is undone.
func (t *turn) requestBack(st *Step, purpose events.Purpose) {
	deed := events.Undo
	if st.Transition == TransitionChange {
		deed = events.Do
	}
	t.request(st, deed, purpose, true)
}

// goesBackFirst is the first step that has to go back before this one: one that needs it, and, for a step whose undo
// widens access, any other. Zero is none.
func (g *Saga) goesBackFirst(st *Step) Ref {
	for _, other := range g.Steps {
		switch {
		case other == st, !g.goesBack(other), other.Status == events.StepUndone:
		case st.UndoLast && !other.UndoLast, needs(other, st) && !(other.UndoLast && !st.UndoLast):
			return Ref{other.Name, other.Generation}
		}
	}
	return Ref{}
}

// needs tells whether a step was made upon another. A step of the plan was made upon the plan's own generation of what it
// needs, never upon one that is left over.
func needs(st, on *Step) bool {
	return slices.Contains(st.After, on.Name) && (st.Transition == TransitionRemove || on.Transition != TransitionRemove)
}

// seenBack decides after a Look at a step on its way back.
func (t *turn) seenBack(st *Step, asked time.Time, detail string) {
	ref := Ref{st.Name, st.Generation}
	gone := st.Seen == events.Absent || st.Seen == events.Foreign
	if st.Transition == TransitionChange {
		gone = st.Seen == events.Present // as it was
	}
	switch {
	case gone && t.tooEarly(st, asked, "gone"):
	case gone:
		t.add(StepUndone{Ref: ref, At: t.now})
	default: // still there; after an undo that was done this is what counts as a try, so that it cannot go round for ever
		deed := events.Undo
		if st.Transition == TransitionChange {
			deed = events.Do
		}
		at, tries := t.now, st.Tries
		if st.Confirm {
			tries++
		}
		if tries > 0 {
			at = t.within(st, t.backoff(tries, st))
		}
		t.add(StepRetrying{Ref: ref, At: t.now, Epoch: st.Epoch, Deed: deed, Until: at, Free: !st.Confirm, Message: seenAs(st.Seen, detail)})
	}
}

// end brings the saga to rest.
func (t *turn) end(purpose events.Purpose) {
	g := t.s.Saga
	var stuck, behind []string
	for _, st := range g.Steps {
		switch {
		case st.Status == events.StepStuck:
			stuck = append(stuck, st.Name+": "+lastError(st))
		case !t.s.Saga.rests(st):
			behind = append(behind, st.Name)
		}
	}
	fact := SagaEnded{At: t.now, Saga: g.N, Status: events.SagaCompleted}
	switch {
	case len(stuck) > 0:
		fact.Status, fact.Reason = events.SagaStuck, strings.Join(stuck, "; ")
		if len(behind) > 0 {
			fact.Reason += "; left behind it: " + strings.Join(behind, ", ")
		}
		if g.Cause != "" {
			fact.Reason = fmt.Sprintf("%s (turned back because: %s)", fact.Reason, g.Cause)
		}
	case purpose == events.ToCompensate:
		fact.Status, fact.Reason = events.SagaCompensated, g.Cause
	}
	t.add(fact)
}
