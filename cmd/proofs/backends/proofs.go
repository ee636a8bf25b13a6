// Package backends proves what each store and broker promises, under the faults that its technology has. Every proof
// has a file.
package backends

import "github.com/culvertnet/culvert/cmd/internal/proof/lab"

// Proofs are the proofs of this family by name.
func Proofs() map[string]lab.Proof {
	return map[string]lab.Proof{"r3": r3, "google": onGoogle, "linear": linear, "synced": synced, "damage": damage,
		"move": move}
}
