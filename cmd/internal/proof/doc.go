// Package proof has what every proof is made of: the judges over the simulated world's ledger and differences, and the
// table that a proof prints. A proof judges by the world and never by our own journal.
//
// It runs nothing itself: culvert-prove runs one intent's plan in memory, cmd/proofs runs real processes.
//
// Read ledger.go first.
package proof
