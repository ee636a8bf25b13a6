package wiring

import (
	"context"
	"errors"
	"testing"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

func TestTheCursorOnlyMovesForward(t *testing.T) {
	claims := memory.NewClaims()
	c := Cursor{Claims: claims}
	at := func(want saga.Position) {
		t.Helper()
		if got, err := c.Load(t.Context()); err != nil || got != want {
			t.Errorf("position %d, want %d: %v", got, want, err)
		}
	}
	at(0)
	for _, step := range []struct{ save, then saga.Position }{{7, 7}, {5, 7}, {7, 7}, {9, 9}} {
		if err := c.Save(t.Context(), step.save); err != nil {
			t.Fatal(err)
		}
		at(step.then)
	}
	r, err := claims.Load(t.Context(), cursorResource)
	if err != nil {
		t.Fatal(err)
	}
	r.Note = map[string]string{cursorNote: "far"}
	if err := claims.Store(t.Context(), cursorResource, r); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Load(t.Context()); err == nil {
		t.Error("a position that is no number is taken")
	}
	if err := (Cursor{Claims: racing{claims}}).Save(t.Context(), 11); err != nil {
		t.Errorf("another process saved first: %v; ours comes with the next", err)
	}
	if err := (Cursor{Claims: broken{claims}}).Save(t.Context(), 11); err == nil {
		t.Error("a store that fails is not told")
	}
}

type racing struct{ *memory.Claims }

// Store always comes too late.
func (racing) Store(context.Context, string, workers.Record) error { return workers.ErrClaimConflict }

type broken struct{ *memory.Claims }

// Store always fails.
func (broken) Store(context.Context, string, workers.Record) error { return errors.New("disk full") }
