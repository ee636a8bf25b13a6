package saga

import (
	"cmp"
	"hash/fnv"
	"time"
)

// Limits are the engine's patience. Every field but Longest must be positive; see DefaultLimits.
type Limits struct {
	// Deadline is how long a command may run: no vendor call is under way after it. Longest bounds the deadlines that
	// steps have of their own; zero is no bound.
	Deadline, Longest time.Duration
	// Quiet is how long a vendor may still act on a call that was cut off; Skew bounds the difference of two clocks.
	Quiet, Skew time.Duration
	// Tries and Budget bound a step on its way forward, UndoTries and UndoBudget on its way back. Waiting is time, not
	// a try.
	Tries      int
	Budget     time.Duration
	UndoTries  int
	UndoBudget time.Duration
	// ProveBudget is how long the whole may take to be so after the last step is done.
	ProveBudget time.Duration
	// RetryBase and RetryCap shape the delay between tries: doubling from base, at most cap.
	RetryBase, RetryCap time.Duration
	// Steps are the limits of steps by their kind, in place of these. They are what this release knows of a kind, and
	// are never stored: another release goes by its own.
	Steps map[string]StepLimits
}

// DefaultLimits are the limits against a real cloud. Pace divides those that wait for the world; the deadline, the
// quiet period and the skew bound are about processes and stay, but for a floor that keeps a fast simulated world fast.
func DefaultLimits(pace float64) Limits {
	scale := func(d time.Duration) time.Duration { return time.Duration(float64(d) / pace) }
	l := Limits{
		Deadline: 30 * time.Second, Quiet: 15 * time.Second, Skew: 2 * time.Second,
		Tries: 10, Budget: 40 * time.Minute, UndoTries: 12, UndoBudget: 90 * time.Minute, ProveBudget: 10 * time.Minute,
		RetryBase: scale(2 * time.Second), RetryCap: scale(2 * time.Minute),
	}
	if pace > 1 {
		l.Quiet, l.Skew = 2*time.Second, 200*time.Millisecond
		l.Longest = l.Deadline // no call of a simulated world takes as long as those that steps have a deadline for
	}
	return l
}

// StepLimits are the limits of one step in place of the engine's: a vendor's call that takes a quarter of an hour, a
// check that is tried twice. A step kind has them (Limits.Steps), or a plan gives them to one step; those are stored
// with the saga, so that a release which does not know them reads another state. Zero fields leave what there is.
// Stored times are in nanoseconds.
type StepLimits struct {
	// Deadline is how long one command of the step may run.
	Deadline time.Duration `json:"deadlineNanos,omitempty"`
	// Tries and Budget bound the step on its way forward, UndoTries and UndoBudget on its way back.
	Tries      int           `json:"tries,omitempty"`
	Budget     time.Duration `json:"budgetNanos,omitempty"`
	UndoTries  int           `json:"undoTries,omitempty"`
	UndoBudget time.Duration `json:"undoBudgetNanos,omitempty"`
}

// For are the limits of a step that has some of its own.
func (l Limits) For(own StepLimits) Limits {
	l.Deadline = cmp.Or(own.Deadline, l.Deadline)
	if l.Longest > 0 {
		l.Deadline = min(l.Deadline, l.Longest)
	}
	l.Tries, l.Budget = cmp.Or(own.Tries, l.Tries), cmp.Or(own.Budget, l.Budget)
	l.UndoTries, l.UndoBudget = cmp.Or(own.UndoTries, l.UndoTries), cmp.Or(own.UndoBudget, l.UndoBudget)
	return l
}

// ForKind are the limits of a step of a kind: those that its plan gives it, then those of its kind, then these.
func (l Limits) ForKind(kind string, own StepLimits) Limits { return l.For(l.Steps[kind]).For(own) }

// validate tells what cannot be meant: a limit below zero, and a command that outlives the time that its step has.
func (o StepLimits) validate(fail func(format string, args ...any)) {
	if min(o.Deadline, o.Budget, o.UndoBudget) < 0 || min(o.Tries, o.UndoTries) < 0 {
		fail("a limit of its own is below zero")
	}
	for _, budget := range []time.Duration{o.Budget, o.UndoBudget} {
		if budget > 0 && o.Deadline > budget {
			fail("a command may run for %s, and all of its tries for %s", o.Deadline, budget)
		}
	}
}

func (l Limits) quiet() time.Duration { return l.Quiet + l.Skew }

// Backoff is when to try again after the n-th try (from 1): doubling from base to cap, then between half and all of it
// by the seed, so that what failed together does not come back together. It is pure: the same arguments give the same
// delay.
func (l Limits) Backoff(n int, seed string) time.Duration {
	d := l.RetryBase
	for range n - 1 {
		if d >= l.RetryCap {
			break
		}
		d *= 2
	}
	d = min(d, l.RetryCap)
	h := fnv.New64a()
	h.Write([]byte(seed))
	part := float64(h.Sum64()%1024) / 1024
	return d/2 + time.Duration(part*float64(d/2))
}
