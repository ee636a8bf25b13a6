package workers_test

import (
	"testing"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

func lasts(t *testing.T, of workers.Ownership, run workers.Run, want bool) workers.Ownership {
	t.Helper()
	of, got, err := of.Look(t.Context(), run)
	if err != nil || got != want {
		t.Fatalf("ownership lasts: %t (%v), want %t", got, err, want)
	}
	return of
}

func TestWhatIsOwnedAloneNeverLingers(t *testing.T) {
	claims := memory.NewClaims()
	run := runOf("a", 1, start)
	own := workers.OwnedAlone(claims, times, run, part)
	lasts(t, own, run, false)
	begun, err := own.Begin(t.Context(), run)
	wantClass(t, err, events.Done, "")
	wantClass(t, begun.Note(t.Context(), run, "saw", "off"), events.Done, "")
	if begun.Noted("saw") != "" {
		t.Error("a note changed the record that was read before it")
	}
	if got := lasts(t, own, run, true).Noted("saw"); got != "off" {
		t.Errorf("noted %q, want off", got)
	}
	if _, other, err := workers.OwnedAlone(claims, times, runOf("b", 1, start), part).Look(t.Context(),
		runOf("b", 1, start)); other || err != nil {
		t.Errorf("another connection's ownership lasts: %t (%v)", other, err)
	}

	// In a expedite too: nobody else can take it away later.
	undo := runOf("a", 2, start)
	undo.Expedite = true
	remove, err := own.Leave(t.Context(), undo)
	if !remove || err != nil {
		t.Fatalf("leave answers %t (%v), want the removal at once", remove, err)
	}
	lasts(t, own, undo, true) // cut off here, it has not ended
	wantClass(t, own.End(t.Context(), undo), events.Done, "")
	if got := lasts(t, own, undo, false).Noted("saw"); got != "" {
		t.Errorf("the end left the note %q", got)
	}
	wantClass(t, own.End(t.Context(), undo), events.Done, "")
}

func TestASharedObjectIsOwnedByItsRecord(t *testing.T) {
	shared := workers.Ownership{Counted: newCounted(), Part: part, Shared: true}
	a, b := runOf("a", 1, start), runOf("b", 1, start)
	for _, run := range []workers.Run{a, b} {
		_, err := shared.Begin(t.Context(), run)
		wantClass(t, err, events.Done, "")
	}
	remove, err := shared.Leave(t.Context(), runOf("a", 2, start))
	if remove || err != nil {
		t.Fatalf("the first of two takes the thing away: %t (%v)", remove, err)
	}
	left := lasts(t, shared, a, false)
	lasts(t, shared, b, true)
	if !left.HeldBy(workers.Hold.Live) {
		t.Error("the record tells of no other holder")
	}
	_, err = shared.Leave(t.Context(), runOf("b", 2, start))
	wantClass(t, err, events.Wait, "linger")
}
