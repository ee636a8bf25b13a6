package gcp

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// newBucket is a bucket with a share, of which nothing is saved yet.
func newBucket(each int) *bucket {
	b := &bucket{now: time.Now, at: time.Now(), minute: 60}
	b.share(each)
	return b
}

// most is the largest number of moments in any minute, wherever it begins.
func most(all []time.Time) (n int) {
	for i, from := range all {
		last := i
		for last < len(all) && all[last].Sub(from) < time.Minute {
			last++
		}
		n = max(n, last-i)
	}
	return n
}

// No minute has more calls than the share, however many want to call, and the share is not left lying about.
func TestNoMinuteHasMoreThanTheShare(t *testing.T) {
	for _, each := range []int{1, 3, 4, 12, 61, 600} {
		synctest.Test(t, func(t *testing.T) {
			b := newBucket(each)
			<-time.After(5 * time.Minute) // virtual: as much is saved as can be
			ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
			defer stop()
			var mu sync.Mutex
			var calls []time.Time
			var crowd sync.WaitGroup
			for range 5 {
				crowd.Go(func() {
					for b.take(ctx, wayOn) == nil {
						mu.Lock()
						calls = append(calls, time.Now())
						mu.Unlock()
					}
				})
			}
			crowd.Wait()
			if n := most(calls); n > each {
				t.Errorf("share %d: a minute has %d calls", each, n)
			}
			if least := 5 * each * 2 / 5; len(calls) < least {
				t.Errorf("share %d: %d calls in five minutes, want %d at least", each, len(calls), least)
			}
		})
	}
}

// A call on the way back finds what was kept for it, however many others wait, and then waits for its like only.
func TestAnUndoWaitsForNoDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(60) // ten at once, of which 2.5 are kept; 50 a minute
		<-time.After(time.Minute)
		ctx, stop := context.WithCancel(t.Context())
		var crowd sync.WaitGroup
		var done atomic.Int32
		for range 200 {
			crowd.Go(func() {
				if b.take(ctx, wayOn) == nil {
					done.Add(1)
				}
			})
			synctest.Wait()
		}
		<-time.After(10 * time.Second)
		synctest.Wait()
		before, begun := done.Load(), time.Now()
		for range 2 {
			if err := b.take(ctx, wayBack); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("the first two undos waited %s", waited)
		}
		for range 5 {
			if err := b.take(ctx, wayBack); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(begun); waited > 6*1200*time.Millisecond {
			t.Errorf("seven undos waited %s", waited)
		}
		if done.Load() > before+1 { // one may have had its turn between the first undos and the others
			t.Errorf("%d others went before undos", done.Load()-before)
		}
		stop()
		crowd.Wait()
	})
}

// Where the share is too small to keep anything, those on the way back that wait still come first.
func TestAnUndoIsFirstInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(3) // one every twenty seconds
		var order []rank
		var mu sync.Mutex
		for _, r := range []rank{wayOn, wayOn, wayOn, wayBack, wayBack, wayBack} {
			go func() {
				if err := b.take(t.Context(), r); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, r)
				mu.Unlock()
			}()
			synctest.Wait()
		}
		<-time.After(3 * time.Minute)
		synctest.Wait()
		if !slices.Equal(order, []rank{wayBack, wayBack, wayBack, wayOn, wayOn, wayOn}) {
			t.Errorf("turns were had in the order %v", order)
		}
	})
}

// A turn that comes after the end of a call is not waited for, and costs nothing.
func TestATurnThatComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(6) // two at once, one of them kept; four a minute
		<-time.After(time.Minute)
		if err := b.take(t.Context(), wayOn); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		begun := time.Now()
		var late tooLate
		if err := b.take(ctx, wayOn); !errors.As(err, &late) || late.wait != 15*time.Second {
			t.Errorf("the turn is refused by %v, want 15s", err)
		}
		if err := b.take(ctx, wayBack); err != nil || time.Since(begun) != 0 {
			t.Errorf("an undo has had its turn after %s: %v", time.Since(begun), err)
		}
	})
}

// Who gives up makes room for the next, and who has no share waits for one.
func TestWaitingForAShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(0)
		gone, leave := context.WithCancel(t.Context())
		var one error
		var two time.Time
		go func() { one = b.take(gone, wayOn) }()
		synctest.Wait()
		go func() {
			if b.take(t.Context(), wayOn) == nil {
				two = time.Now()
			}
		}()
		<-time.After(time.Minute)
		synctest.Wait()
		if one != nil || !two.IsZero() || b.waited() != time.Minute {
			t.Errorf("without a share: %v, %v, %s", one, two, b.waited())
		}
		leave()
		synctest.Wait()
		b.share(3)
		begun := time.Now()
		<-time.After(time.Minute)
		synctest.Wait()
		if !errors.Is(one, context.Canceled) || two.Sub(begun) != 20*time.Second {
			t.Errorf("with a share: %v, after %s", one, two.Sub(begun))
		}
	})
}
