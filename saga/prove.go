package saga

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

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
	case t.now.Before(g.Proof.Next), t.s.Paused != nil:
	case !t.e.Held.All:
		t.add(ProofStarted{At: t.now, Round: g.Proof.Round + 1})
	case g.Proof.Round > 0 && g.Proof.HeldAt.IsZero():
		t.add(StepHeld{Ref: Ref{Step: ProveStep}, At: t.now})
	}
}

// prove looks at every step, then judges the whole.
func (t *turn) prove() {
	g := t.s.Saga
	var left []*Step
	held := t.s.Paused != nil
	for _, st := range g.Steps {
		if st.Transition == TransitionCheck || st.Proved {
			continue
		}
		left = append(left, st)
		if st.Open == nil && !t.now.Before(st.Next.At) && t.mayRequest(st) {
			t.request(st, events.Look, "", false)
		}
		held = held || !st.HeldAt.IsZero()
	}
	late := !t.now.Before(t.proveBy()) && !held
	if len(left) > 0 {
		switch {
		case late && len(g.Proof.Failing) > 0: // the time ended between two rounds: what the last whole one found is the reason
			t.turnBack(fmt.Sprintf("prove: %s", g.Proof.Failing[0]))
		case late:
			t.turnBack(fmt.Sprintf("prove: %s could not be looked at in time: %s", left[0].Name, lastError(left[0])))
		}
		return
	}
	failing := t.judge()
	switch {
	case len(failing) == 0:
		t.stood()
	case late:
		t.turnBack(fmt.Sprintf("prove: %s", failing[0]))
	default:
		t.proveAgain(failing)
	}
}

// proveBy is when the patience of the proof ends.
func (t *turn) proveBy() time.Time { return t.s.Saga.Proof.StartedAt.Add(t.e.Limits.ProveBudget) }

// proveAgain ends a round that has failed. A kept step that has drifted is done again before the next one: its input has
// not changed, but the world has, and nothing else would ever repair it.
func (t *turn) proveAgain(failing []string) {
	g := t.s.Saga
	next := t.now.Add(t.e.Limits.Backoff(g.Proof.Round, t.s.Key.String()+"/prove"))
	if by := t.proveBy(); next.After(by) {
		next = by
	}
	t.add(ProofFailed{At: t.now, Failing: failing, Next: next})
	for _, st := range g.Steps {
		if st.Transition == TransitionKeep && (st.Seen == events.Different || st.Seen == events.Absent) {
			t.add(StepDecided{
				Ref: Ref{st.Name, st.Generation}, At: t.now, Transition: TransitionChange, Input: st.Input, Earlier: st.Input,
				To: st.Generation, Object: st.Object, RequestID: t.s.requestID(st.Name, st.Generation),
			})
		}
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
			failing = append(failing, st.Name+": "+seenAs(st.Seen, st.Error.Message))
		}
		o.seen[st.Name], o.kinds[st.Name] = st.Observed, st.Kind
	}
	if len(failing) > 0 {
		return failing
	}
	if judge := t.e.Kinds[g.Intent.Kind].Postconditions; judge != nil {
		return judged(judge, o)
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
		Input: e.Input, Output: e.Output, Epoch: e.Epoch, Touched: true, QuietAt: e.QuietAt, Operation: e.Operation,
	}
}
