package jetstream_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/adapters/jetstream"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

func turn(n, after int) []saga.Append {
	all := make([]saga.Append, n)
	for i := range all {
		all[i] = first(events.Key{Tenant: events.DefaultTenant, Name: fmt.Sprintf("c%d", i)})
		all[i].After = uint64(after)
		all[i].ID = fmt.Sprintf("%s-%d", all[i].Key, after+1)
	}
	return all
}

// batchOf reads from the journal's stream in which atomic batch the newest record of a connection came; "" when in
// none.
func batchOf(t *testing.T, nc *nats.Conn, k events.Key) string {
	t.Helper()
	j, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := j.Stream(t.Context(), events.Journal.Name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.GetLastMsgForSubject(t.Context(), events.JournalSubject(k))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header.Get("Nats-Batch-Id")
}

func TestManyAppendsAreOneBatch(t *testing.T) {
	e := embed(t, jetstream.EmbedOptions{})
	h, nc := open(t, e, jetstream.Options{})
	few, many := turn(3, 0), turn(64, 0)[3:]
	mustLand(t, h.Journal(), few...)
	if id := batchOf(t, nc, few[0].Key); id != "" {
		t.Errorf("3 appends went as batch %q", id)
	}
	mustLand(t, h.Journal(), many...)
	id := batchOf(t, nc, many[0].Key)
	for _, a := range many {
		if got := batchOf(t, nc, a.Key); got != id || got == "" {
			t.Fatalf("%s went in batch %q, the first of the call in %q", a.Key, got, id)
		}
	}
	// The sequences that were derived from the batch's answer are the fence of the next appends, which need no reading.
	mustLand(t, h.Journal(), turn(64, 1)...)
	if batchOf(t, nc, many[0].Key) == "" || batchOf(t, nc, few[0].Key) != batchOf(t, nc, many[0].Key) {
		t.Error("the second turn was not one batch")
	}
}

func TestStaleAppendSpoilsNoOther(t *testing.T) {
	e := embed(t, jetstream.EmbedOptions{})
	h, _ := open(t, e, jetstream.Options{})
	other, _ := open(t, e, jetstream.Options{})
	all := turn(20, 0)
	rival := all[7]
	rival.ID = "rival"
	if _, err := h.Journal().List(t.Context(), saga.Query{}); err != nil { // its index is built before the rival lands
		t.Fatal(err)
	}
	mustLand(t, other.Journal(), rival)
	for i, r := range h.Journal().Append(t.Context(), all) {
		if stale := i == 7; stale != errors.Is(r.Err, saga.ErrConflict) || !stale && r.Err != nil {
			t.Errorf("append %d: %+v", i, r)
		}
	}
}

func TestFullJournalSaysSo(t *testing.T) {
	e := embed(t, jetstream.EmbedOptions{})
	h, _ := open(t, e, jetstream.Options{JournalBytes: 256 << 10})
	large := first(orders)
	large.Facts = make([]byte, 200<<10)
	mustLand(t, h.Journal(), large)
	for _, n := range []int{1, 10} {
		all := turn(n, 0)
		for i := range all {
			all[i].Facts = large.Facts
		}
		for i, r := range h.Journal().Append(t.Context(), all) {
			if !errors.Is(r.Err, saga.ErrFull) {
				t.Errorf("append %d of %d to a full journal: %v", i, n, r.Err)
			}
		}
	}
	page, err := h.Journal().List(t.Context(), saga.Query{})
	if err != nil || len(page.Items) != 1 {
		t.Errorf("listed %d connections, %v; what was refused must not show", len(page.Items), err)
	}
}

func TestSmallPayloadIsRespected(t *testing.T) {
	address, _ := external(t, true) // a server with the default max_payload of 1 MiB
	h, err := jetstream.Open(
		t.Context(), connect(t, address, "culvert"), jetstream.Options{Synced: jetstream.AllowUnsynced()},
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	a := first(orders)
	a.Facts, a.Snapshot = make([]byte, 512<<10), make([]byte, 600<<10)
	if err := h.Journal().Append(t.Context(), []saga.Append{a})[0].Err; err == nil || errors.Is(err, saga.ErrUnknown) {
		t.Errorf("append over the server's max_payload: %v", err)
	}
	a.Snapshot = make([]byte, 400<<10)
	mustLand(t, h.Journal(), a)
}
