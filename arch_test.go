package culvert_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path of this module; ours is every import below it.
const module = "github.com/culvertnet/culvert"

// A rule says what a package may import of ours, and why. The first rule whose pattern fits a package counts; a pattern
// that ends in /... fits everything below.
type rule struct {
	pkg string
	may []string
	why string
}

// rules are the import matrix: words in events, decisions in saga, verbs in workers, vendors in adapters, wiring in
// cmd.
var rules = []rule{
	{"schemas", []string{
		"events/pointer",
	}, "schemas are the contract with publishers and know nothing of the program but how a place is named"},
	{"examples", nil, "examples are data"},
	{"examples/...", nil, "a suite's helper reads the files and knows no more of them than their format"},
	{"events", nil, "the vocabulary depends on nothing"},
	{"events/intake", []string{"events", "events/pointer", "events/poison", "schemas"},
		"the intake reads events by their schemas; it ends at a port"},
	{"events/reach", nil, "the model of reach is values in, values out; adapters translate for it"},
	{"events/...", []string{"events"}, "a suite sees what it tests"},
	{"saga", []string{"events", "events/pointer"}, "the core decides over words; it knows no worker and no vendor"},
	{"saga/plans", []string{"events", "saga", "saga/plans/..."}, "the catalogue lists the kinds"},
	{"saga/plans/operator", []string{
		"events",
	}, "the operator's configuration is data that every kind reads, and belongs to none"},
	{"saga/plans/operator/...", []string{"events", "saga/plans/operator"}, "a suite sees what it tests"},
	{"saga/plans/kind", []string{"events", "saga"}, "what a kind is depends on no kind"},
	{"saga/plans/kind/...", []string{"events", "events/intake", "saga", "saga/plans/kind", "schemas"},
		"a suite sees what it tests"},
	{"saga/plans/...", []string{"events", "events/reach", "saga", "saga/plans/kind", "saga/plans/operator",
		"workers/..."},
		"a kind sees the contracts of capabilities and the operator's configuration, never an adapter and never " +
			"another kind"},
	{"saga/orchestrator", []string{"events", "events/pause", "events/poison", "saga"},
		"the shell is built around one core and knows nothing that is built on it"},
	{"saga/...", []string{"events", "saga"}, "a suite sees what it tests: the core, not the shell around it"},
	{"workers", []string{"events", "events/pause", "events/poison", "events/reach"},
		"the runtime knows no engine and no vendor"},
	{"workers/steptest", []string{"events", "events/reach", "workers", "workers/..."}, "a suite sees what it tests"},
	{"workers/claimstest", []string{"events", "workers"}, "a suite sees what it tests"},
	{"adapters/simcloud", []string{
		"adapters/simcloud/...", "examples",
	}, "the simulated world cannot share our mistakes"},
	{"adapters/simcloud/reach", []string{
		"adapters/simcloud/aviatrix", "adapters/simcloud/world",
	}, "the world judges packets over its own documents, and alone"},
	{"adapters/simcloud/...", []string{"adapters/simcloud/..."}, "the simulated world cannot share our mistakes"},
	{"cmd/...", []string{"..."}, "wiring sees all"},
}

// mayImport tells whether a package of ours may import another.
func mayImport(pkg, imported string) (bool, string) {
	if capability, ok := strings.CutPrefix(pkg, "workers/"); ok && !strings.HasPrefix(pkg, "workers/steptest") &&
		!strings.HasPrefix(pkg, "workers/claimstest") {
		name, suite, _ := strings.Cut(capability, "/")
		if strings.HasSuffix(suite, "test") && imported == "workers/steptest" {
			return true, ""
		}
		return slices.Contains([]string{"workers", "events", "events/reach"}, imported) ||
				fits("workers/"+name+"/...", imported) || imported == "workers/"+name,
			"a capability sees the runtime and the words, never another capability and never a vendor"
	}
	for _, r := range rules {
		if !fits(r.pkg, pkg) {
			continue
		}
		for _, allowed := range r.may {
			if fits(allowed, imported) {
				return true, ""
			}
		}
		return false, r.why
	}
	if technology, ok := strings.CutPrefix(pkg, "adapters/"); ok {
		own, _, _ := strings.Cut(technology, "/")
		allowed := []string{"events", "events/bustest", "events/pause", "events/reach", "saga", "saga/audit",
			"saga/journaltest", "workers", "workers/...", "adapters/" + own, "adapters/" + own + "/..."}
		return slices.ContainsFunc(allowed, func(a string) bool { return fits(a, imported) }),
			"an adapter sees the ports it implements, never another adapter: a technology can be taken out whole"
	}
	return false, "no rule says where this package belongs"
}

func fits(pattern, pkg string) bool {
	if prefix, below := strings.CutSuffix(pattern, "..."); below {
		return strings.HasPrefix(pkg+"/", prefix) && pkg+"/" != prefix || prefix == ""
	}
	return pattern == pkg
}

// A source is one parsed Go file.
type source struct {
	path, pkg string
	lines     int
	test      bool
	file      *ast.File
	set       *token.FileSet
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" ||
			d.Name() == "bin"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{
			path: path, pkg: filepath.ToSlash(filepath.Dir(path)), lines: strings.Count(string(text), "\n"),
			test: strings.HasSuffix(path, "_test.go"), file: file, set: set,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (s source) imports() []string {
	var paths []string
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

func TestImportsFollowTheMatrix(t *testing.T) {
	for _, s := range sources(t) {
		if s.test { // tests may bring the simulated world and the suites
			continue
		}
		for _, path := range s.imports() {
			imported, ours := strings.CutPrefix(path, module+"/")
			if !ours {
				continue
			}
			if ok, why := mayImport(s.pkg, imported); !ok {
				t.Errorf("%s imports %s: %s", s.path, imported, why)
			}
		}
	}
}

// vendors are import prefixes that only adapters, and the commands that wire them, may know.
var vendors = []string{
	"cloud.google.com/", "google.golang.org/", "github.com/nats-io/", "github.com/osrg/gobgp",
	"github.com/danielgtaylor/huma",
	"github.com/jackc/", "github.com/prometheus/", "github.com/tmaxmax/go-sse", "github.com/cloudevents/",
}

func TestVendorsStayInAdapters(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.pkg, "adapters/") || strings.HasPrefix(s.pkg, "cmd/") {
			continue
		}
		for _, path := range s.imports() {
			for _, v := range vendors {
				if strings.HasPrefix(path, v) {
					t.Errorf("%s imports %s: a vendor's library belongs to one adapter", s.path, path)
				}
			}
		}
	}
}

func call2(sel *ast.SelectorExpr, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	x, isIdent := sel.X.(*ast.Ident)
	if !isIdent {
		return "", false
	}
	return x.Name, true
}

func TestNoTestCodeInBinaries(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || strings.HasSuffix(s.file.Name.Name, "test") {
			continue
		}
		for _, path := range s.imports() {
			if path == "testing" || strings.HasPrefix(path, module) && strings.HasSuffix(path, "test") {
				t.Errorf("%s imports %s: test code does not belong into a binary", s.path, path)
			}
		}
	}
}

func TestBudgets(t *testing.T) {
	const fileBudget, suiteBudget, functionBudget, portBudget, parameterBudget = 500, 600, 60, 5, 4
	for _, s := range sources(t) {
		budget := fileBudget
		if s.test || strings.HasSuffix(s.file.Name.Name, "test") {
			budget = suiteBudget
		}
		if s.lines > budget {
			t.Errorf("%s has %d lines; split it by noun before %d", s.path, s.lines, budget)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || s.test {
				continue
			}
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line; n > functionBudget && f.Body != nil {
				t.Errorf("%s: %s has %d lines; a function has at most %d", s.set.Position(f.Pos()), f.Name.Name, n,
					functionBudget)
			}
			if n := parameters(f); n > parameterBudget+1 { // the context is free
				t.Errorf("%s: %s takes %d parameters; after %d comes a struct", s.set.Position(f.Pos()), f.Name.Name, n,
					parameterBudget)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if i, ok := n.(*ast.InterfaceType); ok && !s.test && len(i.Methods.List) > portBudget {
				t.Errorf("%s: an interface of %d methods; a port has at most %d", s.set.Position(i.Pos()),
					len(i.Methods.List), portBudget)
			}
			return true
		})
	}
}

func parameters(f *ast.FuncDecl) int {
	n := 0
	for _, p := range f.Type.Params.List {
		n += max(1, len(p.Names))
	}
	return n
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		documented[s.pkg] = documented[s.pkg] || s.file.Doc != nil
	}
	for pkg, ok := range documented {
		if !ok && pkg != "." {
			t.Errorf("package %s has no doc comment", pkg)
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.pkg, "cmd/") {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) && !isErrorMethod(d) {
					t.Errorf("%s: %s has no comment", s.set.Position(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				undocumentedSpecs(t, s, d)
			}
		}
	}
}

func undocumentedSpecs(t *testing.T, s source, d *ast.GenDecl) {
	t.Helper()
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				t.Errorf("%s: %s has no comment", s.set.Position(spec.Pos()), spec.Name.Name)
			}
		case *ast.ValueSpec:
			if spec.Names[0].IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				t.Errorf("%s: %s has no comment", s.set.Position(spec.Pos()), spec.Names[0].Name)
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	expr := d.Recv.List[0].Type
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	if index, ok := expr.(*ast.IndexExpr); ok {
		expr = index.X
	}
	name, ok := expr.(*ast.Ident)
	return ok && name.IsExported()
}

// isErrorMethod tells the methods whose meaning their interface fixes.
func isErrorMethod(d *ast.FuncDecl) bool {
	return slices.Contains([]string{"Error", "String", "Unwrap", "Len", "Less", "Swap", "MarshalJSON", "UnmarshalJSON",
		"MarshalText", "UnmarshalText"}, d.Name.Name)
}

func TestTestsWaitForThings(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			x, isIdent := call2(sel, ok)
			switch {
			case isIdent && x == "time" && sel.Sel.Name == "Sleep":
				t.Errorf("%s: a test waits for a thing, never for a while", s.set.Position(n.Pos()))
			case isIdent && (x == "t" || x == "b") && strings.HasPrefix(sel.Sel.Name, "Skip"):
				t.Errorf("%s: a missing thing fails, it does not skip", s.set.Position(n.Pos()))
			}
			return true
		})
	}
}
