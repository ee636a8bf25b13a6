package wiring

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// Cursor keeps how far status events have been published, in a claims record of its own: it is small, synced and shared
// by every orchestrator.
type Cursor struct{ Claims workers.Claims }

const cursorNote = "position"

var cursorResource = workers.FamilyCursor.Resource("status")

// Load gives the saved position, zero at first.
func (c Cursor) Load(ctx context.Context) (saga.Position, error) {
	r, err := c.Claims.Load(ctx, cursorResource)
	if err != nil || r.Note[cursorNote] == "" {
		return 0, err
	}
	n, err := strconv.ParseUint(r.Note[cursorNote], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", cursorResource, err)
	}
	return saga.Position(n), nil
}

// Save moves the position forward; another process that is further keeps its place.
func (c Cursor) Save(ctx context.Context, p saga.Position) error {
	r, err := c.Claims.Load(ctx, cursorResource)
	if err != nil {
		return err
	}
	if old, err := strconv.ParseUint(r.Note[cursorNote], 10, 64); err == nil && saga.Position(old) >= p {
		return nil
	}
	r.Note = map[string]string{cursorNote: strconv.FormatUint(uint64(p), 10)}
	if err := c.Claims.Store(ctx, cursorResource, r); !errors.Is(err, workers.ErrClaimConflict) {
		return err
	}
	return nil // another orchestrator saved meanwhile; ours comes with the next
}
