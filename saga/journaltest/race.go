package journaltest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

var raceCases = map[string]func(*testing.T, Harness){
	"OneWinnerAVersion":  func(t *testing.T, h Harness) { race(t, h, 1) },
	"OneWinnerInTurns":   func(t *testing.T, h Harness) { race(t, h, 24) },
	"TwoIdenticalTwins":  identicalTwins,
	"DifferentKeysAllGo": differentKeysAllGo,
}

// race lets writers in two processes append to the same connections, width of them in each call, until every connection
// has reached its last version. Every version must have exactly one author, and everybody else must have been told.
func race(t *testing.T, h Harness, width int) {
	const writers, last = 6, 10
	handles := []saga.Journal{h.Open(t), h.Open(t)}
	won := &winners{authors: map[string]string{}}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			r := &racer{
				name: fmt.Sprintf("w%d", w), journal: handles[w%2], at: make([]uint64, width), last: last, won: won,
			}
			for r.appends(t) {
			}
		})
	}
	wg.Wait()
	for k := range width {
		checkAuthors(t, h.Open(t), key(fmt.Sprintf("k%d", k)), won.authors, last)
	}
}

// winners are the authors of what has landed, by connection and version.
type winners struct {
	mu      sync.Mutex
	authors map[string]string
}

func (w *winners) landed(t *testing.T, a saga.Append) {
	place := fmt.Sprintf("%s/%d", a.Key, a.After+1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if other, taken := w.authors[place]; taken {
		t.Errorf("%s landed for %s and for %s", place, other, a.ID)
	}
	w.authors[place] = a.ID
}

// A racer is one writer, with the version that it has come to of each connection.
type racer struct {
	name    string
	journal saga.Journal
	at      []uint64
	last    uint64
	won     *winners
}

// appends offers the next version of every connection, and tells whether there is more to do.
func (r *racer) appends(t *testing.T) bool {
	all := []saga.Append{}
	for k := range r.at {
		if r.at[k] < r.last {
			a := record(key(fmt.Sprintf("k%d", k)), r.at[k])
			a.ID = r.name + "-" + a.ID
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return false
	}
	for i, res := range r.journal.Append(patient(t), all) {
		var k int
		if _, err := fmt.Sscanf(all[i].Key.Name, "k%d", &k); err != nil {
			t.Error(err)
		}
		switch {
		case res.Err == nil:
			r.won.landed(t, all[i])
			r.at[k]++
		case errors.Is(res.Err, saga.ErrConflict):
			r.at[k]++ // somebody else's record is there; go on behind it
		default:
			t.Errorf("append %s: %v", all[i].ID, res.Err)
			return false
		}
	}
	return true
}

func checkAuthors(t *testing.T, j saga.Journal, k events.Key, authors map[string]string, last int) {
	t.Helper()
	_, records := load(t, j, k)
	if len(records) != last {
		t.Errorf("%s has %d records, want %d", k, len(records), last)
	}
	for i, r := range records {
		if place := fmt.Sprintf("%s/%d", k, i+1); r.Version != uint64(i+1) || authors[place] != r.ID {
			t.Errorf("%s holds version %d by %s, but %q was told it landed", place, r.Version, r.ID, authors[place])
		}
	}
}

func identicalTwins(t *testing.T, h Harness) {
	handles := []saga.Journal{h.Open(t), h.Open(t)}
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			if err := one(t, handles[n%2], record(key("twin"), 0)); err != nil {
				t.Errorf("one of eight identical appends: %v", err)
			}
		})
	}
	wg.Wait()
	expect(t, handles[0], key("twin"), 0, 1)
}

func differentKeysAllGo(t *testing.T, h Harness) {
	handles := []saga.Journal{h.Open(t), h.Open(t)}
	var wg sync.WaitGroup
	for n := range 12 {
		wg.Go(func() { grow(t, handles[n%2], key(fmt.Sprintf("k%d", n)), 0, 8) })
	}
	wg.Wait()
	for n := range 12 {
		expect(t, handles[(n+1)%2], key(fmt.Sprintf("k%d", n)), 0, span(1, 8)...)
	}
}
