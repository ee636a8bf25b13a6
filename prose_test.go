package culvert_test

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// A text is for people and may change in any commit; what a program decides by is a typed constant, a field or a code.
// These tests follow texts through the module and refuse what decides by one.

// textFields are the names of the fields that hold text for people, where their type is plain string. A field of these
// names that programs read has a type of its own.
var textFields = []string{"Advice", "Because", "Detail", "Message", "Reason", "Text"}

// renderers are the functions of strings and bytes that make text of text and decide nothing.
var renderers = []string{
	"Clone", "Compare", "Join", "Lines", "Map", "NewReader", "NewReplacer", "Repeat", "Replace", "ReplaceAll",
	"ReplaceAllString", "ToLower", "ToTitle", "ToUpper", "ToValidUTF8", "Trim", "TrimLeft", "TrimRight", "TrimSpace",
	"Write", "WriteString",
}

// deciders are functions of other packages that decide by a text or take it apart.
var deciders = map[string][]string{
	"slices":        {"Contains", "Index", "BinarySearch"},
	"strconv":       {"Atoi", "ParseBool", "ParseFloat", "ParseInt", "ParseUint", "Unquote"},
	"fmt":           {"Sscan", "Sscanf", "Sscanln"},
	"path":          {"Match"},
	"encoding/json": {"Unmarshal"},
}

// readers are the functions that may read a text, with the reason. A vendor's text is the vendor's interface where it
// has no other; nothing of ours is in it.
var readers = map[string]string{
	"adapters/aviatrix.Client.reason":   "a controller tells errors apart by their text only",
	"adapters/aviatrix.expired":         "a controller tells the end of a session by a text only",
	"adapters/aviatrix.meaningOf":       "a controller tells errors apart by their text only",
	"adapters/gcp.signal.tells":         "some errors of Google differ in their text only",
	"adapters/gobgp.classify":           "GoBGP answers most errors with the code Unknown",
	"adapters/gobgp.wordOf":             "GoBGP tells in its log only why a session is not there",
	"cmd/culvert.explain":               "it prints who says a refusal before the refusal",
	"cmd/proofs/broken.story.lacks":     "the proof is that people are told what is missing",
	"cmd/proofs/plans.peerRun.waits":    "the proof is that people are told why a session is not there",
	"cmd/proofs/scale.crowdLab.tooMany": "the proof is that people are told the limit",
	"saga.Saga.superseded":              "snapshots of earlier releases have the word only",
}

// decides tells what in a node decides by a text, or by a word that is no constant; "" for nothing.
func (r *proseReader) decides(info *types.Info, n ast.Node) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		f := callee(info, n)
		pkg := pkgOf(f)
		judges := slices.Contains(deciders[pkg], nameOf(f)) ||
			(pkg == "strings" || pkg == "bytes" || pkg == "regexp") && !slices.Contains(renderers, f.Name())
		if judges && slices.ContainsFunc(n.Args, func(a ast.Expr) bool { return r.text(info, a) != 0 }) {
			return fmt.Sprintf("%s.%s takes a text for people", f.Pkg().Name(), f.Name())
		}
	case *ast.BinaryExpr:
		if n.Op == token.EQL || n.Op == token.NEQ {
			return r.compared(info, n.X, n.Y) + r.compared(info, n.Y, n.X)
		}
	case *ast.SwitchStmt:
		if n.Tag == nil {
			return ""
		}
		for _, c := range n.Body.List {
			for _, e := range c.(*ast.CaseClause).List {
				if why := r.compared(info, n.Tag, e); why != "" {
					return why
				}
			}
		}
	case *ast.IndexExpr:
		if _, is := info.TypeOf(n.X).Underlying().(*types.Map); is && r.text(info, n.Index) != 0 {
			return "a map is asked for a text for people"
		}
	}
	return ""
}

func nameOf(f *types.Func) string {
	if f == nil {
		return ""
	}
	return f.Name()
}

// compared tells what is wrong with comparing a value with a constant. Whether there is a text at all may be asked.
func (r *proseReader) compared(info *types.Info, value, with ast.Expr) string {
	word := info.Types[with].Value
	if word == nil || word.Kind() != constant.String || info.Types[value].Value != nil ||
		constant.StringVal(word) == "" {
		return ""
	}
	if r.text(info, value) != 0 {
		return "a text for people is compared with " + word.ExactString()
	}
	named, is := types.Unalias(info.TypeOf(value)).(*types.Named)
	_, literal := ast.Unparen(with).(*ast.BasicLit)
	if is && literal && named.Obj().Exported() && strings.HasPrefix(pkgPath(named.Obj()), module) {
		return named.Obj().Name() + " is compared with the literal " + word.ExactString() +
			", not with its owner's constant"
	}
	return ""
}

// offences lists, in order, what decides by a text in the packages of a program.
func (r *proseReader) offences(packages []*typed) []string {
	for r.grew = true; r.grew; {
		r.grew = false
		for _, t := range packages {
			for _, f := range t.files {
				r.follow(t.info, f)
			}
		}
	}
	var found []string
	for _, t := range packages {
		for _, f := range t.files {
			ast.PreorderStack(f, nil, func(n ast.Node, stack []ast.Node) bool {
				why := r.decides(t.info, n)
				if why == "" {
					return true
				}
				if in := t.pkg + "." + enclosing(stack); readers[in] != "" {
					r.excused[in] = true
				} else {
					found = append(found, fmt.Sprintf("%s, %s: %s", r.set.Position(n.Pos()), in, why))
				}
				return true
			})
		}
	}
	return found
}

// enclosing is the name of the function that a node is in, with its receiver's type.
func enclosing(stack []ast.Node) string {
	for _, n := range stack {
		f, is := n.(*ast.FuncDecl)
		if !is {
			continue
		}
		if f.Recv == nil {
			return f.Name.Name
		}
		of := f.Recv.List[0].Type
		if star, is := of.(*ast.StarExpr); is {
			of = star.X
		}
		return types.ExprString(of) + "." + f.Name.Name
	}
	return "a package variable"
}

// product are the packages that are no suites for tests.
func (p *program) product() []*typed {
	return slices.DeleteFunc(slices.Clone(p.order), func(t *typed) bool { return strings.HasSuffix(t.pkg, "test") })
}

// TestNothingDecidesByProse refuses code that reads a text for people.
func TestNothingDecidesByProse(t *testing.T) {
	p := loaded(t)
	r := newProseReader(p.set)
	for _, o := range r.offences(p.product()) {
		t.Error(o)
	}
	for name := range readers {
		if !r.excused[name] {
			t.Errorf("%s may read a text, and reads none", name)
		}
	}
}
