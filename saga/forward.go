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
		if st.Status == events.StepDone || st.Open != nil || st.Transition != TransitionCheck && !checked {
			continue
		}
		if t.needsDone(st) && t.mayRequest(st) {
			t.stepForward(st)
		}
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
	case st.Next == nil:
	case t.givesUp(st):
		t.refuse(st, "gave up: "+lastError(st))
	case !t.now.Before(st.Next.At):
		t.request(st, st.Next.Deed, "", false)
	}
}

// givesUp tells whether a step's patience on its way forward is spent. What may have happened is still looked at: the
// last try may have worked.
func (t *turn) givesUp(st *Step) bool {
	l := t.e.Limits
	if st.Next.Deed == events.Look {
		return t.spent(st, l.Tries+1, l.Budget+l.Deadline+l.quiet())
	}
	return t.spent(st, l.Tries, l.Budget)
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
	standing, means := t.adopt(node, input)
	switch {
	case standing == nil || means == TransitionReplace:
		d.Transition = means
		d.To = t.s.Generations[st.Name] + 1
		d.Object = t.s.object(node, d.To)
	default:
		d.To, d.Object, d.LookFirst = standing.Generation, standing.Object, !standing.Known
		switch {
		case standing.Known:
			d.Transition = means
		case standing.Stood:
			d.Transition = TransitionChange
		} // else it was left behind: going back is to remove it, as if this saga had made it
		if d.Transition == TransitionChange {
			d.Earlier = standing.Input
		}
	}
	d.RequestID = t.s.requestID(st.Name, d.To)
	t.add(d)
}

// adopt finds the generation that a step goes on from, and what its new input means for it: what stands, else what an
// earlier saga left behind, best what is exactly as wanted. What is not adopted is removed once the new version stands.
func (t *turn) adopt(node Node, input json.RawMessage) (*Standing, Transition) {
	var stood, left *Standing
	var leftMeans Transition
	for i := range t.s.Standing {
		e := &t.s.Standing[i]
		if e.Step != node.Name {
			continue
		}
		switch means := compare(node.Rules, e.Input, input); {
		case e.Stood && means != TransitionReplace:
			return e, means
		case e.Stood:
			stood = e
		case means == TransitionKeep, means == TransitionChange && leftMeans != TransitionKeep:
			left, leftMeans = e, means
		}
	}
	switch {
	case left != nil:
		return left, leftMeans
	case stood != nil:
		return stood, TransitionReplace
	}
	return nil, TransitionMake
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

// spent tells whether the tries or the time of a step are used up. While it is held its time stands still.
func (t *turn) spent(st *Step, tries int, budget time.Duration) bool {
	now := t.now
	if !st.HeldAt.IsZero() {
		now = st.HeldAt
	}
	return st.Tries >= tries || !st.Since.IsZero() && now.Sub(st.Since) >= budget
}

func lastError(st *Step) string {
	if st.Error != nil {
		return st.Error.Message
	}
	return "its time is spent"
}
