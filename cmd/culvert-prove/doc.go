// Command culvert-prove runs an intent's own plan against the simulated world, there and back, with a fault at every
// step boundary. "culvert prove" starts it; it lies beside culvert. It reads events as JSON from its standard input.
//
// Engine, worker runtime and adapters are the real ones; ports are in memory, behind fault scripts (adapters/faulty),
// and each trial has a world of its own. That is why it is a program of its own: the daemon and the command line link
// no fakes.
//
// main.go reads the flags, plan.go lists the trials, trial.go runs the two processes of one, story.go leads an intent
// there and back, report.go judges and prints.
package main
