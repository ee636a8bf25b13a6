// Package networktest holds the conformance suites of network's ports and an in-memory world that passes them.
//
// An adapter's test fills in a [Subject] and calls [Run]; it needs no further test of a port's core semantics. The
// steps of package network are tested on [World]. Read suite.go first.
package networktest
