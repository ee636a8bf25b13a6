package saga

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/events/pointer"
)

// A Builder makes a plan step by step. Errors are kept until Build.
type Builder struct {
	plan Plan
	errs []error
}

// NewBuilder begins a plan of an intent kind and version.
func NewBuilder(kind string, version int) *Builder {
	return &Builder{plan: Plan{Kind: kind, Version: version}}
}

// Resolve records what a selector of the intent names now, and gives the names, sorted. The plan keeps them, so that
// they are a fact of the saga: what is selected later is no part of it until another intent, or a replay, plans anew.
func (b *Builder) Resolve(selector string, names []string) []string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if len(names) == 0 {
		b.errs = append(b.errs, fmt.Errorf("plan %s: %s selects nothing", b.plan.Kind, selector))
	}
	if b.plan.Resolved == nil {
		b.plan.Resolved = map[string][]string{}
	}
	b.plan.Resolved[selector] = names
	return slices.Clone(names)
}

// Spec is what a step is besides its input.
type Spec struct {
	Name, Kind, Prefix string
	// After are further needs, besides the steps that the input is bound to.
	After    []string
	Check    bool
	UndoLast bool
	// Limits are those that the step has in place of the engine's.
	Limits StepLimits
}

// A Handle stands for a step's output in the making of a plan.
type Handle[Out any] struct{ step string }

// Name is the step's name, for Spec.After.
func (h Handle[Out]) Name() string { return h.step }

// A Value stands for one field of a step's output.
type Value[T any] struct {
	step, path string
	err        error
}

// Field is the field of an output that the function points at: Field(addr, func(o *Out) *string { return &o.IP }). A
// field that is not there does not compile.
func Field[Out, T any](h Handle[Out], of func(*Out) *T) Value[T] {
	var out Out
	path, err := pathTo(reflect.ValueOf(&out).Elem(), reflect.ValueOf(of(&out)), "")
	return Value[T]{step: h.step, path: path, err: err}
}

// A Binding is a Bind in the making.
type Binding struct {
	to   reflect.Value
	step string
	from string
	err  error
}

// Fill binds a field of the input, by its address, to a value of the same type.
func Fill[T any](to *T, from Value[T]) Binding {
	return Binding{to: reflect.ValueOf(to), step: from.step, from: from.path, err: from.err}
}

// Add appends a step with its input and the bindings of the input's fields.
func Add[Out, In any](b *Builder, s Spec, in *In, binds ...Binding) Handle[Out] {
	n := Node{
		Name: s.Name, Kind: s.Kind, Prefix: s.Prefix, Check: s.Check, UndoLast: s.UndoLast, Limits: s.Limits,
		After: slices.Clone(s.After),
	}
	for _, bind := range binds {
		to, err := pathTo(reflect.ValueOf(in).Elem(), bind.to, "")
		if err := errors.Join(err, bind.err); err != nil {
			b.errs = append(b.errs, fmt.Errorf("plan %s: step %s: %w", b.plan.Kind, s.Name, err))
		}
		n.Binds = append(n.Binds, Bind{To: to, Step: bind.step, From: bind.from})
		n.After = append(n.After, bind.step)
	}
	slices.Sort(n.After)
	n.After = slices.Compact(n.After)
	n.Rules = rulesOf(reflect.TypeFor[In]())
	input, err := json.Marshal(in)
	if err != nil {
		b.errs = append(b.errs, fmt.Errorf("plan %s: step %s: %w", b.plan.Kind, s.Name, err))
	}
	n.Input = input
	b.plan.Nodes = append(b.plan.Nodes, n)
	return Handle[Out]{step: s.Name}
}

// Build gives the plan, or every reason why it is none.
func (b *Builder) Build() (Plan, error) {
	return b.plan, errors.Join(append(b.errs, b.plan.Validate())...)
}

// rulesOf reads the change tags of an input's fields. A field of an object has the object's rule unless it has a tag.
func rulesOf(t reflect.Type) map[string]Rule {
	rules := map[string]Rule{}
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case inlined(f):
			maps.Copy(rules, rulesOf(f.Type))
		case f.Type.Kind() == reflect.Struct:
			for name, rule := range rulesOf(f.Type) {
				rules[jsonName(f)+"/"+name] = rule
			}
		}
		if tag := f.Tag.Get("change"); tag != "" {
			rules[jsonName(f)] = Rule(tag)
		}
	}
	return rules
}

var errNoField = errors.New("a bound value is not a field of the input or output it is said to be of")

// pathTo finds the JSON pointer of the field of v whose address is want.
func pathTo(v, want reflect.Value, at string) (string, error) {
	if v.CanAddr() && v.Addr().Pointer() == want.Pointer() && v.Addr().Type() == want.Type() {
		return at, nil
	}
	switch v.Kind() {
	case reflect.Struct:
		return pathToField(v, want, at)
	case reflect.Pointer:
		if !v.IsNil() {
			return pathTo(v.Elem(), want, at)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if p, err := pathTo(v.Index(i), want, at+pointer.Of(strconv.Itoa(i))); err == nil {
				return p, nil
			}
		}
	}
	return "", errNoField
}

// pathToField is pathTo for the fields of a struct.
func pathToField(v, want reflect.Value, at string) (string, error) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		next := at + pointer.Of(jsonName(f))
		switch {
		case f.Tag.Get("json") == "-":
			continue
		case inlined(f):
			next = at
		}
		if p, err := pathTo(v.Field(i), want, next); err == nil {
			return p, nil
		}
	}
	return "", errNoField
}

// inlined tells whether encoding/json puts the fields of an embedded struct among those around it.
func inlined(f reflect.StructField) bool {
	return f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("json") == ""
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		return f.Name
	}
	return name
}
