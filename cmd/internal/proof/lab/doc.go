// Package lab is what a proof with real processes stands on: processes that it starts and ends (lab.go, process.go),
// the intents that it submits (orders.go), the backends that they meet at (backend.go, nats.go, google.go) and crews of
// orchestrators and workers (crew.go).
//
// It drives the programs as users do, by flags, the API and the command line, and reads no log.
package lab
