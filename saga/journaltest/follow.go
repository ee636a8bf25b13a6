package journaltest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

var followCases = map[string]func(*testing.T, Harness){
	"FromTheBeginning":        fromTheBeginning,
	"FromAPosition":           fromAPosition,
	"FromTheLastPosition":     fromTheLastPosition,
	"GoesOn":                  followGoesOn,
	"OtherProcess":            followsAnotherProcess,
	"GapFreeUnderAppenders":   gapFreeUnderAppenders,
	"ManyAtATime":             manyAtATime,
	"SeveralFollowers":        severalFollowers,
	"ReaderMayStop":           readerMayStop,
	"EndsWithItsContext":      followEndsWithItsContext,
	"SnapshotsDoNotShowInIt":  snapshotsDoNotShow,
	"PositionsGrowByVersions": positionsGrow,
}

// follow collects n records after a position.
func follow(t *testing.T, j saga.Journal, after saga.Position, n int) []saga.Record {
	t.Helper()
	ctx, cancel := context.WithCancel(patient(t))
	defer cancel()
	out := []saga.Record{}
	if n == 0 {
		return out
	}
	for r, err := range j.Follow(ctx, after) {
		if err != nil {
			t.Fatalf("follow after %d: %v, with %d of %d records", after, err, len(out), n)
		}
		if out = append(out, r); len(out) == n {
			return out
		}
	}
	t.Fatalf("follow after %d ended with %d of %d records", after, len(out), n)
	return nil
}

// checkOrder fails when the records of a connection are not first, first+1, … or the positions do not grow.
func checkOrder(t *testing.T, records []saga.Record, first map[events.Key]uint64) {
	t.Helper()
	at := map[events.Key]uint64{}
	var position saga.Position
	for _, r := range records {
		want := max(1, first[r.Key]) + at[r.Key]
		if at[r.Key]++; r.Version != want {
			t.Errorf("%s: version %d where %d was due", r.Key, r.Version, want)
		}
		if r.Position <= position {
			t.Errorf("%s/%d: position %d after %d", r.Key, r.Version, r.Position, position)
		}
		position = r.Position
		checkRecord(t, r, r.Key)
	}
}

func fromTheBeginning(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("a"), 0, 3)
	grow(t, j, key("b"), 0, 2)
	grow(t, j, key("a"), 3, 1)
	checkOrder(t, follow(t, j, 0, 6), nil)
}

func fromAPosition(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("a"), 0, 6)
	all := follow(t, j, 0, 6)
	for i, r := range all[:5] {
		rest := follow(t, j, r.Position, 5-i)
		checkOrder(t, rest, map[events.Key]uint64{key("a"): r.Version + 1})
	}
}

func fromTheLastPosition(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("a"), 0, 2)
	last := follow(t, j, 0, 2)[1].Position
	grow(t, j, key("a"), 2, 1)
	if got := follow(t, h.Open(t), last, 1)[0]; got.Version != 3 {
		t.Errorf("first after the last is version %d", got.Version)
	}
}

// stream follows in the background. The channel is closed when Follow ends.
func stream(t *testing.T, j saga.Journal, after saga.Position) <-chan saga.Record {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out := make(chan saga.Record, 4096)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(out)
		for r, err := range j.Follow(ctx, after) {
			if err != nil {
				if ctx.Err() == nil {
					t.Errorf("follow: %v", err)
				}
				return
			}
			out <- r
		}
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Errorf("follow goes on %v after its context ended", patience)
		}
	})
	return out
}

func next(t *testing.T, from <-chan saga.Record, what string) saga.Record {
	t.Helper()
	select {
	case r, ok := <-from:
		if !ok {
			t.Fatalf("%s: follow has ended", what)
		}
		return r
	case <-time.After(patience):
		t.Fatalf("%s: nothing came in %v", what, patience)
		panic("unreachable")
	}
}

func followGoesOn(t *testing.T, h Harness) {
	j := h.Open(t)
	records := stream(t, j, 0)
	for n := range uint64(5) {
		grow(t, j, key("a"), n, 1)
		if r := next(t, records, "the next record"); r.Version != n+1 {
			t.Errorf("version %d, want %d", r.Version, n+1)
		}
	}
}

func followsAnotherProcess(t *testing.T, h Harness) {
	j, other := h.Open(t), h.Open(t)
	records := stream(t, j, 0)
	grow(t, other, key("a"), 0, 3)
	for n := range uint64(3) {
		if r := next(t, records, "another process's record"); r.Version != n+1 {
			t.Errorf("version %d, want %d", r.Version, n+1)
		}
	}
}

func gapFreeUnderAppenders(t *testing.T, h Harness) {
	const writers, each = 8, 25
	handles := []saga.Journal{h.Open(t), h.Open(t)}
	live := stream(t, handles[0], 0)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() { grow(t, handles[w%2], key(fmt.Sprintf("k%d", w)), 0, each) })
	}
	got := []saga.Record{}
	for len(got) < writers*each {
		got = append(got, next(t, live, fmt.Sprintf("record %d", len(got)+1)))
	}
	wg.Wait()
	checkOrder(t, got, nil)
	again := follow(t, handles[1], 0, writers*each)
	for i := range again {
		if again[i].Position != got[i].Position || again[i].ID != got[i].ID {
			t.Fatalf("record %d is %s at %d the second time, was %s at %d", i, again[i].ID, again[i].Position,
				got[i].ID, got[i].Position)
		}
	}
}

func manyAtATime(t *testing.T, h Harness) {
	j := h.Open(t)
	records := stream(t, j, 0)
	land(t, j, turn(500)...)
	got := []saga.Record{}
	for len(got) < 500 {
		got = append(got, next(t, records, fmt.Sprintf("record %d", len(got)+1)))
	}
	checkOrder(t, got, nil)
}

func severalFollowers(t *testing.T, h Harness) {
	j := h.Open(t)
	followers := []<-chan saga.Record{stream(t, j, 0), stream(t, j, 0), stream(t, h.Open(t), 0)}
	grow(t, j, key("a"), 0, 3)
	for _, f := range followers {
		for n := range uint64(3) {
			if r := next(t, f, "a record"); r.Version != n+1 {
				t.Errorf("version %d, want %d", r.Version, n+1)
			}
		}
	}
}

func readerMayStop(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("a"), 0, 5)
	for range 3 {
		if got := follow(t, j, 0, 2); got[1].Version != 2 {
			t.Errorf("second record is version %d", got[1].Version)
		}
	}
}

func followEndsWithItsContext(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("a"), 0, 1)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		var last error
		for _, err := range j.Follow(ctx, 0) {
			last = err
			cancel()
		}
		ended <- last
	}()
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("follow ended with %v", err)
		}
	case <-time.After(patience):
		t.Errorf("follow goes on %v after its context ended", patience)
	}
}

func snapshotsDoNotShow(t *testing.T, h Harness) {
	j, k := h.Open(t), key("a")
	grow(t, j, k, 0, 1)
	land(t, j, withSnapshot(record(k, 1)))
	land(t, j, withSnapshot(record(k, 2)))
	checkOrder(t, follow(t, j, 0, 3), nil)
}

func positionsGrow(t *testing.T, h Harness) {
	j, k := h.Open(t), key("a")
	grow(t, j, k, 0, 4)
	_, loaded := load(t, j, k)
	for i, r := range follow(t, j, 0, 4) {
		if loaded[i].Position != r.Position || !loaded[i].At.Equal(r.At) {
			t.Errorf("version %d is at %d (%v) when loaded, at %d (%v) when followed", r.Version, loaded[i].Position,
				loaded[i].At, r.Position, r.At)
		}
	}
}
