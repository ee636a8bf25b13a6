// Package policytest holds the conformance suites of policy's ports and an in-memory world that passes them.
//
// An adapter's test fills in a [Subject] and calls [Run]; it needs no further test of a port's core semantics. The
// steps of package policy are tested on [World]. Read suite.go first.
package policytest
