package culvert_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// unchanging are types that a package variable may point at.
var unchanging = map[string]string{
	"regexp.Regexp": "it is not changed once it is compiled", "time.Location": "it is not changed once it is read",
}

// mutators are functions that change their first argument.
var mutators = map[string][]string{
	"slices": {"Sort", "SortFunc", "SortStableFunc", "Reverse", "Delete", "DeleteFunc", "Insert", "Compact",
		"CompactFunc", "Replace"},
	"maps": {"Copy", "DeleteFunc", "Insert"},
}

// variables judges declared package variables by their type and by what makes them.
func (j *judge) variables(s *ast.ValueSpec) {
	for _, name := range s.Names {
		if v := j.in.info.Defs[name]; v != nil && v.Parent() == j.in.types.Scope() {
			if why := changeable(v.Type(), nil); why != "" {
				j.refuse(name, clauseVariable, name.Name, why)
			}
		}
	}
	for _, value := range s.Values {
		if j.keepsState(value) {
			j.refuse(value, clauseVariable, s.Names[0].Name,
				"a function in it changes a variable that it keeps between calls")
		}
	}
}

// changeable says how a package variable of a type could change without being assigned; "" when it cannot.
func changeable(t types.Type, seen []types.Type) string {
	if slices.Contains(seen, t) {
		return ""
	}
	seen = append(seen, t)
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() != nil {
		path := n.Obj().Pkg().Path()
		if path == "sync" || path == "sync/atomic" {
			return "a " + typeName(n) + " has methods that change it"
		}
		if _, isPointer := n.Underlying().(*types.Pointer); !isPointer && !types.IsInterface(n) &&
			pureImports[path].why != "" {
			return "" // a value: what its fields point at is not reached from here
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		if n, ok := types.Unalias(u.Elem()).(*types.Named); ok && unchanging[typeName(n)] != "" {
			return ""
		}
		return "what it points at can change"
	case *types.Interface:
		if t.String() == "error" || sealed(u) || openInterfaces[strings.TrimPrefix(t.String(), module+"/")] != "" {
			return ""
		}
		return "what is in it can change"
	case *types.Struct:
		for f := range u.Fields() {
			if why := changeable(f.Type(), seen); why != "" {
				return why
			}
		}
	case *types.Map:
		return changeable(u.Elem(), seen)
	case *types.Slice:
		return changeable(u.Elem(), seen)
	case *types.Array:
		return changeable(u.Elem(), seen)
	}
	return ""
}

// keepsState tells whether a function literal in a value, or in a function of this package that the value is made by,
// changes a variable from around it.
func (j *judge) keepsState(value ast.Expr) bool {
	keeps := false
	ast.Inspect(value, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			keeps = keeps || j.changesAround(n)
		case *ast.Ident:
			f, is := j.in.info.Uses[n].(*types.Func)
			if !is || f.Pkg() != j.in.types || !givesFunction(f.Signature()) {
				return true
			}
			if fn := j.declared(f); fn != nil {
				ast.Inspect(fn, func(n ast.Node) bool {
					if lit, is := n.(*ast.FuncLit); is {
						keeps = keeps || j.changesAround(lit)
					}
					return true
				})
			}
		}
		return true
	})
	return keeps
}

func givesFunction(s *types.Signature) bool {
	for v := range s.Results().Variables() {
		if _, is := v.Type().Underlying().(*types.Signature); is {
			return true
		}
	}
	return false
}

// declared is where a function of the package is.
func (j *judge) declared(f *types.Func) *ast.FuncDecl {
	for _, file := range j.in.files {
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && j.in.info.Defs[fn.Name] == f {
				return fn
			}
		}
	}
	return nil
}

// changesAround tells whether a function literal assigns to a variable that is declared outside of it.
func (j *judge) changesAround(lit *ast.FuncLit) bool {
	found := false
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		for _, target := range assigned(n) {
			if v := j.root(target); v != nil && (v.Pos() < lit.Pos() || v.Pos() > lit.End()) {
				found = true
			}
		}
		return true
	})
	return found
}

// assigned are the expressions that a statement assigns to.
func assigned(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			return []ast.Expr{n.Key, n.Value}
		}
	}
	return nil
}

// root is the variable that an expression is a part of; nil when there is none, as in what a call gives.
func (j *judge) root(e ast.Expr) *types.Var {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.SelectorExpr:
			if id, is := x.X.(*ast.Ident); is {
				if _, pkg := j.in.info.Uses[id].(*types.PkgName); pkg {
					v, _ := j.in.info.Uses[x.Sel].(*types.Var)
					return v
				}
			}
			e = x.X
		case *ast.Ident:
			if v, ok := j.in.info.Uses[x].(*types.Var); ok {
				return v
			}
			v, _ := j.in.info.Defs[x].(*types.Var)
			return v
		default:
			return nil
		}
	}
}

// global is the package variable that an expression is a part of.
func (j *judge) global(e ast.Expr) *types.Var {
	if v := j.root(e); v != nil && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
		return v
	}
	return nil
}

// writes refuses whatever changes a package variable, or hands out a way to change it.
func (j *judge) writes(n ast.Node) {
	refuse := func(e ast.Expr, how string) {
		if v := j.global(e); v != nil {
			j.refuse(e, clauseVariable, v.Name(), how)
		}
	}
	for _, target := range assigned(n) {
		refuse(target, "it is assigned to")
	}
	switch n := n.(type) {
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			refuse(n.X, "its address is taken")
		}
	case *ast.AssignStmt:
		for _, r := range n.Rhs {
			j.alias(r)
		}
	case *ast.ValueSpec:
		for _, r := range n.Values {
			j.alias(r)
		}
	case *ast.ReturnStmt:
		for _, r := range n.Results {
			j.alias(r)
		}
	case *ast.SelectorExpr: // a method that changes its receiver
		sel := j.in.info.Selections[n]
		if sel == nil || sel.Kind() != types.MethodVal {
			return
		}
		_, byPointer := sel.Obj().(*types.Func).Signature().Recv().Type().(*types.Pointer)
		_, isPointer := j.in.info.Types[n.X].Type.Underlying().(*types.Pointer)
		if byPointer && !isPointer {
			refuse(n.X, "its method "+n.Sel.Name+" may change it")
		}
	case *ast.CallExpr:
		j.argumentWritten(n, refuse)
	}
}

// alias refuses another name for a package variable's map, slice or pointer: whoever has it can change the variable.
func (j *judge) alias(e ast.Expr) {
	switch ast.Unparen(e).(type) {
	case *ast.Ident, *ast.SelectorExpr, *ast.SliceExpr:
	default:
		return
	}
	v := j.global(e)
	if v == nil {
		return
	}
	switch u := j.in.info.Types[e].Type.Underlying().(type) {
	case *types.Map, *types.Slice:
	case *types.Pointer:
		if n, ok := types.Unalias(u.Elem()).(*types.Named); ok && unchanging[typeName(n)] != "" {
			return
		}
	default:
		return
	}
	j.refuse(e, clauseVariable, v.Name(), "another name for it is a way to change it; give out a clone")
}

// argumentWritten refuses a package variable as an argument that the called function changes.
func (j *judge) argumentWritten(c *ast.CallExpr, refuse func(ast.Expr, string)) {
	if len(c.Args) == 0 {
		return
	}
	id := calledName(c)
	if id == nil {
		return
	}
	switch o := j.in.info.Uses[id].(type) {
	case *types.Builtin:
		_, slice := c.Args[0].(*ast.SliceExpr)
		if slices.Contains([]string{"delete", "clear", "copy"}, o.Name()) || o.Name() == "append" && slice {
			refuse(c.Args[0], "it is changed by "+o.Name())
		}
	case *types.Func:
		if o.Pkg() == nil {
			return
		}
		if slices.Contains(mutators[o.Pkg().Path()], o.Name()) || o.Pkg().Path() == "sort" {
			refuse(c.Args[0], "it is changed by "+o.Pkg().Path()+"."+o.Name())
			return
		}
		fn := j.declared(o.Origin())
		if fn == nil {
			return
		}
		parameters := o.Origin().Signature().Params()
		for i, arg := range c.Args {
			if j.global(arg) != nil && i < parameters.Len() && j.writesThrough(fn.Body, parameters.At(i)) {
				refuse(arg, "it is changed by "+o.Name())
			}
		}
	}
}

// calledName is the name of what is called, without its package or receiver.
func calledName(c *ast.CallExpr) *ast.Ident {
	fun := ast.Unparen(c.Fun)
	if i, is := fun.(*ast.IndexExpr); is { // an instance of a generic function
		fun = i.X
	}
	switch f := fun.(type) {
	case *ast.Ident:
		return f
	case *ast.SelectorExpr:
		return f.Sel
	}
	return nil
}

// writesThrough tells whether a body changes what a parameter refers to.
func (j *judge) writesThrough(body *ast.BlockStmt, p *types.Var) bool {
	found := false
	is := func(e ast.Expr) bool {
		_, whole := e.(*ast.Ident)
		return !whole && j.root(e) == p
	}
	ast.Inspect(body, func(n ast.Node) bool {
		for _, target := range assigned(n) {
			found = found || is(target)
		}
		if c, ok := n.(*ast.CallExpr); ok && len(c.Args) > 0 {
			if id := calledName(c); id != nil {
				o := j.in.info.Uses[id]
				b, builtin := o.(*types.Builtin)
				changing := builtin && slices.Contains([]string{"delete", "clear", "copy"}, b.Name())
				if f, isFunc := o.(*types.Func); isFunc && f.Pkg() != nil {
					changing = slices.Contains(mutators[f.Pkg().Path()], f.Name())
				}
				found = found || changing && j.root(c.Args[0]) == p
			}
		}
		return true
	})
	return found
}
