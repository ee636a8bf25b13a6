package saga

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/events"
)

// Outputs is what every step's Look saw, as the kind's postconditions judge it.
type Outputs struct {
	Intent events.Intent
	seen   map[string]json.RawMessage
	kinds  map[string]string
}

// NewOutputs makes outputs of what was seen by step name, with the kind of each step.
func NewOutputs(intent events.Intent, seen map[string]json.RawMessage, kinds map[string]string) Outputs {
	return Outputs{Intent: intent, seen: seen, kinds: kinds}
}

// Steps lists the steps of a kind, in the order of their names.
func (o Outputs) Steps(kind string) []string {
	var names []string
	for name, k := range o.kinds {
		if k == kind {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Output decodes what a step's Look saw into the step's Out. It is an error when there is no such step.
func (o Outputs) Output(step string, into any) error {
	b, ok := o.seen[step]
	if !ok {
		return fmt.Errorf("step %s was not looked at", step)
	}
	return json.Unmarshal(b, into)
}

// judge judges the whole once every step was looked at: it is committed, looked at again, or given up.
func (t *turn) judge() {
	failing := t.failing()
	switch {
	case len(failing) == 0:
		t.commit()
	case t.s.Paused == nil && !t.now.Before(t.table().proveBy()):
		t.startCompensation(fmt.Sprintf("proof: %s", failing[0]))
	default:
		t.proveAgain(failing)
	}
}

// proveAgain ends a round that has failed. A kept step that has drifted is done again before the next one: its input
// has not changed, but the world has, and nothing else would ever repair it.
func (t *turn) proveAgain(failing []string) {
	g := t.s.Saga
	next := t.now.Add(t.e.Limits.Backoff(g.Proof.Round, t.s.Key.String()+"/prove"))
	if by := t.table().proveBy(); next.After(by) {
		next = by
	}
	t.add(ProofFailed{At: t.now, Failing: failing, Next: next})
	for _, st := range g.Steps {
		if st.Transition == TransitionKeep && (st.Seen == events.Different || st.Seen == events.Absent) {
			t.add(StepDecided{
				Ref: Ref{st.Name, st.Generation}, At: t.now, Transition: TransitionChange, Input: st.Input,
				Earlier: st.Input,
				To:      st.Generation, Object: st.Object, RequestID: t.s.requestID(st.Name, st.Generation),
			})
		}
	}
}

// failing names what is not so.
func (t *turn) failing() []string {
	g := t.s.Saga
	var failing []string
	seen, kinds := map[string]json.RawMessage{}, map[string]string{}
	for _, st := range g.Steps {
		if st.Transition == TransitionCheck {
			continue
		}
		if st.Seen != events.Present {
			failing = append(failing, st.Name+": "+seenAs(st.Seen, st.Error.Message))
		}
		seen[st.Name], kinds[st.Name] = st.Observed, st.Kind
	}
	if len(failing) > 0 {
		return failing
	}
	if judge := t.e.Kinds[g.Intent.Kind].Postconditions; judge != nil {
		return judged(judge, NewOutputs(g.Intent, seen, kinds))
	}
	return nil
}

// judged is what the kind says of the whole; one that panics over what was seen has not proved it.
func judged(judge func(Outputs) []string, o Outputs) (failing []string) {
	defer func() {
		if p := recover(); p != nil {
			failing = []string{fmt.Sprintf("judging panicked: %v", p)}
		}
	}()
	return judge(o)
}

// commit makes the new version the current one, and plans the removal of every generation that is not part of it.
func (t *turn) commit() {
	g := t.s.Saga
	fact := VersionCommitted{At: t.now}
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
		Status: events.StepPending, After: e.After, UndoLast: e.UndoLast,
		RequestID: t.s.requestID(e.Step, e.Generation),
		Limits:    e.Limits, Input: e.Input, Output: e.Output, Epoch: e.Epoch, Touched: true, QuietAt: e.QuietAt,
		Operation: e.Operation,
	}
}
