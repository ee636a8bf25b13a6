package workers_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

const part = "endpoint"

func newCounted() workers.Counted {
	return workers.Counted{Claims: memory.NewClaims(), Times: times, Resource: "counted/test"}
}

func join(t testing.TB, c workers.Counted, run workers.Run, part string) workers.Record {
	t.Helper()
	r, err := c.Join(t.Context(), run, part)
	wantClass(t, err, events.Done, "")
	return r
}

// wantLeave fails the test when a leave does not answer as told; class Wait means that it lingers.
func wantLeave(t testing.TB, c workers.Counted, run workers.Run, last bool, class events.Class) {
	t.Helper()
	got, err := c.Leave(t.Context(), run, part)
	if gotClass, _ := failure(err); got != last || gotClass != class {
		t.Fatalf("leave: %v %v, want %v %s", got, err, last, class)
	}
}

func TestCountedLastHolderLingersOnce(t *testing.T) {
	c := newCounted()
	first := join(t, c, runOf("a", 1, start), part)
	join(t, c, runOf("a", 1, start), "address")
	join(t, c, runOf("b", 1, start), part)
	wantLeave(t, c, runOf("a", 2, start), false, events.Done)
	wantLeave(t, c, runOf("a", 3, start), false, events.Done)
	wantLeave(t, c, runOf("b", 2, start), false, events.Wait)
	wantLeave(t, c, runOf("b", 3, start.Add(times.Linger-time.Second)), false, events.Wait)
	over := start.Add(times.Linger)
	wantLeave(t, c, runOf("b", 4, over), true, events.Done)
	wantLeave(t, c, runOf("b", 5, over), true, events.Done)
	wantClass(t, c.Left(t.Context(), runOf("b", 5, over), part), events.Done, "")
	wantLeave(t, c, runOf("b", 6, over), false, events.Done)

	// The address is the second part to go: the record has lingered already. Then the generation ends.
	last, err := c.Leave(t.Context(), runOf("a", 7, over.Add(time.Second)), "address")
	if !last || err != nil {
		t.Fatalf("the second part lingers again: %v %v", last, err)
	}
	wantClass(t, c.Left(t.Context(), runOf("a", 7, over), "address"), events.Done, "")
	r := join(t, c, runOf("d", 1, over), part)
	if r.Generation != first.Generation+1 || !r.Since.IsZero() {
		t.Fatalf("a new thing has generation %d after %d, since %v", r.Generation, first.Generation, r.Since)
	}
}

func TestCountedJoinEndsTheLinger(t *testing.T) {
	c := newCounted()
	before := join(t, c, runOf("a", 1, start), part)
	wantLeave(t, c, runOf("a", 2, start), false, events.Wait)
	after := join(t, c, runOf("b", 1, start.Add(time.Minute)), part)
	if after.Generation != before.Generation {
		t.Fatalf("the thing that was still there has generation %d, then %d", before.Generation, after.Generation)
	}
	wantLeave(t, c, runOf("a", 3, start.Add(times.Linger)), false, events.Done)
	late := start.Add(times.Linger + time.Minute)
	wantLeave(t, c, runOf("b", 2, late), false, events.Wait)
	wantLeave(t, c, runOf("b", 3, late.Add(times.Linger)), true, events.Done)
}

func TestCountedJoinWaitsForWhoTakesItAway(t *testing.T) {
	c := newCounted()
	join(t, c, runOf("a", 1, start), part)
	compensate := runOf("a", 2, start)
	compensate.Purpose = events.ToCompensate
	wantLeave(t, c, compensate, true, events.Done)
	_, err := c.Join(t.Context(), runOf("b", 1, start.Add(time.Second)), part)
	wantClass(t, err, events.Wait, "leaving")
	wantClass(t, c.Left(t.Context(), compensate, part), events.Done, "")
	if r := join(t, c, runOf("b", 2, start.Add(2*time.Second)), part); r.Generation != 2 {
		t.Fatalf("generation %d after the first one went", r.Generation)
	}
}

// A holder that died while it took the thing away does not block others for ever, and cannot take it from them later.
func TestCountedLeavingThatWasGivenUp(t *testing.T) {
	c := newCounted()
	join(t, c, runOf("a", 1, start), part)
	compensate := runOf("a", 2, start)
	compensate.Purpose = events.ToCompensate
	wantLeave(t, c, compensate, true, events.Done)
	free := start.Add(times.Lease + times.Quiet + times.Skew)
	_, err := c.Join(t.Context(), runOf("b", 1, free.Add(-time.Second)), part)
	wantClass(t, err, events.Wait, "leaving")
	join(t, c, runOf("b", 2, free), part)
	compensate.Epoch = 3
	wantLeave(t, c, compensate, false, events.Done)
	wantClass(t, c.Left(t.Context(), compensate, part), events.Done, "")
	if r, holds, err := c.Held(t.Context(), runOf("b", 3, free), part); !holds || r.Generation != 1 || err != nil {
		t.Fatalf("b holds %v, generation %d: %v", holds, r.Generation, err)
	}
}

func TestCountedLeavesTheObjectWhenExpedited(t *testing.T) {
	c := newCounted()
	join(t, c, runOf("a", 1, start), part)
	wantClass(t, c.Note(t.Context(), runOf("a", 1, start), "ip", "10.0.0.1"), events.Done, "")
	expedite := runOf("a", 2, start)
	expedite.Expedite = true
	wantLeave(t, c, expedite, false, events.Done)
	r := join(t, c, runOf("b", 1, start), part)
	if r.Generation != 1 || r.Note["ip"] != "10.0.0.1" {
		t.Fatalf("the thing that was left is generation %d, notes %v", r.Generation, r.Note)
	}
	// A compensation that is expedited still takes away what would otherwise be left behind.
	expedite = runOf("b", 2, start)
	expedite.Expedite, expedite.Purpose = true, events.ToCompensate
	wantLeave(t, c, expedite, true, events.Done)
}

// What was left when it was expedited keeps the generation, and with it the name by which the next one finds it.
func TestCountedGenerationEndsWithTheLastPart(t *testing.T) {
	c := newCounted()
	join(t, c, runOf("a", 1, start), "address")
	expedite := runOf("a", 2, start)
	expedite.Expedite = true
	if last, err := c.Leave(t.Context(), expedite, "address"); last || err != nil {
		t.Fatalf("leave when expedited: %v %v", last, err)
	}
	if r, _, err := c.Held(t.Context(), expedite, "address"); err != nil || !r.Abandoned("address") ||
		r.Abandoned(part) {
		t.Fatalf("the record does not tell what was left: %+v, %v", r, err)
	}
	join(t, c, runOf("b", 1, start), part)
	compensate := runOf("b", 2, start)
	compensate.Purpose = events.ToCompensate
	wantLeave(t, c, compensate, true, events.Done)
	wantClass(t, c.Left(t.Context(), compensate, part), events.Done, "")
	if r := join(t, c, runOf("b", 3, start), "address"); r.Generation != 1 {
		t.Fatalf("generation %d while the address of the first is still there", r.Generation)
	}
}

func TestCountedFencesOlderEpochs(t *testing.T) {
	c := newCounted()
	wantLeave(t, c, runOf("a", 5, start), false, events.Done)
	_, err := c.Join(t.Context(), runOf("a", 4, start), part)
	wantClass(t, err, events.Retry, "fenced")
	join(t, c, runOf("a", 6, start), part)
	_, err = c.Leave(t.Context(), runOf("a", 5, start), part)
	wantClass(t, err, events.Retry, "fenced")
	wantClass(t, c.Note(t.Context(), runOf("nobody", 1, start), "k", "v"), events.Retry, "fenced")
}

// Connections come and go at once; the thing must be there whenever somebody has joined, and gone at the end.
func TestCountedRaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounted()
		var there atomic.Int64
		each(40, func(i int) {
			name, epoch := fmt.Sprintf("c%d", i), uint64(1)
			for round := range 5 {
				epoch, _ = persist(t.Context(), name, epoch, func(run workers.Run) error {
					r, err := c.Join(t.Context(), run, part)
					if err == nil {
						there.Store(int64(r.Generation))
					}
					return err
				})
				<-time.After(time.Duration(i*7+round*13) % 50 * time.Second)
				if r, holds, err := c.Held(t.Context(), runOf(name, epoch, time.Now()), part); err != nil || !holds ||
					there.Load() != int64(r.Generation) {
					t.Errorf("%s has joined and the thing is not there: generation %d, there %d", name, r.Generation,
						there.Load())
				}
				epoch, _ = persist(t.Context(), name, epoch+1, func(run workers.Run) error {
					run.Purpose = []events.Purpose{events.ToWithdraw, events.ToCompensate}[(i+round)%2]
					last, err := c.Leave(t.Context(), run, part)
					if err != nil || !last {
						return err
					}
					there.Store(0)
					<-time.After(time.Second)
					return c.Left(t.Context(), run, part)
				})
				epoch++
			}
		})
		if there.Load() != 0 {
			t.Fatal("everybody has left and the thing is still there")
		}
	})
}
