package saga

import (
	"fmt"

	"github.com/culvertnet/culvert/events"
)

// passes bounds how often one decision goes over the table. Every pass adds at least one fact, and every fact moves a
// step, a phase or the queue on, so it ends; the bound only guards against a mistake in that reasoning.
const passes = 10000

// advance makes every move that is due, until none is. What has expired comes first: it is about commands of before.
func (t *turn) advance() {
	if t.s.active() {
		t.expire()
	}
	for range passes {
		before := len(t.facts)
		t.pass()
		if len(t.facts) == before || t.err != nil {
			return
		}
	}
	t.err = fmt.Errorf("decide for %s: no end after %d passes", t.s.Key, passes)
}

// expire gives up the commands in flight that no result came for in time.
func (t *turn) expire() {
	for _, st := range t.s.Saga.Steps {
		if st.Open == nil {
			continue
		}
		if m := t.table().expireMove(st); m.due(t.now) {
			t.perform(m)
		}
	}
}

// pass goes over the table once and makes what is due. A move of the saga's phase ends the pass, because it changes what
// every step does next.
func (t *turn) pass() {
	if t.moves == nil && t.s.Saga != nil {
		t.moves = make([]Move, 0, len(t.s.Saga.Steps)+3)
	}
	t.moves = t.e.Moves(t.s, t.held, t.moves[:0])
	for i := range t.moves {
		m := t.moves[i]
		if m.Act == ActDecide && m.Block.By == BlockedByStep {
			m = t.freed(m)
		}
		if !m.due(t.now) {
			continue
		}
		t.perform(m)
		if m.ofPhase() {
			return
		}
	}
}

// table reads the state as it is by now.
func (t *turn) table() table { return table{l: t.e.Limits, s: t.s, held: t.held} }

// freed is the move of a step that waited for another one when the pass began: a step that was kept since is done.
func (t *turn) freed(m Move) Move {
	var now [2]Move
	if moves := t.table().makingMove(m.step, now[:0]); len(moves) > 0 {
		return moves[0]
	}
	return m
}

// ofPhase tells whether the move is one of the saga's phase.
func (m *Move) ofPhase() bool {
	switch m.Act {
	case ActCompensate, ActProve, ActJudge, ActCommit, ActEnd:
		return true
	}
	return false
}

// perform turns a move into facts.
func (t *turn) perform(m Move) {
	switch m.Act {
	case ActDecide:
		t.decideStep(m.step)
	case ActRequest:
		if m.expired(t.now) {
			t.giveUp(m.step)
			return
		}
		t.request(m.step, m.Verb)
	case ActGiveUp:
		t.giveUp(m.step)
	case ActExpire:
		t.lose(m.step)
	case ActNoteHold:
		held := StepHeld{Ref: Ref{Step: ProveStep}, At: t.now}
		if m.step != nil {
			held.Ref = m.step.id()
		}
		t.add(held)
	case ActCompensate:
		t.startCompensation(t.reason(m.step))
	case ActProve:
		t.add(ProofStarted{At: t.now, Round: t.s.Saga.Proof.Round + 1})
	case ActJudge:
		t.judge()
	case ActCommit:
		t.commit()
	case ActEnd:
		t.end()
	case ActStart:
		t.startNext()
	case ActEndSurvey:
		t.endSurvey()
	}
}

// request asks a worker for a verb.
func (t *turn) request(st *Step, verb events.Deed) {
	back, purpose, input := false, events.Purpose(""), st.Input
	switch t.s.Saga.Direction {
	case Removing:
		back, purpose = true, events.ToWithdraw
	case Reversing:
		back, purpose = true, events.ToCompensate
	}
	if back && st.Transition == TransitionChange {
		input = st.Earlier
	}
	t.add(StepRequested{
		Ref: st.id(), At: t.now, Deed: verb, Purpose: purpose, Epoch: st.Epoch + 1, Input: input,
		Operation: st.Operation, Hurry: len(t.s.Queue) > 0, Due: t.now, Deadline: t.now.Add(t.e.Limits.Deadline), Back: back,
	})
}

// giveUp ends the patience with a step: forward it is refused, on its way back it is stuck.
func (t *turn) giveUp(st *Step) {
	if st.Back {
		t.add(StepStuck{Ref: st.id(), At: t.now, Message: "gave up: " + lastError(st)})
		return
	}
	t.refuse(st, "gave up: "+lastError(st))
}

// lose gives up a command that no result came for: its effect is in doubt, or it is asked again.
func (t *turn) lose(st *Step) {
	message := fmt.Sprintf("no result for %s (epoch %d) before its deadline", st.Open.Deed, st.Open.Epoch)
	if st.Open.Deed.Mutates() && st.Transition != TransitionCheck {
		t.add(StepUnsure{Ref: st.id(), At: t.now, Epoch: st.Open.Epoch, QuietAt: t.now, Free: true, Message: message})
		return
	}
	t.add(StepRetrying{
		Ref: st.id(), At: t.now, Epoch: st.Open.Epoch, Deed: st.Open.Deed, Until: t.now, Free: true, Message: message,
	})
}

// reason is why the saga starts its compensation because of a step.
func (t *turn) reason(st *Step) string {
	g := t.s.Saga
	switch {
	case g.Direction == Making:
		return fmt.Sprintf("%s: %s", st.Name, st.Error.Message)
	case len(g.Proof.Failing) > 0: // the time ended between two rounds: what the last whole one found is the reason
		return fmt.Sprintf("proof: %s", g.Proof.Failing[0])
	}
	return fmt.Sprintf("proof: %s could not be looked at in time: %s", st.Name, lastError(st))
}
