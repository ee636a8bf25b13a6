package plans

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga/plans/kind/kindtest"
	"github.com/culvertnet/culvert/saga/plans/operator"
	"github.com/culvertnet/culvert/saga/plans/operator/operatortest"
	"github.com/culvertnet/culvert/schemas"
)

const examples = "../../schemas/examples"

// The examples of the envelope are refused before a kind sees them.
const envelope = "envelope"

// Every event below schemas/examples is judged by the whole catalogue as the file says, whichever kind it is of.
func TestExamplesOfEveryKind(t *testing.T) {
	c := All(operatortest.Config())
	folders, err := os.ReadDir(examples)
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for _, f := range folders {
		has[f.Name()] = true
		if _, known := c[f.Name()]; !known && f.Name() != envelope {
			t.Errorf("%s has examples of no kind", f.Name())
			continue
		}
		t.Run(f.Name(), func(t *testing.T) { kindtest.Examples(t, filepath.Join(examples, f.Name()), c.Admit) })
	}
	for name := range c {
		if !has[name] {
			t.Errorf("kind %s has no examples", name)
		}
	}
	if n := len(kindtest.Manifest(t, filepath.Join(examples, envelope))); !has[envelope] || n < 120 {
		t.Errorf("%d bad examples of the envelope: fewer than the 120 that are promised", n)
	}
}

// The catalogue and the schemas list the same kinds, and every version explains itself.
func TestEveryKindHasItsSchemasAndAGraph(t *testing.T) {
	c := All(operatortest.Config())
	for _, n := range schemas.List() {
		if _, known := c[n.Kind]; !known {
			t.Errorf("there is a schema of %s, and no such kind", n.Kind)
		}
	}
	for name, e := range c {
		if err := e.Validate(); err != nil {
			t.Error(err)
		}
		for version := range e.Versions {
			for _, want := range []events.Want{events.Apply, events.Withdraw} {
				if _, known := schemas.Intent(name, string(want), version); !known {
					t.Errorf("version %d of kind %s has no schema for %s", version, name, want)
				}
			}
			if d := c.Diagram(name, version); !strings.HasPrefix(d, "flowchart LR\n") || !strings.Contains(d, "prove") {
				t.Errorf("version %d of kind %s is explained by %q", version, name, d)
			}
		}
	}
	if c.Diagram("no-such-kind", 1) != "" || c.Diagram("private-service", 99) != "" {
		t.Error("a kind or version that is not there has a diagram")
	}
	if All(operator.Config{}).Diagram("private-service", 1) != "" {
		t.Error("an operator without pools explains with a graph that he refuses")
	}
}
