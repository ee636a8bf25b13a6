package gcp

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A rank is how urgent a call is: one on the way back goes before every other one.
type rank int

// The ranks, the most urgent first.
const (
	wayBack rank = iota
	wayOn
	ranks
)

// How a worker's share of a minute is cut: one part of it may be used at once, and the rest comes evenly. Both together
// are the share, so that no minute has more calls. Of what may be used at once a part is kept for the way back.
const (
	burstPart   = 6
	reservePart = 4
)

// leastCut is the smallest share that is cut. Of a smaller one the calls come one by one, a whole turn apart.
const leastCut = 4

// A waiter waits for its turn.
type waiter struct {
	turn  chan struct{} // says to look again; it has room for one word
	begun time.Time
}

// A bucket holds the calls that one worker may make for one project and one group of methods. It is safe for concurrent
// use.
type bucket struct {
	now func() time.Time
	// minute is how long the vendor's minute takes here, in seconds.
	minute float64

	mu sync.Mutex
	// each is this worker's share of a minute, burst the most that is saved, reserve what the way on leaves in it.
	each, burst, reserve float64
	saved                float64
	at                   time.Time
	// waiting are those that wait, first come first served in each rank.
	waiting [ranks][]*waiter
	longest time.Duration // since it was asked for
}

// share sets how many calls a minute the worker may make. A larger share is not there at once: the last minute has
// calls of those who had it before.
func (b *bucket) share(each int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refill()
	b.each, b.burst, b.reserve = float64(each), min(1, float64(each)), 0
	if each >= leastCut {
		b.burst = float64(max(2, each/burstPart))
		b.reserve = max(1, b.burst/reservePart)
	}
	b.saved = min(b.saved, b.burst)
	b.wake()
}

// perSecond is what comes evenly.
func (b *bucket) perSecond() float64 {
	if b.each < leastCut {
		return b.each / b.minute
	}
	return (b.each - b.burst) / b.minute
}

func (b *bucket) refill() {
	now := b.now()
	b.saved = min(b.burst, b.saved+b.perSecond()*max(0, now.Sub(b.at).Seconds()))
	b.at = now
}

// take waits for a call's turn until ctx ends. An error is ctx's, or says that the turn would come too late.
func (b *bucket) take(ctx context.Context, r rank) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := &waiter{turn: make(chan struct{}, 1), begun: b.now()}
	b.waiting[r] = append(b.waiting[r], w)
	defer func() {
		b.waiting[r] = slices.DeleteFunc(b.waiting[r], func(other *waiter) bool { return other == w })
		b.longest = max(b.longest, b.now().Sub(w.begun))
		b.wake()
	}()
	for {
		b.refill()
		before := slices.Index(b.waiting[r], w)
		wait, known := b.due(r, before)
		if known && wait == 0 {
			b.saved--
			return nil
		}
		if end, has := ctx.Deadline(); has && known && time.Until(end) < wait {
			return tooLate{wait}
		}
		if err := b.sleep(ctx, w, wait, known && before == 0); err != nil {
			return err
		}
	}
}

// due is in how long a call of a rank with others before it has its turn, as far as is known; nothing is known of a
// worker without a share.
func (b *bucket) due(r rank, before int) (time.Duration, bool) {
	least := 0.0
	if r == wayOn {
		least = b.reserve
		before += len(b.waiting[wayBack])
	}
	lacks := float64(before) + 1 + least - b.saved
	switch {
	case b.each == 0:
		return 0, false
	case lacks <= rounding && before == 0:
		return 0, true
	}
	// at least a moment, so that nobody asks again and again
	return max(time.Duration(lacks/b.perSecond()*float64(time.Second)), time.Millisecond), true
}

// rounding is what sums of fractions may lack.
const rounding = 1e-9

// sleep waits for a word, and for the turn if it is known. The lock is free meanwhile.
func (b *bucket) sleep(ctx context.Context, w *waiter, wait time.Duration, known bool) error {
	b.mu.Unlock()
	defer b.mu.Lock()
	var turn <-chan time.Time
	if known {
		t := time.NewTimer(wait)
		defer t.Stop()
		turn = t.C
	}
	select {
	case <-w.turn:
	case <-turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// wake lets the first of each rank look again.
func (b *bucket) wake() {
	for _, of := range b.waiting {
		if len(of) > 0 {
			select {
			case of[0].turn <- struct{}{}:
			default: // it has a word already
			}
		}
	}
}

// waited is the longest wait since it was last asked, of calls that still wait too.
func (b *bucket) waited() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	longest := b.longest
	for _, of := range b.waiting {
		if len(of) > 0 {
			longest = max(longest, b.now().Sub(of[0].begun))
		}
	}
	b.longest = 0
	return longest
}

// tooLate says that a turn would come after the end of a command.
type tooLate struct{ wait time.Duration }

// Error says when it would come.
func (t tooLate) Error() string {
	return fmt.Sprintf("the turn of the call comes in %s, after its end", t.wait.Round(time.Millisecond))
}
