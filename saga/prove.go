package saga

import (
	"encoding/json"
	"fmt"

	"github.com/culvertnet/culvert/events"
)

// Outputs is what every step's Look saw, as the kind's postconditions judge it.
type Outputs struct {
	Intent events.Intent
	seen   map[string]json.RawMessage
	kinds  map[string]string
}

// NewOutputs makes outputs by hand, for tests of postconditions: by step name, with the step's kind.
func NewOutputs(intent events.Intent, seen map[string]json.RawMessage, kinds map[string]string) Outputs {
	return Outputs{Intent: intent, seen: seen, kinds: kinds}
}

// Steps lists the steps of a kind, in no order.
func (o Outputs) Steps(kind string) []string {
	var names []string
	for name, k := range o.kinds {
		if k == kind {
			names = append(names, name)
		}
	}
	return names
}

// Output decodes what a step's Look saw into the step's Out. It is an error when there is no such step.
func (o Outputs) Output(step string, into any) error {
	b, ok := o.seen[step]
	if !ok {
		return fmt.Errorf("no step %s was looked at", step)
	}
	return json.Unmarshal(b, into)
}

// conclude follows when every step is done: an apply is proved, a withdrawal has nothing to prove before its removals.
func (t *turn) conclude() {
	g := t.s.Saga
	switch {
	case g.Intent.Want != events.Apply:
		t.stood()
	case !t.now.Before(g.Proof.Next) && !t.paused():
		t.add(ProofStarted{At: t.now, Round: g.Proof.Round + 1})
	}
}

func (t *turn) paused() bool { return t.s.Paused != nil || t.e.Held.All }

// prove looks at every step, then judges the whole.
func (t *turn) prove() {
	g := t.s.Saga
	all := true
	for _, st := range g.Steps {
		if st.Transition == TransitionCheck || st.Proved {
			continue
		}
		all = false
		if st.Open == nil && st.Next != nil && !t.now.Before(st.Next.At) && t.mayRequest(st.Kind) {
			t.request(st, events.Look, "", false)
		}
	}
	if !all {
		if t.now.Sub(g.Proof.StartedAt) > t.e.Limits.ProveBudget {
			t.turnBack("prove: not every step could be looked at in time")
		}
		return
	}
	failing := t.judge()
	switch {
	case len(failing) == 0:
		t.stood()
	case t.now.Sub(g.Proof.StartedAt) > t.e.Limits.ProveBudget:
		t.turnBack(fmt.Sprintf("prove: %s", failing[0]))
	default:
		next := t.now.Add(t.e.Limits.Backoff(g.Proof.Round, t.s.Key.String()+"/prove"))
		t.add(ProofFailed{At: t.now, Failing: failing, Next: next})
	}
}

// judge names what is not so.
func (t *turn) judge() []string {
	g := t.s.Saga
	var failing []string
	o := Outputs{Intent: g.Intent, seen: map[string]json.RawMessage{}, kinds: map[string]string{}}
	for _, st := range g.Steps {
		if st.Transition == TransitionCheck {
			continue
		}
		if st.Seen != events.Present {
			failing = append(failing, fmt.Sprintf("%s is %s: %s", st.Name, st.Seen, lastError(st)))
		}
		o.seen[st.Name], o.kinds[st.Name] = st.Observed, st.Kind
	}
	if len(failing) > 0 {
		return failing
	}
	if judge := t.e.Kinds[g.Intent.Kind].Postconditions; judge != nil {
		return judge(o)
	}
	return nil
}

// stood lets the new version stand, and plans the removal of every generation that is not part of it.
func (t *turn) stood() {
	g := t.s.Saga
	fact := VersionStood{At: t.now}
	for _, e := range t.s.Standing {
		if g.Intent.Want == events.Apply && g.step(e.Step, e.Generation) != nil {
			continue
		}
		fact.Removals = append(fact.Removals, t.removal(e))
	}
	t.add(fact)
}

// removal is the step that takes a standing generation away.
func (t *turn) removal(e Standing) Step {
	return Step{
		Name: e.Step, Kind: e.Kind, Generation: e.Generation, Object: e.Object, Transition: TransitionRemove,
		Status: events.StepPending, After: e.After, UndoLast: e.UndoLast, RequestID: t.s.requestID(e.Step, e.Generation),
		Input: e.Input, Output: e.Output, Epoch: e.Epoch, Touched: true,
	}
}
