package culvert_test

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
)

// families are the types whose constants are codes.
var families = map[string]events.Family{
	"CauseCode": events.FamilyCause, "ProblemCode": events.FamilyProblem,
	"Reason": events.FamilyReason, "Rule": events.FamilyRule,
}

// familyOf is the family of codes that a type is of; "" for another type.
func familyOf(t types.Type) events.Family {
	named, is := types.Unalias(t).(*types.Named)
	if !is || pkgPath(named.Obj()) != module+"/events" {
		return ""
	}
	return families[named.Obj().Name()]
}

// codesIn are the codes that packages use as constants, with a place where each is.
func codesIn(p *program, packages []*typed) map[events.Family]map[string]string {
	found := map[events.Family]map[string]string{}
	for _, t := range packages {
		for e, tv := range t.info.Types {
			f := familyOf(tv.Type)
			if f == "" || tv.Value == nil || constant.StringVal(tv.Value) == "" || t.pkg == "events" && tabled(p, e) {
				continue
			}
			if found[f] == nil {
				found[f] = map[string]string{}
			}
			found[f][constant.StringVal(tv.Value)] = p.set.Position(e.Pos()).String()
		}
	}
	return found
}

// tabled tells whether an expression is in the registry itself.
func tabled(p *program, e ast.Expr) bool { return strings.HasPrefix(p.path(e), "events/codes_") }

// made are the codes that are put together from words of others: a vendor's states, the keywords of JSON Schema.
var made = map[events.Family]string{events.FamilyReason: "state-", events.FamilyRule: "schema-"}

// TestEveryCodeIsListed holds the codes that the module uses and the registry against one another, both ways.
func TestEveryCodeIsListed(t *testing.T) {
	p := loaded(t)
	used := codesIn(p, p.product())
	listed := map[events.Family][]string{}
	for _, c := range events.Codes() {
		listed[c.Family] = append(listed[c.Family], c.Word)
		prefix := made[c.Family]
		if used[c.Family][c.Word] == "" && (prefix == "" || !strings.HasPrefix(c.Word, prefix)) {
			t.Errorf("%s %q is listed, and nothing uses it", c.Family, c.Word)
		}
	}
	for family, words := range used {
		for word, place := range words {
			if !slices.Contains(listed[family], word) {
				t.Errorf("%s: %s %q is not listed; add its line to events/codes_%ss.go", place, family, word, family)
			}
		}
	}
}

// TestUnlistedCodesAreSeen holds the test above to what it is there for.
func TestUnlistedCodesAreSeen(t *testing.T) {
	p := loaded(t)
	for text, family := range map[string]events.Family{
		`var _ = workers.Refuse("unheard-of", "")`:                       events.FamilyReason,
		`const r = "unheard-of"; var _ = workers.Wait(r, 0)`:             events.FamilyReason,
		`var _ = events.Outcome{Reason: "unheard-of"}`:                   events.FamilyReason,
		`var _ = events.NewRefusal("f", "unheard-of", "")`:               events.FamilyRule,
		`const c events.CauseCode = "unheard-of"`:                        events.FamilyCause,
		`func f(p events.ProblemCode) bool { return p == "unheard-of" }`: events.FamilyProblem,
	} {
		src, err := p.with("probe", "probe.go", `package probe; import ("`+module+`/events"; "`+module+`/workers")
			var _, _ = workers.Wait, events.Do; `+text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if codesIn(p, []*typed{src})[family]["unheard-of"] == "" {
			t.Errorf("%s: the code is not seen", text)
		}
	}
}
