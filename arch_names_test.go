package culvert_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// nameOwners are the files that build a name of several parts and take it apart. Nobody else does either, so that a
// subject can get a tenant, and a record another key, by a change of one function.
var nameOwners = map[string]string{
	"events/grammar.go":             "step kinds",
	"events/key.go":                 "connection keys and saga ids",
	"events/result.go":              "command ids",
	"events/subject.go":             "subjects of the bus and of the journal",
	"workers/resource.go":           "claim resources",
	"workers/holder.go":             "holders of claims, and owner texts",
	"workers/claimstore.go":         "queries by the prefix of a resource",
	"adapters/jetstream/subject.go": "subjects of claims and marks",
}

var (
	// apart are the functions of package strings that look into a name.
	apart = regexp.MustCompile(`^(Cut|CutPrefix|CutSuffix|Split|SplitN|SplitSeq|SplitAfter|Fields|FieldsFunc|HasPrefix|HasSuffix|TrimPrefix|TrimSuffix|Index|IndexByte|LastIndex|LastIndexByte)$`)
	// partOfName are what names of several parts are called in this code.
	partOfName = []string{"subject", "Subject", "Subjects", "holder", "Holder", "resource", "Resource", "Kind",
		"SagaID", "ReplayOf", "command"}
	// subjectText begins a subject of ours.
	subjectText = regexp.MustCompile(`^"culvert\.(intents|status|commands|results|dead|journal|claims|marks)\.`)
)

// takenApart lists where a file looks into a name that another file owns, or builds one.
func takenApart(file *ast.File, set *token.FileSet) []string {
	var all []string
	say := func(n ast.Node, text string) { all = append(all, set.Position(n.Pos()).String()+": "+text) }
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			sel, ok := n.Fun.(*ast.SelectorExpr)
			if pkg, isIdent := call2(sel, ok); isIdent && pkg == "strings" && apart.MatchString(sel.Sel.Name) {
				if name := mentions(n.Args[0]); name != "" {
					say(n, "strings."+sel.Sel.Name+" looks into "+name)
				}
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING && subjectText.MatchString(n.Value) {
				say(n, "the subject "+n.Value+" is built")
			}
		}
		return true
	})
	return all
}

// mentions gives the name of several parts that an expression is about.
func mentions(e ast.Expr) string {
	found := ""
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && slices.Contains(partOfName, id.Name) {
			found = id.Name
		}
		return true
	})
	return found
}

func TestNamesAreTakenApartByTheirOwners(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || nameOwners[s.path] != "" || strings.HasPrefix(s.pkg, "adapters/simcloud") ||
			strings.HasSuffix(s.file.Name.Name, "test") {
			continue
		}
		for _, said := range takenApart(s.file, s.set) {
			t.Errorf("%s: a name of several parts has one owner (nameOwners); ask it", said)
		}
	}
}

// TestTakenApart holds the check itself: each source is refused, or is not.
func TestTakenApart(t *testing.T) {
	for source, want := range map[string]int{
		`strings.Cut(h.Holder, "/")`:                                        1,
		`strings.Split(m.Subject, ".")`:                                     1,
		`strings.TrimPrefix(c, events.CommandSubject(""))`:                  0,
		`strings.HasPrefix(item.Resource, "cursor/")`:                       1,
		`strings.Cut(c.Kind, ".")`:                                          1,
		`strings.Cut(text, ",")`:                                            0,
		`bus.Publish(ctx, events.Message{Subject: "culvert.commands.net"})`: 1,
		`strings.Split(strings.ToLower(holder), "/")`:                       1,
		`fmt.Sprint("culvert.yaml")`:                                        0,
	} {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, "probe.go", "package p\nfunc f() { "+source+" }", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := takenApart(file, set); len(got) != want {
			t.Errorf("%s: %q, want %d", source, got, want)
		}
	}
}

// TestWrittenStructsNameTheirMembers: a struct that is written as JSON has a tag on every member, so that no name on
// the wire is a name in Go.
func TestWrittenStructsNameTheirMembers(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if st, ok := n.(*ast.StructType); ok {
				for _, name := range untagged(st) {
					t.Errorf("%s: %s has no json tag, but others of its struct have", s.set.Position(st.Pos()), name)
				}
			}
			return true
		})
	}
}

// untagged lists the exported fields without a json tag of a struct of which another field has one.
func untagged(st *ast.StructType) (names []string) {
	tagged := false
	for _, f := range st.Fields.List {
		if f.Tag != nil && strings.Contains(f.Tag.Value, `json:"`) {
			tagged = true
			continue
		}
		for _, name := range f.Names {
			if name.IsExported() {
				names = append(names, name.Name)
			}
		}
	}
	if !tagged {
		return nil
	}
	return names
}

func TestUntagged(t *testing.T) {
	for source, want := range map[string]int{
		"struct { A int `json:\"a\"`; B, C int }":           2,
		"struct { A int `json:\"a\"`; Ref; b int }":         0,
		"struct { A, B int }":                               0,
		"struct { A int `json:\"-\"`; B int `json:\"b\"` }": 0,
	} {
		e, err := parser.ParseExpr(source)
		if err != nil {
			t.Fatal(err)
		}
		if got := untagged(e.(*ast.StructType)); len(got) != want {
			t.Errorf("%s: %q, want %d", source, got, want)
		}
	}
}
