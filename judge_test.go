package culvert_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
)

// The clauses of purity, which are also the first words of each finding.
const (
	clauseImport    = "import"
	clauseName      = "impure name"
	clauseMethod    = "impure method"
	clauseSupplied  = "supplied"
	clauseGoroutine = "goroutine"
	clauseChannel   = "channel"
	clauseSelect    = "select"
	clauseVariable  = "package variable"
	clauseOrder     = "order"
	clauseOutput    = "output"
	clauseInit      = "init"
	clauseDirective = "directive"
	clauseUnseen    = "unseen"
	clauseQuestion  = "question"
)

// A finding is one reason why a file is not pure.
type finding struct {
	at     token.Position
	clause string
	text   string
}

func (f finding) String() string { return fmt.Sprintf("%s: %s: %s", f.at, f.clause, f.text) }

// A judge looks for what is impure in the pure files of one package, and in the functions of this module that they
// reach outside of pure files.
type judge struct {
	p     *program
	t     *typed
	found []finding
	// said keeps a declaration from being refused twice for one reason; reached are bodies that were looked at already.
	said    map[string]bool
	reached map[*types.Func]bool
	// decl is what is looked at now, and via how it was reached from a pure file.
	decl ast.Node
	via  string
	in   *typed
	// emits are functions that add to a result whose order counts.
	emits map[*types.Func]bool
}

// all judges every pure file of the package.
func (j *judge) all() []finding {
	j.said, j.reached, j.in = map[string]bool{}, map[*types.Func]bool{}, j.t
	j.emits = reaching(j.t, "(*turn).add")
	pure := false
	for _, f := range j.t.files {
		u := unitOf(j.t.pkg, j.p.path(f))
		if u == nil {
			continue
		}
		pure = true
		j.decl = f
		j.imports(f, slices.Contains(u.ports, filepath.Base(j.p.path(f))))
		j.directives(f)
		for _, d := range f.Decls {
			j.decl = d
			j.declaration(d)
		}
	}
	if pure {
		for _, name := range j.t.unseen {
			j.found = append(j.found, finding{token.Position{Filename: j.t.pkg + "/" + name}, clauseUnseen,
				"a file that this build leaves out cannot be judged"})
		}
	}
	return j.found
}

// refuse notes a reason, once for a declaration and what it is about.
func (j *judge) refuse(n ast.Node, clause, about, why string) {
	key := fmt.Sprint(j.decl.Pos(), clause, about)
	if j.said[key] {
		return
	}
	j.said[key] = true
	j.found = append(j.found, finding{position(j.p, n), clause, strings.TrimSpace(about + ": " + why + j.via)})
}

func (j *judge) imports(f *ast.File, ports bool) {
	for _, i := range f.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		if _, ours := below(path); ours { // the matrix judges these
			continue
		}
		a, ok := pureImports[path]
		switch why := refusedImports[path]; {
		case ok && (!a.ports || ports):
		case why != "":
			j.refuse(i, clauseImport, path, why)
		default:
			j.refuse(i, clauseImport, path,
				"it is not among the imports of pure packages; add it there with the reason why it is pure")
		}
	}
}

// directives refuses comments that change what is compiled or linked.
func (j *judge) directives(f *ast.File) {
	for _, g := range f.Comments {
		for _, c := range g.List {
			if strings.HasPrefix(c.Text, "//go:") || strings.HasPrefix(c.Text, "// +build") {
				j.refuse(c, clauseDirective, strings.Fields(c.Text)[0], "what a directive brings in cannot be seen")
			}
		}
	}
}

func (j *judge) declaration(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		switch {
		case d.Recv == nil && d.Name.Name == "init":
			j.refuse(d, clauseInit, "init", "a pure package does nothing when it is loaded")
		case d.Body == nil:
			j.refuse(d, clauseDirective, d.Name.Name, "a function without a body comes from somewhere else")
		}
		j.node(d)
	case *ast.GenDecl:
		if d.Tok == token.VAR {
			for _, s := range d.Specs {
				j.variables(s.(*ast.ValueSpec))
			}
		}
		j.node(d)
	}
}

// node judges everything below a node.
func (j *judge) node(root ast.Node) {
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			j.refuse(n, clauseGoroutine, "go", "a pure decision is made in one piece")
		case *ast.SelectStmt:
			j.refuse(n, clauseSelect, "select", "a pure decision has nothing to wait for")
		case *ast.CallExpr:
			j.call(n)
		case *ast.SelectorExpr:
			j.selection(n)
		case *ast.Ident:
			j.name(n)
		case *ast.FuncDecl:
			if n.Body != nil {
				j.orders(n.Body)
			}
		}
		if e, ok := n.(ast.Expr); ok {
			if tv, typed := j.in.info.Types[e]; typed && isChannel(tv.Type) {
				j.refuse(n, clauseChannel, "channel", "a pure decision has nothing to wait for")
			}
		}
		j.writes(n)
		return true
	})
}

func isChannel(t types.Type) bool {
	if t == nil {
		return false
	}
	_, is := t.Underlying().(*types.Chan)
	return is
}

// name judges what an identifier stands for, whatever it is called here: an alias, a dot import or a method value
// changes nothing.
func (j *judge) name(id *ast.Ident) {
	o := j.in.info.Uses[id]
	switch {
	case o == nil:
		return
	case o.Pkg() == nil:
		if b, is := o.(*types.Builtin); is && (b.Name() == "print" || b.Name() == "println") {
			j.refuse(id, clauseOutput, b.Name(), "output belongs to the shell")
		}
		return
	}
	f, isFunc := o.(*types.Func)
	if _, ours := below(o.Pkg().Path()); ours {
		if isFunc {
			j.follow(id, f.Origin())
		}
		return
	}
	if isFunc && f.Signature().Recv() != nil {
		j.method(id, f)
		return
	}
	if o.Parent() != o.Pkg().Scope() { // a field
		return
	}
	if a, ok := pureImports[o.Pkg().Path()]; ok {
		if a.only != nil && !slices.Contains(a.only, o.Name()) {
			j.refuse(id, clauseName, o.Pkg().Path()+"."+o.Name(), "of "+o.Pkg().Path()+" only some names are pure")
		}
	} else if _, is := o.(*types.PkgName); !is {
		j.refuse(id, clauseName, o.Pkg().Path()+"."+o.Name(), "nothing of this package is pure by our list")
	}
}

// method judges a method of somebody else's type, reached without an import, too.
func (j *judge) method(n ast.Node, f *types.Func) {
	named, ok := derefNamed(f.Signature().Recv().Type())
	full := f.FullName()
	switch why := impureMethods[full]; {
	case why != "":
		j.refuse(n, clauseMethod, full, why)
	case !ok:
	default:
		a, listed := pureImports[named.Obj().Pkg().Path()]
		iface := types.IsInterface(named)
		if !iface && (!listed || a.only != nil && !slices.Contains(a.only, named.Obj().Name())) &&
			openInterfaces[typeName(named)] == "" {
			j.refuse(n, clauseMethod, full, "its type is not among what pure packages may use")
		}
	}
}

func derefNamed(t types.Type) (*types.Named, bool) {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	return n, ok && n.Obj().Pkg() != nil
}

// typeName is a named type as package.Name, without the module's path.
func typeName(n *types.Named) string {
	if n.Obj().Pkg() == nil {
		return n.Obj().Name()
	}
	return strings.TrimPrefix(n.Obj().Pkg().Path(), module+"/") + "." + n.Obj().Name()
}

// selection refuses methods of interfaces that anybody may implement, embedded or not: what they do cannot be seen.
func (j *judge) selection(s *ast.SelectorExpr) {
	f, ok := j.in.info.Uses[s.Sel].(*types.Func)
	if !ok || f.Signature().Recv() == nil || !types.IsInterface(f.Signature().Recv().Type()) {
		return
	}
	if sel := j.in.info.Selections[s]; sel != nil && sel.Kind() == types.MethodExpr && sealed(sel.Recv()) {
		return
	}
	recv := types.Unalias(f.Signature().Recv().Type())
	if f.Pkg() == nil || sealed(recv) { // error
		return
	}
	name := recv.String()
	if n, is := recv.(*types.Named); is {
		name = typeName(n)
	}
	if openInterfaces[name] == "" {
		j.refuse(s, clauseSupplied, name+"."+f.Name(),
			"what is behind an interface that anybody may implement cannot be seen")
	}
}

// sealed tells an interface that only its own package implements.
func sealed(t types.Type) bool {
	i, ok := t.Underlying().(*types.Interface)
	if !ok {
		return false
	}
	for m := range i.Methods() {
		if !m.Exported() {
			return true
		}
	}
	return false
}

// call refuses calls of a function value without arguments: what gives something out of nothing is a clock, or the
// like.
func (j *judge) call(c *ast.CallExpr) {
	tv := j.in.info.Types[c.Fun]
	s, ok := types.Unalias(tv.Type).(*types.Signature)
	if !ok {
		if tv.Type == nil || tv.IsType() || tv.IsBuiltin() {
			return
		}
		if s, ok = tv.Type.Underlying().(*types.Signature); !ok {
			return
		}
	}
	if s.Params().Len() > 0 || s.Results().Len() == 0 || s.Results().Len() == 1 &&
		s.Results().At(0).Type().String() == "error" {
		return
	}
	if _, literal := ast.Unparen(c.Fun).(*ast.FuncLit); literal {
		return
	}
	if id := calledName(c); id != nil {
		v, isVar := j.in.info.Uses[id].(*types.Var)
		if !isVar || j.literal(v) || suppliedValues[v.Name()] != "" {
			return
		}
	}
	j.refuse(c, clauseSupplied, types.ExprString(c.Fun),
		"a value that comes from no argument is a clock, or the like; make it an argument")
}

// literal tells a local variable that is a function literal of the same function.
func (j *judge) literal(v *types.Var) bool {
	is := false
	for _, f := range j.in.files {
		if f.Pos() > v.Pos() || f.End() < v.Pos() {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			a, ok := n.(*ast.AssignStmt)
			if ok && a.Tok == token.DEFINE && len(a.Lhs) == len(a.Rhs) {
				for i, l := range a.Lhs {
					if id, named := l.(*ast.Ident); named && j.in.info.Defs[id] == v {
						_, is = a.Rhs[i].(*ast.FuncLit)
					}
				}
			}
			return true
		})
	}
	return is
}

// follow judges a function of this module that no pure file declares, where it is.
func (j *judge) follow(n ast.Node, f *types.Func) {
	pkg, _ := below(f.Pkg().Path())
	t := j.p.packages[pkg]
	if pkg == j.t.pkg {
		t = j.t
	}
	if t == nil || j.reached[f] {
		return
	}
	path := j.p.set.Position(f.Pos()).Filename
	if unitOf(pkg, path) != nil {
		return
	}
	j.reached[f] = true
	for _, file := range t.files {
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || t.info.Defs[fn.Name] != f {
				continue
			}
			decl, via, in := j.decl, j.via, j.in
			j.decl, j.in = fn, t
			j.via = fmt.Sprintf(" (reached from %s)", position(j.p, n))
			j.node(fn)
			j.decl, j.via, j.in = decl, via, in
		}
	}
}
