// Package faulty wraps the ports of a process (saga.Journal, events.Bus, workers.Claims, workers.Marks) with named
// points before and after every call, at which a script lets the process die. What its calls have done by then is done;
// whatever it calls afterwards is cut off, as if the power had failed.
//
// It is for proofs: the same wrappers stand around the real engine and runtime in memory, where every point and every
// ordered pair is tried, and around whole plans against the simulated world. Read script.go first.
package faulty
