package sagatest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/culvertnet/culvert/saga"
)

// RandomData makes a plan of up to eight steps of a fixed set of names, so that plans of one connection differ in what
// they have, in what depends on what, and in inputs.
func RandomData(rng *rand.Rand) Data {
	capabilities := []string{"net", "egress", "routing", "policy"}
	var d Data
	for i := range 1 + rng.IntN(2) {
		d.Nodes = append(d.Nodes, saga.Node{
			Name: fmt.Sprintf("check-%d", i), Kind: capabilities[rng.IntN(4)] + ".check", Check: true,
			Input:  []byte(`{}`),
			Prefix: "obj", Rules: rules(),
		})
	}
	var names []string
	for _, i := range rng.Perm(6)[:1+rng.IntN(6)] {
		name := fmt.Sprintf("step-%d", i)
		n := saga.Node{
			Name: name, Kind: capabilities[i%4] + "." + name, Prefix: "obj", UndoLast: i == 5,
			Rules: rules(),
			Input: fmt.Appendf(nil, `{"note":%d,"range":%d,"size":%d,"zone":%d}`, rng.IntN(2), rng.IntN(2), rng.IntN(3),
				rng.IntN(2)),
		}
		for _, before := range names {
			if rng.IntN(3) > 0 {
				continue
			}
			n.After = append(n.After, before)
			if rng.IntN(2) == 0 {
				n.Binds = append(n.Binds, saga.Bind{To: "/link-" + before, Step: before, From: "/id"})
			}
		}
		slices.Sort(n.After)
		names = append(names, name)
		d.Nodes = append(d.Nodes, n)
	}
	return d
}
