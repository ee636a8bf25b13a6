// Package kindtest is the suite that every intent kind passes, in its own package and in seconds.
//
// [Run] holds an entry against what the catalogue, the intake and the engine rely on. [TypesAgree] holds its Go types
// and its schemas together. Both are for tests only.
package kindtest

import (
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/kind"
	"github.com/culvertnet/culvert/schemas"
)

// Run is the suite. folder is where the kind's examples are: schemas/examples/<kind>, seen from the test.
func Run(t *testing.T, e kind.Entry, folder string) {
	t.Helper()
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	t.Run("versions", func(t *testing.T) { versions(t, e) })
	t.Run("examples", func(t *testing.T) { Examples(t, folder, e.Admit) })
	t.Run("samples", func(t *testing.T) { samples(t, e) })
}

// versions: each version has both schemas and an example that is admitted and planned, upgrades lead to data that the
// next version admits, and no schema is of a version that is not listed.
func versions(t *testing.T, e kind.Entry) {
	for n := range e.Versions {
		for _, want := range []events.Want{events.Apply, events.Withdraw} {
			if _, known := schemas.Intent(e.Name, string(want), n); !known {
				t.Errorf("there is no schema %s", schemas.Name{Kind: e.Name, Want: string(want), Version: n})
			}
		}
		planned(t, e, e.Example(n))
	}
	for n := 1; n < e.Newest(); n++ {
		data, err := e.Versions[n].Upgrade(e.Versions[n].Example)
		if err != nil {
			t.Errorf("version %d cannot be upgraded: %v", n, err)
			continue
		}
		next := e.Example(n + 1)
		next.Data = data
		admitted(t, e, next)
	}
	for _, s := range schemas.List() {
		if _, known := e.Versions[s.Version]; s.Kind == e.Name && !known {
			t.Errorf("there is a schema %s, and no such version", s)
		}
	}
	if _, is := events.AsRefusal(e.Admit(e.Example(e.Newest() + 1))); !is {
		t.Errorf("version %d is not listed, and is admitted", e.Newest()+1)
	}
	withdraw := e.Example(e.Newest())
	withdraw.Want, withdraw.Data = events.Withdraw, []byte("{}")
	if _, err := e.Engine().Plan(saga.Planning{Intent: withdraw}); err != nil {
		t.Errorf("a withdrawal of nothing has no plan: %v", err)
	}
}

// samples: what shall be run in the simulated world is admitted and planned, and tries every step of the examples.
func samples(t *testing.T, e kind.Entry) {
	tried := map[string]bool{}
	for _, s := range e.Samples {
		t.Run(s.Name, func(t *testing.T) { sample(t, e, s, tried) })
	}
	for n := range e.Versions {
		for _, node := range planned(t, e, e.Example(n)).Nodes {
			if !tried[node.Kind] {
				t.Errorf("the example of version %d has a step %s, and no sample tries it", n, node.Kind)
			}
		}
	}
}

// sample notes the kinds of the steps that a sample tries.
func sample(t *testing.T, e kind.Entry, s kind.Sample, tried map[string]bool) {
	p := planned(t, e, e.Apply(s.Data))
	for _, node := range p.Nodes {
		if s.Steps == nil || slices.Contains(s.Steps, node.Name) {
			tried[node.Kind] = true
		}
	}
	for _, step := range s.Steps {
		if _, has := p.Node(step); !has {
			t.Errorf("the plan has no step %s", step)
		}
	}
}

// admitted: the data has the form of its schema, and admission takes it.
func admitted(t *testing.T, e kind.Entry, in events.Intent) {
	t.Helper()
	data, err := intake.CheckData(in.Kind, in.Want, in.Version, in.Data)
	if err != nil {
		t.Errorf("version %d: the data is not as the schema says: %v", in.Version, err)
		return
	}
	in.Data = data
	if err := e.Admit(in); err != nil {
		t.Errorf("version %d: the data is refused: %v", in.Version, err)
	}
}

func planned(t *testing.T, e kind.Entry, in events.Intent) saga.Plan {
	t.Helper()
	admitted(t, e, in)
	p, err := e.Engine().Plan(saga.Planning{Intent: in})
	if err == nil {
		err = p.Validate()
	}
	if err != nil || len(p.Nodes) == 0 || p.Kind != e.Name {
		t.Errorf("version %d: a plan of kind %q with %d steps: %v", in.Version, p.Kind, len(p.Nodes), err)
	}
	return p
}
