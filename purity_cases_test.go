package culvert_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// An impureCase is a source that must be refused, each for exactly these clauses.
type impureCase struct {
	name, text string
	want       []string
}

// impureCases has one source for each clause and one for each way around it. They are judged as files of saga/plans/probe,
// without a package clause.
var impureCases = []impureCase{
	{"a goroutine", `func f() { go f() }`, []string{clauseGoroutine}},
	{"a goroutine in a literal", `var f = func() { go g() }; func g() {}`, []string{clauseGoroutine}},
	{"a channel made", `func f() { _ = make(chan int) }`, []string{clauseChannel}},
	{"a channel as a parameter", `func f(c chan<- int) { c <- 1 }`, []string{clauseChannel}},
	{"a channel in a struct", `type t struct{ c <-chan int }; func f(x t) int { return <-x.c }`, []string{clauseChannel}},
	{"a range over a channel", `func f(c chan int) { for range c { } }`, []string{clauseChannel}},
	{"a channel by another type", `type wire chan int; func f(w wire) { close(w) }`, []string{clauseChannel}},
	{"a select", `func f() { select {} }`, []string{clauseSelect}},

	{"an import that is not listed", `import "path/filepath"; var _ = filepath.Join`, []string{clauseImport, clauseName}},
	{"a blank import", `import _ "embed"`, []string{clauseImport}},
	{"a context outside of a port", `import "context"; func f(ctx context.Context) {}`, []string{clauseImport}},
	{"a lock", `import "sync"; type t struct{ mu sync.Mutex }`, []string{clauseImport, clauseName}},
	{"a function that runs once", `import "sync"; var f = sync.OnceValue(func() int { return 1 })`, []string{clauseImport, clauseName}},
	{"unsafe", `import "unsafe"; var _ = unsafe.Sizeof(1)`, []string{clauseImport, clauseName}},
	{"a random number", `import "math/rand/v2"; func f() int { return rand.Int() }`, []string{clauseImport, clauseName}},
	{"a random id", `import "github.com/google/uuid"; func f() uuid.UUID { return uuid.New() }`, []string{clauseName}},
	{"a clock in an id", `import "github.com/google/uuid"; var f = uuid.NewUUID`, []string{clauseName}},
	{"the environment", `import "os"; func f() string { return os.Getenv("X") }`, []string{clauseImport, clauseName}},
	{"a file", `import "os"; func f() { _, _ = os.ReadFile("x") }`, []string{clauseImport, clauseName}},

	{"the clock", `import "time"; func f() time.Time { return time.Now() }`, []string{clauseName}},
	{"the clock by a dot import", `import . "time"; func f() Time { return Now() }`, []string{clauseName}},
	{"the clock by an alias", `import fmt "time"; func f() fmt.Time { return fmt.Now() }`, []string{clauseName}},
	{"the clock as a value", `import "time"; func f() func() time.Time { return time.Now }`, []string{clauseName}},
	{"the clock in a variable", `import "time"; var now = time.Now`, []string{clauseName}},
	{"the clock in a struct", `import "time"; type t struct{ now func() time.Time }; var x = t{now: time.Now}`, []string{clauseName}},
	{"the clock since", `import "time"; func f(t time.Time) time.Duration { return time.Since(t) }`, []string{clauseName}},
	{"the time zone", `import "time"; func f(t time.Time) time.Time { return t.In(time.Local) }`, []string{clauseName}},
	{"the time zone by a method", `import "time"; func f(t time.Time) time.Time { return t.Local() }`, []string{clauseMethod}},
	{"the time zone by a method value", `import "time"; var f = time.Time.Local`, []string{clauseMethod}},
	{"the time zone of a number", `import "time"; func f() time.Time { return time.Unix(0, 0) }`, []string{clauseName}},
	{"the time zone of a text", `import "time"; func f(s string) (time.Time, error) { return time.Parse(time.RFC3339, s) }`, []string{clauseName}},
	{"a timer", `import "time"; func f(t *time.Timer) { t.Stop() }`, []string{clauseName, clauseMethod}},
	{"output", `import "fmt"; func f() { fmt.Println("x") }`, []string{clauseName}},
	{"output as a value", `import "fmt"; var f = fmt.Print`, []string{clauseName}},
	{"output without an import", `func f() { println("x") }`, []string{clauseOutput}},
	{"a log", `import "log/slog"; func f() { slog.Info("x") }`, []string{clauseImport, clauseName}},
	{"a call by name", `import "reflect"; func f(x any) { reflect.ValueOf(x).MethodByName("Now").Call(nil) }`, []string{clauseMethod}},

	{"a clock in a field", `type t struct{ now func() int64 }; func f(x t) int64 { return x.now() }`, []string{clauseSupplied}},
	{"a clock as a parameter", `func f(now func() int64) int64 { return now() }`, []string{clauseSupplied}},
	{"a clock in a named type", `type clock func() int64; func f(now clock) int64 { return now() }`, []string{clauseSupplied}},
	{"a clock behind an interface", `type clock interface{ Now() int64 }; func f(c clock) int64 { return c.Now() }`, []string{clauseSupplied}},
	{"an embedded interface", `type clock interface{ Now() int64 }; type t struct{ clock }; func f(x t) int64 { return x.Now() }`, []string{clauseSupplied}},
	{"a method value of an interface", `type clock interface{ Now(zone string) int64 }; func f(c clock) func(string) int64 { return c.Now }`, []string{clauseSupplied}},
	{"a method of a type parameter", `func f[C interface{ Now() int64 }](c C) int64 { return c.Now() }`, []string{clauseSupplied}},
	{"a function that a map gives", `func f(by map[string]func() int) int { return by["x"]() }`, []string{clauseSupplied}},

	{"a linked name", "import _ \"unsafe\"\n//go:linkname now time.now\nfunc now() (int64, int32, int64)", []string{clauseImport, clauseDirective}},
	{"a build tag", "//go:build linux\n\nPACKAGE\nvar x = 1", []string{clauseDirective}},
	{"an embedded file", "import _ \"embed\"\n//go:embed x.go\nvar x string", []string{clauseImport, clauseDirective}},
	{"init", `var x int; func init() { x = 1 }`, []string{clauseInit, clauseVariable}},

	{"a counter", `import "sync/atomic"; var n atomic.Int64; func f() { n.Add(1) }`, []string{clauseImport, clauseName, clauseVariable, clauseMethod}},
	{"a variable assigned", `var n int; func f() { n = 1 }`, []string{clauseVariable}},
	{"a variable counted up", `var n int; func f() { n++ }`, []string{clauseVariable}},
	{"a variable by a range", `var n int; func f() { for n = range 3 { } }`, []string{clauseVariable}},
	{"a field of a variable", `var n struct{ x int }; func f() { n.x = 1 }`, []string{clauseVariable}},
	{"the address of a variable", `var n int; func f() *int { return &n }`, []string{clauseVariable}},
	{"a variable behind a pointer", `type t struct{ n int }; var x = &t{}; func f() { x.n++ }`, []string{clauseVariable}},
	{"a method that changes a variable", `type t int; func (x *t) add() { *x++ }; var n t; func f() { n.add() }`, []string{clauseVariable}},
	{"a method value that changes a variable", `type t int; func (x *t) add() { *x++ }; var n t; var f = n.add`, []string{clauseVariable}},
	{"a map that is written", `var m = map[string]int{}; func f() { m["x"] = 1 }`, []string{clauseVariable}},
	{"a map that is deleted from", `var m = map[string]int{}; func f() { delete(m, "x") }`, []string{clauseVariable}},
	{"a map by another name", `var m = map[string]int{}; func f() { x := m; x["x"] = 1 }`, []string{clauseVariable}},
	{"a map that is given out", `var m = map[string]int{}; func f() map[string]int { return m }`, []string{clauseVariable}},
	{"a map that a function writes", `var m = map[string]int{}; func f() { g(m) }; func g(x map[string]int) { x["x"] = 1 }`, []string{clauseVariable}},
	{"a slice that is sorted in place", `import "slices"; var s = []int{2, 1}; func f() { slices.Sort(s) }`, []string{clauseVariable}},
	{"a slice that is appended over", `var s = []int{2, 1}; func f() []int { return append(s[:0], 1) }`, []string{clauseVariable}},
	{"state in a closure", `var next = func() func(int) int { n := 0; return func(by int) int { n += by; return n } }()`, []string{clauseVariable}},
	{"state in a made closure", `var next = counter(); func counter() func(int) int { n := 0; return func(by int) int { n += by; return n } }`, []string{clauseVariable}},
	{"state behind an interface", `type t interface{ add() }; var x any = 1`, []string{clauseVariable}},
	{"somebody else's variable", `import "time"; func f() { time.Local = time.UTC }`, []string{clauseName, clauseVariable}},
	{"somebody's impure function", `import "github.com/culvertnet/culvert/workers"; var f = workers.New`, []string{clauseName, clauseOrder}},

	{"keys in a map's order", `func f(m map[string]int) (s []string) { for k := range m { s = append(s, k) }; return s }`, []string{clauseOrder}},
	{"keys of a type parameter", `func f[M ~map[string]int](m M) (s []string) { for k := range m { s = append(s, k) }; return s }`, []string{clauseOrder}},
	{"a text in a map's order", `func f(m map[string]int) (s string) { for k := range m { s += k }; return s }`, []string{clauseOrder}},
	{"a builder in a map's order", `import "strings"; func f(m map[string]int) string { var b strings.Builder; for k := range m { b.WriteString(k) }; return b.String() }`, []string{clauseOrder}},
	{"a print in a map's order", `import ("fmt"; "strings"); func f(m map[string]int) string { var b strings.Builder; for k := range m { fmt.Fprintf(&b, "%s", k) }; return b.String() }`, []string{clauseOrder}},
	{"places in a map's order", `func f(m map[string]int, s []string) { i := 0; for k := range m { s[i] = k; i++ } }`, []string{clauseOrder}},
	{"a closure in a map's order", `func f(m map[string]int) (s []string) { add := func(k string) { s = append(s, k) }; for k := range m { add(k) }; return s }`, []string{clauseOrder}},
	{"the first of a map", `func f(m map[string]int) string { for k := range m { return k }; return "" }`, []string{clauseOrder}},
	{"any one of a map", `func f(m map[string]int) (s string) { for k := range m { s = k; break }; return s }`, []string{clauseOrder}},
	{"a sequence of keys", `import ("maps"; "slices"); func f(m map[string]int) []string { return slices.Collect(maps.Keys(m)) }`, []string{clauseOrder}},
	{"a loop over a sequence of keys", `import "maps"; func f(m map[string]int) (s []string) { for k := range maps.Keys(m) { s = append(s, k) }; return s }`, []string{clauseOrder}},
	{"a sequence as a value", `import "maps"; func f(m map[string]int) func(func(string) bool) { return maps.Keys(m) }`, []string{clauseOrder}},
	{"facts in a map's order", `type turn struct{ facts []string }; func (t *turn) add(f string) { t.facts = append(t.facts, f) }; func (t *turn) f(m map[string]int) { for k := range m { t.g(k) } }; func (t *turn) g(k string) { t.add(k) }`, []string{clauseOrder}},
}

// pureCases are sources with the looks of an impure one, which pass.
var pureCases = []impureCase{
	{name: "keys that are sorted", text: `import ("maps"; "slices"); func f(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }`},
	{name: "a result that is sorted", text: `import "slices"; func f(m map[string]int) (s []string) { for k := range m { s = append(s, k) }; slices.Sort(s); return s }`},
	{name: "a map of a map", text: `func f(m map[string]int) map[string][]int { r := map[string][]int{}; for k, v := range m { r[k] = append(r[k], v) }; return r }`},
	{name: "a sum", text: `func f(m map[string]int) (n int) { for _, v := range m { n += v }; return n }`},
	{name: "whether there is one", text: `func f(m map[string]int) bool { for _, v := range m { if v > 1 { return true } }; return false }`},
	{name: "a table", text: `import "regexp"; var m = map[string]int{"x": 1}; var r = regexp.MustCompile("x"); func f(s string) bool { return m[s] == 1 && r.MatchString(s) }`},
	{name: "a literal that is called", text: `func f() int { n := 0; one := func() int { n++; return n }; return one() }`},
	{name: "a time in a zone", text: `import "time"; func f(t time.Time) time.Time { return t.In(time.UTC).Add(time.Second) }`},
	{name: "an interface of its own", text: `type fact interface{ is() string }; func f(x fact) string { return x.is() }`},
	{name: "a name made of a name", text: `import "github.com/google/uuid"; func f(u uuid.UUID) uuid.UUID { return uuid.NewSHA1(u, nil) }`},
}

func TestImpureSourcesAreRefused(t *testing.T) {
	for _, c := range impureCases {
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
	for _, c := range pureCases {
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
			"package variable: probes: ", "channel: ", "goroutine: ", "import: log/slog: ", "impure name: github.com/google/uuid.New: ",
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
		if !strings.Contains(text, "PACKAGE") {
			text = "PACKAGE\n" + text
		}
		text = strings.Replace(text, "PACKAGE", "package probe", 1)
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
