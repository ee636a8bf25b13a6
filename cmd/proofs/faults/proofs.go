// Package faults proves plans and a daemon under faults: vendors' calls that fail, kills, a full disk. Every proof has
// a file.
package faults

import "github.com/culvertnet/culvert/cmd/internal/proof/lab"

// Proofs are the proofs of this family by name.
func Proofs() map[string]lab.Proof {
	return map[string]lab.Proof{"failures": failures, "removals": removals, "kill": kill, "fulldisk": fulldisk}
}
