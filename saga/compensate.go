package saga

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
)

// startCompensation starts the compensation: every step that was begun goes back, in reverse along the graph.
func (t *turn) startCompensation(reason string) {
	fact := CompensationStarted{At: t.now, Reason: reason}
	for _, e := range t.s.Standing { // what earlier sagas left behind does not stand either, so it goes too
		if t.s.Saga.Intent.Want != events.Apply { // a check refused the withdrawal: then nothing has an effect
			break
		}
		if !e.Committed && t.s.Saga.step(e.Step, e.Generation) == nil {
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

// rests tells whether a step is not to go back, or not any more.
func (g *Saga) rests(st *Step) bool {
	return !g.goesBack(st) || st.Status == events.StepUndone || st.Status == events.StepStuck
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

// goesBackFirst is the first step that has to go back before this one: one that needs it, and, for a step whose undo
// widens access, any other. Nil is none.
func (g *Saga) goesBackFirst(st *Step) *Step {
	for _, other := range g.Steps {
		switch {
		case other == st, !g.goesBack(other), other.Status == events.StepUndone:
		case st.UndoLast && !other.UndoLast, needs(other, st) && !(other.UndoLast && !st.UndoLast):
			return other
		}
	}
	return nil
}

// needs tells whether a step was made upon another. A step of the plan was made upon the plan's own generation of what
// it needs, never upon one that is left over.
func needs(st, on *Step) bool {
	return slices.Contains(
		st.After, on.Name,
	) && (st.Transition == TransitionRemove || on.Transition != TransitionRemove)
}

// undoAgain lets a step go back again after a Look has told that it is still there. After an undo that was done this is
// what counts as a try, so that it cannot go round for ever.
func (t *turn) undoAgain(st *Step, detail string) {
	at, tries := t.now, st.Tries
	if st.Confirm {
		tries++
	}
	if tries > 0 {
		at = t.within(st, t.backoff(tries, st))
	}
	t.add(StepRetrying{
		Ref: st.id(), At: t.now, Epoch: st.Epoch, Verb: backVerb(st), Until: at, Free: !st.Confirm,
		Message: seenAs(st.Seen, detail),
	})
}

// end brings the saga to rest.
func (t *turn) end() {
	g := t.s.Saga
	var stuck, behind []string
	for _, st := range g.Steps {
		switch {
		case st.Status == events.StepStuck:
			stuck = append(stuck, st.Name+": "+lastError(st))
		case !g.rests(st):
			behind = append(behind, st.Name)
		}
	}
	fact := SagaEnded{At: t.now, Saga: g.N, Status: events.SagaCompleted}
	switch {
	case len(stuck) > 0:
		fact.Status, fact.Reason = events.SagaStuck, strings.Join(stuck, "; ")
		if len(behind) > 0 {
			fact.Reason += "; blocked behind it: " + strings.Join(behind, ", ")
		}
		if g.Cause != "" {
			fact.Reason = fmt.Sprintf("%s (compensating because: %s)", fact.Reason, g.Cause)
		}
	case g.Direction == Reversing:
		fact.Status, fact.Reason = events.SagaCompensated, g.Cause
	}
	t.add(fact)
}
