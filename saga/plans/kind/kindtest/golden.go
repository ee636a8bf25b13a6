package kindtest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/saga"
)

// update is for `make golden`, which gives it to every package below saga/plans: each test package there imports this
// one.
var update = flag.Bool("update", false, "rewrite the golden files")

// Diagrams holds plans, by name, against their drawings in testdata/<name>.md, which `make golden` rewrites. They are
// the graphs as a reader sees them, from the same data that runs: review their diff like code.
func Diagrams(t *testing.T, plans map[string]saga.Plan) {
	t.Helper()
	for name, p := range plans {
		t.Run(name, func(t *testing.T) { drawn(t, name, p) })
	}
	files, err := filepath.Glob("testdata/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, has := plans[strings.TrimSuffix(filepath.Base(file), ".md")]; !has {
			t.Errorf("%s belongs to no plan any more; remove it", file)
		}
	}
}

// drawn holds one plan against its drawing.
func drawn(t *testing.T, name string, p saga.Plan) {
	got := fmt.Sprintf("# %s\n\n```mermaid\n%s```\n", name, saga.Diagram(p))
	file := filepath.Join("testdata", name+".md")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("read golden file (make golden writes it): %v", err)
	}
	if string(want) != got {
		t.Errorf("%s is not what the plan is now; make golden rewrites it\n%s", file, got)
	}
}
