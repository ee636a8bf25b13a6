package saga_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/saga/sagatest"
)

// update rewrites golden files: transcripts and diagrams. `make golden` is the only one to use it; commit only what you
// understand of the difference.
var update = flag.Bool("update", false, "rewrite golden files")

// TestScripts plays every story in testdata/scripts and compares its transcript.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script, err := sagatest.ParseScript(string(want))
			if err != nil {
				t.Fatal(err)
			}
			got, err := script.Run(sagatest.NewMachine())
			if err != nil {
				t.Fatal(err)
			}
			golden(t, file, got)
		})
	}
}

// golden compares a text with its file, or rewrites the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
