package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "rewrite golden files; review their diff like code")

// helpFile has what --help says, of every command.
const helpFile = "testdata/help.golden"

// TestHelp holds the help of every command against the reviewed file.
func TestHelp(t *testing.T) {
	t.Setenv("CULVERT_SERVER", "")
	var now bytes.Buffer
	for _, path := range commandPaths((&cli{}).root()) {
		var errs bytes.Buffer
		args := append(slices.Clone(path), "--help")
		fmt.Fprintf(&now, "$ culvert %s\n", strings.Join(args, " "))
		if code := run(t.Context(), args, strings.NewReader(""), &now, &errs); code != 0 || errs.Len() > 0 {
			t.Errorf("culvert %v ends with %d and says %s", args, code, errs.String())
		}
		fmt.Fprintln(&now)
	}
	if *update {
		if err := os.WriteFile(helpFile, now.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	reviewed, err := os.ReadFile(helpFile)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Split(now.String(), "\n"), strings.Split(string(reviewed), "\n"); !slices.Equal(got, want) {
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("help differs from line %d of %s on (go test ./cmd/culvert -run TestHelp -update):\n%s", i+1,
					helpFile,
					strings.Join(got[i:min(i+3, len(got))], "\n"))
			}
		}
	}
}

// commandPaths are the names of all commands that --help shows, from the root on.
func commandPaths(cmd *cobra.Command) [][]string {
	paths := [][]string{nil}
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() {
			continue
		}
		for _, below := range commandPaths(sub) {
			paths = append(paths, append([]string{sub.Name()}, below...))
		}
	}
	return paths
}
