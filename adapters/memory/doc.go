// Package memory holds the reference implementation of every port that outlives a process, within one process: bus and
// dead letters, journal, claims, marks. It passes the same suites as the adapters that keep their promises on disk;
// what it cannot do is survive its process, so it is for tests and simulations.
//
// It starts goroutines only inside Consume, which waits for them, and time passes in it only by time.AfterFunc and the
// clock it is given, so that it can be used inside a testing/synctest bubble.
//
// Read bus.go first; each other file is one port.
package memory
