// Package releases proves that this build and the last release read what the other has stored. It also records what a
// build stores, for the tests that replay stored journals. stories.go has what happens to connections, stage.go the
// daemons.
package releases

import "github.com/culvertnet/culvert/cmd/internal/proof/lab"

// Proofs are the proofs of this family by name.
func Proofs() map[string]lab.Proof {
	return map[string]lab.Proof{"releases": releases, "stores": stores}
}
