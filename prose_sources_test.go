package culvert_test

import (
	"strings"
	"testing"
)

// offending are functions that decide by a text, with what is said of each.
var offending = []struct{ source, says string }{
	{`func f(c events.Cause) bool { return strings.Contains(c.Text, "resolve") }`, "strings.Contains takes"},
	{`func f(c events.Cause) string { before, _, _ := strings.Cut(c.Text, "; "); return before }`, "strings.Cut takes"},
	{`func f(o events.Outcome) bool { return o.Message == "quota" }`, "is compared with"},
	{`func f(o events.Outcome) bool { return "quota" != o.Message }`, "is compared with"},
	{`func f(v events.Status) bool { switch v.Reason { case "superseded": return true }; return false }`, "is compared with"},
	{`const w = "superseded"; func f(v events.Status) bool { return v.Reason == w }`, "is compared with"},
	{`func f(r events.SurveyRow) bool { return strings.HasPrefix(strings.ToLower(r.Because), "x") }`, "strings.HasPrefix takes"},
	{`func f(err error) bool { return err.Error() == "busy" }`, "is compared with"},
	{`func f(err error) bool { said := err.Error(); return strings.HasSuffix(said, "busy") }`, "strings.HasSuffix takes"},
	{`func f(err error) bool { var said = "it says " + err.Error(); return strings.Contains(said, "busy") }`, "strings.Contains takes"},
	{`func f(err error) bool { return strings.Contains(fmt.Sprint(err), "busy") }`, "strings.Contains takes"},
	{`func f(err error) bool { return strings.Contains(fmt.Sprintf("%v", err), "busy") }`, "strings.Contains takes"},
	{`func g(err error) string { return err.Error() }; func f(err error) bool { return g(err) == "busy" }`, "is compared with"},
	{`func g(s string) bool { return strings.Contains(s, "busy") }; func f(err error) bool { return g(err.Error()) }`, "strings.Contains takes"},
	{`func g(s string) string { return s + "." }; func f(err error) bool { return g(err.Error()) == "busy." }`, "is compared with"},
	{`type t struct{ said string }; func f(v t) bool { return v.said == "x" }; func g(err error) t { return t{said: err.Error()} }`, "is compared with"},
	{`var re = regexp.MustCompile("x"); func f(err error) bool { return re.MatchString(err.Error()) }`, "regexp.MatchString takes"},
	{`func f(err error) bool { return bytes.Contains([]byte(err.Error()), []byte("x")) }`, "bytes.Contains takes"},
	{`func f(c events.Cause) int { return map[string]int{"x": 1}[c.Text] }`, "a map is asked"},
	{`func f(c events.Cause) bool { return slices.Contains([]string{"x"}, c.Text) }`, "slices.Contains takes"},
	{`func f(c events.Cause) (int, error) { return strconv.Atoi(c.Text) }`, "strconv.Atoi takes"},
	{`func f(c events.Cause) bool { has := strings.Contains; _ = has; return strings.EqualFold(c.Advice, "x") }`, "strings.EqualFold takes"},
	{`func f(o events.Outcome) bool { return o.Reason == "fenced" }`, "Reason is compared with the literal"},
	{`func f(o events.Outcome) bool { switch o.Reason { case "panic": return true }; return false }`, "Reason is compared with the literal"},
	{`func f(v events.Status) bool { return v.Status == "stuck" }`, "SagaStatus is compared with the literal"},
}

// fine are functions that use a text and decide nothing by it, and one that decides by a constant.
var fine = []string{
	`func f(c events.Cause) bool { return c.Text != "" }`,
	`func f(c events.Cause) string { return strings.ReplaceAll(strings.TrimSpace(c.Text), "\n", " ") }`,
	`func f(a, b events.Cause) bool { return a.Text == b.Text }`,
	`func f(o events.Outcome) bool { return o.Reason == events.ReasonPanic }`,
	`func clip(s string) string { return s }; func f(v events.Violation) bool { _ = clip(v.Message); return clip(v.Field) == "x" }`,
}

// TestProseIsSeen holds the test above to what it is there for.
func TestProseIsSeen(t *testing.T) {
	p := loaded(t)
	const imports = `import ("bytes"; "fmt"; "regexp"; "slices"; "strconv"; "strings"; "github.com/culvertnet/culvert/events")
		var _, _, _, _, _, _, _ = bytes.Contains, fmt.Sprint, regexp.Match, slices.Max[[]int], strconv.Itoa, strings.Clone, events.Do; `
	found := func(text string) []string {
		src, err := p.with("probe", "probe.go", "package probe; "+imports+text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		r := newProseReader(p.set)
		return r.offences([]*typed{src})
	}
	for _, o := range offending {
		if got := found(o.source); len(got) != 1 || !strings.Contains(got[0], o.says) {
			t.Errorf("%s:\n%q, want one that says %q", o.source, got, o.says)
		}
	}
	for _, text := range fine {
		if got := found(text); len(got) > 0 {
			t.Errorf("%s: %q, want nothing", text, got)
		}
	}
}
