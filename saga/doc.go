// Package saga is the core: it decides what happens to a connection, and nothing else. It is pure: values in, values
// out, no clock, no randomness, no goroutine. journal.go is the port to the records, and has types only.
//
//	                     ┌───────── refused, cancelled, not proved ─────────┐
//	                     │                                                  ▼
//	accepted ──► running (checks → makes and changes → prove) ──► running (removals)   compensating ──► compensated
//	                                                        │                │              │
//	                                                  the new version        ▼              ▼
//	                                                   is committed      completed        stuck ◄── (removals too)
//
// Reading order: plan.go (a plan is data), state.go (what a connection is), fact.go (what a journal holds), decide.go
// (input → facts), forward.go, prove.go and compensate.go (what follows from a state), apply.go (fact → state),
// open.go (state → commands), status.go (state → what is shown), journal.go (the port), shell.go (what package
// orchestrator, which has the only I/O, asks of the core). The stories in testdata/scripts show each rule at work;
// package sagatest plays them.
package saga
