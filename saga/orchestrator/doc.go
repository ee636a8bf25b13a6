// Package orchestrator is the shell around the engine of package saga, and the only part of the core with I/O,
// goroutines and a clock: it loads a connection, lets the engine decide, appends the facts as one synced record,
// publishes what is newly in flight, and acknowledges the input. It decides nothing itself. It is not for vendors'
// technologies: journal and broker are ports.
//
// Reading order: orchestrator.go (what it is given and asked), turn.go (inputs to facts), append.go (facts to a
// record), publish.go (what is sent then), results.go (the consumer of results), cache.go (states by key), timers.go
// (what wakes a connection), hold.go (what is paused), follow.go and feed.go (records to status events), watch.go,
// checkpoints.go, import.go.
package orchestrator
