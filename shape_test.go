package culvert_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	// widthBudget is how wide a line is at most, with tabs as tabWidth.
	widthBudget, tabWidth = 120, 4
	// complexityBudget is the cognitive complexity of a function: how much a reader has to keep in mind.
	complexityBudget = 20
)

func TestLinesAreNotTooWide(t *testing.T) {
	for _, s := range sources(t) {
		raw := rawLines(s)
		for i, line := range readLines(t, s.path) {
			if n := width(line); n > widthBudget && !raw[i+1] && !strings.Contains(line, "://") {
				t.Errorf("%s:%d has %d columns; break it before %d", s.path, i+1, n, widthBudget)
			}
		}
	}
}

// rawLines are lines with a raw string that is data: one over several lines, or one that is long by itself.
func rawLines(s source) map[int]bool {
	const long = 60
	lines := map[int]bool{}
	ast.Inspect(s.file, func(n ast.Node) bool {
		l, ok := n.(*ast.BasicLit)
		if !ok || l.Kind != token.STRING || !strings.HasPrefix(l.Value, "`") {
			return true
		}
		if strings.Contains(l.Value, "\n") || len(l.Value) > long {
			for line := s.set.Position(l.Pos()).Line; line <= s.set.Position(l.End()).Line; line++ {
				lines[line] = true
			}
		}
		return true
	})
	return lines
}

func TestProseIsWrapped(t *testing.T) {
	files, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"docs/*.md", "docs/decisions/*.md", "deployments/*.md", "examples/*.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	for _, path := range files {
		code := false
		for i, line := range readLines(t, path) {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				code = !code
			}
			table, link := strings.HasPrefix(line, "|"), strings.HasPrefix(line, "[") && !strings.Contains(line, " ")
			if n := width(line); n > widthBudget && !table && !link && !code {
				t.Errorf("%s:%d has %d columns; wrap it before %d", path, i+1, n, widthBudget)
			}
		}
	}
}

// readLines are a file's lines.
func readLines(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(b), "\n")
}

func width(line string) int {
	return utf8.RuneCountInString(line) + (tabWidth-1)*strings.Count(line, "\t")
}

func TestFunctionsAreNotTooComplex(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil || s.test {
				continue
			}
			if n := complexityOf(f); n > complexityBudget {
				t.Errorf("%s: %s has a cognitive complexity of %d; split it before %d", s.set.Position(f.Pos()),
					f.Name.Name, n, complexityBudget)
			}
		}
	}
}

// A complexity counts as G. Ann Campbell's cognitive complexity does: each break in the flow is one, and one more for
// each level that it is nested in; a chain of one logical operator is one.
type complexity struct {
	name string
	n    int
}

func complexityOf(f *ast.FuncDecl) int {
	c := &complexity{name: f.Name.Name}
	c.walk(f.Body, 0)
	return c.n
}

// walk counts below a node at a depth of nesting.
func (c *complexity) walk(n ast.Node, depth int) {
	switch n := n.(type) {
	case nil:
		return
	case *ast.IfStmt:
		c.n += 1 + depth
		c.branch(n, depth)
		return
	case *ast.ForStmt:
		c.n += 1 + depth
		c.each(depth, n.Init, n.Cond, n.Post)
		c.walk(n.Body, depth+1)
		return
	case *ast.RangeStmt:
		c.n += 1 + depth
		c.walk(n.X, depth)
		c.walk(n.Body, depth+1)
		return
	case *ast.SwitchStmt:
		c.n += 1 + depth
		c.each(depth, n.Init, n.Tag)
		c.walk(n.Body, depth+1)
		return
	case *ast.TypeSwitchStmt:
		c.n += 1 + depth
		c.each(depth, n.Init, n.Assign)
		c.walk(n.Body, depth+1)
		return
	case *ast.SelectStmt:
		c.n += 1 + depth
		c.walk(n.Body, depth+1)
		return
	case *ast.FuncLit:
		c.walk(n.Body, depth+1)
		return
	case *ast.BranchStmt:
		if n.Label != nil {
			c.n++
		}
	case *ast.BinaryExpr:
		c.n += logical(n, token.ILLEGAL)
		c.operands(n, depth)
		return
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok && id.Name == c.name {
			c.n++
		}
	}
	c.children(n, depth)
}

func (c *complexity) each(depth int, nodes ...ast.Node) {
	for _, n := range nodes {
		c.walk(n, depth)
	}
}

// children walks the direct children of a node.
func (c *complexity) children(n ast.Node, depth int) {
	ast.Inspect(n, func(child ast.Node) bool {
		if child == n {
			return true
		}
		if child != nil {
			c.walk(child, depth)
		}
		return false
	})
}

// branch counts an if with its else: an else is one, without its nesting.
func (c *complexity) branch(n *ast.IfStmt, depth int) {
	if n.Init != nil {
		c.walk(n.Init, depth)
	}
	c.walk(n.Cond, depth)
	c.walk(n.Body, depth+1)
	switch e := n.Else.(type) {
	case *ast.IfStmt:
		c.n++
		c.branch(e, depth)
	case *ast.BlockStmt:
		c.n++
		c.walk(e, depth+1)
	}
}

// logical counts chains of one logical operator.
func logical(e ast.Expr, above token.Token) int {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return logical(e.X, token.ILLEGAL)
	case *ast.BinaryExpr:
		if e.Op != token.LAND && e.Op != token.LOR {
			return 0
		}
		n := logical(e.X, e.Op) + logical(e.Y, e.Op)
		if e.Op != above {
			n++
		}
		return n
	}
	return 0
}

// operands walks what is not itself a part of the chain.
func (c *complexity) operands(e ast.Expr, depth int) {
	switch x := e.(type) {
	case *ast.ParenExpr:
		c.operands(x.X, depth)
	case *ast.BinaryExpr:
		if x.Op == token.LAND || x.Op == token.LOR {
			c.operands(x.X, depth)
			c.operands(x.Y, depth)
			return
		}
		c.walk(x.X, depth)
		c.walk(x.Y, depth)
	default:
		c.walk(e, depth)
	}
}
