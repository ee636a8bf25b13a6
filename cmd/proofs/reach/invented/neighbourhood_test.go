package invented_test

import (
	"reflect"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/cmd/proofs/reach/invented"
)

// Every neighbourhood is one that the vendors would take, has somebody to hurt, and comes again with its seed.
func TestNeighbourhoods(t *testing.T) {
	kinds := map[string]bool{}
	for seed := range uint64(60) {
		n, err := invented.Neighbours(seed)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		again, err := invented.Neighbours(seed)
		if err != nil || !reflect.DeepEqual(n, again) {
			t.Fatalf("seed %d gives another neighbourhood the second time (%v)", seed, err)
		}
		sim, err := simcloud.Start(t.Context(), simcloud.Options{Scenario: n.World, BGP: simcloud.BGP{Off: true}})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		if len(n.Others) < 20 {
			t.Errorf("seed %d has %d packets of others", seed, len(n.Others))
		}
		kinds[n.Kind] = true
	}
	if len(kinds) < 10 {
		t.Errorf("only %d kinds of intents: %v", len(kinds), kinds)
	}
}
