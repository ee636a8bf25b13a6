package plans

import (
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/privateservice"
)

// An Entry is one intent kind.
type Entry struct {
	Kind saga.Kind
	// Admit judges an apply's data by the rules that a schema cannot say; the error is an *events.Refusal.
	Admit func(in events.Intent) error
	// Example is an intent whose plan explains the kind.
	Example func() events.Intent
}

// A Catalogue is every kind by name.
type Catalogue map[string]Entry

// All lists the intent kinds: one line each.
func All(op privateservice.Operator) Catalogue {
	return Catalogue{
		privateservice.Name: {
			Kind:    privateservice.Kind(op),
			Admit:   func(in events.Intent) error { return privateservice.AdmitIntent(in, op) },
			Example: privateservice.Example,
		},
	}
}

// Kinds is the catalogue as the engine takes it.
func (c Catalogue) Kinds() map[string]saga.Kind {
	kinds := make(map[string]saga.Kind, len(c))
	for name, e := range c {
		kinds[name] = e.Kind
	}
	return kinds
}

// Diagram draws the plan of a kind's example; empty when the operator's configuration does not allow it.
func (c Catalogue) Diagram(name string) string {
	e, known := c[name]
	if !known {
		return ""
	}
	p, err := e.Kind.Plan(saga.Planning{Intent: e.Example()})
	if err != nil {
		return ""
	}
	return saga.Diagram(p)
}
