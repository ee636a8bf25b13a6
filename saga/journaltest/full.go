package journaltest

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/culvertnet/culvert/saga"
)

var fullCases = map[string]func(*testing.T, Harness){
	"RunningWorkHasRoom": runningWorkHasRoom,
}

// limitedBytes is the size of the store of these cases, and fullFacts that of one record, which does not compress.
const (
	limitedBytes = 8 << 20
	fullFacts    = 64 << 10
)

// fill appends to one connection until the store refuses, and gives how many landed.
func fill(t *testing.T, j saga.Journal, name string, admits bool) (landed uint64) {
	t.Helper()
	random := rand.NewChaCha8([32]byte{})
	for landed < 4*limitedBytes/fullFacts {
		a := withSnapshot(record(key(name), landed))
		a.Admits, a.Facts = admits, make([]byte, fullFacts)
		if _, err := random.Read(a.Facts); err != nil {
			t.Fatal(err)
		}
		switch err := one(t, j, a); {
		case err == nil:
			landed++
		case errors.Is(err, saga.ErrFull):
			return landed
		default:
			t.Fatalf("append %d: %v", landed, err)
		}
	}
	t.Fatalf("%d records of %d bytes in a store of %d", landed, fullFacts, limitedBytes)
	return landed
}

// New work is refused a while before what runs is, which then still lands; and what was told to have landed is there.
func runningWorkHasRoom(t *testing.T, h Harness) {
	j := h.Limited(t, limitedBytes)
	admitted := fill(t, j, "admitted", true)
	running := record(key("running"), 0)
	if err := one(t, j, running); err != nil {
		t.Fatalf("running work, when new work is refused: %v", err)
	}
	again := record(key("new"), 0)
	again.Admits = true
	if err := one(t, j, again); !errors.Is(err, saga.ErrFull) {
		t.Errorf("new work again: %v", err)
	}
	for range 8 { // a tenth of the store, of the fifth that is kept for it
		running.After++
		running.ID += "+"
		running.Facts = make([]byte, fullFacts)
		if err := one(t, j, running); err != nil {
			t.Fatalf("running work, when new work is refused: %v", err)
		}
	}
	if snapshot, _ := load(t, j, key("admitted")); snapshot.Version != admitted {
		t.Errorf("%d records of new work landed, %d are there", admitted, snapshot.Version)
	}
	if _, records := load(t, j, key("running")); len(records) != 9 {
		t.Errorf("9 records of running work landed, %d are there", len(records))
	}
}
