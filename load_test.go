package culvert_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A program is every package of this module, parsed and with types, without its tests. What is not ours is read from
// the compiler's export data, so that loading takes seconds and needs no library. It is loaded once and not changed.
type program struct {
	set *token.FileSet
	// packages by their path below the module; order has what is imported before what imports it.
	packages map[string]*typed
	order    []*typed
	others   types.Importer
}

// A typed is one package with its types.
type typed struct {
	// pkg is the path below the module.
	pkg   string
	files []*ast.File
	types *types.Package
	info  *types.Info
	// unseen are files of the folder that this build does not compile, or that are not Go.
	unseen []string
}

// load gives the program; it is shared by all tests.
var load = sync.OnceValues(loadProgram)

func loaded(t *testing.T) *program {
	t.Helper()
	p, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// listed is what go list says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles, CgoFiles       []string
	IgnoredGoFiles, SFiles  []string
}

func loadProgram() (*program, error) {
	var stderr bytes.Buffer
	list := exec.Command("go", "list", "-export", "-deps",
		"-json=ImportPath,Dir,Export,GoFiles,CgoFiles,IgnoredGoFiles,SFiles", "./...")
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages: %w: %s", err, stderr.String())
	}
	p := &program{set: token.NewFileSet(), packages: map[string]*typed{}}
	exports := map[string]string{}
	p.others = importer.ForCompiler(p.set, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(exports[path])
	})
	for d := json.NewDecoder(bytes.NewReader(out)); ; { // go list gives dependencies first
		var l listed
		switch err := d.Decode(&l); {
		case errors.Is(err, io.EOF):
			return p, nil
		case err != nil:
			return nil, fmt.Errorf("list packages: %w", err)
		}
		pkg, ours := below(l.ImportPath)
		if !ours {
			exports[l.ImportPath] = l.Export
			continue
		}
		t := &typed{pkg: pkg, unseen: append(append(l.IgnoredGoFiles, l.SFiles...), l.CgoFiles...)}
		for _, name := range l.GoFiles {
			path := filepath.ToSlash(filepath.Join(pkg, name))
			file, err := parser.ParseFile(p.set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			t.files = append(t.files, file)
		}
		if err := p.check(t); err != nil {
			return nil, err
		}
		p.packages[pkg], p.order = t, append(p.order, t)
	}
}

// below is an import path as a path below the module.
func below(path string) (pkg string, ours bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

// check gives a parsed package its types.
func (p *program) check(t *typed) (err error) {
	t.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Implicits: map[ast.Node]types.Object{},
	}
	config := types.Config{Importer: p}
	t.types, err = config.Check(module+"/"+t.pkg, p.set, t.files, t.info)
	return err
}

// Import makes the program a types.Importer.
func (p *program) Import(path string) (*types.Package, error) {
	pkg, ours := below(path)
	if !ours {
		return p.others.Import(path)
	}
	if t := p.packages[pkg]; t != nil {
		return t.types, nil
	}
	return nil, fmt.Errorf("package %s is not loaded", path)
}

// with is a package with one more file, or a new one of that file alone. The program stays as it is.
func (p *program) with(pkg, name, text string) (*typed, error) {
	file, err := parser.ParseFile(
		p.set, filepath.ToSlash(filepath.Join(pkg, name)), text, parser.ParseComments|parser.SkipObjectResolution,
	)
	if err != nil {
		return nil, err
	}
	t := &typed{pkg: pkg, files: []*ast.File{file}}
	if is := p.packages[pkg]; is != nil {
		t.files = append(t.files, is.files...)
	}
	return t, p.check(t)
}

// path is the file that a node is in.
func (p *program) path(n ast.Node) string { return p.set.Position(n.Pos()).Filename }

// TestTheProgramLoads loads every package of the module with types.
func TestTheProgramLoads(t *testing.T) {
	p := loaded(t)
	for _, pkg := range []string{"events", "saga", "saga/orchestrator", "workers", "cmd/culvertd"} {
		if p.packages[pkg] == nil {
			t.Errorf("package %s is not loaded", pkg)
		}
	}
}
