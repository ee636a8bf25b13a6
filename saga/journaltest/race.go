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
	var mu sync.Mutex
	authors := map[string]string{}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			at := make([]uint64, width)
			for {
				all := []saga.Append{}
				for k := range at {
					if at[k] < last {
						a := record(key(fmt.Sprintf("k%d", k)), at[k])
						a.ID = fmt.Sprintf("w%d-%s", w, a.ID)
						all = append(all, a)
					}
				}
				if len(all) == 0 {
					return
				}
				for i, r := range handles[w%2].Append(patient(t), all) {
					var k int
					if _, err := fmt.Sscanf(all[i].Key.Name, "k%d", &k); err != nil {
						t.Error(err)
					}
					place := fmt.Sprintf("%s/%d", all[i].Key, all[i].After+1)
					switch {
					case r.Err == nil:
						mu.Lock()
						if other, taken := authors[place]; taken {
							t.Errorf("%s landed for %s and for %s", place, other, all[i].ID)
						}
						authors[place] = all[i].ID
						mu.Unlock()
						at[k]++
					case errors.Is(r.Err, saga.ErrConflict):
						at[k]++ // somebody else's record is there; go on behind it
					default:
						t.Errorf("append %s: %v", all[i].ID, r.Err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	for k := range width {
		checkAuthors(t, h.Open(t), key(fmt.Sprintf("k%d", k)), authors, last)
	}
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
