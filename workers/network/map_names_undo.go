package network

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/culvertnet/culvert/workers"
)

// ttl is how long resolvers may go on answering, in the world's pace.
func (s mapNames) ttl(in MapNamesIn) time.Duration {
	return time.Duration(float64(in.TTL) * float64(time.Second) / s.Pace)
}

// Undo takes the zones out of the network's sight and the records away, waits until nobody can have them cached, and
// deletes the zones. A zone with records of others cannot go, and the network would not see those any more: it is
// refused before anything is cleared, so that they answer on until somebody has moved them.
func (s mapNames) Undo(ctx context.Context, run workers.Run, in MapNamesIn, _ *MapNamesOut) (workers.Undone, error) {
	t, held, err := s.ownership(run, "", partNames).Look(ctx, run)
	if err != nil {
		return workers.Undone{}, err
	}
	zones, err := s.standing(ctx, run, in, append(zonesOf(t), in.zones()...))
	if err != nil {
		return workers.Undone{}, err
	}
	for _, z := range zones {
		if err := shared(z, in.Network, "continue the stuck saga"); err != nil {
			return workers.Undone{}, err
		}
	}
	for _, z := range zones {
		if z.IP != "" {
			if err := s.Names.ClearRecord(ctx, run.RequestID, z); err != nil {
				return workers.Undone{}, err
			}
		}
	}
	if len(zones) > 0 {
		if err := s.expire(ctx, run, in, t, held); err != nil {
			return workers.Undone{}, err
		}
	}
	if err := s.remove(ctx, run, zones, in.Network); err != nil {
		return workers.Undone{}, err
	}
	return workers.Undone{}, t.End(ctx, run)
}

// standing reads those of some zones that are there and the connection's.
func (s mapNames) standing(ctx context.Context, run workers.Run, in MapNamesIn, names []string) ([]Zone, error) {
	slices.Sort(names)
	var zones []Zone
	for _, name := range slices.Compact(names) {
		z, err := s.Names.Get(ctx, in.Project, name)
		switch {
		case errors.Is(err, workers.ErrNotFound):
		case err != nil:
			return nil, err
		case ours(run.Connection, z.Owner):
			zones = append(zones, z)
		}
	}
	return zones, nil
}

// expire waits one time to live from when the last record was seen to be gone. Without a record of our own to note that
// in, it counts from when the undo was first asked for.
func (s mapNames) expire(ctx context.Context, run workers.Run, in MapNamesIn, t workers.Ownership, held bool) error {
	since, err := time.Parse(time.RFC3339Nano, t.Noted(noteCleared))
	switch {
	case err == nil:
	case held:
		since = run.Now
		if err := t.Note(ctx, run, noteCleared, since.Format(time.RFC3339Nano)); err != nil {
			return err
		}
	default:
		since = run.Since
	}
	if rest := since.Add(s.ttl(in)).Sub(run.Now); rest > 0 {
		return workers.Wait("ttl", rest)
	}
	return nil
}

// shared refuses to take a zone away that has records of others: they would go with it. next is what to do once they
// are gone.
func shared(z Zone, network, next string) error {
	switch {
	case z.Others == 0:
		return nil
	case z.IP == "":
		return workers.Refuse("in-use", "zone %s in %s has %d records of others, and %s does not see it any more: "+
			"move them to another zone, then %s", z.Name, z.Project, z.Others, network, next)
	default:
		return workers.Refuse("in-use", "zone %s in %s has %d records of others, so %s resolves on in %s: "+
			"move them to another zone, then %s", z.Name, z.Project, z.Others, z.Host, network, next)
	}
}

// erase deletes a zone of the connection's, which is read again right before: whoever has put a record into it since
// then keeps it. next is what to do once others' records are gone.
func (s mapNames) erase(ctx context.Context, run workers.Run, z Zone, network, next string) error {
	have, err := s.Names.Get(ctx, z.Project, z.Name)
	switch {
	case errors.Is(err, workers.ErrNotFound):
		return nil
	case err != nil:
		return err
	case !ours(run.Connection, have.Owner):
		return workers.Refuse("foreign", "zone %s belongs to %q", have.Name, have.Owner)
	}
	if err := shared(have, network, next); err != nil {
		return err
	}
	return s.Names.Delete(ctx, run.RequestID, z.Project, z.Name)
}

// remove deletes the zones.
func (s mapNames) remove(ctx context.Context, run workers.Run, zones []Zone, network string) error {
	for _, z := range zones {
		if err := s.erase(ctx, run, z, network, "continue the stuck saga"); err != nil {
			return err
		}
		_, err := s.Names.Get(ctx, z.Project, z.Name)
		if err == nil {
			return workers.Wait("removing", 0)
		}
		if !errors.Is(err, workers.ErrNotFound) {
			return err
		}
	}
	return nil
}
