package blast

import (
	"context"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/observe"
)

// trusted is a question about reach to which the answer is always that all is well.
type trusted struct{}

// trusting are the steps of the capability that observes, without the model.
func trusting() []workers.Handler {
	vendor := func(observe.ReachIn) string { return "" }
	return []workers.Handler{workers.Handle(observe.KindCheck, vendor, trusted{}),
		workers.Handle(observe.KindProveReach, vendor, trusted{})}
}

// Do answers.
func (trusted) Do(context.Context, workers.Run, observe.ReachIn, *observe.ReachOut) (observe.ReachOut, error) {
	return observe.ReachOut{}, nil
}

// Look finds what was answered.
func (trusted) Look(
	_ context.Context, _ workers.Run, _ observe.ReachIn, prior *observe.ReachOut,
) (workers.Seen[observe.ReachOut], error) {
	if prior == nil {
		return workers.Seen[observe.ReachOut]{Presence: events.Absent}, nil
	}
	return workers.Seen[observe.ReachOut]{Presence: events.Present, Out: *prior}, nil
}

// Undo has nothing to take away.
func (trusted) Undo(context.Context, workers.Run, observe.ReachIn, *observe.ReachOut) (workers.Undone, error) {
	return workers.Undone{}, nil
}
