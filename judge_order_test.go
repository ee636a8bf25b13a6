package culvert_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// orders refuses what makes an ordered result out of a map, whose order changes from run to run, without sorting it in
// the same function.
func (j *judge) orders(body *ast.BlockStmt) {
	var stack []ast.Node
	ast.Inspect(body, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		switch n := n.(type) {
		case *ast.RangeStmt:
			if j.unordered(n.X) {
				(&ranged{judge: j, loop: n, body: body}).all()
			}
		case *ast.Ident:
			if f, is := j.in.info.Uses[n].(*types.Func); is && mapSequence(f) {
				j.sequence(body, stack)
			}
		}
		return true
	})
}

// mapSequence tells the functions of package maps whose sequence has no order.
func mapSequence(f *types.Func) bool {
	return f.Pkg() != nil && f.Pkg().Path() == "maps" && slices.Contains([]string{"All", "Keys", "Values"}, f.Name())
}

// unordered tells a map, or a sequence of one, or a type parameter that can be a map.
func (j *judge) unordered(e ast.Expr) bool {
	if c, is := ast.Unparen(e).(*ast.CallExpr); is {
		if id := calledName(c); id != nil {
			if f, isFunc := j.in.info.Uses[id].(*types.Func); isFunc && mapSequence(f) {
				return true
			}
		}
	}
	t := j.in.info.Types[e].Type
	if t == nil {
		return false
	}
	if p, is := types.Unalias(t).(*types.TypeParam); is {
		return strings.Contains(p.Constraint().Underlying().String(), "map[")
	}
	_, is := t.Underlying().(*types.Map)
	return is
}

// sequence judges a use of maps.Keys and its like by what takes it.
func (j *judge) sequence(body *ast.BlockStmt, stack []ast.Node) {
	n := stack[len(stack)-1]
	i := len(stack) - 2
	if _, is := stack[i].(*ast.SelectorExpr); is {
		i--
	}
	if _, is := stack[i].(*ast.CallExpr); is && i > 0 { // what is done with the sequence
		switch taker := stack[i-1].(type) {
		case *ast.RangeStmt: // judged as a loop
			return
		case *ast.CallExpr:
			if j.isOf(taker, "slices", "Sorted", "SortedFunc", "SortedStableFunc") || j.isOf(taker, "maps", "Collect",
				"Insert") {
				return
			}
			if a, assigns := stack[i-2].(*ast.AssignStmt); assigns && len(a.Lhs) == 1 && j.sortedAfter(body, a.End(),
				a.Lhs[0]) {
				return
			}
		}
	}
	j.refuse(n, clauseOrder, n.(*ast.Ident).Name, "its order changes from run to run; sort it first")
}

// isOf tells a call of one of a package's functions.
func (j *judge) isOf(c *ast.CallExpr, pkg string, names ...string) bool {
	id := calledName(c)
	if id == nil {
		return false
	}
	f, is := j.in.info.Uses[id].(*types.Func)
	return is && f.Pkg() != nil && f.Pkg().Path() == pkg && (len(names) == 0 || slices.Contains(names, f.Name()))
}

// sortedAfter tells whether an expression is sorted behind a place of a body.
func (j *judge) sortedAfter(body *ast.BlockStmt, after token.Pos, e ast.Expr) bool {
	sorted := false
	ast.Inspect(body, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if ok && c.Pos() > after && len(c.Args) > 0 && types.ExprString(c.Args[0]) == types.ExprString(e) {
			sorted = sorted || j.isOf(c, "sort") || j.isOf(c, "slices", "Sort", "SortFunc", "SortStableFunc", "Sorted",
				"SortedFunc")
		}
		return true
	})
	return sorted
}

// A ranged is a loop over something without an order.
type ranged struct {
	*judge
	loop *ast.RangeStmt
	body *ast.BlockStmt
}

const unsorted = "a map's order changes from run to run; sort the keys first, or the result in this function"

func (r *ranged) all() {
	breaks := false
	ast.Inspect(r.loop.Body, func(n ast.Node) bool {
		b, is := n.(*ast.BranchStmt)
		breaks = breaks || is && b.Tok == token.BREAK
		return true
	})
	ast.Inspect(r.loop.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			r.assignment(n, breaks)
		case *ast.ReturnStmt:
			if slices.ContainsFunc(n.Results, r.mentions) {
				r.refuse(n, clauseOrder, "return", "which one of many is given changes from run to run")
			}
		case *ast.CallExpr:
			r.effect(n)
		}
		return true
	})
}

// assignment judges what a loop assigns to something outside of it.
func (r *ranged) assignment(a *ast.AssignStmt, breaks bool) {
	for i, target := range a.Lhs {
		v := r.root(target)
		if v == nil || v.Pos() > r.loop.Pos() && v.Pos() < r.loop.End() {
			continue
		}
		var value ast.Expr
		if len(a.Rhs) == len(a.Lhs) {
			value = a.Rhs[i]
		}
		index, indexed := target.(*ast.IndexExpr)
		if indexed && r.mentions(index.Index) { // each key has its own place
			continue
		}
		t := r.in.info.Types[target].Type
		switch {
		case indexed && isSlice(r.in.info.Types[index.X].Type):
			r.ordered(target, index.X)
		case value != nil && isAppend(r.judge, value), a.Tok == token.ADD_ASSIGN && isString(t):
			r.ordered(target, target)
		case breaks && value != nil && r.mentions(value):
			r.refuse(
				target, clauseOrder, types.ExprString(target), "which one of many is taken changes from run to run",
			)
		}
	}
}

// ordered refuses an ordered result that is not sorted behind the loop.
func (r *ranged) ordered(n ast.Node, result ast.Expr) {
	if !r.sortedAfter(r.body, r.loop.End(), result) {
		r.refuse(n, clauseOrder, types.ExprString(result), unsorted)
	}
}

// effect judges a call in the loop by what it adds to.
func (r *ranged) effect(c *ast.CallExpr) {
	id := calledName(c)
	if id == nil {
		return
	}
	switch o := r.in.info.Uses[id].(type) {
	case *types.Func:
		s, method := ast.Unparen(c.Fun).(*ast.SelectorExpr)
		writer := method && slices.Contains([]string{"Write", "WriteByte", "WriteRune", "WriteString"}, o.Name())
		switch {
		case r.emits[o.Origin()]:
			r.refuse(c, clauseOrder, o.Name(), "facts are added in a map's order, which changes from run to run")
		case writer && r.outside(s.X):
			r.refuse(c, clauseOrder, types.ExprString(s.X), unsorted)
		case r.isOf(c, "fmt", "Fprintf", "Fprint", "Fprintln") && r.outside(c.Args[0]):
			r.refuse(c, clauseOrder, types.ExprString(c.Args[0]), unsorted)
		}
	case *types.Var:
		if lit := r.literalOf(o); lit != nil && appendsAround(r.judge, lit) {
			r.refuse(c, clauseOrder, o.Name(), unsorted)
		}
	}
}

func (r *ranged) outside(e ast.Expr) bool {
	if u, is := e.(*ast.UnaryExpr); is {
		e = u.X
	}
	v := r.root(e)
	return v != nil && (v.Pos() < r.loop.Pos() || v.Pos() > r.loop.End())
}

// literalOf is the function literal that a local variable of the function is.
func (r *ranged) literalOf(v *types.Var) (lit *ast.FuncLit) {
	ast.Inspect(r.body, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && a.Tok == token.DEFINE && len(a.Lhs) == len(a.Rhs) {
			for i, l := range a.Lhs {
				if id, named := l.(*ast.Ident); named && r.in.info.Defs[id] == v {
					lit, _ = a.Rhs[i].(*ast.FuncLit)
				}
			}
		}
		return true
	})
	return lit
}

// appendsAround tells whether a function literal appends to something outside of it.
func appendsAround(j *judge, lit *ast.FuncLit) bool {
	found := false
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for i, target := range a.Lhs {
			v := j.root(target)
			if v != nil && (v.Pos() < lit.Pos() || v.Pos() > lit.End()) && len(a.Rhs) == len(a.Lhs) &&
				isAppend(j, a.Rhs[i]) {
				found = true
			}
		}
		return true
	})
	return found
}

// mentions tells whether an expression has the loop's key or value in it.
func (r *ranged) mentions(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		for _, v := range []ast.Expr{r.loop.Key, r.loop.Value} {
			if name, is := v.(*ast.Ident); is && r.in.info.Uses[id] != nil &&
				r.in.info.Uses[id] == r.in.info.Defs[name] {
				found = true
			}
		}
		return true
	})
	return found
}

func isAppend(j *judge, e ast.Expr) bool {
	c, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	id, ok := ast.Unparen(c.Fun).(*ast.Ident)
	if !ok {
		return j.isOf(c, "slices", "Insert", "AppendSeq", "Concat")
	}
	b, ok := j.in.info.Uses[id].(*types.Builtin)
	return ok && b.Name() == "append"
}

func isSlice(t types.Type) bool {
	_, is := t.Underlying().(*types.Slice)
	return is
}

func isString(t types.Type) bool {
	b, is := t.Underlying().(*types.Basic)
	return is && b.Info()&types.IsString != 0
}
