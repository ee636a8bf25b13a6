// Package broken proves that a completed connection that breaks is told, with the name of what broke: connections of
// every kind are completed in worlds in process, one thing at a time is changed behind the product, and the next look
// has to name it. What is missing from the start has to refuse before the first effect.
//
// Read broken.go first, then story.go for what is done in one world; the other files are the stories, by what of a
// connection they are about.
package broken

import "github.com/culvertnet/culvert/cmd/internal/proof/lab"

// Proofs are the proofs of this family by name.
func Proofs() map[string]lab.Proof { return map[string]lab.Proof{"broken": broken} }
