package culvert_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// An impureCase is a source and the clauses that it must be refused for, each and no other.
type impureCase struct {
	name, text string
	want       []string
}

// casesIn reads sources that are written one after another, each under "-- name: clause, clause --". Each is a file of
// a package of its own, without its package clause.
func casesIn(t *testing.T, text string) []impureCase {
	t.Helper()
	var cases []impureCase
	for line := range strings.Lines(text) {
		if header, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok {
			name, want, _ := strings.Cut(strings.TrimSuffix(header, " --"), ": ")
			c := impureCase{name: name}
			if want != "" {
				c.want = strings.Split(want, ", ")
			}
			cases = append(cases, c)
			continue
		}
		if len(cases) == 0 {
			t.Fatalf("a source begins without a header: %s", line)
		}
		cases[len(cases)-1].text += line
	}
	return cases
}

func TestImpureSourcesAreRefused(t *testing.T) {
	for _, c := range casesIn(t, impureSources+impureStates) {
		t.Run(c.name, func(t *testing.T) {
			got := clausesOf(judgedAs(t, "saga/plans/probe", "probe.go", c.text))
			want := slices.Sorted(slices.Values(c.want))
			if !slices.Equal(got, want) {
				t.Errorf("refused for %q, want %q", got, want)
			}
		})
	}
}

// TestWhatIsNotCompiledIsRefused: a file for another system is not seen by this build, and so not judged.
func TestWhatIsNotCompiledIsRefused(t *testing.T) {
	p := loaded(t)
	saga := *p.packages["saga"]
	saga.unseen = []string{"clock_windows.go"}
	if got := clausesOf((&judge{p: p, t: &saga}).all()); !slices.Contains(got, clauseUnseen) {
		t.Errorf("refused for %q, want %q", got, clauseUnseen)
	}
}

func TestPureSourcesPass(t *testing.T) {
	for _, c := range casesIn(t, pureSources) {
		for _, f := range judgedAs(t, "saga/plans/probe", "probe.go", c.text) {
			t.Errorf("%s: %s", c.name, f)
		}
	}
}

// probe has five reasons, under any name.
const probe = `package saga

import (
	"log/slog"
	"sync/atomic"

	"github.com/google/uuid"
)

var probes atomic.Int64

func (t *turn) probe() uuid.UUID {
	done := make(chan struct{})
	go func() { probes.Add(1); close(done) }()
	<-done
	slog.Info("deciding")
	return uuid.New()
}
`

func TestTheNameOfAFileExcusesNothing(t *testing.T) {
	for _, name := range []string{"zz_probe.go", "orchestrator_zz.go", "deps_tmp.go", "zz_linux.go"} {
		found := judgedAs(t, "saga", name, probe)
		for _, want := range []string{
			"package variable: probes: ", "channel: ", "goroutine: ", "import: log/slog: ",
			"impure name: github.com/google/uuid.New: ",
		} {
			if !slices.ContainsFunc(found, func(f finding) bool { return strings.Contains(f.String(), want) }) {
				t.Errorf("%s is not refused with %q: %v", name, want, found)
			}
		}
	}
}

func TestQuestionsThatWriteAreRefused(t *testing.T) {
	const add = `type turn struct{ facts []string }; func (t *turn) add(f string) { t.facts = append(t.facts, f) }; `
	for name, text := range map[string]string{
		"by itself":           `func (t *turn) ask() bool { t.add("x"); return true }`,
		"by another":          `func (t *turn) ask() bool { t.tell(); return true }; func (t *turn) tell() { t.add("x") }`,
		"by a method value":   `func (t *turn) ask() bool { f := t.add; f("x"); return true }`,
		"with more results":   `func (t *turn) ask() (string, bool) { t.add("x"); return "", true }`,
		"with a named bool":   `type yes bool; func (t *turn) ask() yes { t.add("x"); return true }`,
		"in a literal":        `func (t *turn) ask() { is := func() bool { t.add("x"); return true }; _ = is() }`,
		"as a plain function": `func ask(t *turn) bool { t.add("x"); return true }`,
	} {
		p := loaded(t)
		pkg, err := p.with("saga/plans/probe", "probe.go", "package probe\n"+add+text)
		if err != nil {
			t.Fatal(err)
		}
		if found := questions(p, pkg); len(found) != 1 || found[0].clause != clauseQuestion {
			t.Errorf("%s: found %v, want one question", name, found)
		}
	}
}

// judgedAs judges a source as a file of a package; in a new package it needs no package clause.
func judgedAs(t *testing.T, pkg, name, text string) []finding {
	t.Helper()
	p := loaded(t)
	if p.packages[pkg] == nil {
		if !strings.Contains(text, "package probe") {
			text = "package probe\n" + text
		}
	}
	typed, err := p.with(pkg, name, text)
	if err != nil {
		t.Fatal(err)
	}
	return (&judge{p: p, t: typed}).all()
}

// clausesOf are the clauses of findings, each once.
func clausesOf(found []finding) []string {
	set := map[string]bool{}
	for _, f := range found {
		set[f.clause] = true
	}
	return slices.Sorted(maps.Keys(set))
}
