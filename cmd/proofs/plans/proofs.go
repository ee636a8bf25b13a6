// Package plans proves whole plans, undisturbed: what is asked for comes to be, and nothing else. Every proof has a
// file.
package plans

import "github.com/culvertnet/culvert/cmd/internal/proof/lab"

// Proofs are the proofs of this family by name.
func Proofs() map[string]lab.Proof {
	return map[string]lab.Proof{"demo": demo, "matrix": matrix, "change": change, "calls": countCalls,
		"contract": checkContract, "bad": bad, "bird": bird, "preflight": preflight, "peers": peers}
}
