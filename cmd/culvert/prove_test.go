package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The prover is the program beside this one, wherever a link leads; PATH decides nothing.
func TestTheProverLiesBeside(t *testing.T) {
	installed, linked, elsewhere := t.TempDir(), t.TempDir(), t.TempDir()
	for _, name := range []string{filepath.Join(installed, "culvert"), filepath.Join(installed, proverName),
		filepath.Join(elsewhere, proverName)} {
		if err := os.WriteFile(name, []byte("#!/bin/true"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(installed, "culvert"), filepath.Join(linked, "culvert")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", elsewhere)
	for _, folder := range []string{installed, linked} {
		at := func() (string, error) { return filepath.Join(folder, "culvert"), nil }
		if got, err := findProver(at); err != nil || got != filepath.Join(installed, proverName) {
			t.Errorf("from %s: found %q: %v", folder, got, err)
		}
	}
	alone := t.TempDir()
	_, err := findProver(func() (string, error) { return filepath.Join(alone, "culvert"), nil })
	if err == nil || !strings.Contains(err.Error(), proverName+" is not installed: copy it") ||
		!strings.Contains(err.Error(), alone) {
		t.Errorf("without a prover: %v", err)
	}
}
