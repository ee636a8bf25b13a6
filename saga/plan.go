package saga

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pointer"
)

// A Plan is a graph of named steps, as data: it is stored with the saga that runs it, so a saga in flight does not
// depend on the code that made its plan.
type Plan struct {
	Kind    string `json:"kind"`
	Version int    `json:"version"`
	// Resolved are the selectors of the intent with what they named when the plan was made: "gateways edge=yes" and the
	// gateways. The nodes are made from it; it says why there are these and no others.
	Resolved map[string][]string `json:"resolved,omitempty"`
	// Nodes are in an order in which every node comes after those it needs.
	Nodes []Node `json:"nodes"`
}

// A Node is one step of a plan.
type Node struct {
	Name string `json:"name"`
	// Kind is the step's kind, "<capability>.<step>".
	Kind string `json:"kind"`
	// Prefix begins the names of the step's objects.
	Prefix string `json:"prefix,omitempty"`
	// After are the steps that must be done first, sorted.
	After []string `json:"after,omitempty"`
	// Check marks a read-only step: it runs before any effect, and nothing of it stands.
	Check bool `json:"check,omitempty"`
	// UndoLast marks a step whose undo widens access: it runs after all other undos.
	UndoLast bool `json:"undoLast,omitempty"`
	// Input is the step's In with the bound fields still at their zero values.
	Input json.RawMessage `json:"input"`
	Binds []Bind          `json:"binds,omitempty"`
	// Rules say what a changed field of In means, by its JSON name; a field without a rule is changed in place. A field
	// of an object inside In ("target/nextHop") has the object's rule unless it has its own.
	Rules map[string]Rule `json:"rules,omitempty"`
	// Limits are those that the step has in place of the engine's; see [Limits.For].
	Limits StepLimits `json:"limits,omitzero"`
}

// A Bind fills one field of an input from the output of an earlier step. Both paths are JSON pointers.
type Bind struct {
	To   string `json:"to"`
	Step string `json:"step"`
	From string `json:"from"`
}

// A Rule says what a changed field of a step's input means.
type Rule string

const (
	// RuleReplace: the object cannot be changed; a new generation is made, and the old one removed after the new
	// stands.
	RuleReplace Rule = "replace"
	// RuleGrow: a larger number is changed in place, a smaller one replaces.
	RuleGrow Rule = "grow"
	// RuleIgnore: the field is no property of the object; a changed one changes nothing.
	RuleIgnore Rule = "ignore"
	// RuleChange: the field is changed in place, although it lies in a field that has another rule.
	RuleChange Rule = "change"
)

// Capability is the part of the kind before the dot: who runs the step.
func (n Node) Capability() string {
	return events.CapabilityOf(n.Kind)
}

// Capabilities are the capabilities whose workers the plan needs, sorted, each once.
func (p Plan) Capabilities() []string {
	needed := make([]string, 0, len(p.Nodes))
	for _, n := range p.Nodes {
		needed = append(needed, n.Capability())
	}
	slices.Sort(needed)
	return slices.Compact(needed)
}

// Hash is the plan's fingerprint.
func (p Plan) Hash() string {
	b, err := json.Marshal(p)
	if err != nil { // a plan is plain data; only a broken Input can fail, and Validate refuses that
		return ""
	}
	return events.Digest(b)[:16]
}

// Node finds a node by name.
func (p Plan) Node(name string) (Node, bool) {
	for _, n := range p.Nodes {
		if n.Name == name {
			return n, true
		}
	}
	return Node{}, false
}

// MaxInput is the most bytes of a step's input, in the plan and when it is rendered: a command holds it beside the
// step's last output, and a record holds it three times. MaxPlan is the most bytes of all inputs of a plan, which is
// stored in one record.
const (
	MaxInput = 128 << 10
	MaxPlan  = 192 << 10
)

// inputSize is how many bytes an input takes where it is written.
func inputSize(input json.RawMessage) (int, error) {
	if len(input) == 0 {
		return 0, errors.New("no input")
	}
	b, err := json.Marshal(input) // it escapes what a browser could take for markup, so it may be longer than the input
	return len(b), err
}

// Validate refuses a plan that could not run, or whose commands could not be sent: bad or double names, unknown or
// missing needs, a cycle, a bind from a step that is not needed, an input that is not JSON or too large, an unknown
// rule, a check that needs a step with an effect.
func (p Plan) Validate() error {
	seen := map[string]Node{}
	size := 0
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, n := range p.Nodes {
		if err := events.ParseStepName(n.Name); err != nil {
			fail("plan %s: %w", p.Kind, err)
		}
		if _, double := seen[n.Name]; double {
			fail("plan %s: two steps are named %q", p.Kind, n.Name)
		}
		ofStep := func(format string, args ...any) {
			fail("plan %s: step %s: %w", p.Kind, n.Name, fmt.Errorf(format, args...))
		}
		n.validate(ofStep)
		input, err := inputSize(n.Input)
		switch size += input; {
		case err != nil:
			ofStep("input is not JSON")
		case input > MaxInput:
			ofStep("input has %d bytes, more than %d", input, MaxInput)
		}
		for _, need := range n.After {
			before, known := seen[need]
			switch {
			case !known:
				fail("plan %s: step %s needs %q, which is unknown, later, or part of a cycle", p.Kind, n.Name, need)
			case n.Check && !before.Check:
				fail("plan %s: check %s needs %s, which has an effect", p.Kind, n.Name, need)
			}
		}
		for _, b := range n.Binds {
			if !slices.Contains(n.After, b.Step) {
				fail("plan %s: step %s binds %s from %q, which it does not come after", p.Kind, n.Name, b.To, b.Step)
			}
		}
		seen[n.Name] = n
	}
	if size > MaxPlan {
		fail("plan %s: the inputs of its steps have %d bytes, more than %d", p.Kind, size, MaxPlan)
	}
	return errors.Join(errs...)
}

// validate judges what is wrong with a node by itself.
func (n Node) validate(fail func(format string, args ...any)) {
	if _, err := events.ParseStepKind(n.Kind); err != nil {
		fail("%w", err)
	}
	if n.Prefix != "" || !n.Check { // a check has no object
		if err := events.ParsePrefix(n.Prefix); err != nil {
			fail("%w", err)
		}
	}
	n.Limits.validate(fail)
	for _, field := range slices.Sorted(maps.Keys(n.Rules)) {
		switch r := n.Rules[field]; r {
		case RuleReplace, RuleGrow, RuleIgnore, RuleChange:
		default:
			fail("field %s has the unknown rule %q", field, r)
		}
	}
}

// unmarshalUse decodes JSON with numbers kept as written, so that rendering an input never rounds one.
func unmarshalUse(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v)
}

// render fills a node's input from the outputs of the steps it needs.
func (n Node) render(output func(step string) json.RawMessage) (json.RawMessage, error) {
	if len(n.Binds) == 0 {
		return n.Input, nil
	}
	var in any
	if err := unmarshalUse(n.Input, &in); err != nil {
		return nil, fmt.Errorf("render input of %s: %w", n.Name, err)
	}
	for _, b := range n.Binds {
		var out any
		if err := unmarshalUse(output(b.Step), &out); err != nil {
			return nil, fmt.Errorf("render input of %s: output of %s: %w", n.Name, b.Step, err)
		}
		value, found := pointer.Get(out, b.From)
		if !found {
			continue // an omitted field is the zero value, which the input has already
		}
		if err := pointer.Set(&in, b.To, value); err != nil {
			return nil, fmt.Errorf("render input of %s: %w", n.Name, err)
		}
	}
	rendered, err := json.Marshal(in)
	if err == nil && len(rendered) > MaxInput {
		err = fmt.Errorf("render input of %s: %d bytes, more than %d", n.Name, len(rendered), MaxInput)
	}
	return rendered, err
}
