package workers_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// A run that has waited for its turn has its whole lease all the same: another may not write while it still does.
func TestLeaseCountsFromWhenItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{answer: func([]string) (bool, error) { return false, workers.WaitFor("fake:1", 0) }}
		l := newList(v)
		run := runOf("a", 1, time.Now())
		run.Deadline = run.Now.Add(time.Minute)
		ctx, stop := context.WithDeadline(t.Context(), run.Deadline)
		defer stop()
		const waited = 35 * time.Second
		<-time.After(waited)
		taken := time.Now()
		wantClass(t, l.Put(ctx, run, "e"), events.Wait, "operation")

		free := taken.Add(times.Lease + times.Quiet + times.Skew)
		wantClass(t, l.Put(t.Context(), runOf("b", 1, free.Add(-time.Second)), "f"), events.Wait, "list-busy")
		v.answer = nil
		wantClass(t, l.Put(t.Context(), runOf("b", 2, free), "f"), events.Done, "")
		if v.sorted() != "e f" {
			t.Errorf("the list is %q", v.sorted())
		}
	})
}

// An undo of what was never taken keeps a late run of an older epoch out.
func TestNumbersFenceALateTake(t *testing.T) {
	n := workers.Numbers{Claims: memory.NewClaims(), Times: times, Resource: "numbers/test", First: 1000, Last: 1999}
	wantClass(t, n.Give(t.Context(), runOf("a", 2, start)), events.Done, "")
	_, err := n.Take(t.Context(), runOf("a", 1, start), 16, nil)
	wantClass(t, err, events.Retry, "fenced")
	if first, err := n.Take(t.Context(), runOf("a", 3, start), 16, nil); first != 1000 || err != nil {
		t.Errorf("a newer run takes %d, %v", first, err)
	}
}
