package saga

import (
	"fmt"

	"github.com/culvertnet/culvert/events"
)

// request asks a worker for a verb.
func (t *turn) request(st *Step, verb events.Verb) {
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
		Ref: st.id(), At: t.now, Verb: verb, Purpose: purpose, Epoch: st.Epoch + 1, Input: input,
		Operation: st.Operation, Expedite: len(t.s.Queue) > 0, Due: t.now,
		Deadline: t.now.Add(t.e.Limits.ForKind(st.Kind, st.Limits).Deadline), Back: back,
	})
}

// giveUp ends the patience with a step: forward it is refused, on its way back it is stuck.
func (t *turn) giveUp(st *Step) {
	if st.Back {
		t.add(StepStuck{Ref: st.id(), At: t.now, Message: gaveUp(st)})
		return
	}
	t.refuse(st, gaveUp(st))
}

// lose gives up a command that no result came for: its effect is in doubt, or it is asked again.
func (t *turn) lose(st *Step) {
	message := fmt.Sprintf("no result for %s (epoch %d) before its deadline", st.Open.Verb, st.Open.Epoch)
	if st.Open.Verb.Mutates() && st.Transition != TransitionCheck {
		t.add(StepUnsure{Ref: st.id(), At: t.now, Epoch: st.Open.Epoch, QuietAt: t.now, Free: true, Message: message})
		return
	}
	t.add(StepRetrying{
		Ref: st.id(), At: t.now, Epoch: st.Open.Epoch, Verb: st.Open.Verb, Until: t.now, Free: true, Message: message,
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
