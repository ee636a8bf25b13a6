// Package workers is the runtime that performs steps: it takes a command from the bus, runs the verb through the step's
// typed contract, folds whatever happened into one of five outcomes, and answers. Retry, back-off, rate limits,
// fencing, tracing and logging are written here once, so that a step holds none of them.
//
// Read step.go first (what a step is), then failure.go (how an error becomes an outcome), then worker.go (one
// delivery), then claims.go (holds on the things that many connections share).
//
// A capability is a sub-package: its ports, its steps and one list of them. It imports this package and events, never
// another capability and never a vendor's SDK.
package workers
