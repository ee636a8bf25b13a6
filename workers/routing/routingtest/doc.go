// Package routingtest holds the conformance suites of routing's ports and an in-memory world that passes them.
//
// An adapter's test fills in a [Lists] and calls [RunAnnouncements], or a [Table] and [RunRoutes]; it needs no further
// test of a port's core semantics. The steps of package routing are tested on [World]. Read suite.go first.
package routingtest
