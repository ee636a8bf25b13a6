package saga

import (
	"encoding/json"
)

// decideStep finds out what happens to a step now that its input is known.
func (t *turn) decideStep(st *Step) {
	node, _ := t.s.Saga.Plan.Node(st.Name)
	input, err := node.render(t.output)
	if err != nil {
		t.refuse(st, err.Error())
		return
	}
	if st.Transition == TransitionCheck {
		t.add(StepDecided{
			Ref: st.id(), At: t.now, Transition: TransitionCheck, Input: input, To: st.Generation, RequestID: st.RequestID,
		})
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

func lastError(st *Step) string {
	if st.Error != nil {
		return st.Error.Message
	}
	return "its time is spent"
}
