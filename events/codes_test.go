package events_test

import (
	"os"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
)

// codesFile is the table that readers see.
const codesFile = "../docs/codes.md"

// codesTable is the table of every code in Markdown.
func codesTable() string {
	var b strings.Builder
	b.WriteString("# Codes\n\n" +
		"A program decides by a code, never by the text beside it: the text may change in any release. `make\n" +
		"golden` makes this page.\n")
	heads := map[events.Family]string{
		events.FamilyCause: "## Causes\n\n" +
			"The member `code` of a cause (`culvert show`, `culvert list`) and of a finding (`culvert doctor`). A\n" +
			"cause that needs an operator does not go away by itself.\n",
		events.FamilyProblem: "## Problems\n\n" +
			"The end of the `type` of a problem of the API: `urn:culvert:problem:CODE`.\n",
		events.FamilyReason: "## Reasons\n\n" +
			"The member `reason` of a worker's outcome, in results, journals and logs.\n",
		events.FamilyRule: "## Rules\n\n" +
			"The member `value` of an error of a problem `refused` or `conflict`, beside the field in `location`.\n" +
			"The table says what is so of a good input.\n",
	}
	var family events.Family
	for _, c := range events.Codes() {
		if c.Family != family {
			family = c.Family
			b.WriteString("\n" + heads[family] + "\n| code | meaning | remedy |\n| --- | --- | --- |\n")
		}
		meaning := c.Meaning
		if c.Acts {
			meaning += " (needs an operator)"
		}
		b.WriteString("| `" + c.Word + "` | " + meaning + " | " + c.Remedy + " |\n")
	}
	return b.String()
}

// TestCodesTable holds the documented table to the registry.
func TestCodesTable(t *testing.T) {
	want := codesTable()
	if *update {
		if err := os.WriteFile(codesFile, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(codesFile); err != nil || string(got) != want {
		t.Errorf("%s is not the table of the codes any more (%v); make golden rewrites it", codesFile, err)
	}
}

// TestCodesAreSound: a code is listed once and says what it means; a cause that needs an operator says what to do.
func TestCodesAreSound(t *testing.T) {
	type key struct {
		family events.Family
		word   string
	}
	listed := map[key]bool{}
	for _, c := range events.Codes() {
		k := key{c.Family, c.Word}
		if listed[k] {
			t.Errorf("%s %q is listed twice", c.Family, c.Word)
		}
		listed[k] = true
		if c.Word == "" || c.Meaning == "" || strings.HasSuffix(c.Meaning, ".") ||
			strings.ContainsAny(c.Meaning+c.Remedy, "|\n") {
			t.Errorf("%s %q: meaning %q, remedy %q", c.Family, c.Word, c.Meaning, c.Remedy)
		}
		if c.Acts && c.Remedy == "" {
			t.Errorf("%s %q needs an operator and does not say what to do", c.Family, c.Word)
		}
	}
	if got := events.CauseStuck.Remedy("SAGA", "default_a.1", "STEP", "bind"); !strings.HasPrefix(got,
		"resolve default_a.1 bind --retry") {
		t.Errorf("the remedy of a stuck step is %q", got)
	}
	if events.CauseRetry.NeedsHands() || !events.CausePaused.NeedsHands() || events.CauseCode("nobody's").NeedsHands() {
		t.Error("which causes need an operator is wrong")
	}
	if events.ProblemInFlight.Remedy() == "" || events.ReasonFull.Remedy() == "" {
		t.Error("a listed code has lost its remedy")
	}
}
