// Package bustest is the suite of the ports [events.Bus] and [events.DeadLetters]: every guarantee that their comments
// make is a case here, and every adapter runs all of them. It has no switches.
//
// Read bustest.go first (what an adapter must bring), then publish.go, consume.go, verdict.go, lease.go and
// deadletters.go, one theme each.
package bustest
