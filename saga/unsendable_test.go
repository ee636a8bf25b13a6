package saga_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// TestUnsendable: what a step comes to whose command cannot be encoded.
func TestUnsendable(t *testing.T) {
	large := json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	for name, c := range map[string]struct {
		kind   string
		output json.RawMessage
		verb   events.Verb
		class  events.Class
		seen   events.Presence
	}{
		"a Do of a kind that is none":    {"net.", nil, events.Do, events.Refuse, ""},
		"its Undo: no command ever left": {"net.", nil, events.Undo, events.Done, ""},
		"its Look":                       {"net.", nil, events.Look, events.Done, events.Absent},
		"a Do that is too large":         {"net.a", large, events.Do, events.Refuse, ""},
		"its Undo: a Do may have left":   {"net.a", large, events.Undo, events.Refuse, ""},
		"its Look: nobody knows":         {"net.a", large, events.Look, events.Refuse, ""},
	} {
		t.Run(name, func(t *testing.T) {
			command := events.Command{
				Connection: sagatest.Key, Saga: sagatest.Key.Saga(1), Step: "a", Kind: c.kind, Capability: "net",
				Generation: 1, Epoch: 2,
				Verb: c.verb, Input: json.RawMessage(`{}`), Output: c.output,
			}
			_, err := events.EncodeCommand(command)
			if err == nil {
				t.Fatal("it can be sent")
			}
			r := saga.Unsendable(command, err, time.Unix(0, 0))
			if r.Outcome.Class != c.class || r.Outcome.Seen != c.seen || !strings.Contains(r.Outcome.Message,
				err.Error()) {
				t.Errorf("the outcome is %+v", r.Outcome)
			}
			if r.ID() != command.ID() || r.Saga != command.Saga {
				t.Errorf("the result answers %s", r.ID())
			}
		})
	}
}

// TestInputThatGrowsTooLarge: what a bound field adds to an input counts when it is rendered.
func TestInputThatGrowsTooLarge(t *testing.T) {
	n := saga.Node{
		Name: "b", Kind: "net.b", Prefix: "b", After: []string{"a"}, Input: json.RawMessage(`{"x":""}`),
		Binds: []saga.Bind{{To: "/x", Step: "a", From: "/y"}},
	}
	for size, good := range map[int]bool{10: true, saga.MaxInput - 8: true, saga.MaxInput - 7: false,
		saga.MaxInput: false} {
		output := json.RawMessage(`{"y":"` + strings.Repeat("x", size) + `"}`)
		rendered, err := saga.Render(n, map[string]json.RawMessage{"a": output})
		if (err == nil) != good {
			t.Errorf("a bound field of %d bytes: %d bytes, %v", size, len(rendered), err)
		}
	}
}

// TestPlanThatIsTooLarge: a step's input has a bound, and the inputs of all steps have one.
func TestPlanThatIsTooLarge(t *testing.T) {
	node := func(name string, size int) saga.Node {
		return saga.Node{
			Name: name, Kind: "net.a", Prefix: "a", Input: json.RawMessage(`"` + strings.Repeat("x", size-2) + `"`),
		}
	}
	for text, plan := range map[string][]saga.Node{
		"more than 131072": {node("a", saga.MaxInput+1)},
		"more than 196608": {node("a", saga.MaxInput), node("b", saga.MaxPlan-saga.MaxInput+1)},
		"":                 {node("a", saga.MaxInput), node("b", saga.MaxPlan-saga.MaxInput)},
	} {
		err := saga.Plan{Kind: "x", Nodes: plan}.Validate()
		if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("want %q, got %v", text, err)
		}
	}
	// What is written longer than it is given counts as it is written.
	escaped := saga.Node{
		Name: "a", Kind: "net.a", Prefix: "a", Input: json.RawMessage(`"` + strings.Repeat("<", saga.MaxInput/2) + `"`),
	}
	if err := (saga.Plan{Kind: "x", Nodes: []saga.Node{escaped}}).Validate(); err == nil {
		t.Error("an input that is written six times as long is taken")
	}
}
