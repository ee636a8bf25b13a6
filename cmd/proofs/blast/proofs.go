// Package blast proves that nobody else's packets are hurt: intents among neighbours who never asked for them, in
// worlds in process, judged by the world's own evaluator after every change.
//
// Read blast.go first, then trial.go and stages.go for what is done in one world, rig.go for how the product runs in
// it, and states.go for how it is judged. The worlds and the intents are those of package invented, which knows neither
// the product nor the evaluator.
package blast

import "github.com/culvertnet/culvert/cmd/internal/proof/lab"

// Proofs are the proofs of this family by name.
func Proofs() map[string]lab.Proof { return map[string]lab.Proof{"blast": blast} }
