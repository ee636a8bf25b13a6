package network

import (
	"context"
	"strconv"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// SharedResource is the claim resource of the endpoint that all connections of a network and bundle share.
func SharedResource(project, network, bundle string) string {
	return workers.FamilyCounted.Resource("psc", project, network, bundle)
}

// object gives a part of the shared object with this record, or of the run's own when shared is empty.
func (d Drivers) ownership(run workers.Run, shared, part string) workers.Ownership {
	if shared == "" {
		return workers.OwnedAlone(d.Claims, d.Times, run, part)
	}
	return workers.Ownership{
		Counted: workers.Counted{Claims: d.Claims, Times: d.Times, Resource: shared}, Part: part, Shared: true,
	}
}

// leave begins an Undo and tells whether the object is to be taken away. Where it is not, undone says what is left.
func leave(ctx context.Context, run workers.Run, t workers.Ownership) (remove bool, undone workers.Undone, err error) {
	remove, err = t.Leave(ctx, run)
	if err != nil || remove || !run.Expedite {
		return remove, undone, err
	}
	t, _, err = t.Look(ctx, run)
	if err == nil && !t.HeldBy(workers.Hold.Live) && t.Noted("ip") != "" {
		undone.Retained = "shared " + t.Part + " at " + t.Noted("ip") + " stays: another intent waits"
	}
	return false, undone, err
}

// object is the name of the part's object and the text that proves whose it is.
func object(run workers.Run, t workers.Ownership, prefix string) (name, owner string) {
	if !t.Shared {
		return run.Name, run.Owner()
	}
	generation := strconv.FormatUint(t.Record.Generation, 10)
	return events.Name(prefix, t.Counted.Resource, generation), workers.Owner("shared/" + generation)
}

// ours tells whether an object's owner text is one of the connection's, whatever the step and generation.
func ours(k events.Key, owner string) bool {
	return workers.OwnedBy(k, owner)
}
