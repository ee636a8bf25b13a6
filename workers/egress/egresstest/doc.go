// Package egresstest holds the conformance suites of egress's ports and an in-memory world that passes them.
//
// An adapter's test fills in a [Subject] and calls [Run]; it needs no further test of a port's core semantics. The
// steps of package egress are tested on [World]. Read suite.go first.
package egresstest
