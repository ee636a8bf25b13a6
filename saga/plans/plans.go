package plans

import (
	"maps"
	"slices"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/kind"
	"github.com/culvertnet/culvert/saga/plans/operator"
	"github.com/culvertnet/culvert/saga/plans/privateservice"
)

// All lists the intent kinds, one line each.
func All(op operator.Config) Catalogue {
	return Of(
		privateservice.New(op),
	)
}

// A Catalogue is every intent kind by name. It does not change once made and is safe for concurrent use.
type Catalogue map[string]kind.Entry

// Of makes a catalogue of some kinds.
func Of(entries ...kind.Entry) Catalogue {
	c := Catalogue{}
	for _, e := range entries {
		c[e.Name] = e
	}
	return c
}

// Names lists the kinds, sorted.
func (c Catalogue) Names() []string { return slices.Sorted(maps.Keys(c)) }

// Kinds is the catalogue as the engine takes it.
func (c Catalogue) Kinds() map[string]saga.Kind {
	kinds := make(map[string]saga.Kind, len(c))
	for name, e := range c {
		kinds[name] = e.Engine()
	}
	return kinds
}

// Limits are the engine's limits with those of the kinds' steps.
func (c Catalogue) Limits(l saga.Limits) saga.Limits {
	l.Steps = map[string]saga.StepLimits{}
	for _, e := range c {
		maps.Copy(l.Steps, e.Limits)
	}
	return l
}

// Admit judges an intent by the rules of its kind that a schema cannot say. The error is an *events.Refusal.
func (c Catalogue) Admit(in events.Intent) error {
	e, known := c[in.Kind]
	if !known {
		return events.NewRefusal("type", "kind", "unknown intent kind %q", in.Kind)
	}
	return e.Admit(in)
}

// Diagram draws the plan of a version's example; empty when there is no such version, or when the operator's
// configuration does not allow the example.
func (c Catalogue) Diagram(name string, version int) string {
	e, known := c[name]
	if !known {
		return ""
	}
	p, err := e.Engine().Plan(saga.Planning{Intent: e.Example(version)})
	if err != nil {
		return ""
	}
	return saga.Diagram(p)
}
