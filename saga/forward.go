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
	d := StepDecided{Transition: TransitionCheck, Input: input, To: st.Generation, RequestID: st.RequestID}
	if st.Transition != TransitionCheck {
		d = t.s.decided(node, input)
	}
	d.Ref, d.At = st.id(), t.now
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

func lastError(st *Step) string {
	if st.Error != nil {
		return st.Error.Message
	}
	return "time budget exhausted"
}

// gaveUp is why a step is given up: what was seen last and, where that is another thing, what the last try that failed
// had said. A vendor's own sentence is in the second one.
func gaveUp(st *Step) string {
	last := lastError(st)
	if st.Said == "" || st.Said == last {
		return "gave up: " + last
	}
	return "gave up: " + last + ", after: " + st.Said
}
