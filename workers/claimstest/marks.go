package claimstest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/culvertnet/culvert/workers"
)

var markCases = map[string]func(*testing.T, MarksHarness){
	"FirstIsTold":              firstIsTold,
	"SecondIsNotTheFirst":      secondIsNotTheFirst,
	"CommandsAreApart":         commandsAreApart,
	"OneFirstUnderConcurrency": oneFirst,
	"SeenByOtherProcesses":     seenByOthers,
	"EndsWithItsContext":       marksContextEnd,
}

func take(t *testing.T, m workers.Marks, command, worker string) bool {
	t.Helper()
	first, err := m.Take(patient(t), command, worker)
	if err != nil {
		t.Fatalf("take %s: %v", command, err)
	}
	return first
}

func firstIsTold(t *testing.T, h MarksHarness) {
	if !take(t, h.Open(t), "default_orders/announce/1/1", "w1") {
		t.Error("the first was told it is not")
	}
}

func secondIsNotTheFirst(t *testing.T, h MarksHarness) {
	m := h.Open(t)
	take(t, m, "default_orders/announce/1/1", "w1")
	for _, worker := range []string{"w1", "w2"} {
		if take(t, m, "default_orders/announce/1/1", worker) {
			t.Errorf("%s was told it is the first", worker)
		}
	}
}

func commandsAreApart(t *testing.T, h MarksHarness) {
	m := h.Open(t)
	for _, command := range []string{
		"default_orders/announce/1/1", "default_orders/announce/1/2", "default_orders/announce/2/1",
		"default_orders/announce/11/1",
		"default_orders/announce-1/1/1", "default_orders", "default_orders/", "a.b", "a/b", "*", ">", "a b",
		strings.Repeat("x/", 200),
	} {
		if !take(t, m, command, "w1") {
			t.Errorf("%q was taken before", command)
		}
	}
}

func oneFirst(t *testing.T, h MarksHarness) {
	handles := []workers.Marks{h.Open(t), h.Open(t)}
	for round := range 20 {
		var firsts atomic.Int32
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				if take(t, handles[w%2], fmt.Sprintf("default_orders/s/1/%d", round), fmt.Sprintf("w%d", w)) {
					firsts.Add(1)
				}
			})
		}
		wg.Wait()
		if n := firsts.Load(); n != 1 {
			t.Errorf("round %d had %d firsts", round, n)
		}
	}
}

func seenByOthers(t *testing.T, h MarksHarness) {
	take(t, h.Open(t), "default_orders/announce/1/1", "w1")
	if take(t, h.Open(t), "default_orders/announce/1/1", "w2") {
		t.Error("another process's mark was not seen")
	}
}

func marksContextEnd(t *testing.T, h MarksHarness) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if first, err := h.Open(t).Take(ctx, "default_orders/announce/1/1", "w1"); !isContextError(err) || first {
		t.Errorf("take with an ended context: %v, %v", first, err)
	}
}
