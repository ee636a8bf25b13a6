package main

import (
	"slices"
	"testing"
)

// Each name is there once, and finds its proof.
func TestEveryProofHasOneName(t *testing.T) {
	var names []string
	for _, f := range all() {
		if len(f.proofs) == 0 {
			t.Errorf("family %s is empty", f.name)
		}
		for name, p := range f.proofs {
			if p == nil || slices.Contains(names, name) {
				t.Errorf("%s: %s is nothing, or there twice", f.name, name)
			}
			names = append(names, name)
		}
	}
	for _, name := range []string{"demo", "matrix", "kill", "r3", "crowd", "recorded", "mutants"} {
		if find(all(), name) == nil {
			t.Errorf("no proof %s", name)
		}
	}
	if find(all(), "show") != nil {
		t.Error("a proof that does not exist is found")
	}
}
