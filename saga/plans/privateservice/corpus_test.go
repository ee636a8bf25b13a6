package privateservice

import (
	"os"
	"reflect"
	"testing"

	"github.com/culvertnet/culvert/saga/plans/kind/kindtest"
	"github.com/culvertnet/culvert/saga/plans/operator/operatortest"
	"github.com/culvertnet/culvert/schemas"
)

const examples = "../../../schemas/examples/private-service"

func read(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
	return raw
}

func TestKind(t *testing.T) {
	kindtest.Run(t, New(operatortest.Config()), examples)
	if n := len(kindtest.Manifest(t, examples)); n < 120 {
		t.Errorf("%d bad examples: fewer than the 120 that are promised", n)
	}
}

func TestTypesAndSchemaAgree(t *testing.T) {
	union := reflect.TypeFor[Hostnames]() // the examples have both sides of it
	kindtest.TypesAgree(t, schemas.Name{Kind: Name, Want: "apply", Version: 1}, reflect.TypeFor[Payload](), union)
	kindtest.TypesAgree(t, schemas.Name{Kind: Name, Want: "withdraw", Version: 1}, reflect.TypeFor[Withdrawal]())
}

func TestEveryRuleOfAdmissionHasABadExample(t *testing.T) {
	shown := map[string]bool{}
	for _, bad := range kindtest.Manifest(t, examples) {
		shown[bad.Rule] = true
	}
	rules := rulesInSource(t)
	if len(rules) < 25 {
		t.Fatalf("found only the rules %v in the source: the expression that finds them is out of date", rules)
	}
	for _, rule := range rules {
		if !shown[rule] && !unreachable[rule] {
			t.Errorf("rule %q refuses no example: nothing shows that it works", rule)
		}
	}
}
