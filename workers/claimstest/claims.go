package claimstest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/workers"
)

var storeCases = map[string]func(*testing.T, ClaimsHarness){
	"UnknownIsZero":               unknownIsZero,
	"ComesBackWhole":              comesBackWhole,
	"VersionsGrow":                versionsGrow,
	"StaleIsAConflict":            staleIsAConflict,
	"SecondBeginningIsAConflict":  secondBeginning,
	"UnknownVersionIsAConflict":   unknownVersion,
	"ConcurrentChangesLoseNone":   concurrentChangesLoseNone,
	"ConcurrentBeginningsHaveOne": concurrentBeginnings,
	"AnyName":                     anyName,
	"NamesThatAreNoneAreRefused":  badNames,
	"LargestRecord":               largestRecord,
	"TooManyHoldsAreRefused":      tooManyHolds,
	"RecordsAreNotShared":         recordsAreNotShared,
	"ContextEnd":                  claimsContextEnd,
}

const router = "list/gcp/router/acme-net/europe-west3/edge-1"

func unknownIsZero(t *testing.T, h ClaimsHarness) {
	if r := load(t, h.Open(t), router); !reflect.DeepEqual(r, workers.Record{}) {
		t.Errorf("record %+v", r)
	}
}

func comesBackWhole(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	at := time.Date(2026, 11, 21, 10, 11, 12, 131415, time.UTC)
	found := "PRIVATE"
	sent := workers.Record{
		Holds: []workers.Hold{hold("orders", 3), {
			Holder: "default_b/s/1", Epoch: 9, Revision: 4, Since: at, Dropped: true, Until: at.Add(time.Hour),
		}},
		Wanted: 7, InForce: 6, Lease: &workers.Lease{Holder: "w-1", Token: 12, Expires: at}, Found: &found,
		Foreign: []string{
			"10.0.0.0/8", "ünïcode\n",
		}, Generation: 5, Since: at, Note: map[string]string{"address": "10.0.0.9"},
	}
	store(t, c, router, sent)
	for _, handle := range []workers.Claims{c, h.Open(t)} {
		got := load(t, handle, router)
		if got.Version == 0 {
			t.Error("a stored record has version 0")
		}
		got.Version = 0
		if !reflect.DeepEqual(got, sent) {
			t.Errorf("stored %+v, loaded %+v", sent, got)
		}
	}
}

func versionsGrow(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	var last uint64
	for n := range uint64(5) {
		r := load(t, c, router)
		if n > 0 && r.Version <= last {
			t.Errorf("version %d after %d", r.Version, last)
		}
		last = r.Version
		r.Wanted = n + 1
		store(t, c, router, r)
		store(t, c, "other", workers.Record{Version: load(t, c, "other").Version})
	}
	if r := load(t, h.Open(t), router); r.Wanted != 5 {
		t.Errorf("wanted %d", r.Wanted)
	}
}

func staleIsAConflict(t *testing.T, h ClaimsHarness) {
	a, b := h.Open(t), h.Open(t)
	store(t, a, router, held("first"))
	seen := load(t, b, router)
	store(t, a, router, seen)
	if err := b.Store(patient(t), router, seen); !errors.Is(err, workers.ErrClaimConflict) {
		t.Errorf("store of a stale record: %v", err)
	}
	store(t, b, router, load(t, b, router))
}

func secondBeginning(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	store(t, c, router, held("first"))
	if err := c.Store(patient(t), router, held("second")); !errors.Is(err, workers.ErrClaimConflict) {
		t.Errorf("second store at version 0: %v", err)
	}
	if got := load(t, c, router); len(got.Holds) != 1 || got.Holds[0].Holder != held("first").Holds[0].Holder {
		t.Errorf("record %+v", got)
	}
}

func unknownVersion(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	if err := c.Store(patient(t), router, workers.Record{Version: 41}); !errors.Is(err, workers.ErrClaimConflict) {
		t.Errorf("store at a version that never was: %v", err)
	}
	store(t, c, router, held("first"))
	ahead := workers.Record{Version: load(t, c, router).Version + 10}
	if err := c.Store(patient(t), router, ahead); !errors.Is(err, workers.ErrClaimConflict) {
		t.Errorf("store at a version to come: %v", err)
	}
}

// increment adds one to Wanted, however often others are first.
func increment(ctx context.Context, c workers.Claims, resource string) error {
	for {
		r, err := c.Load(ctx, resource)
		if err != nil {
			return err
		}
		r.Wanted++
		if err := c.Store(ctx, resource, r); !errors.Is(err, workers.ErrClaimConflict) {
			return err
		}
	}
}

func concurrentChangesLoseNone(t *testing.T, h ClaimsHarness) {
	const writers, each = 8, 12
	handles := []workers.Claims{h.Open(t), h.Open(t)}
	ctx := patient(t)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range each {
				for _, resource := range []string{router, "other"} {
					if err := increment(ctx, handles[w%2], resource); err != nil {
						t.Errorf("increment: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	for _, resource := range []string{router, "other"} {
		if got := load(t, h.Open(t), resource).Wanted; got != writers*each {
			t.Errorf("%s counts %d, want %d", resource, got, writers*each)
		}
	}
}

func concurrentBeginnings(t *testing.T, h ClaimsHarness) {
	handles := []workers.Claims{h.Open(t), h.Open(t)}
	ctx := patient(t)
	for round := range 10 {
		resource := fmt.Sprintf("pool/%d", round)
		var mu sync.Mutex
		winners := []string{}
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				name := fmt.Sprintf("c%d", w)
				err := handles[w%2].Store(ctx, resource, held(name))
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					winners = append(winners, hold(name, 1).Holder)
				} else if !errors.Is(err, workers.ErrClaimConflict) {
					t.Errorf("store: %v", err)
				}
			})
		}
		wg.Wait()
		if got := load(t, handles[0], resource).Holds[0].Holder; len(winners) != 1 || winners[0] != got {
			t.Errorf("winners %v, stored %s", winners, got)
		}
	}
}

// names are resources as steps name them, and such as no step should, which must still not be mixed up.
var names = []string{
	router, "a", "a/", "/a", "a//b", "a/b", "a.b", "a=b", "a b", "a*", ">", "*", "a>", "A/B", "ünï/cöde", "line\nbreak",
	"a%2Fb", "=", "==",
	"$SYS/x", "projects/acme-net/global/networks/spoke-vpc", strings.Repeat("long/", 100) + "end", "prefix/10.8.0.0/28",
	"2001:db8::1",
}

// badNames: what workers.CheckResource refuses, no store keeps, so that no store keeps what another refuses.
func badNames(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	for _, resource := range []string{"", "list/a\x00", "list/\xff", "list/" + strings.Repeat("x", 1024)} {
		if workers.CheckResource(resource) == nil {
			t.Errorf("the grammar takes %q", resource)
		}
		if err := c.Store(patient(t), resource, held("orders")); err == nil {
			t.Errorf("a record of %q was stored", resource)
		}
	}
}

func anyName(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	for i, name := range names {
		store(t, c, name, workers.Record{Wanted: uint64(i + 1)})
	}
	other := h.Open(t)
	for i, name := range names {
		if got := load(t, other, name); got.Wanted != uint64(i+1) {
			t.Errorf("%q holds the record of %q", name, names[max(0, int(got.Wanted)-1)])
		}
	}
}

func full(n int) workers.Record {
	r := workers.Record{}
	for i := range n {
		h := hold(strings.Repeat("x", 50)+fmt.Sprint(i), 1)
		h.Dropped, h.Until = i%2 == 0, h.Since.Add(time.Hour)
		r.Holds = append(r.Holds, h)
	}
	return r
}

func largestRecord(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	store(t, c, router, full(workers.MaxHolds))
	got := load(t, h.Open(t), router)
	if len(got.Holds) != workers.MaxHolds || !reflect.DeepEqual(got.Holds, full(workers.MaxHolds).Holds) {
		t.Errorf("%d holds came back, or others", len(got.Holds))
	}
}

func tooManyHolds(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	if err := c.Store(patient(t), router, full(workers.MaxHolds+1)); err == nil ||
		errors.Is(err, workers.ErrClaimConflict) {
		t.Errorf("store of %d holds: %v, want an error of its own", workers.MaxHolds+1, err)
	}
	if got := load(t, c, router); got.Version != 0 {
		t.Errorf("it was stored: version %d, %d holds", got.Version, len(got.Holds))
	}
}

func recordsAreNotShared(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	sent := held("orders")
	sent.Note = map[string]string{"k": "v"}
	store(t, c, router, sent)
	sent.Holds[0].Value, sent.Note["k"] = "changed", "changed"
	got := load(t, c, router)
	got.Holds[0].Holder, got.Note["k"] = "changed", "changed"
	if again := load(t, c, router); again.Holds[0].Value != "10.0.0.1" || again.Note["k"] != "v" ||
		again.Holds[0].Holder == "changed" {
		t.Errorf("a caller's later change shows: %+v", again)
	}
}

func claimsContextEnd(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	store(t, c, router, held("orders"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Load(ctx, router); !isContextError(err) {
		t.Errorf("load: %v", err)
	}
	if err := c.Store(ctx, router, held("orders")); !isContextError(err) {
		t.Errorf("store: %v", err)
	}
	if _, err := c.Find(ctx, workers.ClaimQuery{}); !isContextError(err) {
		t.Errorf("find: %v", err)
	}
}
