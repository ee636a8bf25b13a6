// Package claimstest is the suite of the ports [workers.Claims] and [workers.Marks]: every guarantee that their
// comments make is a case here, and every adapter runs all of them. It has no switches.
//
// Read claimstest.go first (what an adapter must bring), then claims.go, find.go and marks.go, one theme each.
package claimstest
