package saga

import (
	"time"

	"github.com/culvertnet/culvert/events"
)

// makingMoves are the moves of a saga on its way to its version: the phase's first, then those of its steps.
func (t table) makingMoves(into []Move) []Move {
	g := t.s.Saga
	done := true
	for _, st := range g.Steps {
		if st.Status == events.StepRefused {
			return append(into, Move{Act: ActCompensate, step: st})
		}
		done = done && st.Status == events.StepDone
	}
	if done {
		return t.concludeMove(into)
	}
	for _, st := range g.Steps {
		into = t.makingMove(st, into)
	}
	if g.Proof.Round > 0 { // what has drifted is done again before the next round
		m := Move{Act: ActProve, At: g.Proof.Next, Pace: PaceProof, Block: Block{By: BlockedByStep}}
		into = append(into, m)
	}
	return into
}

// makingMove is the move of one step on its way forward: it is decided once what it needs is done, then requested.
func (t table) makingMove(st *Step, into []Move) []Move {
	switch {
	case st.Open != nil:
		return append(into, t.expireMove(st))
	case st.Status == events.StepDone:
		return into
	}
	m := Move{Act: ActDecide, step: st}
	if first := t.s.Saga.goesFirst(st); first != nil {
		m.Block = Block{BlockedByStep, first}
		return append(into, m)
	}
	switch {
	case st.Transition == TransitionUndecided, st.Transition == TransitionCheck && st.Next == nil:
		return t.hold(m, into)
	case st.Next == nil:
		return into
	}
	return t.hold(t.requestMove(st, st.Next.Verb), into)
}

// goesFirst is the first step that a step on its way forward waits for: checks before everything that has an effect,
// and what it needs. Nil is none.
func (g *Saga) goesFirst(st *Step) *Step {
	if st.Transition != TransitionCheck {
		for _, c := range g.Steps {
			if c.Transition == TransitionCheck && c.Status != events.StepDone {
				return c
			}
		}
	}
	for _, need := range st.After {
		if n := g.step(need, 0); n != nil && n.Status != events.StepDone {
			return n
		}
	}
	return nil
}

// provingMoves are the moves of a saga whose steps are all done: the end of the patience with the proof, then a Look at
// each step; when every step was looked at, the judgement. A step that is held when that patience ends could not be
// looked at, so the proof waits for it.
func (t table) provingMoves(into []Move) []Move {
	g, end := t.s.Saga, len(into)
	by := t.proveBy()
	into = append(into, Move{Act: ActCompensate, At: by, Pace: PaceProof})
	held := false
	for _, st := range g.Steps {
		if st.Transition == TransitionCheck || st.Proved {
			continue
		}
		if into[end].step == nil {
			into[end].step = st
		}
		if st.Open != nil {
			into = append(into, t.expireMove(st))
			continue
		}
		m := Move{Act: ActRequest, Verb: events.Look, At: st.Next.At, step: st}
		m.Pace = paceOf(st, m.At)
		into = t.hold(m, into)
		held = held || !st.HeldAt.IsZero() || t.held.Holds(st.Kind) && !m.At.After(by)
	}
	switch m := &into[end]; {
	case m.step == nil:
		*m = Move{Act: ActJudge}
	case t.s.Paused != nil:
		m.Block.By = BlockedByPause
	case held:
		m.Block.By = BlockedByHold
	}
	return into
}

// proveBy is when the patience with the proof ends.
func (t table) proveBy() time.Time { return t.s.Saga.Proof.StartedAt.Add(t.l.ProveBudget) }

// concludeMove follows when every step is done: an apply is proved, a withdrawal has nothing to prove before its
// removals.
func (t table) concludeMove(into []Move) []Move {
	p := &t.s.Saga.Proof
	m := Move{Act: ActProve, At: p.Next}
	if p.Round > 0 {
		m.Pace = PaceProof
	}
	switch {
	case t.s.Saga.Intent.Want != events.Apply:
		m = Move{Act: ActCommit}
	case t.s.Paused != nil:
		m.Block.By = BlockedByPause
	case t.held.All():
		m.Block.By = BlockedByHold
		if p.Round > 0 && p.HeldAt.IsZero() {
			into = append(into, Move{Act: ActNoteHold, At: p.Next, Pace: PaceProof})
		}
	}
	return append(into, m)
}

// backMoves are the moves of a saga whose steps go away: removals after a commit, or everything in a compensation. A
// step goes when nothing is left that needs it. Plans of different versions may have left needs in a circle; then the
// last one is first. When nothing can move any more, the saga ends.
func (t table) backMoves(into []Move) []Move {
	moving, stuck, last := false, false, -1
	for _, st := range t.s.Saga.Steps {
		stuck = stuck || st.Status == events.StepStuck
		switch {
		case st.Open != nil:
			into = append(into, t.expireMove(st))
			moving = moving || !t.s.Saga.rests(st)
			continue
		case t.s.Saga.rests(st):
			continue
		}
		if !st.Back {
			if first := t.s.Saga.goesBackFirst(st); first != nil {
				into = append(into, Move{
					Act: ActRequest, Verb: backVerb(st), Block: Block{BlockedByStep, first}, step: st,
				})
				last = len(into) - 1
				continue
			}
		}
		moving = true
		into = t.backMove(st, into)
	}
	switch {
	case moving:
	case last >= 0 && !stuck:
		st := into[last].step
		into = t.backMove(st, append(into[:last], into[last+1:]...))
	default:
		into = append(into, Move{Act: ActEnd})
	}
	return into
}

// backMove is the move of one step that nothing needs any more. Its first request waits for the quiet period: until
// then an earlier call may still take effect.
func (t table) backMove(st *Step, into []Move) []Move {
	switch {
	case !st.Back:
		m := Move{Act: ActRequest, Verb: backVerb(st), At: st.QuietAt, step: st}
		if !m.At.IsZero() {
			m.Pace = PaceQuiet
		}
		return t.hold(m, into)
	case st.Next == nil:
		return into
	case st.Next.Verb == events.Look:
		return t.hold(t.requestMove(st, events.Look), into)
	}
	return t.hold(t.requestMove(st, backVerb(st)), into)
}

// id names the step's present generation.
func (st *Step) id() Ref { return Ref{st.Name, st.Generation} }

// backVerb is how a step goes back: a change gets its earlier input, everything else is undone.
func backVerb(st *Step) events.Verb {
	if st.Transition == TransitionChange {
		return events.Do
	}
	return events.Undo
}

// expireMove is the end of the wait for a result: the deadline, then the quiet period, in which a late one may come.
func (t table) expireMove(st *Step) Move {
	return Move{
		Act: ActExpire, Verb: st.Open.Verb, At: st.Open.Deadline.Add(t.l.quiet()), Pace: PaceDeadline, step: st,
	}
}

// requestMove asks again at the step's next time, or gives it up.
func (t table) requestMove(st *Step, verb events.Verb) Move {
	m := Move{Act: ActRequest, Verb: verb, At: st.Next.At, step: st}
	m.Pace = paceOf(st, m.At)
	var spent bool
	if spent, m.Expires = t.l.ForKind(st.Kind, st.Limits).patience(st); spent {
		m.Act, m.At = ActGiveUp, zeroTime
	}
	return m
}

// paceOf is why a request of a step waits for a time.
func paceOf(st *Step, at time.Time) Pace {
	switch {
	case st.Wait != nil:
		return PaceWait
	case st.QuietAt.Equal(at) && !at.IsZero():
		return PaceQuiet
	case st.Error != nil:
		return PaceRetry
	}
	return PaceNone
}

// patience tells whether the tries or the time of a step are used up, and until when there is time; zero is without
// end. While a step is held its time stands still. What may have happened is still looked at: the last try may have
// worked.
func (l Limits) patience(st *Step) (spent bool, until time.Time) {
	tries, budget := l.Tries, l.Budget
	if st.Back {
		tries, budget = l.UndoTries, l.UndoBudget
	}
	if st.Next != nil && st.Next.Verb == events.Look {
		tries, budget = tries+1, budget+l.Deadline+l.quiet()
	}
	switch {
	case st.Tries >= tries:
		return true, zeroTime
	case st.Since.IsZero():
		return false, zeroTime
	case !st.HeldAt.IsZero():
		return st.HeldAt.Sub(st.Since) >= budget, zeroTime
	}
	return false, st.Since.Add(budget)
}

// hold appends a move of a step with what holds it. A request that is due and held by the engine or its capability is
// noted, because the step's time stands still from then on; a pause of the connection is a fact of its own.
func (t table) hold(m Move, into []Move) []Move {
	switch {
	case t.s.Paused != nil:
		m.Block.By = BlockedByPause
	case t.held.Holds(m.step.Kind):
		m.Block.By = BlockedByHold
		if m.step.HeldAt.IsZero() && m.step.Next != nil {
			note := Move{Act: ActNoteHold, At: m.At, Pace: m.Pace, step: m.step}
			if m.Act == ActGiveUp {
				note.At = m.step.Next.At
			}
			into = append(into, note)
		}
	}
	return append(into, m)
}
