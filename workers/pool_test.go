package workers_test

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

func newPool(ranges ...string) workers.Pool {
	p := workers.Pool{Claims: memory.NewClaims(), Times: times, Name: "test"}
	for _, r := range ranges {
		p.Ranges = append(p.Ranges, netip.MustParsePrefix(r))
	}
	return p
}

func nothingTaken(netip.Addr) bool { return false }

func TestPoolGivesEachConsumerItsOwnAddressUnder200AtOnce(t *testing.T) {
	for _, ranges := range [][]string{{"10.9.0.0/20"}, {"10.9.0.0/24"}, {"10.9.0.0/25", "10.9.7.128/25"}} {
		synctest.Test(t, func(t *testing.T) {
			p := newPool(ranges...)
			var mu sync.Mutex
			owner := map[netip.Addr]string{}
			each(200, func(i int) {
				consumer := fmt.Sprintf("consumer-%d", i/2) // two runs each
				name := fmt.Sprintf("run-%d", i)
				_, err := persist(t.Context(), name, 1, func(run workers.Run) error {
					addr, err := p.Take(t.Context(), run, consumer, nothingTaken)
					if err != nil {
						return err
					}
					mu.Lock()
					defer mu.Unlock()
					if was, taken := owner[addr]; taken && was != consumer {
						t.Errorf("%s has %s and %s", addr, was, consumer)
					}
					owner[addr] = consumer
					if last := addr.As4()[3]; last == 0 || last == 255 {
						t.Errorf("%s looks like a network's or a broadcast's address", addr)
					}
					return nil
				})
				if err != nil {
					t.Errorf("take for %s: %v", consumer, err)
				}
			})
			if len(owner) != 100 {
				t.Fatalf("%v: 100 consumers have %d addresses", ranges, len(owner))
			}
		})
	}
}

func TestPoolIsExactToTheLastAddress(t *testing.T) {
	p := newPool("10.9.0.0/29", "10.9.3.252/30") // .1 to .7, and .252 to .254
	seen := map[netip.Addr]string{}
	taken := func(a netip.Addr) bool { return a == netip.MustParseAddr("10.9.0.3") }
	for i := range 9 {
		consumer := fmt.Sprint("c", i)
		addr, err := p.Take(t.Context(), runOf("x", 1, start), consumer, taken)
		if err != nil || seen[addr] != "" || taken(addr) {
			t.Fatalf("%s gets %s (had %q): %v", consumer, addr, seen[addr], err)
		}
		seen[addr] = consumer
	}
	_, err := p.Take(t.Context(), runOf("x", 1, start), "late", taken)
	wantClass(t, err, events.Refuse, "pool-exhausted")
	for addr, consumer := range seen {
		if again, err := p.Take(t.Context(), runOf("x", 1, start), consumer, taken); again != addr || err != nil {
			t.Fatalf("%s got %s and then %s: %v", consumer, addr, again, err)
		}
	}

	// What is given back is free for others after the quiet period, and at once for the same consumer.
	wantClass(t, p.Give(t.Context(), runOf("x", 1, start), "late"), events.Done, "")
	wantClass(t, p.Give(t.Context(), runOf("x", 1, start), "c4"), events.Done, "")
	wantClass(t, p.Give(t.Context(), runOf("x", 1, start), "c4"), events.Done, "")
	_, err = p.Take(t.Context(), runOf("x", 1, start), "late", taken)
	wantClass(t, err, events.Refuse, "pool-exhausted")
	wantClass(t, p.Give(t.Context(), runOf("x", 1, start), "late"), events.Done, "")
	if again, err := p.Take(t.Context(), runOf("x", 1, start), "c4", taken); seen[again] != "c4" || err != nil {
		t.Fatalf("c4 comes back and gets %s: %v", again, err)
	}
	wantClass(t, p.Give(t.Context(), runOf("x", 1, start), "c4"), events.Done, "")
	later := start.Add(time.Hour)
	if addr, err := p.Take(t.Context(), runOf("x", 1, later), "late", taken); seen[addr] != "c4" || err != nil {
		t.Fatalf("late gets %s: %v", addr, err)
	}
}

// A consumer that had to go to another block stays there when its first block has room again.
func TestPoolFindsAnAddressInAnotherBlock(t *testing.T) {
	p := newPool("10.9.0.0/23")
	backend, err := p.Take(t.Context(), runOf("x", 1, start), "c", nothingTaken)
	if err != nil {
		t.Fatal(err)
	}
	wantClass(t, p.Give(t.Context(), runOf("x", 1, start), "c"), events.Done, "")
	later := start.Add(time.Hour)
	block := netip.PrefixFrom(backend, 24).Masked()
	first, err := p.Take(t.Context(), runOf("x", 1, later), "c", block.Contains)
	if err != nil || block.Contains(first) {
		t.Fatalf("with %s taken c gets %s: %v", block, first, err)
	}
	again, err := p.Take(t.Context(), runOf("x", 1, later), "c", nothingTaken)
	if err != nil || again != first {
		t.Fatalf("c gets %s and then %s: %v", first, again, err)
	}
	wantClass(t, p.Give(t.Context(), runOf("x", 1, later), "c"), events.Done, "")
	if r, err := p.Claims.Find(t.Context(), workers.ClaimQuery{Prefix: "pool/test/"}); err != nil {
		t.Fatal(err)
	} else {
		for _, item := range r.Items {
			if v := item.Record.Values(); len(v) > 0 {
				t.Errorf("%s still holds %v", item.Resource, v)
			}
		}
	}
}

func TestPoolFixedAddress(t *testing.T) {
	p := newPool("10.9.0.0/22")
	addr := netip.MustParseAddr("10.9.2.9")
	run := runOf("a", 1, start)
	wantClass(t, p.Claim(t.Context(), run, "shared", addr), events.Done, "")
	wantClass(t, p.Claim(t.Context(), runOf("b", 1, start), "shared", addr), events.Done, "")
	wantClass(t, p.Claim(t.Context(), run, "other", addr), events.Refuse, "foreign")
	wantClass(t, p.Claim(t.Context(), run, "shared", addr.Next()), events.Refuse, "conflict")
	if got, err := p.Take(t.Context(), run, "shared", nothingTaken); got != addr || err != nil {
		t.Fatalf("take after a claim gives %s: %v", got, err)
	}
	wantClass(t, p.Give(t.Context(), run, "shared"), events.Done, "")
	wantClass(t, p.Claim(t.Context(), run, "third", addr), events.Wait, "not-yet-free")
	wantClass(t, p.Claim(t.Context(), runOf("a", 2, start.Add(time.Hour)), "third", addr), events.Done, "")
}

func TestPoolFencesItsOwnHolder(t *testing.T) {
	p := newPool("10.9.0.0/24")
	late := runOf("a", 1, start)
	consumer := late.Holder().String()
	if _, err := p.Take(t.Context(), runOf("a", 1, start), consumer, nothingTaken); err != nil {
		t.Fatal(err)
	}
	wantClass(t, p.Give(t.Context(), runOf("a", 3, start), consumer), events.Done, "")
	_, err := p.Take(t.Context(), runOf("a", 2, start), consumer, nothingTaken)
	wantClass(t, err, events.Retry, "fenced")
}

func TestPoolGivesBackAfterItsRangesChanged(t *testing.T) {
	p := newPool("10.9.0.0/20")
	addr, err := p.Take(t.Context(), runOf("a", 1, start), "c", nothingTaken)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // whichever block the consumer's way now begins in
		p.Ranges = append(p.Ranges, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 10, byte(len(p.Ranges)), 0}), 24))
	}
	wantClass(t, p.Give(t.Context(), runOf("a", 2, start), "c"), events.Done, "")
	later := runOf("b", 1, start.Add(time.Hour))
	wantClass(t, p.Claim(t.Context(), later, "other", addr), events.Done, "")
}

func TestNumbersGivesBlocksThatDoNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := workers.Numbers{
			Claims: memory.NewClaims(), Times: times, Resource: "numbers/test", First: 1000, Last: 1999,
		}
		taken := map[int]bool{1005: true}
		var mu sync.Mutex
		owner := map[int]int{}
		each(50, func(i int) {
			_, err := persist(t.Context(), fmt.Sprint("c", i), 1, func(run workers.Run) error {
				first, err := n.Take(t.Context(), run, 16, taken)
				again, err2 := n.Take(t.Context(), run, 16, taken)
				if err == nil && (again != first || err2 != nil) {
					t.Errorf("asked twice: %d, %d, %v", first, again, err2)
				}
				mu.Lock()
				defer mu.Unlock()
				for k := first; err == nil && k < first+16; k++ {
					if owner[k] != 0 || taken[k] || k < 1000 || k > 1999 {
						t.Errorf("number %d of %d is not free", k, i)
					}
					owner[k] = i + 1
				}
				return err
			})
			if err != nil {
				t.Errorf("take: %v", err)
			}
		})
		_, err := n.Take(t.Context(), runOf("big", 1, time.Now()), 900, taken)
		wantClass(t, err, events.Refuse, "full")
		if first, size, err := n.Held(t.Context(), runOf("c7", 2, time.Now())); first < 1006 || size != 16 ||
			err != nil {
			t.Fatalf("c7 holds %d+%d: %v", first, size, err)
		}
		_, err = n.Take(t.Context(), runOf("c7", 2, time.Now()), 8, taken)
		wantClass(t, err, events.Refuse, "conflict")
		wantClass(t, n.Give(t.Context(), runOf("c7", 2, time.Now())), events.Done, "")
		_, err = n.Take(t.Context(), runOf("c7", 1, time.Now()), 16, taken)
		wantClass(t, err, events.Retry, "fenced")
	})
}
