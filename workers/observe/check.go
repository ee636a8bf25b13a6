package observe

import (
	"context"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// check reads the world afresh and asks the model. It has no effects, so that a plan may have it before the first
// effect, right before one that could harm, and after the last as the proof.
type check struct{ Drivers }

// Do reads, judges and decides.
func (c check) Do(ctx context.Context, _ workers.Run, in ReachIn, _ *ReachOut) (ReachOut, error) {
	return c.judge(ctx, in)
}

func (d Drivers) judge(ctx context.Context, in ReachIn) (ReachOut, error) {
	w, err := d.World(ctx, in)
	if err != nil {
		return ReachOut{}, err
	}
	j, err := reach.Judge(w, in.Effects, in.Asks, in.Own...)
	if err != nil {
		return ReachOut{}, workers.Refuse("invalid", "judge the plan: %w", err)
	}
	out, err := decide(in, j)
	out.Sources = w.Sources()
	return out, err
}

// Look answers what was found: a check leaves nothing in the world. One that has no answer yet is absent, so that it is
// made again.
func (c check) Look(_ context.Context, _ workers.Run, _ ReachIn, prior *ReachOut) (workers.Seen[ReachOut], error) {
	if prior == nil {
		return workers.Seen[ReachOut]{Presence: events.Absent}, nil
	}
	return workers.Seen[ReachOut]{Presence: events.Present, Out: *prior}, nil
}

// Undo has nothing to take away.
func (c check) Undo(context.Context, workers.Run, ReachIn, *ReachOut) (workers.Undone, error) {
	return workers.Undone{}, nil
}
