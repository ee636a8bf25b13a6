package saga

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
)

// forward asks for what is ready on the way to the wanted version: checks first, then makes and changes as their needs
// are done; then the proof.
func (t *turn) forward() {
	g := t.s.Saga
	for _, st := range g.Steps {
		if st.Status == events.StepRefused {
			t.turnBack(fmt.Sprintf("%s: %s", st.Name, st.Error.Message))
			return
		}
	}
	checked, done := true, true
	for _, st := range g.Steps {
		if st.Status != events.StepDone {
			done = false
			checked = checked && st.Transition != TransitionCheck
		}
	}
	if done {
		t.conclude()
		return
	}
	for _, st := range g.Steps {
		if st.Status == events.StepDone || st.Open != nil || !t.mayRequest(st.Kind) || t.err != nil {
			continue
		}
		if st.Transition != TransitionCheck && !checked || !t.needsDone(st) {
			continue
		}
		t.stepForward(st)
	}
}

func (t *turn) needsDone(st *Step) bool {
	for _, need := range st.After {
		if n := t.s.Saga.step(need, 0); n == nil || n.Status != events.StepDone {
			return false
		}
	}
	return true
}

// stepForward moves one step that is ready and has nothing out.
func (t *turn) stepForward(st *Step) {
	switch {
	case st.Transition == TransitionCheck && st.Next == nil:
		node, _ := t.s.Saga.Plan.Node(st.Name)
		input, err := node.render(t.output)
		if err != nil {
			t.refuse(st, err.Error())
			return
		}
		t.add(StepDecided{
			Ref: Ref{st.Name, st.Generation}, At: t.now, Transition: TransitionCheck, Input: input, To: st.Generation,
			RequestID: st.RequestID,
		})
	case st.Transition == TransitionUndecided:
		t.decideStep(st)
	case st.Next != nil && !t.now.Before(st.Next.At):
		if t.spent(st, t.e.Limits.Tries, t.e.Limits.Budget) {
			t.refuse(st, "gave up: "+lastError(st))
			return
		}
		t.request(st, st.Next.Deed, "", false)
	}
}

// decideStep finds out what happens to a step now that its input is known.
func (t *turn) decideStep(st *Step) {
	node, _ := t.s.Saga.Plan.Node(st.Name)
	input, err := node.render(t.output)
	if err != nil {
		t.refuse(st, err.Error())
		return
	}
	d := StepDecided{Ref: Ref{st.Name, st.Generation}, At: t.now, Input: input, Transition: TransitionMake}
	standing := t.s.standing(st.Name, 0)
	if standing != nil {
		d.Transition = compare(node.Rules, standing.Input, input)
		d.To, d.Object, d.RequestID = standing.Generation, standing.Object, standing.RequestID
		if !standing.Known && d.Transition != TransitionReplace {
			d.LookFirst = true
			d.Transition = TransitionChange
		}
		if d.Transition == TransitionChange {
			d.Earlier = standing.Input
			d.RequestID = t.s.requestID(st.Name, d.To)
		}
		if d.LookFirst && t.s.Stands == 0 {
			d.Transition, d.Earlier = TransitionMake, nil // nothing stands to go back to: going back is to remove it
		}
	}
	if standing == nil || d.Transition == TransitionReplace {
		d.To = t.s.Generations[st.Name] + 1
		d.Object = t.s.object(node, d.To)
		d.RequestID = t.s.requestID(st.Name, d.To)
	}
	t.add(d)
}

// output gives a done step's output to those that are bound to it.
func (t *turn) output(step string) json.RawMessage {
	if st := t.s.Saga.step(step, 0); st != nil && st.Output != nil {
		return st.Output
	}
	return json.RawMessage(`{}`)
}

func (t *turn) refuse(st *Step, message string) {
	t.add(StepRefused{Ref: Ref{st.Name, st.Generation}, At: t.now, Epoch: st.Epoch, Message: message})
}

// spent tells whether the tries or the time of a step are used up.
func (t *turn) spent(st *Step, tries int, budget time.Duration) bool {
	return st.Tries >= tries || !st.Since.IsZero() && t.now.Sub(st.Since) > budget
}

func lastError(st *Step) string {
	if st.Error != nil {
		return st.Error.Message
	}
	return "its time is spent"
}
