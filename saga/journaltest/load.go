package journaltest

import (
	"context"
	"testing"

	"github.com/culvertnet/culvert/saga"
)

var loadCases = map[string]func(*testing.T, Harness){
	"UnknownIsEmpty":       unknownIsEmpty,
	"StartsAtTheSnapshot":  startsAtTheSnapshot,
	"NewestSnapshotCounts": newestSnapshotCounts,
	"SnapshotAtTheEnd":     snapshotAtTheEnd,
	"AtMost64Records":      atMost64Records,
	"OtherProcess":         otherProcessLoads,
	"NamesThatAreAlike":    namesThatAreAlike,
	"EndsWithItsContext":   loadEndsWithItsContext,
}

func unknownIsEmpty(t *testing.T, h Harness) {
	j := h.Open(t)
	expect(t, j, key("nobody"), 0)
	grow(t, j, key("somebody"), 0, 1)
	expect(t, j, key("nobody"), 0)
}

func startsAtTheSnapshot(t *testing.T, h Harness) {
	j, k := h.Open(t), key("orders")
	grow(t, j, k, 0, 2)
	land(t, j, withSnapshot(record(k, 2)))
	grow(t, j, k, 3, 2)
	expect(t, j, k, 3, 4, 5)
}

func newestSnapshotCounts(t *testing.T, h Harness) {
	j, k := h.Open(t), key("orders")
	land(t, j, withSnapshot(record(k, 0)))
	grow(t, j, k, 1, 3)
	land(t, j, withSnapshot(record(k, 4)))
	grow(t, j, k, 5, 1)
	expect(t, j, k, 5, 6)
}

func snapshotAtTheEnd(t *testing.T, h Harness) {
	j, k := h.Open(t), key("orders")
	grow(t, j, k, 0, 4)
	land(t, j, withSnapshot(record(k, 4)))
	expect(t, j, k, 5)
	expect(t, h.Open(t), k, 5)
}

func atMost64Records(t *testing.T, h Harness) {
	j, k := h.Open(t), key("long")
	grow(t, j, k, 0, 30)
	for _, other := range []string{"before", "between", "zebra"} {
		grow(t, j, key(other), 0, 1)
	}
	grow(t, j, k, 30, saga.SnapshotEvery-30)
	expect(t, h.Open(t), k, 0, span(1, saga.SnapshotEvery)...)
	land(t, j, withSnapshot(record(k, saga.SnapshotEvery)))
	expect(t, h.Open(t), k, saga.SnapshotEvery+1)
}

func otherProcessLoads(t *testing.T, h Harness) {
	j, other, k := h.Open(t), h.Open(t), key("orders")
	for n := range uint64(3) {
		expect(t, other, k, 0, span(1, n)...)
		grow(t, j, k, n, 1)
	}
	grow(t, other, k, 3, 1)
	expect(t, j, k, 0, 1, 2, 3, 4)
	land(t, other, withSnapshot(record(k, 4)))
	expect(t, j, k, 5)
}

func namesThatAreAlike(t *testing.T, h Harness) {
	j := h.Open(t)
	for i, name := range []string{"a", "ab", "a-b", "abc", "b"} {
		grow(t, j, key(name), 0, i+1)
	}
	other := key("a")
	other.Tenant = "tenant"
	grow(t, j, other, 0, 7)
	for i, name := range []string{"a", "ab", "a-b", "abc", "b"} {
		expect(t, j, key(name), 0, span(1, uint64(i+1))...)
	}
	expect(t, j, other, 0, span(1, 7)...)
}

func loadEndsWithItsContext(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("orders"), 0, 2)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := j.Load(ctx, key("orders")); !isContextError(err) {
		t.Errorf("load with an ended context: %v", err)
	}
}
