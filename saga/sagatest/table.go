package sagatest

import (
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// table holds the table of next moves to what a Tick does: it has a move that is due exactly when a Tick has facts, and
// the first such time is when the connection is due.
func (m *Machine) table(due time.Time) error {
	m.Tables++
	moves := m.Engine.Moves(&m.State, m.Held, nil)
	for _, when := range []time.Time{m.Now, due.Add(-1), due, due.Add(time.Minute)} {
		if when.Before(m.Now) {
			continue
		}
		m.Ticks++
		d, err := m.Engine.Decide(m.State, saga.Tick{}, saga.Environment{Now: when, Held: m.Held})
		if err != nil {
			return err
		}
		has, makes := anyDue(moves, when), len(d.Facts) > 0
		early, late := due.IsZero() || when.Before(due), when.Equal(due)
		switch {
		case has != makes:
			return fmt.Errorf("a Tick at %s has %d facts, and the table says %t: %+v", at(when), len(d.Facts), has,
				moves)
		case early && makes, late && !makes:
			return fmt.Errorf("due at %s, and a Tick at %s has %d facts", at(due), at(when), len(d.Facts))
		}
	}
	return m.complete(moves)
}

// complete holds the table to every step of a saga that is under way: one that is not settled has a move.
func (m *Machine) complete(moves []saga.Move) error {
	g := m.State.Saga
	if g == nil || g.Status.Ended() {
		return nil
	}
	listed := map[saga.Ref]bool{}
	for i := range moves {
		listed[moves[i].Ref()] = true
	}
	for _, st := range g.Steps {
		if !settled(g, st) && !listed[saga.Ref{Step: st.Name, Generation: st.Generation}] {
			return fmt.Errorf("saga %d is %s, and the table has no move for %s, which is %s", g.N, g.Direction, st.Name,
				st.Status)
		}
	}
	return nil
}

// settled tells whether the saga wants nothing more of a step in its present direction. It is written from the meaning
// of the directions and not from the engine.
func settled(g *saga.Saga, st *saga.Step) bool {
	gone := st.Status == events.StepUndone || st.Status == events.StepStuck
	switch {
	case g.Direction == saga.Making:
		return st.Status == events.StepDone
	case g.Direction == saga.Proving:
		return st.Transition == saga.TransitionCheck || st.Proved
	case st.Transition == saga.TransitionRemove:
		return gone
	case g.Direction == saga.Removing:
		return true
	}
	made := st.Transition == saga.TransitionMake || st.Transition == saga.TransitionChange ||
		st.Transition == saga.TransitionReplace
	return !made || !st.Touched || gone
}

// anyDue tells whether the table has a move that is due at a time.
func anyDue(moves []saga.Move, when time.Time) bool {
	for i := range moves {
		if moves[i].Due(when) {
			return true
		}
	}
	return false
}
