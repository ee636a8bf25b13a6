package saga

import (
	"encoding/json"
	"time"

	"github.com/culvertnet/culvert/events"
)

// A fate is what becomes of a step once its input is known. Decide records it, and a survey previews with it.
type fate struct {
	// from is the generation that the step goes on from, or that a new one replaces; nil when there is none.
	from *Standing
	// means is what the input means for from: keep, change, replace; make without one.
	means Transition
}

// fate finds what a step goes on from, and what its new input means for it: the current version's generation, else what
// an earlier saga left behind, best what is exactly as wanted. What is not adopted is removed after the commit.
func (s *State) fate(node Node, input json.RawMessage) fate {
	var current, left fate
	for i := range s.Standing {
		e := &s.Standing[i]
		if e.Step != node.Name {
			continue
		}
		switch means := compare(node.Rules, e.Input, input); {
		case e.Committed && means != TransitionReplace:
			return fate{e, means}
		case e.Committed:
			current = fate{e, TransitionReplace}
		case means == TransitionKeep, means == TransitionChange && left.means != TransitionKeep:
			left = fate{e, means}
		}
	}
	switch {
	case left.from != nil:
		return left
	case current.from != nil:
		return current
	}
	return fate{means: TransitionMake}
}

// decided is the fact that records a fate.
func (s *State) decided(node Node, input json.RawMessage) StepDecided {
	f := s.fate(node, input)
	d := StepDecided{Input: input, Transition: f.means}
	if f.from == nil || f.means == TransitionReplace {
		d.To = s.Generations[node.Name] + 1
		d.Object = s.object(node, d.To)
	} else {
		d.To, d.Object, d.LookFirst = f.from.Generation, f.from.Object, !f.from.Known
		switch {
		case f.from.Known:
		case f.from.Committed:
			d.Transition = TransitionChange
		default: // it was left behind: going back is to remove it, as if this saga had made it
			d.Transition = TransitionMake
		}
		if d.Transition == TransitionChange {
			d.Earlier = f.from.Input
		}
	}
	d.RequestID = s.requestID(node.Name, d.To)
	return d
}

// A verdict is what a Look comes to.
type verdict int

const (
	lookAgain   verdict = iota // it is not so: the step is done, or undone, again
	lookSettles                // the step has come to its end
	lookRefuses                // something that Culvert does not own has its name
)

// afterLook is what a Look at a step comes to, on its way forward or back. Decide acts by it, and a survey previews
// with it. doubtful says that an earlier call could still make it otherwise, so that only a Look from after the quiet
// period counts.
func afterLook(back bool, tr Transition, seen events.Presence) (v verdict, doubtful bool) {
	switch {
	case back && tr == TransitionChange && seen == events.Present, // as it was
		back && tr != TransitionChange && (seen == events.Absent || seen == events.Foreign):
		return lookSettles, true
	case back:
		return lookAgain, false
	case seen == events.Present:
		return lookSettles, false
	case seen == events.Foreign:
		return lookRefuses, false
	}
	return lookAgain, seen == events.Absent
}

// believable tells whether a Look that was asked for at a time counts, and else when the next one does: a call that was
// cut off may still have its effect. It counts when the Look was asked for: what it saw may have been a while on its
// way.
func (t *turn) believable(st *Step, asked time.Time) (ok bool, next time.Time) {
	next = st.QuietAt
	if next.Before(t.now) {
		next = t.now
	}
	return !asked.Before(st.QuietAt), next
}
