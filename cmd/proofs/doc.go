// Command proofs runs the proofs: each starts real processes, does what users do, breaks what can break, and judges by the
// simulated world's own ledger and differences, never by our journal. It prints one table and exits non-zero on any miss.
//
// lab.go starts and stops processes, intents.go makes intents, table.go prints; every proof has a file.
package main
