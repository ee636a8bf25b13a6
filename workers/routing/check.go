package routing

import (
	"context"
	"errors"
	"slices"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// check reads whether every target can carry an announcement, before anything has an effect. A withdrawal has nothing to
// check here: taking a prefix out of a list asks nothing of the rest of it.
type check struct{ Drivers }

// Do asks every target's driver.
func (c check) Do(ctx context.Context, _ workers.Run, in CheckIn, _ *CheckOut) (CheckOut, error) {
	out := CheckOut{Known: []string{}}
	if in.Withdrawing {
		return out, nil
	}
	for _, t := range in.Targets {
		driver, err := c.driver(t)
		if err != nil {
			return out, err
		}
		known, err := driver.Check(ctx, t)
		if errors.Is(err, workers.ErrNotFound) {
			return out, workers.Refuse("no-target", "%s: %w", t.ID(), err)
		}
		if err != nil {
			return out, workers.Reading(err)
		}
		out.Known = append(out.Known, known...)
	}
	slices.Sort(out.Known)
	out.Known = slices.Compact(out.Known)
	return out, nil
}

// Look answers what was checked: a check leaves nothing in the world. One that has no answer yet is absent, so that it is
// made again.
func (c check) Look(_ context.Context, _ workers.Run, _ CheckIn, prior *CheckOut) (workers.Seen[CheckOut], error) {
	if prior == nil {
		return workers.Seen[CheckOut]{Presence: events.Absent}, nil
	}
	return workers.Seen[CheckOut]{Presence: events.Present, Out: *prior}, nil
}

// Undo has nothing to take away.
func (c check) Undo(context.Context, workers.Run, CheckIn, *CheckOut) (workers.Undone, error) {
	return workers.Undone{}, nil
}
