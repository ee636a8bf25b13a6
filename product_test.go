package culvert_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// product are the programs that an operator runs, fakes what must not be linked into them.
var (
	product = []string{"cmd/culvertd", "cmd/culvert"}
	fakes   = []string{"adapters/faulty", "adapters/memory", "cmd/internal/proof"}
)

// linked gives every package of ours that a package is built from, itself included, with the way there.
func linked(all []source, root string) map[string]string {
	imports := map[string][]string{}
	for _, s := range all {
		if s.test {
			continue
		}
		for _, path := range s.imports() {
			if ours, is := strings.CutPrefix(path, module+"/"); is {
				imports[s.pkg] = append(imports[s.pkg], ours)
			}
		}
	}
	way := map[string]string{root: root}
	for queue := []string{root}; len(queue) > 0; queue = queue[1:] {
		for _, next := range imports[queue[0]] {
			if way[next] == "" {
				way[next] = way[queue[0]] + " > " + next
				queue = append(queue, next)
			}
		}
	}
	return way
}

// What breaks a process, and what only pretends to store, has no place in one that serves.
func TestTheProductLinksNoFakes(t *testing.T) {
	all := sources(t)
	for _, program := range product {
		way := linked(all, program)
		if len(way) < 3 {
			t.Errorf("%s is built from %d packages: the test sees nothing", program, len(way))
		}
		for pkg, path := range way {
			if slices.ContainsFunc(fakes, func(f string) bool { return pkg == f || strings.HasPrefix(pkg, f+"/") }) {
				t.Errorf("%s links %s: %s", program, pkg, path)
			}
		}
	}
	way := linked(all, "cmd/culvert-prove")
	for _, fake := range fakes {
		if way[fake] == "" {
			t.Errorf("cmd/culvert-prove does not link %s: the test sees nothing", fake)
		}
	}
}

// One client of the world's control endpoint, and one judge of the ledger: their words stand in one package each.
func TestJudgeAndControlClientExistOnce(t *testing.T) {
	owners := map[string][]string{
		"/sim/":        {"adapters/simcloud", "cmd/proofs"}, // the second passes the endpoint through a proxy
		"live effects": {"cmd/internal/proof"},
	}
	found := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			text, ok := n.(*ast.BasicLit)
			if !ok || text.Kind != token.STRING {
				return true
			}
			for words, owner := range owners {
				if !strings.Contains(text.Value, words) {
					continue
				}
				found[words] = true
				if !slices.ContainsFunc(owner, func(o string) bool {
					return s.pkg == o ||
						strings.HasPrefix(s.pkg, o+"/")
				}) {
					t.Errorf("%s: %s belongs to %v", s.set.Position(n.Pos()), text.Value, owner)
				}
			}
			return true
		})
	}
	for words := range owners {
		if !found[words] {
			t.Errorf("nobody has %q: the test sees nothing", words)
		}
	}
}
