package saga

import (
	"encoding/json"
	"math/big"
	"reflect"
)

// A Transition is what a saga does to a step.
type Transition string

// The transitions of a step.
const (
	// TransitionCheck reads, and leaves nothing.
	TransitionCheck Transition = "check"
	// TransitionUndecided: whether the step is kept, changed or made shows when its input is known.
	TransitionUndecided Transition = "undecided"
	TransitionKeep      Transition = "keep"
	TransitionMake      Transition = "make"
	TransitionChange    Transition = "change"
	// TransitionReplace makes a new generation; the old one has a removal of its own.
	TransitionReplace Transition = "replace"
	TransitionRemove  Transition = "remove"
)

// compare tells what a step's new input means for what stands: keep, change or replace.
func compare(rules map[string]Rule, old, new json.RawMessage) Transition {
	a, b := object(old), object(new)
	result := TransitionKeep
	for name := range union(a, b) {
		if reflect.DeepEqual(a[name], b[name]) {
			continue
		}
		switch rules[name] {
		case RuleIgnore:
		case RuleReplace:
			return TransitionReplace
		case RuleGrow:
			if !grows(a[name], b[name]) {
				return TransitionReplace
			}
			result = TransitionChange
		default:
			result = TransitionChange
		}
	}
	return result
}

// object decodes a JSON object; absent and null fields are the same, as for omitempty.
func object(b json.RawMessage) map[string]any {
	m := map[string]any{}
	if err := unmarshalUse(b, &m); err != nil {
		return nil
	}
	for k, v := range m {
		if v == nil {
			delete(m, k)
		}
	}
	return m
}

func union(a, b map[string]any) map[string]struct{} {
	all := make(map[string]struct{}, len(a)+len(b))
	for k := range a {
		all[k] = struct{}{}
	}
	for k := range b {
		all[k] = struct{}{}
	}
	return all
}

func grows(old, new any) bool {
	x, okX := number(old)
	y, okY := number(new)
	return okX && okY && y.Cmp(x) > 0
}

func number(v any) (*big.Float, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return nil, false
	}
	f, ok := new(big.Float).SetString(n.String())
	return f, ok
}
