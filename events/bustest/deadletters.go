package bustest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
)

var deadLetterCases = map[string]func(*testing.T, Harness){
	"EmptyAtFirst":          emptyAtFirst,
	"ListedByArrival":       listedByArrival,
	"ListedInPages":         listedInPages,
	"GetGivesOne":           getGivesOne,
	"RemoveForgetsOne":      removeForgetsOne,
	"UnknownIsToldSo":       unknownIsToldSo,
	"Requeue":               requeue,
	"CallsEndWithContext":   deadLetterCallsEnd,
	"ArrivalAfterRemovals":  arrivalAfterRemovals,
	"ListDoesNotConsumeAny": listDoesNotConsume,
}

// reject fills the dead letters with messages m0 … mn-1, in this order.
func reject(t *testing.T, p Process, n int) []events.DeadLetter {
	t.Helper()
	handle, _ := collector(events.Reject("no use"))
	stop := consume(t, p, network, handle)
	defer stop()
	for i := range n {
		publish(t, p, command(fmt.Sprintf("m%d", i)))
		letters(t, p, i+1)
	}
	return letters(t, p, n)
}

func bodies(list []events.DeadLetter) []string {
	out := []string{}
	for _, l := range list {
		out = append(out, string(l.Body))
	}
	return out
}

func emptyAtFirst(t *testing.T, h Harness) {
	got, err := h.Join(t).DeadLetters.List(patient(t), "", 10)
	if err != nil || len(got) != 0 {
		t.Errorf("list: %v, %v", got, err)
	}
}

func listedByArrival(t *testing.T, h Harness) {
	got := reject(t, h.Join(t), 4)
	if want := []string{"m0", "m1", "m2", "m3"}; !slices.Equal(bodies(got), want) {
		t.Errorf("order %v, want %v", bodies(got), want)
	}
	if !slices.IsSortedFunc(got, func(a, b events.DeadLetter) int { return compare(a.ID, b.ID) }) {
		t.Errorf("ids do not sort by arrival: %v", got)
	}
	for i, l := range got {
		if i > 0 && l.At.Before(got[i-1].At) {
			t.Errorf("letter %d arrived %v before the one before it", i, got[i-1].At.Sub(l.At))
		}
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func listedInPages(t *testing.T, h Harness) {
	p := h.Join(t)
	reject(t, p, 5)
	after, got := "", []string{}
	for {
		page, err := p.DeadLetters.List(patient(t), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > 2 {
			t.Fatalf("%d letters on a page of 2", len(page))
		}
		if len(page) == 0 {
			break
		}
		got = append(got, bodies(page)...)
		after = page[len(page)-1].ID
	}
	if want := []string{"m0", "m1", "m2", "m3", "m4"}; !slices.Equal(got, want) {
		t.Errorf("pages %v, want %v", got, want)
	}
}

func getGivesOne(t *testing.T, h Harness) {
	p := h.Join(t)
	all := reject(t, p, 2)
	got, err := h.Join(t).DeadLetters.Get(patient(t), all[1].ID)
	if err != nil || string(got.Body) != "m1" || got.Reason != "no use" || got.ID != all[1].ID ||
		!got.At.Equal(all[1].At) {
		t.Errorf("get: %+v, %v; listed as %+v", got, err, all[1])
	}
}

func removeForgetsOne(t *testing.T, h Harness) {
	p := h.Join(t)
	all := reject(t, p, 3)
	if err := p.DeadLetters.Remove(patient(t), all[1].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := p.DeadLetters.Get(patient(t), all[1].ID); !errors.Is(err, events.ErrNoDeadLetter) {
		t.Errorf("get of a removed letter: %v", err)
	}
	if err := p.DeadLetters.Remove(patient(t), all[1].ID); !errors.Is(err, events.ErrNoDeadLetter) {
		t.Errorf("second removal: %v", err)
	}
	left, err := h.Join(t).DeadLetters.List(patient(t), "", 10)
	if want := []string{"m0", "m2"}; err != nil || !slices.Equal(bodies(left), want) {
		t.Errorf("left %v (%v), want %v", bodies(left), err, want)
	}
}

func unknownIsToldSo(t *testing.T, h Harness) {
	p := h.Join(t)
	reject(t, p, 1)
	for _, id := range []string{"", "0", "nonsense", "99999999999999999999999", "-1", "00000000000000000999"} {
		if _, err := p.DeadLetters.Get(patient(t), id); !errors.Is(err, events.ErrNoDeadLetter) {
			t.Errorf("get %q: %v", id, err)
		}
		if err := p.DeadLetters.Remove(patient(t), id); !errors.Is(err, events.ErrNoDeadLetter) {
			t.Errorf("remove %q: %v", id, err)
		}
	}
}

// requeue publishes a letter anew, and its deliveries are counted anew. A consumer that ended a moment ago may have
// cost the message a delivery, so the count is compared with one that is far beyond.
func requeue(t *testing.T, h Harness) {
	const before = 8
	p := h.Join(t)
	publish(t, p, command("m0"))
	stop := consume(t, p, network, func(_ context.Context, d events.Delivery) events.Verdict {
		if d.Attempt < before {
			return events.Again
		}
		return events.Reject("no use")
	})
	l := letters(t, p, 1)[0]
	stop()
	publish(t, p, events.Message{Subject: l.Subject, Header: l.Header, Body: l.Body})
	if err := p.DeadLetters.Remove(patient(t), l.ID); err != nil {
		t.Fatal(err)
	}
	handle, got := collector(events.Ack)
	consume(t, p, network, handle)
	if d := receive(t, got, "the requeued message"); string(d.Body) != "m0" || d.Attempt >= before {
		t.Errorf("got %q at attempt %d", d.Body, d.Attempt)
	}
	if left, err := p.DeadLetters.List(patient(t), "", 10); err != nil || len(left) != 0 {
		t.Errorf("left %v (%v)", left, err)
	}
}

func deadLetterCallsEnd(t *testing.T, h Harness) {
	p := h.Join(t)
	l := reject(t, p, 1)[0]
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.DeadLetters.List(ctx, "", 1); !isContextError(err) {
		t.Errorf("list: %v", err)
	}
	if _, err := p.DeadLetters.Get(ctx, l.ID); !isContextError(err) {
		t.Errorf("get: %v", err)
	}
	if err := p.DeadLetters.Remove(ctx, l.ID); !isContextError(err) {
		t.Errorf("remove: %v", err)
	}
}

func arrivalAfterRemovals(t *testing.T, h Harness) {
	p := h.Join(t)
	first := reject(t, p, 1)[0]
	if err := p.DeadLetters.Remove(patient(t), first.ID); err != nil {
		t.Fatal(err)
	}
	second := reject(t, p, 1)[0]
	if second.ID <= first.ID {
		t.Errorf("id %q after %q", second.ID, first.ID)
	}
	if got, err := p.DeadLetters.List(patient(t), first.ID, 10); err != nil || len(got) != 1 {
		t.Errorf("list after a removed letter: %v, %v", got, err)
	}
}

func listDoesNotConsume(t *testing.T, h Harness) {
	p := h.Join(t)
	reject(t, p, 2)
	for range 3 {
		if got, err := p.DeadLetters.List(patient(t), "", 10); err != nil || len(got) != 2 {
			t.Fatalf("list: %d letters, %v", len(got), err)
		}
	}
}
