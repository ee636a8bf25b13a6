package wiretest

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

// Frozen compares lines with the frozen list in a file. A line of the file that is missing from lines is always an
// error. A line that the file lacks is an error too, unless update is set: then it is appended.
func Frozen(t *testing.T, file string, lines []string, update bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !(update && errors.Is(err, fs.ErrNotExist)) {
		t.Fatal(err)
	}
	missing, added := Compare(strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' }), lines)
	for _, line := range missing {
		t.Errorf("%s: %q is frozen, but this release does not write it: readers of other releases need it", file, line)
	}
	if update && len(added) > 0 {
		text = append(text, strings.Join(added, "\n")+"\n"...)
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, line := range added {
		t.Errorf("%s: %q is new: check its name, which stays for ever, and run make golden", file, line)
	}
}

// Compare gives the frozen lines that are missing, and the lines that are new.
func Compare(frozen, lines []string) (missing, added []string) {
	for _, line := range frozen {
		if !slices.Contains(lines, line) {
			missing = append(missing, line)
		}
	}
	for _, line := range lines {
		if !slices.Contains(frozen, line) {
			added = append(added, line)
		}
	}
	return missing, added
}
