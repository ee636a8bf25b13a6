package mutants

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMutantsFit holds the mutants to the code: the text that one replaces stands in its file once.
func TestMutantsFit(t *testing.T) {
	for _, m := range slices.Concat(mutants, reachMutants) {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", m.file))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), m.old); n != 1 {
			t.Errorf("mutant %q: its text stands %d times in %s", m.name, n, m.file)
		}
	}
}
