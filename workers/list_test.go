package workers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// vendor is a list without an optimistic lock: a write replaces all of it after a while, and nobody is told.
type vendor struct {
	mu      sync.Mutex
	entries []string
	writes  int
	writing int
	overlap bool
	takes   time.Duration
	// answer, when set, decides what a write does: whether it takes effect, and what it answers.
	answer func(entries []string) (effect bool, err error)
}

func (v *vendor) ReadList(ctx context.Context) ([]string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.entries), ctx.Err()
}

func (v *vendor) WriteList(ctx context.Context, _ uint64, entries []string) error {
	v.mu.Lock()
	v.writes++
	v.writing++
	v.overlap = v.overlap || v.writing > 1
	v.mu.Unlock()
	if v.takes > 0 {
		<-time.After(v.takes)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.writing--
	effect, err := true, error(nil)
	if v.answer != nil {
		effect, err = v.answer(entries)
	}
	if effect {
		v.entries = slices.Clone(entries)
	}
	return err
}

func (v *vendor) sorted() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return strings.Join(slices.Sorted(slices.Values(v.entries)), " ")
}

func newList(v *vendor) workers.List {
	return workers.List{Claims: memory.NewClaims(), Times: times, Resource: "list/test", Port: v}
}

func TestListPutsAndDropsOnlyItsOwn(t *testing.T) {
	v := &vendor{entries: []string{"foreign"}}
	l := newList(v)
	ctx := t.Context()
	wantClass(t, l.Put(ctx, runOf("a", 1, start), "one"), events.Done, "")
	wantClass(t, l.Put(ctx, runOf("b", 1, start), "two"), events.Done, "")
	if got := v.sorted(); got != "foreign one two" {
		t.Fatalf("after two puts the list is %q", got)
	}
	if entry, held, err := l.Held(ctx, runOf("a", 2, start)); entry != "one" || !held || err != nil {
		t.Fatalf("held: %q %v %v", entry, held, err)
	}
	writes := v.writes
	wantClass(t, l.Put(ctx, runOf("a", 2, start), "one"), events.Done, "")
	if v.writes != writes {
		t.Fatal("a repeated put wrote the list again")
	}
	wantClass(t, l.Drop(ctx, runOf("a", 3, start)), events.Done, "")
	wantClass(t, l.Drop(ctx, runOf("a", 4, start)), events.Done, "")
	wantClass(t, l.Drop(ctx, runOf("c", 1, start)), events.Done, "")
	if got := v.sorted(); got != "foreign two" {
		t.Fatalf("after the drop the list is %q", got)
	}
}

func TestListKeepsAnEntryThatWasThereBeforeUs(t *testing.T) {
	v := &vendor{entries: []string{"e", "x"}}
	l := newList(v)
	wantClass(t, l.Put(t.Context(), runOf("a", 1, start), "e"), events.Done, "")
	wantClass(t, l.Drop(t.Context(), runOf("a", 2, start)), events.Done, "")
	if got := v.sorted(); got != "e x" {
		t.Fatalf("the list lost what was there before: %q", got)
	}
	if v.writes != 0 {
		t.Fatalf("%d writes for an entry that was there", v.writes)
	}
}

// A write that had its effect and died before it was recorded must not make its entry look foreign.
func TestListKnowsItsEntryAfterALostAnswer(t *testing.T) {
	v := &vendor{entries: []string{"x"}}
	l := newList(v)
	v.answer = func([]string) (bool, error) { return true, context.DeadlineExceeded }
	if err := l.Put(t.Context(), runOf("a", 1, start), "e"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("put: %v", err)
	}
	v.answer = nil
	wantClass(t, l.Drop(t.Context(), runOf("a", 2, start.Add(time.Second))), events.Wait, "list-busy")
	free := start.Add(times.Lease + times.Quiet + times.Skew)
	wantClass(t, l.Drop(t.Context(), runOf("b", 1, free.Add(-time.Millisecond))), events.Done, "")
	wantClass(t, l.Drop(t.Context(), runOf("a", 3, free)), events.Done, "")
	if got := v.sorted(); got != "x" {
		t.Fatalf("the list is %q", got)
	}
}

func TestListSharedEntryStaysForItsOtherHolder(t *testing.T) {
	v := &vendor{}
	l := newList(v)
	wantClass(t, l.Put(t.Context(), runOf("a", 1, start), "e"), events.Done, "")
	wantClass(t, l.Put(t.Context(), runOf("b", 1, start), "e"), events.Done, "")
	wantClass(t, l.Drop(t.Context(), runOf("a", 2, start)), events.Done, "")
	if got := v.sorted(); got != "e" || v.writes != 1 {
		t.Fatalf("after the first drop: %q in %d writes", got, v.writes)
	}
	wantClass(t, l.Drop(t.Context(), runOf("b", 2, start)), events.Done, "")
	if got := v.sorted(); got != "" {
		t.Fatalf("after the last drop: %q", got)
	}
}

// Who shares an entry inherits that it is ours: of several holders any may have written it, and any may be the last.
func TestListSharedEntryIsNeverTakenForForeign(t *testing.T) {
	v := &vendor{}
	l := newList(v)
	v.answer = func([]string) (bool, error) { return true, errors.New("answer lost") }
	if err := l.Put(t.Context(), runOf("a", 1, start), "e"); err == nil {
		t.Fatal("a lost answer was a success")
	}
	v.answer = nil
	wantClass(t, l.Put(t.Context(), runOf("a", 2, start), "other"), events.Wait, "list-busy") // drops e, unwritten
	wantClass(t, l.Put(t.Context(), runOf("b", 1, start), "e"), events.Wait, "list-busy")
	wantClass(t, l.Put(t.Context(), runOf("a", 3, start), "e"), events.Wait, "list-busy")
	wantClass(t, l.Drop(t.Context(), runOf("a", 4, start)), events.Done, "")
	free := start.Add(times.Lease + times.Quiet + times.Skew)
	wantClass(t, l.Drop(t.Context(), runOf("b", 2, free)), events.Done, "")
	if got := v.sorted(); got != "" {
		t.Fatalf("the list is %q", got)
	}
}

func TestListFencesOlderEpochs(t *testing.T) {
	v := &vendor{}
	l := newList(v)
	wantClass(t, l.Put(t.Context(), runOf("a", 1, start), "e"), events.Done, "")
	wantClass(t, l.Drop(t.Context(), runOf("a", 5, start)), events.Done, "")
	wantClass(t, l.Put(t.Context(), runOf("a", 4, start), "e"), events.Retry, "fenced")
	wantClass(t, l.Put(t.Context(), runOf("a", 6, start), "e"), events.Done, "")
	wantClass(t, l.Drop(t.Context(), runOf("a", 5, start)), events.Retry, "fenced")
	wantClass(t, l.Put(t.Context(), runOf("a", 9, start), "e"), events.Done, "") // live, and now fenced at 9
	wantClass(t, l.Drop(t.Context(), runOf("a", 8, start)), events.Retry, "fenced")
	wantClass(t, l.Drop(t.Context(), runOf("never", 3, start)), events.Done, "")
	wantClass(t, l.Put(t.Context(), runOf("never", 2, start), "n"), events.Retry, "fenced")
	if got := v.sorted(); got != "e" {
		t.Fatalf("the list is %q", got)
	}
}

func TestListNamesItsLimit(t *testing.T) {
	v := &vendor{entries: []string{"f1", "f2"}}
	l := newList(v)
	l.Limit = 3
	wantClass(t, l.Put(t.Context(), runOf("a", 1, start), "one"), events.Done, "")
	err := l.Put(t.Context(), runOf("b", 1, start), "two")
	wantClass(t, err, events.Refuse, "full")
	if !strings.Contains(err.Error(), "3 entries") {
		t.Fatalf("the refusal does not name the limit: %v", err)
	}
	wantClass(t, l.Drop(t.Context(), runOf("b", 2, start)), events.Done, "")
	wantClass(t, l.Drop(t.Context(), runOf("a", 2, start)), events.Done, "")
	wantClass(t, l.Put(t.Context(), runOf("b", 3, start), "two"), events.Done, "")
	if got := v.sorted(); got != "f1 f2 two" {
		t.Fatalf("the list is %q", got)
	}
}

// An entry that the vendor refuses must not make others' writes fail with it.
func TestListBlamesTheRightHolder(t *testing.T) {
	v := &vendor{}
	l := newList(v)
	v.answer = func(entries []string) (bool, error) {
		if slices.Contains(entries, "poison") {
			return false, workers.Refuse("invalid", "poison")
		}
		return true, nil
	}
	free := start.Add(times.Lease + times.Quiet + times.Skew)
	v.mu.Lock()
	v.entries = nil
	v.mu.Unlock()
	// The poisoned hold is put while somebody else has the lease, so the next writer finds it among the wanted.
	old := v.answer
	v.answer = func([]string) (bool, error) { return false, errors.New("cut off") }
	if err := l.Put(t.Context(), runOf("lost", 1, start), "lost"); err == nil {
		t.Fatal("a cut write was a success")
	}
	v.answer = old
	wantClass(t, l.Put(t.Context(), runOf("bad", 1, start), "poison"), events.Wait, "list-busy")
	wantClass(t, l.Put(t.Context(), runOf("good", 1, free), "fine"), events.Done, "")
	wantClass(t, l.Put(t.Context(), runOf("bad", 2, free), "poison"), events.Refuse, "invalid")
	wantClass(t, l.Drop(t.Context(), runOf("bad", 3, free)), events.Done, "")
	wantClass(t, l.Put(t.Context(), runOf("lost", 2, free), "lost"), events.Done, "")
	if got := v.sorted(); got != "fine lost" {
		t.Fatalf("the list is %q", got)
	}
}

func TestListReplacesAValueOfSeveralLines(t *testing.T) {
	v := &vendor{entries: []string{"x"}}
	l := newList(v)
	wantClass(t, l.Put(t.Context(), runOf("a", 1, start), "r1\nr2"), events.Done, "")
	wantClass(t, l.Put(t.Context(), runOf("a", 2, start), "r2\nr3"), events.Done, "")
	if got := v.sorted(); got != "r2 r3 x" {
		t.Fatalf("the list is %q", got)
	}
	wantClass(t, l.Drop(t.Context(), runOf("a", 3, start)), events.Done, "")
	if got := v.sorted(); got != "x" {
		t.Fatalf("the list is %q", got)
	}
}

func TestListPutsBackWhatTheWorldLost(t *testing.T) {
	v := &vendor{}
	l := newList(v)
	wantClass(t, l.Put(t.Context(), runOf("a", 1, start), "e"), events.Done, "")
	v.entries = []string{"other"}
	wantClass(t, l.Put(t.Context(), runOf("a", 2, start), "e"), events.Done, "")
	if got := v.sorted(); got != "e other" {
		t.Fatalf("the list is %q", got)
	}
}

// An operation that goes on keeps the lease: nobody writes in between, and its owner goes on when it comes back.
func TestListKeepsTheLeaseOverAnOperation(t *testing.T) {
	v := &vendor{}
	l := newList(v)
	v.answer = func([]string) (bool, error) { return false, workers.WaitFor("sim:op", time.Second) }
	wantClass(t, l.Put(t.Context(), runOf("a", 1, start), "e"), events.Wait, "operation")
	wantClass(t, l.Put(t.Context(), runOf("b", 1, start.Add(time.Second)), "f"), events.Wait, "list-busy")
	v.answer = nil
	wantClass(t, l.Put(t.Context(), runOf("a", 2, start.Add(2*time.Second)), "e"), events.Done, "")
	wantClass(t, l.Put(t.Context(), runOf("b", 2, start.Add(3*time.Second)), "f"), events.Done, "")
	if got := v.sorted(); got != "e f" {
		t.Fatalf("the list is %q", got)
	}
}

func TestListManyAtOnceShareWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 100
		v := &vendor{entries: []string{"foreign"}, takes: 3 * time.Second}
		l := newList(v)
		each(many, func(i int) {
			if _, err := persist(t.Context(), fmt.Sprintf("c%d", i), 1, func(run workers.Run) error {
				return l.Put(t.Context(), run, fmt.Sprintf("e%d", i))
			}); err != nil {
				t.Errorf("put %d: %v", i, err)
			}
		})
		if len(v.entries) != many+1 || v.overlap {
			t.Fatalf("%d entries, writes overlapped: %v", len(v.entries), v.overlap)
		}
		if v.writes > many/4 {
			t.Fatalf("%d writes for %d puts: nothing was shared", v.writes, many)
		}
		each(many, func(i int) {
			if _, err := persist(t.Context(), fmt.Sprintf("c%d", i), 1000, func(run workers.Run) error {
				return l.Drop(t.Context(), run)
			}); err != nil {
				t.Errorf("drop %d: %v", i, err)
			}
		})
		if got := v.sorted(); got != "foreign" || v.overlap {
			t.Fatalf("the list is %q, writes overlapped: %v", got, v.overlap)
		}
	})
}

// each runs a function n times at once and waits for all.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}
