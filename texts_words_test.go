package culvert_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A refused word or shape is one that a reader of Culvert would have to learn, or to read twice. docs/glossary.md has
// the words that are used.
type refusedWord struct {
	name    string
	pattern *regexp.Regexp
	instead string
}

func word(name, pattern, instead string) refusedWord {
	return refusedWord{name, regexp.MustCompile(pattern), instead}
}

var refusedWords = []refusedWord{
	word("deed", `(?i)\bdeeds?\b`, "verb (do, look, undo); executed command"),
	word("turn back", `(?i)\bturn(s|ed|ing)? back\b`, "start compensation, compensating"),
	word("stands", `(?i)\b(stands?|stood)\b(?:[^-]|$)`, "is committed, the current version"),
	word("is out", `(?i)\b(is|are|commands?|requests?) out\b`, "in flight"),
	word("hurry", `(?i)\bhurr(y|ies|ied|ying)\b`, "expedite"),
	word("hands", `(?i)\b(hands|by hand)\b`, "operator action, no action required; manual"),
	word("nobody answered", `(?i)\bnobody answer(s|ed)\b`, "no result before the deadline"),
	word("time is spent", `(?i)\b(is|are|was) spent\b`, "time budget exhausted"),
	word("somebody else's", `(?i)\b(somebody|someone) else\b`, "an object that Culvert does not own; another writer"),
	word("is none of", `(?i)\b(is|are) none of\b`, `invalid FLAG "value": want A, B or C`),
	word("more after", `(?i)\bthere is (more|something) after\b`, "trailing data after the JSON value"),
	word("door", `(?i)\bdoors?\b`, "intake, API, control endpoint"),
	word("home", `(?i)\bhomes?\b`, "backend"),
	word("footing", `(?i)\b(footings?|founders?)\b`, "test backend, seed node"),
	word("tenure", `(?i)\btenures?\b`, "ownership"),
	word("foresee", `(?i)\bfores(ight|ee|ees|een|eeing)\b`, "plan, preview"),
	word("that lives", `(?i)\b(that|who|which) lives?\b|\bworkers? lives?\b`, "live"),
	word(
		"relative clause as subject", `(?:^|[.:;!] +)(Who|What|Whoever|Whatever|That which)\b[^?]*$`, "the noun first",
	),
	word("dash aside", `—`, "a sentence of its own"),
}

// An allowed text has a refused word for a reason: a name of the wire, of somebody's product, or the word's plain
// sense.
type allowedText struct{ refused, where, part, because string }

var allowedTexts = []allowedText{
	{"", "CHANGELOG.md", "", "history in the words of its time; renamed things are there with their old names"},
	{"", "docs/decisions/", "0017-", "the name of a file"},
	{"deed", "cmd/proofs", "Deed", "code that a mutant replaces"},
	{"stands", "saga", "stands", "the rule of a conflict, which clients read"},
	{"deed", "workers", "deed", "the code of a refusal, which is stored"},
	{"hands", "docs/operating.md", "deleted by hand, see ticket", "an operator's own reason, as an example"},
}

// leftTexts is how many texts still have a refused word, and leftDocs how many lines of documents. They only fall.
const (
	leftTexts = 0
	leftDocs  = 0
)

func allowed(r refusedWord, s shown) bool {
	for _, a := range allowedTexts {
		if (a.refused == "" || a.refused == r.name) && strings.HasPrefix(s.where, a.where) && strings.Contains(s.text,
			a.part) {
			return true
		}
	}
	return false
}

// refusals lists the refused words in texts.
func refusals(texts []shown) (found []string) {
	for _, s := range texts {
		for _, r := range refusedWords {
			if r.pattern.MatchString(s.text) && !allowed(r, s) {
				found = append(found, "refused: "+r.name+" (instead: "+r.instead+"): "+s.String())
			}
		}
	}
	return found
}

// TestRefusedWords refuses words and shapes in what people read: texts of the programs, schemas, examples, documents.
func TestRefusedWords(t *testing.T) {
	for what, c := range map[string]struct {
		texts []shown
		left  int
	}{"texts": {everyText(t), leftTexts}, "documents": {documents(t), leftDocs}} {
		found := refusals(c.texts)
		t.Logf("%s: %d, refused words in them: %d of %d that are left", what, len(c.texts), len(found), c.left)
		if len(found) <= c.left {
			continue
		}
		for _, f := range found {
			t.Error(f)
		}
	}
}

// documents are the sentences of the documentation, line by line, without blocks of code and without code in a line.
func documents(t *testing.T) (all []shown) {
	t.Helper()
	files := []string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/decisions/*.md", "deployments/*.md",
		"deployments/*/*.md", "examples/*.md", "schemas/*.md"} {
		some, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, some...)
	}
	code := regexp.MustCompile("`[^`]*`|\\]\\([^)]*\\)")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fenced := false
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fenced = !fenced
			}
			if !fenced && line != "" {
				all = append(all, shown{filepath.ToSlash(file), code.ReplaceAllString(line, "``")})
			}
		}
	}
	return all
}
