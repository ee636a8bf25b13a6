package saga_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/saga/sagatest"
)

// prose is where a transcript shows text for people: in quotes, in the list of what does not hold, after an error's
// code.
var prose = []*regexp.Regexp{
	regexp.MustCompile(`"(?:\\.|[^"\\])*"`),
	regexp.MustCompile(`failing=\[.*\]`),
	regexp.MustCompile(`(?m)^(error: [^:]*: ).*$`),
}

// unworded is a transcript with its texts for people cut out.
func unworded(transcript string) string {
	for _, p := range prose {
		transcript = p.ReplaceAllString(transcript, "$1…")
	}
	return transcript
}

// TestScriptsDoNotDependOnProse plays every story again with every text for people replaced by x, and wants the same
// facts, commands, causes and refusals.
func TestScriptsDoNotDependOnProse(t *testing.T) {
	files, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	replaced := 0
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
			m := sagatest.NewMachine()
			m.Words = func(string) string { replaced++; return "x" }
			got, err := script.Run(m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(unworded(string(want)), unworded(got)); diff != "" {
				t.Errorf("with every text replaced something else is decided (-want +got):\n%s", diff)
			}
		})
	}
	if replaced < 300 {
		t.Errorf("only %d texts were replaced in %d scripts: the fields that hold them are known no more", replaced,
			len(files))
	}
}
