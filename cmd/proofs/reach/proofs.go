// Package reach proves the model of reach: what it says of packets, over facts that the adapters have read from the
// simulated world, against what vendors' pages say and what the world does. Every proof has a file.
package reach

import "github.com/culvertnet/culvert/cmd/internal/proof/lab"

// Proofs are the proofs of this family by name.
func Proofs() map[string]lab.Proof {
	return map[string]lab.Proof{"pages": pages, "reach": random, "facts": facts}
}
