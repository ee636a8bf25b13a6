package routing

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// check reads whether every target can carry an announcement, before anything has an effect. A withdrawal has nothing
// to check here: taking a prefix out of a list asks nothing of the rest of it.
type check struct{ Drivers }

// Checks tells a check before the first effect, which shares what it reads with the others.
func (check) Checks(in CheckIn) bool { return !in.Withdrawing }

// Do asks every target's driver.
func (c check) Do(ctx context.Context, run workers.Run, in CheckIn, _ *CheckOut) (CheckOut, error) {
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
		if isFull(err) {
			stands, claimed := c.stands(ctx, run, in, t)
			if claimed != nil {
				return out, claimed
			}
			if stands {
				err = nil
			}
		}
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

func isFull(err error) bool {
	var f *workers.Failure
	return errors.As(err, &f) && f.Class == events.Refuse && f.Reason == events.ReasonFull
}

// stands tells whether the connection has its place in a target's list already: by a hold of its own, or by the shared
// thing that it holds, or is going to hold. A list that is full refuses who comes, not who is there.
func (c check) stands(ctx context.Context, run workers.Run, in CheckIn, t Target) (bool, error) {
	list, err := c.Claims.Load(ctx, t.ListResource())
	if err != nil {
		return false, workers.Retry("claims", 0, err)
	}
	if list.HeldBy(run.Connection) {
		return true, nil
	}
	page, err := c.Claims.Find(ctx, workers.ClaimQuery{Connection: run.Connection})
	if err != nil {
		return false, workers.Retry("claims", 0, err)
	}
	if in.Shared != "" {
		r, err := c.Claims.Load(ctx, in.Shared)
		if err != nil {
			return false, workers.Retry("claims", 0, err)
		}
		page.Items = append(page.Items, workers.Claimed{Resource: in.Shared, Record: r})
	}
	for _, shared := range page.Items {
		if slices.ContainsFunc(shared.Record.Holds, func(h workers.Hold) bool {
			return h.Live() && strings.HasPrefix(h.Value, partOf(t))
		}) {
			return true, nil
		}
	}
	return false, nil
}

// Look answers what was checked: a check leaves nothing in the world. One that has no answer yet is absent, so that it
// is made again.
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
