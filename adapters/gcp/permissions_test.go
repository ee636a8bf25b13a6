package gcp

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/gcp/permissions"
)

// Every call that this package makes is in the list of permissions, and nothing else is.
func TestEveryCallHasItsPermissions(t *testing.T) {
	list, err := permissions.Load()
	if err != nil {
		t.Fatal(err)
	}
	made := callsIn(t)
	if len(made) < 60 {
		t.Errorf("only %d calls were found: the test sees nothing", len(made))
	}
	known := maps.Clone(list.Calls)
	maps.Copy(known, list.Preflight)
	for name, at := range made {
		if _, has := known[name]; !has {
			t.Errorf("%s: call %s is not in permissions/permissions.yaml", at, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if made[name] == "" {
			t.Errorf("permissions/permissions.yaml has %s, which no call is named after", name)
		}
	}
}

// A caller finds the names of calls in the syntax of a file.
type caller struct {
	t     *testing.T
	set   *token.FileSet
	names map[string]string // with the place of one
	// texts are the package's constants that are texts, verbs those of type verb.
	texts map[string]string
	verbs []string
}

func callsIn(t *testing.T) map[string]string {
	t.Helper()
	c := caller{t: t, set: token.NewFileSet(), names: map[string]string{}, texts: map[string]string{}}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(c.set, e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		ast.Inspect(file, c.constants)
	}
	for _, file := range files {
		ast.Inspect(file, c.visit)
	}
	return c.names
}

func (c *caller) constants(n ast.Node) bool {
	spec, is := n.(*ast.ValueSpec)
	if !is {
		return true
	}
	for i, name := range spec.Names {
		if i >= len(spec.Values) {
			continue
		}
		if lit, is := spec.Values[i].(*ast.BasicLit); is && lit.Kind == token.STRING {
			text, _ := strconv.Unquote(lit.Value)
			c.texts[name.Name] = text
			if of, is := spec.Type.(*ast.Ident); is && of.Name == "verb" {
				c.verbs = append(c.verbs, text)
			}
		}
	}
	return true
}

// visit looks at the places where a call gets its name: a call, a mutation, the source of a list.
func (c *caller) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CompositeLit:
		of, _ := n.Type.(*ast.Ident)
		for _, e := range n.Elts {
			pair, is := e.(*ast.KeyValueExpr)
			if !is || of == nil {
				continue
			}
			key, _ := pair.Key.(*ast.Ident)
			if key != nil && (of.Name == "call" && key.Name == "name" || of.Name == "mutation" && key.Name == "call") {
				c.named(pair.Value)
			}
		}
	case *ast.AssignStmt:
		for i, to := range n.Lhs {
			sel, is := to.(*ast.SelectorExpr)
			x, isIdent := call2(sel, is)
			if isIdent && len(n.Rhs) == len(n.Lhs) && (x == "m" && sel.Sel.Name == "call" ||
				x == "of" && sel.Sel.Name == "name") {
				c.named(n.Rhs[i])
			}
		}
	case *ast.CallExpr:
		sel, is := n.Fun.(*ast.SelectorExpr)
		if is && sel.Sel.Name == "source" && len(n.Args) == 2 {
			c.named(n.Args[0])
		}
	}
	return true
}

func call2(sel *ast.SelectorExpr, is bool) (string, bool) {
	if !is {
		return "", false
	}
	x, isIdent := sel.X.(*ast.Ident)
	if !isIdent {
		return "", false
	}
	return x.Name, true
}

// named notes a name. One that is put together has to be of a form that is known here.
func (c *caller) named(e ast.Expr) {
	at := c.set.Position(e.Pos()).String()
	switch e := e.(type) {
	case *ast.BasicLit:
		if name, _ := strconv.Unquote(e.Value); name != "" {
			c.names[name] = at
		}
		return
	case *ast.Ident:
		if name := c.texts[e.Name]; name != "" {
			c.names[name] = at
			return
		}
	case *ast.SelectorExpr: // handed on: it was named where it was made
		if e.Sel.Name == "call" {
			return
		}
	case *ast.CallExpr: // what an operation is called in errors; its own call is operations.get
		if sel, is := e.Fun.(*ast.SelectorExpr); is && sel.Sel.Name == "TrimSpace" {
			return
		}
	case *ast.BinaryExpr:
		lit, is := e.X.(*ast.BasicLit)
		if !is {
			break
		}
		prefix, _ := strconv.Unquote(lit.Value)
		if prefix == "operation " {
			return
		}
		for _, verb := range c.verbs {
			c.names[prefix+verb] = at
		}
		if len(c.verbs) > 0 {
			return
		}
	}
	c.t.Errorf("%s: the name of a call is put together in a way that this test does not know", at)
}
