package steptest

import (
	"context"
	"testing"
	"time"

	"github.com/culvertnet/culvert/workers"
)

// A Bed is one fresh world with the steps over it.
type Bed struct {
	Handlers []workers.Handler
	// Operations polls long operations, by the part of a handle before the colon.
	Operations map[string]workers.Operations
	// Claims are those of the steps.
	Claims workers.Claims
	// State is all that is in the world, in one text: two equal texts are two equal worlds. It leaves out what time
	// alone changes.
	State func(t testing.TB) string
	// Intercept lets f decide about every later vendor call that changes something, counted from 1. It replaces the f
	// before; nil lets all pass.
	Intercept func(f func(call int) Fate)
	// Pause lets this much time pass for the world, the claims and Now. A virtual clock may jump.
	Pause func(ctx context.Context, d time.Duration)
	// Now is the time.
	Now func() time.Time
	// Timeout is how long a run has until its deadline; Settle how long after a cut-off run its calls may still act and
	// its leases last (lease + quiet period + skew).
	Timeout, Settle time.Duration
}

// A Fate is what becomes of a vendor call.
type Fate int

const (
	// Pass lets it be.
	Pass Fate = iota
	// Fail makes it fail before it has an effect, in a way that the vendor's caller may repeat.
	Fail
	// Lose lets it have its effect and loses the answer, as when the connection breaks.
	Lose
)

// A Clock is a time that only a pause moves: the Now and the Pause of a bed over a fake world. It is for one goroutine.
type Clock struct{ now time.Time }

// NewClock makes a clock that stands at a time.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now is the time.
func (c *Clock) Now() time.Time { return c.now }

// Pause moves the time.
func (c *Clock) Pause(_ context.Context, d time.Duration) { c.now = c.now.Add(d) }
