package saga

import (
	"encoding/json"
	"math/big"
	"slices"
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
	result := compareFields(rules, "", RuleChange, a, b)
	if result == TransitionKeep && (a == nil) != (b == nil) {
		return TransitionChange
	}
	return result
}

// compareFields compares the fields of one object; at is its path with a slash behind it, and those without a rule of
// their own have the object's.
func compareFields(rules map[string]Rule, at string, objects Rule, old, new map[string]any) Transition {
	result := TransitionKeep
	for name := range union(old, new) {
		if same(old[name], new[name]) {
			continue
		}
		path, rule := at+name, objects
		if r, has := rules[path]; has {
			rule = r
		}
		switch means := compareField(rules, path, rule, old[name], new[name]); means {
		case TransitionReplace:
			return means
		case TransitionChange:
			result = means
		}
	}
	return result
}

// compareField tells what one changed field means.
func compareField(rules map[string]Rule, path string, rule Rule, old, new any) Transition {
	a, isA := old.(map[string]any)
	b, isB := new.(map[string]any)
	if isA && isB {
		return compareFields(rules, path+"/", rule, a, b)
	}
	switch {
	case rule == RuleIgnore:
		return TransitionKeep
	case rule == RuleReplace, rule == RuleGrow && !grows(old, new):
		return TransitionReplace
	}
	return TransitionChange
}

// object decodes a JSON object; nil when it is none.
func object(b json.RawMessage) map[string]any {
	m := map[string]any{}
	if err := unmarshalUse(b, &m); err != nil {
		return nil
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

// same compares two JSON values. Numbers are compared by value, and an absent field is the same as null, as for
// omitempty.
func same(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for k := range union(x, y) {
			if !same(x[k], y[k]) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, same)
	case json.Number:
		y, ok := b.(json.Number)
		if !ok || x == y {
			return ok
		}
		p, okP := number(x)
		q, okQ := number(y)
		return okP && okQ && p.Cmp(q) == 0
	}
	return a == b
}

// grows tells whether a number becomes larger; one that is not there counts as zero.
func grows(old, new any) bool {
	x, okX := number(old)
	y, okY := number(new)
	return okX && okY && y.Cmp(x) > 0
}

func number(v any) (*big.Float, bool) {
	f := new(big.Float).SetPrec(256)
	n, ok := v.(json.Number)
	if !ok {
		return f, v == nil
	}
	_, ok = f.SetString(n.String())
	return f, ok && !f.IsInf()
}
