package newcomers

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A newcomer is a patch that follows recipes of CONTRIBUTING.
type newcomer struct {
	patch   string
	recipes []string
	// words are what the recipes' own words stand for here, in pairs.
	words []string
	// own are the folders that belong to the newcomer.
	own []string
	// shared are the files that were there before and belong to others, with the lines that are added; none is taken
	// away.
	shared map[string]int
}

var newcomers = []newcomer{
	{
		patch: "step-and-kind", recipes: []string{
			"Add a step", "Add an intent kind",
		}, words: []string{"<kind>", "pinnedsubnet"},
		own: []string{"saga/plans/pinnedsubnet/"},
		shared: map[string]int{
			"saga/plans/plans.go": 2, "workers/network/steps.go": 1, "workers/network/obligations_test.go": 1,
			"workers/network/contracts.go": 11,
		},
	},
	{
		patch: "two-capabilities", recipes: []string{"Add an intent kind"}, words: []string{"<kind>", "reachablerange"},
		own: []string{"saga/plans/reachablerange/"}, shared: map[string]int{"saga/plans/plans.go": 2},
	},
	{
		patch: "second-version", recipes: []string{
			"Add a version of a payload",
		}, words: []string{"<kind>", "privateservice"},
		own: []string{"saga/plans/privateservice/"}, shared: map[string]int{},
	},
	{
		patch: "new-capability", recipes: []string{"Add a capability"}, words: []string{"<capability>", "directory"},
		own: []string{"workers/directory/"}, shared: map[string]int{"cmd/internal/wiring/wire.go": 6},
	},
}

// patience bounds one command, on a machine that is busy with other tests. A newcomer takes a minute by itself.
const patience = 10 * time.Minute

func TestThereIsRoomForNewcomers(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range newcomers {
		t.Run(n.patch, func(t *testing.T) {
			begun := time.Now()
			tree := tree{root: root, dir: t.TempDir()}
			tree.copy(t)
			tree.apply(t, filepath.Join(root, "cmd/internal/newcomers/testdata", n.patch+".patch"))
			tree.holds(t, n)
			for _, recipe := range n.recipes {
				commands := tree.commands(t, recipe, n.words)
				for _, c := range commands {
					tree.run(t, c)
				}
			}
			t.Logf("%s: %d files, of which %d are others', in %s", n.patch, len(tree.touched), len(n.shared),
				time.Since(begun).Round(time.Second))
		})
	}
}

// A tree is a copy of the repository's files in which a newcomer works.
type tree struct {
	root, dir string
	// touched are the lines that the patch adds and takes away, by file.
	touched map[string][2]int
}

// copy takes every file that is tracked, as it is now.
func (w *tree) copy(t *testing.T) {
	t.Helper()
	for file := range strings.SplitSeq(strings.TrimSuffix(command(t, w.root, nil, "git", "ls-files", "-z"), "\x00"),
		"\x00") {
		body, err := os.ReadFile(filepath.Join(w.root, file))
		if os.IsNotExist(err) {
			continue // it is going to be removed
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(w.dir, file)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// apply applies a patch, and remembers what it touches.
func (w *tree) apply(t *testing.T, patch string) {
	t.Helper()
	outside := []string{"GIT_CEILING_DIRECTORIES=" + filepath.Dir(w.dir)} // the copy is no repository, wherever it lies
	w.touched = map[string][2]int{}
	for line := range strings.SplitSeq(strings.TrimSuffix(command(t, w.dir, outside, "git", "apply", "--numstat", "-z",
		patch), "\x00"), "\x00") {
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			t.Fatalf("numstat of %s says %q", patch, line)
		}
		added, err := strconv.Atoi(fields[0])
		taken, err2 := strconv.Atoi(fields[1])
		if err != nil || err2 != nil {
			t.Fatalf("numstat of %s says %q", patch, line)
		}
		w.touched[fields[2]] = [2]int{added, taken}
	}
	command(t, w.dir, outside, "git", "apply", patch)
}

// holds fails the test when the newcomer touches a file of others that its recipes do not name, or more of it than it
// says.
func (w *tree) holds(t *testing.T, n newcomer) {
	t.Helper()
	var text strings.Builder
	for _, recipe := range n.recipes {
		text.WriteString(w.recipe(t, recipe, n.words))
	}
	shared := map[string]int{}
	for file, lines := range w.touched {
		_, err := os.Stat(filepath.Join(w.root, file))
		mine := slices.ContainsFunc(n.own, func(folder string) bool { return strings.HasPrefix(file, folder) })
		if err != nil || mine {
			continue // it is new, or its own
		}
		shared[file] = lines[0]
		if lines[1] != 0 {
			t.Errorf("%s takes %d lines of others out of %s", n.patch, lines[1], file)
		}
		if !strings.Contains(text.String(), "`"+file+"`") {
			t.Errorf("%s touches %s, which none of %q names", n.patch, file, n.recipes)
		}
	}
	if diff := cmp.Diff(n.shared, shared); diff != "" {
		t.Errorf("lines added to files of others (-want +got):\n%s", diff)
	}
}

// recipe is the text of a section of CONTRIBUTING, with its words replaced.
func (w *tree) recipe(t *testing.T, title string, words []string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.dir, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(raw), "\n## "+title+"\n")
	if !found {
		t.Fatalf("CONTRIBUTING has no section %q", title)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return strings.NewReplacer(words...).Replace(text)
}

// commands are the lines of the sh blocks of a recipe.
func (w *tree) commands(t *testing.T, title string, words []string) []string {
	t.Helper()
	var commands []string
	inside := false
	for line := range strings.SplitSeq(w.recipe(t, title, words), "\n") {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "```"):
			inside = line == "```sh"
		case inside && line != "":
			commands = append(commands, line)
		}
	}
	if len(commands) == 0 {
		t.Fatalf("section %q of CONTRIBUTING has no command", title)
	}
	return commands
}

// run runs a command of a recipe in the tree. What builds the wiring is run in the repository, with the newcomer's
// files laid over it: the vendors' libraries are compiled there already.
func (w *tree) run(t *testing.T, line string) {
	t.Helper()
	begun := time.Now()
	if packages, builds := strings.CutPrefix(line, "go build "); builds {
		command(t, w.root, nil, "sh", "-c", "go build -o /dev/null -overlay="+w.overlay(t)+" "+packages)
	} else {
		// Without -trimpath each copy, being in a folder of its own, would be compiled anew; and nothing asks the
		// network.
		command(t, w.dir, []string{"GOFLAGS=-trimpath", "GOPROXY=off", "GOWORK=off"}, "sh", "-c", line)
	}
	t.Logf("%s (%s)", line, time.Since(begun).Round(time.Second))
}

// overlay writes the file that lays what the patch touches over the repository.
func (w *tree) overlay(t *testing.T) string {
	t.Helper()
	replace := map[string]string{}
	for file := range w.touched {
		replace[filepath.Join(w.root, file)] = filepath.Join(w.dir, file)
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// command runs a program and gives what it prints; it fails the test when the program fails.
func command(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String()
}
