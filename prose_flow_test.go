package culvert_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A holding says where a value's text comes from: it is a text, or it is made of a parameter that is given a text.
type holding int

const (
	isText holding = 1 << iota
	ofParameter
)

// A proseReader knows what holds a text: variables, parameters and fields, and functions that give one.
type proseReader struct {
	set   *token.FileSet
	holds map[types.Object]holding
	grew  bool
	// excused are the readers that were met.
	excused map[string]bool
}

func newProseReader(set *token.FileSet) *proseReader {
	return &proseReader{set: set, holds: map[types.Object]holding{}, excused: map[string]bool{}}
}

// hold notes that a variable, field or function gives a text.
func (r *proseReader) hold(o types.Object, h holding) {
	v, is := o.(*types.Var)
	if o == nil || h == 0 || is && !textual(v.Type()) {
		return
	}
	if is && v.IsField() {
		h = isText // whoever reads the field does not see who has filled it
	}
	if r.holds[o]|h != r.holds[o] {
		r.holds[o], r.grew = r.holds[o]|h, true
	}
}

// textual tells of a type that a text can have.
func textual(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&types.IsString != 0
	case *types.Slice:
		b, is := u.Elem().Underlying().(*types.Basic)
		return is && b.Kind() == types.Byte
	}
	return false
}

// plain tells of the type string itself.
func plain(t types.Type) bool {
	b, is := types.Unalias(t).(*types.Basic)
	return is && b.Info()&types.IsString != 0
}

// callee is the function or method that is called, as it was declared; nil for a conversion, a built-in or a value.
func callee(info *types.Info, c *ast.CallExpr) *types.Func {
	fun := ast.Unparen(c.Fun)
	switch index := fun.(type) { // an explicit type argument
	case *ast.IndexExpr:
		fun = index.X
	case *ast.IndexListExpr:
		fun = index.X
	}
	var id *ast.Ident
	switch f := fun.(type) {
	case *ast.Ident:
		id = f
	case *ast.SelectorExpr:
		id = f.Sel
	default:
		return nil
	}
	f, is := info.Uses[id].(*types.Func)
	if !is {
		return nil
	}
	return f.Origin()
}

// pkgPath is the path of the package that declares something; "" for what every package has.
func pkgPath(o types.Object) string {
	if o.Pkg() == nil {
		return ""
	}
	return o.Pkg().Path()
}

// pkgOf is the path of the package that a function is of.
func pkgOf(f *types.Func) string {
	if f == nil {
		return ""
	}
	return pkgPath(f)
}

// text tells whether an expression is a text for people.
func (r *proseReader) text(info *types.Info, e ast.Expr) holding {
	e = ast.Unparen(e)
	if tv, known := info.Types[e]; known && (tv.Value != nil || !tv.IsValue() || !textual(tv.Type)) {
		return 0
	}
	switch e := e.(type) {
	case *ast.Ident:
		return r.holds[info.ObjectOf(e)]
	case *ast.SelectorExpr:
		o := info.Uses[e.Sel]
		if v, is := o.(*types.Var); is && v.IsField() && slices.Contains(textFields, v.Name()) && plain(v.Type()) {
			return isText
		}
		return r.holds[o]
	case *ast.BinaryExpr:
		return r.text(info, e.X) | r.text(info, e.Y)
	case *ast.SliceExpr:
		return r.text(info, e.X)
	case *ast.CallExpr:
		return r.called(info, e)
	}
	return 0
}

// called tells whether a call gives a text.
func (r *proseReader) called(info *types.Info, c *ast.CallExpr) holding {
	var given holding
	for _, a := range c.Args {
		given |= r.text(info, a)
	}
	if info.Types[c.Fun].IsType() {
		return given
	}
	f := callee(info, c)
	switch pkg := pkgOf(f); {
	case f == nil:
		return 0
	case f.Name() == "Error" && len(c.Args) == 0 && f.Signature().Recv() != nil:
		return isText
	case pkg == "fmt" && strings.HasPrefix(f.Name(), "Sprint"):
		if slices.ContainsFunc(c.Args, func(a ast.Expr) bool { return isError(info.TypeOf(a)) }) {
			given |= isText
		}
		return given
	case pkg == "strings" || pkg == "bytes" || pkg == "cmp" || pkg == "strconv":
		return given
	}
	h := r.holds[f] & isText
	if r.holds[f]&ofParameter != 0 {
		h |= given
	}
	return h
}

var errorType = types.Universe.Lookup("error").Type().Underlying().(*types.Interface)

func isError(t types.Type) bool { return t != nil && types.Implements(t, errorType) }

// follow carries texts one step further through a file: into variables, fields, parameters and results.
func (r *proseReader) follow(info *types.Info, file *ast.File) {
	ast.PreorderStack(file, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if len(n.Lhs) == len(n.Rhs) {
				for i := range n.Lhs {
					r.into(info, n.Lhs[i], n.Rhs[i])
				}
			}
		case *ast.ValueSpec:
			for i := range n.Values {
				if len(n.Values) == len(n.Names) {
					r.into(info, n.Names[i], n.Values[i])
				}
			}
		case *ast.KeyValueExpr:
			if id, is := n.Key.(*ast.Ident); is {
				r.into(info, id, n.Value)
			}
		case *ast.CallExpr:
			r.arguments(info, n)
		case *ast.ReturnStmt:
			r.returned(info, n, stack)
		}
		return true
	})
}

// into notes that a value goes to a variable or field.
func (r *proseReader) into(info *types.Info, to, value ast.Expr) {
	h := r.text(info, value)
	switch to := ast.Unparen(to).(type) {
	case *ast.Ident:
		r.hold(info.ObjectOf(to), h)
	case *ast.SelectorExpr:
		r.hold(info.ObjectOf(to.Sel), h)
	}
}

// arguments notes the parameters that are given a text.
func (r *proseReader) arguments(info *types.Info, c *ast.CallExpr) {
	f := callee(info, c)
	if f == nil || !strings.HasPrefix(pkgOf(f), module) {
		return
	}
	params := f.Signature().Params()
	for i, a := range c.Args {
		if i < params.Len() && r.text(info, a) != 0 {
			r.hold(params.At(i), ofParameter)
		}
	}
}

// returned notes the function that gives a text as its only result or its first.
func (r *proseReader) returned(info *types.Info, s *ast.ReturnStmt, stack []ast.Node) {
	for i := len(stack) - 1; i >= 0; i-- {
		switch f := stack[i].(type) {
		case *ast.FuncLit:
			return
		case *ast.FuncDecl:
			if len(s.Results) > 0 {
				r.hold(info.Defs[f.Name], r.text(info, s.Results[0]))
			}
			return
		}
	}
}
