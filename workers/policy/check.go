package policy

import (
	"context"
	"errors"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// check reads whether the filter can work where it is asked, before anything has an effect. A withdrawal has nothing to
// check here: a filter goes after what it filters, and asks nothing of others.
type check struct{ Drivers }

// Checks tells a check before the first effect, which shares what it reads with the others.
func (check) Checks(in CheckIn) bool { return !in.Withdrawing }

// Do asks the driver. A tag of the connection's own is no neighbour of the filter to be: where it keeps its place, a
// change of its default changes it. (Where the filter is replaced, both would be on the gateway at a time, and the new
// one is refused when it is made.)
func (c check) Do(ctx context.Context, run workers.Run, in CheckIn, _ *CheckOut) (CheckOut, error) {
	if in.Withdrawing {
		return CheckOut{}, nil
	}
	driver, err := c.driver(in.Via)
	if err != nil {
		return CheckOut{}, err
	}
	want := Filter{
		Via: in.Via, Network: in.Network, Controller: in.Controller, Gateway: in.Gateway, GatewayWide: in.GatewayWide,
		Default: in.Default, Rules: in.Rules, KeepOpen: !in.Direct,
	}
	if in.Via == ViaAviatrixFQDN {
		if want.Own, err = c.tags(ctx, run); err != nil {
			return CheckOut{}, workers.Reading(err)
		}
	}
	place, err := driver.Filters.Check(ctx, want)
	if errors.Is(err, workers.ErrNotFound) {
		return CheckOut{}, workers.Refuse("no-place", "filter via %s: %w", in.Via, err)
	}
	if err != nil {
		return CheckOut{}, workers.Reading(err)
	}
	if place.Tagged && in.Direct && len(in.Tags) == 0 {
		return CheckOut{}, workers.Refuse("no-tag",
			"the gateway %s is reached by a tagged route, and the service's direct interface has no tag", in.Gateway)
	}
	out := CheckOut{NextHopIP: place.NextHopIP, Tagged: place.Tagged, Policy: place.Policy}
	if in.Via == ViaGCPFirewall {
		first, err := c.numbers(place.Policy).Next(ctx, run, blockSize, place.taken())
		if err != nil {
			return out, err
		}
		out.Priorities = block(first)
	}
	return out, nil
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
