// Command proofs runs the proofs: each starts real processes, does what users do, breaks what can break, and judges by
// the simulated world's own ledger and differences, never by our journal. It prints one table and exits non-zero on any
// miss.
//
// Each family of proofs is a folder, and each proof a file in it: plans, faults, backends, scale, reach, recorded,
// mutants, releases.
// What they share is cmd/internal/proof (judges, table), its lab (processes, intents, backends) and its campaign (many
// sagas under faults).
package main
