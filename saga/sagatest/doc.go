// Package sagatest drives the pure engine in virtual time: a [Machine] around one connection that checks itself at
// every input, a [Script] language in which a test is a story with its transcript, and a [Simulation] of random plans
// in a random, faulty world.
//
// It holds no broker, no worker and no vendor; those have suites of their own. Read machine.go first, then script.go.
package sagatest
