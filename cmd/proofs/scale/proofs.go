// Package scale proves many intents, and many processes that come and go. Every proof has a file.
package scale

import "github.com/culvertnet/culvert/cmd/internal/proof/lab"

// Proofs are the proofs of this family by name.
func Proofs() map[string]lab.Proof {
	return map[string]lab.Proof{"crowd": crowd, "split": split, "operate": operate, "scale": scale}
}
