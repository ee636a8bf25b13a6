package claimstest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/culvertnet/culvert/workers"
)

var findCases = map[string]func(*testing.T, ClaimsHarness){
	"NothingAtFirst":    nothingAtFirst,
	"ByPrefix":          byPrefix,
	"ByHolder":          byHolder,
	"DroppedIsNotHeld":  droppedIsNotHeld,
	"InPages":           findInPages,
	"AnyNameIsFound":    anyNameIsFound,
	"NewestStateIsSeen": newestState,
	"FoundCanBeStored":  foundCanBeStored,
}

func find(t *testing.T, c workers.Claims, q workers.ClaimQuery) workers.ClaimPage {
	t.Helper()
	p, err := c.Find(patient(t), q)
	if err != nil {
		t.Fatalf("find %+v: %v", q, err)
	}
	return p
}

// eventually finds until the page has n records: Find may lag.
func eventually(t *testing.T, c workers.Claims, q workers.ClaimQuery, n int) workers.ClaimPage {
	t.Helper()
	ctx := patient(t)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		p := find(t, c, q)
		if len(p.Items) == n {
			return p
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("find %+v: %v, want %d records", q, resources(p), n)
		}
	}
}

func resources(p workers.ClaimPage) []string {
	out := []string{}
	for _, i := range p.Items {
		out = append(out, i.Resource)
	}
	return out
}

func fill(t *testing.T, c workers.Claims, all ...string) {
	t.Helper()
	for _, name := range all {
		store(t, c, name, held("orders"))
	}
}

func nothingAtFirst(t *testing.T, h ClaimsHarness) {
	if p := find(t, h.Open(t), workers.ClaimQuery{}); len(p.Items) != 0 || p.Next != "" {
		t.Errorf("page %+v", p)
	}
}

func byPrefix(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	fill(t, c, "list/gcp/router/a", "list/gcp/router/b", "list/gcp/routers", "list/aviatrix/x", "pool/a", "list")
	for prefix, want := range map[string][]string{
		"": {
			"list", "list/aviatrix/x", "list/gcp/router/a", "list/gcp/router/b", "list/gcp/routers", "pool/a",
		},
		"list/":             {"list/aviatrix/x", "list/gcp/router/a", "list/gcp/router/b", "list/gcp/routers"},
		"list":              {"list", "list/aviatrix/x", "list/gcp/router/a", "list/gcp/router/b", "list/gcp/routers"},
		"list/gcp/router":   {"list/gcp/router/a", "list/gcp/router/b", "list/gcp/routers"},
		"list/gcp/router/":  {"list/gcp/router/a", "list/gcp/router/b"},
		"list/gcp/router/b": {"list/gcp/router/b"},
		"p":                 {"pool/a"},
		"nothing":           {},
	} {
		got := resources(eventually(t, c, workers.ClaimQuery{Prefix: prefix}, len(want)))
		if !slices.Equal(got, want) {
			t.Errorf("prefix %q: %v, want %v", prefix, got, want)
		}
	}
}

func byHolder(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	store(t, c, "list/a", held("orders"))
	store(t, c, "list/b", workers.Record{Holds: []workers.Hold{hold("billing", 1), hold("orders", 1)}})
	store(t, c, "list/c", held("billing"))
	store(t, c, "pool/a", held("orders"))
	store(t, c, "pool/b", held("orders-2"))
	eventually(t, c, workers.ClaimQuery{}, 5)
	for want, q := range map[string]workers.ClaimQuery{
		"[list/a list/b pool/a]": {Connection: connection("orders")},
		"[list/a list/b]":        {Connection: connection("orders"), Prefix: "list/"},
		"[list/b list/c]":        {Connection: connection("billing")},
		"[]":                     {Connection: connection("nobody")},
	} {
		if got := fmt.Sprint(resources(find(t, c, q))); got != want {
			t.Errorf("find %+v: %s, want %s", q, got, want)
		}
	}
}

func droppedIsNotHeld(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	r := held("orders")
	r.Holds[0].Dropped = true
	store(t, c, "list/a", r)
	eventually(t, c, workers.ClaimQuery{}, 1)
	if got := find(t, c, workers.ClaimQuery{Connection: connection("orders")}); len(got.Items) != 0 {
		t.Errorf("a tombstone is found as a hold: %v", resources(got))
	}
}

func findInPages(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	want := []string{}
	for n := range 11 {
		want = append(want, fmt.Sprintf("pool/%02d", n))
	}
	for _, i := range []int{3, 10, 0, 7, 5, 1, 2, 9, 8, 6, 4} {
		fill(t, c, want[i])
	}
	eventually(t, c, workers.ClaimQuery{}, 11)
	got, q := []string{}, workers.ClaimQuery{Prefix: "pool/", Limit: 3}
	for {
		p := find(t, c, q)
		if len(p.Items) > 3 {
			t.Fatalf("%d on a page of 3", len(p.Items))
		}
		got = append(got, resources(p)...)
		if p.Next == "" {
			break
		}
		q.After = p.Next
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages %v, want %v", got, want)
	}
}

func anyNameIsFound(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	fill(t, c, names...)
	got := resources(eventually(t, c, workers.ClaimQuery{Limit: 1000}, len(names)))
	want := slices.Sorted(slices.Values(names))
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	for _, name := range names {
		found := resources(find(t, c, workers.ClaimQuery{Prefix: name, Limit: 1000}))
		if !slices.Contains(found, name) {
			t.Errorf("%q is not found by itself: %q", name, found)
		}
	}
}

func newestState(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	store(t, c, "list/a", held("orders"))
	r := load(t, c, "list/a")
	r.Wanted = 9
	store(t, c, "list/a", r)
	ctx := patient(t)
	for {
		p := find(t, h.Open(t), workers.ClaimQuery{})
		if len(p.Items) == 1 && p.Items[0].Record.Wanted == 9 {
			return
		}
		if len(p.Items) > 1 || ctx.Err() != nil {
			t.Fatalf("found %+v", p.Items)
		}
	}
}

func foundCanBeStored(t *testing.T, h ClaimsHarness) {
	c := h.Open(t)
	store(t, c, "list/a", held("orders"))
	found := eventually(t, c, workers.ClaimQuery{}, 1).Items[0]
	found.Record.Holds = nil
	store(t, c, found.Resource, found.Record)
	if got := load(t, c, "list/a"); len(got.Holds) != 0 {
		t.Errorf("record %+v", got)
	}
}
