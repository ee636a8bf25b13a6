// Package journaltest is the suite of the port [saga.Journal]: every guarantee that its comments make is a case here,
// and every adapter runs all of them. It has no switches.
//
// Read journaltest.go first (what an adapter must bring), then append.go, race.go, load.go, list.go, follow.go and
// archive.go, one theme each.
package journaltest
