package privateservice

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/saga"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The graphs as a reader sees them. They come from the same data that runs; review their diff like code.
func TestDiagramsGolden(t *testing.T) {
	all := exampleData(t)
	for name, data := range variants() {
		all[name] = data
	}
	all["explained"] = string(Example().Data)
	for name, data := range all {
		t.Run(name, func(t *testing.T) {
			p := planned(t, data)
			got := fmt.Sprintf("# %s\n\n```mermaid\n%s```\n", name, saga.Diagram(p))
			file := filepath.Join("testdata", name+".md")
			if *update {
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
		})
	}
	files, err := filepath.Glob("testdata/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); all[name] == "" {
			t.Errorf("%s belongs to no plan any more; remove it", file)
		}
	}
}
