package network

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// Look compares every zone and reads which zone answers by longest match.
func (s mapNames) Look(
	ctx context.Context, run workers.Run, in MapNamesIn, _ *MapNamesOut,
) (workers.Seen[MapNamesOut], error) {
	var seen workers.Seen[MapNamesOut]
	t, held, err := s.ownership(run, "", partNames).Look(ctx, run)
	if err != nil {
		return seen, err
	}
	var tally tally
	if seen.Out, tally, err = s.read(ctx, run, in); err != nil {
		return seen, err
	}
	for _, zone := range zonesOf(t) { // of host names that are not asked for any more
		z, err := s.Names.Get(ctx, in.Project, zone)
		if err != nil && !errors.Is(err, workers.ErrNotFound) {
			return seen, err
		}
		if _, wanted := seen.Out.find(zone); err == nil && !wanted && ours(run.Connection, z.Owner) {
			tally.add(&tally.differ, "zone %s is left over", zone)
		}
	}
	seen.Presence, seen.Detail = tally.presence(held, len(in.Hostnames))
	return seen, nil
}

// A tally counts zones by how they compare; detail has the first remark.
type tally struct {
	fit, differ, foreign int
	detail               string
	// gone is the first zone that is not there.
	gone string
}

func (c *tally) add(count *int, format string, args ...any) {
	*count++
	if c.detail == "" {
		c.detail = fmt.Sprintf(format, args...)
	}
}

// presence folds the tally. Names that are claimed are never called absent, because an Undo has to drop the claim.
func (c tally) presence(held bool, want int) (events.Presence, string) {
	switch {
	case held && c.fit == want && c.differ == 0:
		return events.Present, ""
	case held && c.detail == "": // zones of ours that are gone, or have others' records only
		return events.Different, c.gone + " is claimed, but not there"
	case held, c.differ > 0:
		return events.Different, c.detail
	case c.fit > 0:
		return events.Different, "there, but not claimed"
	case c.foreign > 0:
		return events.Foreign, c.detail
	default:
		return events.Absent, ""
	}
}

// read reads each host name's zone and what answers the name.
func (s mapNames) read(ctx context.Context, run workers.Run, in MapNamesIn) (MapNamesOut, tally, error) {
	out, count := MapNamesOut{Zones: []MappedName{}}, tally{}
	for _, host := range in.Hostnames {
		m := MappedName{Host: host, Zone: in.zone(host)}
		answering, err := s.Names.Answering(ctx, in.Project, in.Network, host)
		if err != nil {
			return out, count, err
		}
		if len(answering) > 0 {
			m.Answers = answering[0].Name
		}
		z, err := s.Names.Get(ctx, in.Project, m.Zone)
		switch {
		case errors.Is(err, workers.ErrNotFound):
			count.gone = cmp.Or(count.gone, "zone "+m.Zone)
		case err != nil:
			return out, count, err
		case !ours(run.Connection, z.Owner):
			count.add(&count.foreign, "zone %s belongs to %q", z.Name, z.Owner)
		case z.IP == "" && z.Others > 0: // ours once, others' now: nothing of ours is in it
		case !in.matches(z):
			m.IP = z.IP
			count.add(&count.differ, "zone %s answers %s with %q, not %s", z.Name, host, z.IP, in.IP)
		case m.Answers != m.Zone:
			m.IP = z.IP
			count.add(&count.differ, "%s is answered by %s before %s", host, m.Answers, m.Zone)
		default:
			m.IP = z.IP
			count.fit++
		}
		out.Zones = append(out.Zones, m)
	}
	return out, count, nil
}

// find finds a zone in the output.
func (o MapNamesOut) find(zone string) (MappedName, bool) {
	for _, m := range o.Zones {
		if m.Zone == zone {
			return m, true
		}
	}
	return MappedName{}, false
}
