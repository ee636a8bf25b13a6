package culvert_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A unit is a package, or some files of one, that claims to be pure: values in, values out.
type unit struct {
	pkg string
	// files are the only ones that claim it; nil is all.
	files []string
	// ports are files with nothing but a port's types: they may name a context and a sequence.
	ports []string
	// shell are files that claim nothing, each with its reason.
	shell map[string]string
}

// pureUnits are what is pure by claim. The first one that fits a package counts.
var pureUnits = []unit{
	{pkg: "saga", ports: []string{"journal.go"}},
	{pkg: "saga/plans"},
	{pkg: "saga/plans/..."},
	{pkg: "events", ports: []string{"bus.go", "deadletter.go"}},
	{pkg: "events/pointer"},
	{pkg: "events/reach"},
	{pkg: "workers", files: []string{"claimrules.go", "listrules.go", "countedrules.go", "poolrules.go"}},
}

// unitOf is the unit that a file belongs to; nil when it claims nothing.
func unitOf(pkg, path string) *unit {
	name := filepath.Base(path)
	if strings.HasSuffix(pkg, "test") { // a suite reports to a testing.T
		return nil
	}
	for i, u := range pureUnits {
		if u.pkg != pkg && !fits(u.pkg, pkg) {
			continue
		}
		if u.shell[name] != "" || u.files != nil && !slices.Contains(u.files, name) {
			return nil
		}
		return &pureUnits[i]
	}
	return nil
}

// An allowance is what a pure package may use of an import, and why that is pure.
type allowance struct {
	why string
	// only are the names that may be used; nil is all.
	only []string
	// ports tells that only files of ports may import it.
	ports bool
}

// pureImports is all that a pure file may import, besides the packages of this module that the matrix gives it.
var pureImports = map[string]allowance{
	"bytes":           {why: "functions of values"},
	"cmp":             {why: "functions of values"},
	"crypto/sha256":   {why: "a function of bytes"},
	"encoding/base32": {why: "functions of bytes"},
	"encoding/binary": {why: "functions of bytes"},
	"encoding/hex":    {why: "functions of bytes"},
	"encoding/json":   {why: "functions of values; it sorts the keys of maps"},
	"errors":          {why: "functions of values"},
	"hash/fnv":        {why: "a function of bytes, without a seed"},
	"maps":            {why: "functions of values; its sequences are judged like a range over a map"},
	"math":            {why: "functions of values"},
	"math/big":        {why: "functions of values"},
	"net/netip":       {why: "functions of values"},
	"regexp":          {why: "an expression is not changed once it is compiled"},
	"slices":          {why: "functions of values"},
	"strconv":         {why: "functions of values"},
	"strings":         {why: "functions of values"},
	"unicode":         {why: "functions of values"},
	"unicode/utf8":    {why: "functions of values"},
	"context":         {why: "a port names it", only: []string{"Context"}, ports: true},
	"iter":            {why: "a port names it", only: []string{"Seq", "Seq2"}, ports: true},
	"fmt": {why: "texts of values; what prints and scans is left out",
		only: []string{"Appendf", "Errorf", "Fprintf", "Sprint", "Sprintf", "Sscanf", "Stringer"}},
	"io":             {why: "words for readers", only: []string{"EOF", "Reader", "Writer"}},
	"reflect":        {why: "types and comparing; what calls by name is left out", only: reflectOnly},
	"time":           {why: "times as values; what reads the clock or the place is left out", only: timeOnly},
	"go4.org/netipx": {why: "sets of addresses as values; a builder is a local of one function"},
	"github.com/google/uuid": {
		why: "names made of names; what draws a random one or reads the clock is left out", only: []string{
			"MustParse", "NewSHA1", "UUID",
		},
	},
}

var (
	reflectOnly = []string{
		"DeepEqual", "Indirect", "New", "Pointer", "Slice", "Struct", "StructField", "StructTag", "Type", "TypeFor",
		"TypeOf", "Value",
		"ValueOf",
	}
	timeOnly = []string{
		"Date", "Duration", "Hour", "Microsecond", "Millisecond", "Minute", "Month", "Nanosecond", "ParseDuration",
		"RFC3339",
		"RFC3339Nano", "Second", "Time", "UTC",
	}
)

// refusedImports say more than that an import is not in the list.
var refusedImports = map[string]string{
	"context": "a pure decision has nothing to wait for", "sync": "a pure decision shares nothing",
	"sync/atomic": "a pure decision shares nothing",
	"log/slog":    "output belongs to the shell", "log": "output belongs to the shell",
	"os":        "a pure decision reads nothing",
	"math/rand": "randomness is an argument", "math/rand/v2": "randomness is an argument",
	"crypto/rand": "randomness is an argument",
	"net/http":    "a pure decision calls nobody", "unsafe": "it undoes what types promise",
}

// impureMethods are methods of what may be used that read something all the same.
var impureMethods = map[string]string{
	"(time.Time).Local":            "it reads where the machine stands",
	"(reflect.Value).Call":         "what it calls cannot be seen",
	"(reflect.Value).Method":       "what it calls cannot be seen",
	"(reflect.Value).MapKeys":      "its order changes from run to run",
	"(reflect.Value).MapRange":     "its order changes from run to run",
	"(reflect.Value).Seq":          "its order may change from run to run",
	"(reflect.Value).Seq2":         "its order may change from run to run",
	"(reflect.Value).Recv":         "a pure decision has nothing to wait for",
	"(reflect.Value).Send":         "a pure decision has nothing to wait for",
	"(reflect.Value).CallSlice":    "what it calls cannot be seen",
	"(reflect.Value).MethodByName": "what it calls cannot be seen",
}

// openInterfaces may be called though anybody can implement them.
var openInterfaces = map[string]string{
	"error": "an error's text", "reflect.Type": "a type's properties", "hash.Hash": "a hash of bytes",
	"hash.Hash64": "a hash of bytes",
	"hash.Hash32": "a hash of bytes", "fmt.Stringer": "a value's text", "io.Writer": "where the caller wants it",
	"io.Reader": "what the caller has",
}

// suppliedValues are fields and parameters that give something out of nothing, and why that is pure.
var suppliedValues = map[string]string{
	"Example": "a kind gives its example, and kinds are pure",
}

func TestThePureCoreIsPure(t *testing.T) {
	p := loaded(t)
	for _, pkg := range p.order {
		for _, f := range (&judge{p: p, t: pkg}).all() {
			t.Error(f.String())
		}
	}
}

// TestPortsHaveTypesOnly: a file of ports may name a context because nothing in it runs.
func TestPortsHaveTypesOnly(t *testing.T) {
	p := loaded(t)
	for _, u := range pureUnits {
		for _, name := range u.ports {
			if !slices.ContainsFunc(p.packages[u.pkg].files,
				func(f *ast.File) bool { return filepath.Base(p.path(f)) == name }) {
				t.Errorf("%s/%s is excused and is not there", u.pkg, name)
			}
		}
		for name := range u.shell {
			if !slices.ContainsFunc(p.packages[u.pkg].files,
				func(f *ast.File) bool { return filepath.Base(p.path(f)) == name }) {
				t.Errorf("%s/%s is excused and is not there", u.pkg, name)
			}
		}
	}
	for _, f := range p.packages["saga"].files {
		if filepath.Base(p.path(f)) != "journal.go" {
			continue
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				t.Errorf("%s: %s is a function; the port has types only", p.set.Position(fn.Pos()), fn.Name.Name)
			}
		}
	}
}

// TestQuestionsWriteNothing: what answers with a bool is asked in conditions, where nobody looks for a fact that is
// added.
func TestQuestionsWriteNothing(t *testing.T) {
	p := loaded(t)
	for _, f := range questions(p, p.packages["saga"]) {
		t.Error(f.String())
	}
}

// questions finds functions with a bool among their results that add a fact, by themselves or by what they call.
func questions(p *program, t *typed) []finding {
	var found []finding
	adders := reaching(t, "(*turn).add")
	if len(adders) == 0 {
		return []finding{
			{clause: clauseQuestion, text: "nothing calls (*turn).add: tell this test what adds facts now"},
		}
	}
	for _, f := range t.files {
		ast.Inspect(f, func(n ast.Node) bool {
			var typ types.Type
			var body *ast.BlockStmt
			name := "a function literal"
			switch n := n.(type) {
			case *ast.FuncDecl:
				typ, body, name = t.info.Defs[n.Name].Type(), n.Body, n.Name.Name
			case *ast.FuncLit:
				typ, body = t.info.Types[n].Type, n.Body
			default:
				return true
			}
			if body == nil || !answersBool(typ.(*types.Signature)) {
				return true
			}
			for used := range functionsIn(t, body) {
				if adders[used] {
					found = append(found, finding{p.set.Position(n.Pos()), clauseQuestion,
						name + " answers with a bool and adds facts, by " + used.Name()})
					break
				}
			}
			return true
		})
	}
	return found
}

func answersBool(s *types.Signature) bool {
	for v := range s.Results().Variables() {
		if b, ok := v.Type().Underlying().(*types.Basic); ok && b.Info()&types.IsBoolean != 0 {
			return true
		}
	}
	return false
}

// functionsIn are the functions of a package that are named in a body, called or not.
func functionsIn(t *typed, body ast.Node) map[*types.Func]bool {
	used := map[*types.Func]bool{}
	ast.Inspect(body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if f, is := t.info.Uses[id].(*types.Func); is && f.Pkg() == t.types {
				used[f.Origin()] = true
			}
		}
		return true
	})
	return used
}

// reaching are the functions of a package that a method can be reached from, itself included.
func reaching(t *typed, method string) map[*types.Func]bool {
	uses, reach := map[*types.Func]map[*types.Func]bool{}, map[*types.Func]bool{}
	for _, f := range t.files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			of := t.info.Defs[fn.Name].(*types.Func)
			uses[of] = functionsIn(t, fn.Body)
			if strings.ReplaceAll(of.FullName(), t.types.Path()+".", "") == method {
				reach[of] = true
			}
		}
	}
	for grown := len(reach) > 0; grown; {
		grown = false
		for of, used := range uses {
			for u := range used {
				if reach[u] && !reach[of] {
					reach[of], grown = true, true
				}
			}
		}
	}
	return reach
}

// position is for findings.
func position(p *program, n ast.Node) token.Position { return p.set.Position(n.Pos()) }
