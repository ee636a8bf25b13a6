// Package recorded proves the simulated world, held against recorded exchanges with the real cloud. Every proof has a
// file.
package recorded

import "github.com/culvertnet/culvert/cmd/internal/proof/lab"

// Proofs are the proofs of this family by name.
func Proofs() map[string]lab.Proof {
	return map[string]lab.Proof{"recorded": recorded}
}
