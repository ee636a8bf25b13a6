package journaltest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

var listCases = map[string]func(*testing.T, Harness){
	"EmptyAtFirst":            listEmpty,
	"OwnAppendsAreSeenAtOnce": ownAppendsAreSeen,
	"FollowsOtherProcesses":   followsOtherProcesses,
	"OpenedLaterSeesAll":      openedLaterSeesAll,
	"NewestChangeFirst":       newestChangeFirst,
	"ByStatusKindAndName":     byStatusKindAndName,
	"InPages":                 listInPages,
	"LimitsOfAPage":           limitsOfAPage,
	"SummaryIsKeptWhole":      summaryIsKeptWhole,
	"LoserIsNotListed":        loserIsNotListed,
	"UnfitCursorIsAnError":    unfitCursor,
	"EndsWithItsContext":      listEndsWithItsContext,
}

func list(t *testing.T, j saga.Journal, q saga.Query) saga.Page {
	t.Helper()
	page, err := j.List(patient(t), q)
	if err != nil {
		t.Fatalf("list %+v: %v", q, err)
	}
	return page
}

func names(p saga.Page) []string {
	out := []string{}
	for _, l := range p.Items {
		out = append(out, l.Key.Name)
	}
	return out
}

// until polls a condition that another process's append will make true.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx := patient(t)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not so after %v", what, patience)
		}
	}
}

func listEmpty(t *testing.T, h Harness) {
	if p := list(t, h.Open(t), saga.Query{}); len(p.Items) != 0 || p.Next != "" {
		t.Errorf("page %+v", p)
	}
}

func ownAppendsAreSeen(t *testing.T, h Harness) {
	j := h.Open(t)
	land(t, j, turn(12)...)
	if got := list(t, j, saga.Query{}); len(got.Items) != 12 {
		t.Errorf("%d of 12 connections", len(got.Items))
	}
	for n := range uint64(20) {
		land(t, j, record(key("orders"), n))
		got := list(t, j, saga.Query{Name: "orders"})
		if len(got.Items) != 1 || got.Items[0].Version != n+1 || got.Items[0].Changed.IsZero() {
			t.Fatalf("after version %d: %+v", n+1, got.Items)
		}
	}
}

func followsOtherProcesses(t *testing.T, h Harness) {
	j, other := h.Open(t), h.Open(t)
	for n := range uint64(3) {
		land(t, other, record(key("orders"), n))
		until(t, fmt.Sprintf("version %d is listed elsewhere", n+1), func() bool {
			p := list(t, j, saga.Query{Name: "orders"})
			return len(p.Items) == 1 && p.Items[0].Version == n+1
		})
	}
}

func openedLaterSeesAll(t *testing.T, h Harness) {
	j := h.Open(t)
	land(t, j, turn(25)...)
	land(t, j, record(key("c3"), 1))
	p := list(t, h.Open(t), saga.Query{})
	if len(p.Items) != 25 || p.Items[0].Key != key("c3") || p.Items[0].Version != 2 {
		t.Errorf("%d of 25 connections, first %+v", len(p.Items), p.Items[0])
	}
}

func newestChangeFirst(t *testing.T, h Harness) {
	j := h.Open(t)
	for _, name := range []string{"a", "b", "c"} {
		grow(t, j, key(name), 0, 1)
	}
	grow(t, j, key("a"), 1, 1)
	if got, want := names(list(t, j, saga.Query{})), []string{"a", "c", "b"}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
	other := h.Open(t)
	if got, want := names(list(t, other, saga.Query{})), []string{"a", "c", "b"}; !slices.Equal(got, want) {
		t.Errorf("order elsewhere %v, want %v", got, want)
	}
}

func byStatusKindAndName(t *testing.T, h Harness) {
	j := h.Open(t)
	add := func(name string, after uint64, kind string, status events.SagaStatus) {
		a := record(key(name), after)
		a.Summary.Kind, a.Summary.Status = kind, status
		land(t, j, a)
	}
	add("a", 0, "private-service", events.SagaRunning)
	add("b", 0, "private-service", events.SagaStuck)
	add("c", 0, "expose-prefix", events.SagaStuck)
	add("d", 0, "private-service", events.SagaRunning)
	add("d", 1, "private-service", events.SagaCompleted)
	for want, q := range map[string]saga.Query{
		"[d c b a]": {},
		"[c b]":     {Status: events.SagaStuck},
		"[b]":       {Status: events.SagaStuck, Kind: "private-service"},
		"[d b a]":   {Kind: "private-service"},
		"[a]":       {Status: events.SagaRunning},
		"[c]":       {Name: "c"},
		"[]":        {Name: "c", Status: events.SagaRunning},
		"[d]":       {Name: "d", Status: events.SagaCompleted, Kind: "private-service"},
	} {
		if got := fmt.Sprint(names(list(t, j, q))); got != want {
			t.Errorf("list %+v: %s, want %s", q, got, want)
		}
	}
}

func listInPages(t *testing.T, h Harness) {
	j := h.Open(t)
	want := []string{}
	for n := range 23 {
		a := record(key(fmt.Sprintf("c%d", n)), 0)
		if n%3 == 0 {
			a.Summary.Status = events.SagaStuck
		} else {
			want = append([]string{a.Key.Name}, want...)
		}
		land(t, j, a)
	}
	got, q := []string{}, saga.Query{Status: events.SagaRunning, Limit: 4}
	for {
		p := list(t, j, q)
		if len(p.Items) > 4 {
			t.Fatalf("%d on a page of 4", len(p.Items))
		}
		got = append(got, names(p)...)
		if p.Next == "" {
			break
		}
		q.After = p.Next
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages %v, want %v", got, want)
	}
}

func limitsOfAPage(t *testing.T, h Harness) {
	j := h.Open(t)
	land(t, j, turn(1001)...)
	for limit, want := range map[int]int{0: 100, 1: 1, 100: 100, 1000: 1000, 5000: 1000} {
		if p := list(t, j, saga.Query{Limit: limit}); len(p.Items) != want || p.Next == "" {
			t.Errorf("limit %d: %d connections, next %q", limit, len(p.Items), p.Next)
		}
	}
	whole := list(t, j, saga.Query{Limit: 1000})
	rest := list(t, j, saga.Query{Limit: 1000, After: whole.Next})
	if len(rest.Items) != 1 || rest.Next != "" {
		t.Errorf("last page has %d, next %q", len(rest.Items), rest.Next)
	}
}

func summaryIsKeptWhole(t *testing.T, h Harness) {
	j := h.Open(t)
	at := time.Date(2026, 11, 21, 10, 11, 12, 131415000, time.UTC)
	a := record(key("orders"), 0)
	a.Summary = saga.Summary{
		Saga: "default_orders.7", Kind: "private-service", Want: events.Withdraw, Status: events.SagaStuck,
		Reason: "two\nlines, \"quoted\" and ünïcode", Version: 9, Started: at, Ended: at.Add(time.Minute),
		Due:    at.Add(time.Hour),
		Paused: true, Queued: 16,
	}
	land(t, j, a)
	for _, handle := range []saga.Journal{j, h.Open(t)} {
		if got := list(t, handle, saga.Query{}).Items[0].Summary; !reflect.DeepEqual(got, a.Summary) {
			t.Errorf("summary %+v, want %+v", got, a.Summary)
		}
	}
}

func loserIsNotListed(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("orders"), 0, 1)
	loser := record(key("orders"), 0)
	loser.ID, loser.Summary.Status = "loser", events.SagaStuck
	if err := one(t, j, loser); err == nil {
		t.Error("the loser landed")
	}
	if p := list(t, j, saga.Query{Status: events.SagaStuck}); len(p.Items) != 0 {
		t.Errorf("an append that did not land is listed: %+v", p.Items)
	}
}

func unfitCursor(t *testing.T, h Harness) {
	if _, err := h.Open(t).List(patient(t), saga.Query{After: "no cursor of ours"}); err == nil {
		t.Error("list after a cursor that was never given: no error")
	}
}

func listEndsWithItsContext(t *testing.T, h Harness) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.Open(t).List(ctx, saga.Query{}); !isContextError(err) {
		t.Errorf("list with an ended context: %v", err)
	}
}
