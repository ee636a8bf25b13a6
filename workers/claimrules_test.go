package workers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// breakHolds is what an operator's command does to a record.
func breakHolds(t *testing.T, claims workers.Claims, resource, holder string) bool {
	t.Helper()
	r, err := claims.Load(t.Context(), resource)
	if err != nil {
		t.Fatal(err)
	}
	broken, any := workers.Break(r, holder)
	if any {
		if err := claims.Store(t.Context(), resource, broken); err != nil {
			t.Fatal(err)
		}
	}
	return any
}

func TestBreakFreesAList(t *testing.T) {
	v := &vendor{}
	l := newList(v)
	wantClass(t, l.Put(t.Context(), runOf("a", 1, start), "gone"), events.Done, "")
	v.answer = func([]string) (bool, error) { return false, workers.WaitFor("sim:op", time.Second) }
	wantClass(t, l.Put(t.Context(), runOf("b", 1, start), "kept"), events.Wait, "operation")
	v.answer = nil
	if breakHolds(t, l.Claims, l.Resource, "nobody/step/1") {
		t.Error("there was something of nobody's to break")
	}
	if !breakHolds(t, l.Claims, l.Resource, runOf("a", 1, start).Holder().String()) {
		t.Error("there was nothing of a's to break")
	}
	if !breakHolds(t, l.Claims, l.Resource, runOf("b", 1, start).Holder().String()) {
		t.Error("there was nothing of b's to break")
	}
	// the lease is free, and one write does it
	wantClass(t, l.Put(t.Context(), runOf("c", 1, start), "next"), events.Done, "")
	if got := v.sorted(); got != "next" {
		t.Errorf("the list is %q", got)
	}
	wantClass(t, l.Put(t.Context(), runOf("a", 2, start), "gone"), events.Done, "") // a holder that lives comes back
}

func TestBreakFreesACountedThing(t *testing.T) {
	c := newCounted()
	join(t, c, runOf("a", 1, start), part)
	compensate := runOf("a", 2, start)
	compensate.Purpose = events.ToCompensate
	wantLeave(t, c, compensate, true, events.Done)
	breakHolds(t, c.Claims, c.Resource, compensate.Holder().String())
	join(t, c, runOf("b", 1, start), part)
	if r, held, err := c.Held(t.Context(), compensate, part); held || err != nil ||
		!r.HeldBy(events.Key{Tenant: "default", Name: "b"}) || r.HeldBy(events.Key{Tenant: "default", Name: "a"}) {
		t.Errorf("after the break: %+v, %v", r, err)
	}
}

// The limit of a record is an answer and not a broken store; and a record with many holders fits into one message of a
// broker, whose limit is 1 MiB.
func TestRecordHasALimitThatFits(t *testing.T) {
	c := newCounted()
	const announcement = "announce:cloud-router/acme-net/europe-west3/edge-1"
	var full workers.Record
	for i := range workers.MaxHolds {
		full.Holds = append(full.Holds, workers.Hold{
			Holder: runOf(crowd(i), 1, start).Holder().String(), Value: announcement, Epoch: 1, Since: start,
		})
	}
	if err := c.Claims.Store(t.Context(), c.Resource, full); err != nil {
		t.Fatal(err)
	}
	_, err := c.Join(t.Context(), runOf("one-more", 1, start), "endpoint")
	wantClass(t, err, events.Refuse, "full")
	if !strings.Contains(err.Error(), fmt.Sprint(workers.MaxHolds)) {
		t.Errorf("the refusal does not name the limit: %v", err)
	}
	r, err := c.Claims.Load(t.Context(), c.Resource)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(r)
	if err != nil || len(raw) > 1<<20-64<<10 {
		t.Errorf("a full record has %d bytes: %v", len(raw), err)
	}
	// Tombstones go when nobody can need them any more.
	for i := range 10 {
		if _, err := c.Leave(t.Context(), runOf(crowd(i), 2, start), announcement); err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.Join(t.Context(), runOf("one-more", 2, start.Add(30*time.Second)), "endpoint")
	wantClass(t, err, events.Refuse, "full")
	join(t, c, runOf("one-more", 3, start.Add(time.Hour)), "endpoint")
}

func crowd(i int) string { return fmt.Sprintf("a-connection-with-a-rather-long-name-%04d", i) }
