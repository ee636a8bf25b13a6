// Package mutants proves the proofs themselves: countermeasures switched off, one after the other. Every proof has a
// file.
package mutants

import "github.com/culvertnet/culvert/cmd/internal/proof/lab"

// Proofs are the proofs of this family by name.
func Proofs() map[string]lab.Proof {
	return map[string]lab.Proof{"mutants": proveMutants, "reach-mutants": proveReachMutants}
}
