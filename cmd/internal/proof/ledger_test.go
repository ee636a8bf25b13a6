package proof_test

import (
	"slices"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
)

// One live effect on a name, at every line.
func TestMostLive(t *testing.T) {
	create := control.Effect{Vendor: "gcp", Kind: "address", Name: "a", Effect: proof.Create}
	gone, other, changed := create, create, create
	gone.Effect, other.Vendor, changed.Effect = proof.Delete, "aviatrix", "update"
	for name, c := range map[string]struct {
		ledger []control.Effect
		most   int
		broken bool
	}{
		"there and back":      {[]control.Effect{create, changed, gone, create, gone}, 1, false},
		"two of one name":     {[]control.Effect{create, other}, 1, false},
		"made twice":          {[]control.Effect{create, create, gone}, 2, true},
		"taken away unmade":   {[]control.Effect{gone}, 0, true},
		"taken away too late": {[]control.Effect{create, gone, gone, create}, 1, true},
		"nothing was needed":  {nil, 0, false},
	} {
		most, err := proof.MostLive(c.ledger)
		if most != c.most || (err != nil) != c.broken || (proof.OneLive(c.ledger) != nil) != c.broken {
			t.Errorf("%s: most %d, %v", name, most, err)
		}
	}
}

func TestCallsComeOnceInOrder(t *testing.T) {
	ledger := []control.Effect{{Vendor: "b", Call: "x"}, {Vendor: "a", Call: "x"}, {Vendor: "b", Call: "x"}}
	if got := proof.Calls(ledger); !slices.Equal(got,
		[]proof.Call{{Vendor: "b", Name: "x"}, {Vendor: "a", Name: "x"}}) {
		t.Errorf("calls %v", got)
	}
	if met, hits := proof.Fired([]control.Fault{{Hits: 2}, {}, {Hits: 1}}); met != 2 || hits != 3 {
		t.Errorf("%d faults met, %d times", met, hits)
	}
}

func TestUnexplainedDifferences(t *testing.T) {
	all := []control.Difference{{Name: "projects/p/addresses/kept"}, {Name: "projects/p/addresses/lost"}}
	if got := proof.Unexplained(all, []string{"address kept, because others use it"}); len(got) != 1 ||
		got[0] != all[1] {
		t.Errorf("unexplained %v", got)
	}
}
