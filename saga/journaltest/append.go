package journaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/culvertnet/culvert/saga"
)

var appendCases = map[string]func(*testing.T, Harness){
	"BeginsAndGrows":              beginsAndGrows,
	"OnAnOldVersionIsAConflict":   onAnOldVersion,
	"OnAFutureVersionIsAConflict": onAFutureVersion,
	"RepeatOfItselfHasLanded":     repeatHasLanded,
	"RepeatOfAnOldOneHasLanded":   repeatOfAnOldOne,
	"RepeatFromAnotherProcess":    repeatFromAnotherProcess,
	"OtherIDIsAConflict":          otherIDIsAConflict,
	"FailsEachByItself":           failsEachByItself,
	"ManyWithOneStale":            manyWithOneStale,
	"MoreThanAThousand":           moreThanAThousand,
	"ManyRepeated":                manyRepeated,
	"Nothing":                     nothing,
	"LargestFacts":                largestFacts,
	"TooLargeIsRefused":           tooLargeIsRefused,
	"BytesAreKeptAsTheyAre":       bytesAreKept,
	"SnapshotIsDueAfter64":        snapshotIsDue,
	"UnfitKeyIsRefused":           unfitKeyIsRefused,
	"ContextEnd":                  appendContextEnd,
	"FactsAreNotKeptAfterReturn":  factsAreNotKept,
}

func beginsAndGrows(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("orders"), 0, 3)
	grow(t, j, key("billing"), 0, 1)
	expect(t, j, key("orders"), 0, 1, 2, 3)
	expect(t, j, key("billing"), 0, 1)
}

func onAnOldVersion(t *testing.T, h Harness) {
	j, other := h.Open(t), h.Open(t)
	grow(t, j, key("orders"), 0, 2)
	for _, handle := range []saga.Journal{j, other} {
		for after := range uint64(2) {
			a := record(key("orders"), after)
			a.ID = "another"
			if err := one(t, handle, a); !errors.Is(err, saga.ErrConflict) {
				t.Errorf("append after %d of 2: %v", after, err)
			}
		}
	}
	expect(t, j, key("orders"), 0, 1, 2)
}

func onAFutureVersion(t *testing.T, h Harness) {
	j := h.Open(t)
	if err := one(t, j, record(key("orders"), 1)); !errors.Is(err, saga.ErrConflict) {
		t.Errorf("append after 1 of 0: %v", err)
	}
	grow(t, j, key("orders"), 0, 1)
	if err := one(t, j, record(key("orders"), 7)); !errors.Is(err, saga.ErrConflict) {
		t.Errorf("append after 7 of 1: %v", err)
	}
	expect(t, j, key("orders"), 0, 1)
}

func repeatHasLanded(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("orders"), 0, 2)
	land(t, j, record(key("orders"), 1))
	expect(t, j, key("orders"), 0, 1, 2)
}

func repeatOfAnOldOne(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("orders"), 0, 2)
	land(t, j, withSnapshot(record(key("orders"), 2)))
	grow(t, j, key("orders"), 3, 2)
	for after := range uint64(5) {
		land(t, j, record(key("orders"), after))
	}
	expect(t, j, key("orders"), 3, 4, 5)
}

func repeatFromAnotherProcess(t *testing.T, h Harness) {
	j, other := h.Open(t), h.Open(t)
	grow(t, j, key("orders"), 0, 2)
	land(t, other, record(key("orders"), 1))
	land(t, h.Open(t), record(key("orders"), 0))
	expect(t, j, key("orders"), 0, 1, 2)
}

func otherIDIsAConflict(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("orders"), 0, 1)
	twin := record(key("orders"), 0)
	twin.ID = "twin"
	if err := one(t, j, twin); !errors.Is(err, saga.ErrConflict) {
		t.Errorf("same facts under another id: %v", err)
	}
}

func failsEachByItself(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("stale"), 0, 2)
	a := record(key("stale"), 0)
	a.ID = "late"
	results := j.Append(patient(t), []saga.Append{record(key("a"), 0), a, record(key("b"), 0)})
	if results[0].Err != nil || results[2].Err != nil || !errors.Is(results[1].Err, saga.ErrConflict) {
		t.Errorf("results %+v", results)
	}
	expect(t, j, key("a"), 0, 1)
	expect(t, j, key("b"), 0, 1)
	expect(t, j, key("stale"), 0, 1, 2)
}

// turn is one first append for each of n connections.
func turn(n int) []saga.Append {
	out := make([]saga.Append, n)
	for i := range out {
		out[i] = record(key(fmt.Sprintf("c%d", i)), 0)
	}
	return out
}

func manyWithOneStale(t *testing.T, h Harness) {
	j, other := h.Open(t), h.Open(t)
	all := turn(40)
	rival := all[17]
	rival.ID = "rival"
	land(t, other, rival)
	for i, r := range j.Append(patient(t), all) {
		if stale := i == 17; stale != errors.Is(r.Err, saga.ErrConflict) || !stale && (r.Err != nil || r.Version != 1) {
			t.Errorf("append %d: %+v", i, r)
		}
	}
	for i, a := range all {
		if i != 17 {
			expect(t, other, a.Key, 0, 1)
		}
	}
	if _, records := load(t, j, rival.Key); len(records) != 1 || records[0].ID != "rival" {
		t.Errorf("the stale connection has %+v", records)
	}
}

func moreThanAThousand(t *testing.T, h Harness) {
	j := h.Open(t)
	all := turn(1100)
	land(t, j, all...)
	for _, i := range []int{0, 1, 998, 999, 1000, 1001, 1099} {
		expect(t, j, all[i].Key, 0, 1)
	}
	for i := range all {
		all[i] = record(all[i].Key, 1)
	}
	land(t, j, all...)
	expect(t, j, all[1099].Key, 0, 1, 2)
}

func manyRepeated(t *testing.T, h Harness) {
	j := h.Open(t)
	all := turn(40)
	land(t, j, all[:20]...)
	land(t, j, all...)
	land(t, h.Open(t), all...)
	for _, a := range all {
		expect(t, j, a.Key, 0, 1)
	}
}

func nothing(t *testing.T, h Harness) {
	if got := h.Open(t).Append(patient(t), nil); len(got) != 0 {
		t.Errorf("results of nothing: %v", got)
	}
}

const maxFacts = 512 << 10

func largestFacts(t *testing.T, h Harness) {
	j := h.Open(t)
	a := withSnapshot(record(key("large"), 0))
	a.Facts = bytes.Repeat([]byte{0xf7}, maxFacts)
	a.Snapshot = bytes.Repeat([]byte{0x17}, 256<<10)
	land(t, j, a)
	b := record(key("large"), 1)
	b.Facts = a.Facts
	land(t, j, b)
	s, records := load(t, j, a.Key)
	if !bytes.Equal(s.State, a.Snapshot) || len(records) != 1 || !bytes.Equal(records[0].Facts, b.Facts) {
		t.Errorf("loaded %d bytes of snapshot and %d records", len(s.State), len(records))
	}
}

func tooLargeIsRefused(t *testing.T, h Harness) {
	j := h.Open(t)
	a := record(key("large"), 0)
	a.Facts = make([]byte, maxFacts+1)
	results := j.Append(patient(t), []saga.Append{a, record(key("small"), 0)})
	err := results[0].Err
	if err == nil || errors.Is(err, saga.ErrConflict) || errors.Is(err, saga.ErrUnknown) ||
		errors.Is(err, saga.ErrFull) {
		t.Errorf("append of %d bytes: %v, want an error of its own", len(a.Facts), err)
	}
	if results[1].Err != nil {
		t.Errorf("the small one beside it: %v", results[1].Err)
	}
	expect(t, j, a.Key, 0)
	grow(t, j, a.Key, 0, 1)
}

func bytesAreKept(t *testing.T, h Harness) {
	j := h.Open(t)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	a := record(key("bytes"), 0)
	a.ID, a.Facts, a.Snapshot = "id with blanks, ünïcode and \"quotes\"", every, every
	b := record(key("bytes"), 1)
	b.Facts = nil
	c := record(key("bytes"), 2)
	c.ID, c.Facts = a.ID+"2", every
	land(t, j, a)
	land(t, j, b)
	land(t, j, c)
	land(t, h.Open(t), a)
	s, records := load(t, h.Open(t), a.Key)
	if !bytes.Equal(s.State, every) || len(records) != 2 {
		t.Fatalf("snapshot %v and %d records", s, len(records))
	}
	if len(records[0].Facts) != 0 || !bytes.Equal(records[1].Facts, every) || records[1].ID != c.ID {
		t.Errorf("records %v", records)
	}
}

func snapshotIsDue(t *testing.T, h Harness) {
	j, k := h.Open(t), key("long")
	grow(t, j, k, 0, saga.SnapshotEvery)
	for _, handle := range []saga.Journal{j, h.Open(t)} {
		if err := one(t, handle, record(k, saga.SnapshotEvery)); err == nil || errors.Is(err, saga.ErrConflict) ||
			errors.Is(err, saga.ErrUnknown) {
			t.Errorf("record %d without a snapshot: %v, want an error of its own", saga.SnapshotEvery+1, err)
		}
	}
	land(t, j, withSnapshot(record(k, saga.SnapshotEvery)))
	grow(t, j, k, saga.SnapshotEvery+1, saga.SnapshotEvery)
	expect(t, j, k, saga.SnapshotEvery+1, span(saga.SnapshotEvery+2, 2*saga.SnapshotEvery+1)...)
	land(t, j, withSnapshot(record(k, 2*saga.SnapshotEvery+1)))
}

func unfitKeyIsRefused(t *testing.T, h Harness) {
	j := h.Open(t)
	for _, name := range []string{"", "a.b", "*", ">", "Upper", "a b"} {
		if err := one(t, j, record(key(name), 0)); err == nil {
			t.Errorf("append to connection %q landed", name)
		}
	}
}

func appendContextEnd(t *testing.T, h Harness) {
	j := h.Open(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, all := range [][]saga.Append{turn(1), turn(30)} {
		for i, r := range j.Append(ctx, all) {
			if !isContextError(r.Err) || !errors.Is(r.Err, saga.ErrUnknown) {
				t.Errorf("append %d of %d with an ended context: %v, want ErrUnknown because of the context", i,
					len(all), r.Err)
			}
		}
	}
	land(t, j, turn(30)...)
}

func factsAreNotKept(t *testing.T, h Harness) {
	j := h.Open(t)
	a := withSnapshot(record(key("mine"), 0))
	b := record(key("mine"), 1)
	land(t, j, a)
	land(t, j, b)
	clear(a.Snapshot)
	clear(b.Facts)
	expect(t, j, a.Key, 1, 2)
	s, records := load(t, j, a.Key)
	clear(s.State)
	clear(records[0].Facts)
	expect(t, j, a.Key, 1, 2)
}
