package culvert_test

import (
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// A call that takes something away for good stands in one place, behind one look at whose it is and who relies on it. A
// second place would have other eyes.
var (
	// portRemoves are the methods of ports that do so.
	portRemoves = regexp.MustCompile(`^(Delete|Release|Remove)$`)
	// vendorRemoves are those of vendors' clients.
	vendorRemoves = regexp.MustCompile(`^(Delete|Remove)[A-Z]?`)
)

// removals are the calls of a file that take something away, by what they call: in workers a method of a port that a
// struct holds (s.Zones.Delete), in an adapter one of a vendor's client (c.zones.Delete).
func removals(file *ast.File, set *token.FileSet, adapter bool) map[string][]string {
	all := map[string][]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		held, ok := method.X.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		name := held.Sel.Name
		removes := portRemoves
		if adapter {
			removes = vendorRemoves
			var text strings.Builder
			if printer.Fprint(&text, set, held) == nil {
				_, name, _ = strings.Cut(text.String(), ".")
			}
		}
		if removes.MatchString(method.Sel.Name) {
			name += "." + method.Sel.Name
			all[name] = append(all[name], set.Position(call.Pos()).String())
		}
		return true
	})
	return all
}

func TestEachThingIsDeletedInOnePlace(t *testing.T) {
	places := map[string][]string{}
	for _, s := range sources(t) {
		adapter := s.pkg == "adapters/gcp" || s.pkg == "adapters/aviatrix"
		if s.test || !adapter && !strings.HasPrefix(s.pkg, "workers") || strings.HasSuffix(s.file.Name.Name, "test") {
			continue
		}
		for name, at := range removals(s.file, s.set, adapter) {
			name = s.pkg + ": " + strings.TrimPrefix(name, "Client.")
			places[name] = append(places[name], at...)
		}
	}
	if len(places) < 5 {
		t.Errorf("only %v take something away: the check has lost its sight", places)
	}
	for name, at := range places {
		if len(at) > 1 {
			t.Errorf("%s is called at %s: let one function look whose it is and who relies on it, and call that", name,
				strings.Join(at, " and "))
		}
	}
}

// TestRemovals holds the check itself: what it sees, and what it does not take for a removal.
func TestRemovals(t *testing.T) {
	for source, want := range map[string]string{
		`s.Zones.Delete(ctx, id)`:                       "Zones.Delete",
		`err := s.Addresses.Release(ctx, id)`:           "Addresses.Release",
		`if s.Drivers.Filters.Remove(ctx) == nil { }`:   "Filters.Remove",
		`claims.Release(ctx, run)`:                      "",
		`s.Zones.Get(ctx, id)`:                          "",
		`s.list(run).Drop(ctx)`:                         "",
		`_ = func() { s.Routes.Delete(ctx, run.Name) }`: "Routes.Delete",
	} {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, "probe.go", "package p\nfunc f() { "+source+" }", 0)
		if err != nil {
			t.Fatal(err)
		}
		got := removals(file, set, false)
		if len(got[want]) == 0 != (want == "") || want == "" && len(got) > 0 {
			t.Errorf("%s: %v, want %q", source, got, want)
		}
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "probe.go", `package p
func f() { a.Client.addresses.Delete(ctx, del); c.connectors.DeleteConnector(ctx, del); c.names.Managed.Delete(z) }`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := removals(file, set, true); len(got) != 3 {
		t.Errorf("%v, want three removals", got)
	}
}
