package network

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// mapNames lets host names answer with the endpoint's address inside the network: one private zone a host name, the
// record at its apex, so that no other name is hidden.
type mapNames struct{ Drivers }

const (
	partNames = "names"
	// noteZone begins the notes of zones that the step may have made; noteCleared is when no record was left.
	noteZone    = "zone:"
	noteCleared = "cleared"
)

// Do puts every zone, and takes away those of host names that are not asked for any more.
func (s mapNames) Do(ctx context.Context, run workers.Run, in MapNamesIn, _ *MapNamesOut) (MapNamesOut, error) {
	if err := s.droppable(ctx, run, in); err != nil { // first: it reads claims, and the next ones share its reads
		return MapNamesOut{}, err
	}
	have := make([]Zone, len(in.Hostnames)) // before anything is changed
	for i, host := range in.Hostnames {
		var err error
		if have[i], err = s.mappable(ctx, run, in, host); err != nil {
			return MapNamesOut{}, err
		}
	}
	t, err := s.ownership(run, "", partNames).Begin(ctx, run)
	if err != nil {
		return MapNamesOut{}, err
	}
	if err := t.Note(ctx, run, noteCleared, ""); err != nil {
		return MapNamesOut{}, err
	}
	for _, zone := range have {
		if err := s.put(ctx, run, in, t, zone); err != nil {
			return MapNamesOut{}, err
		}
	}
	for _, zone := range zonesOf(t) {
		if !slices.Contains(in.zones(), zone) {
			if err := s.drop(ctx, run, in, zone); err != nil {
				return MapNamesOut{}, err
			}
			if err := t.Note(ctx, run, noteZone+zone, ""); err != nil {
				return MapNamesOut{}, err
			}
		}
	}
	out, _, err := s.read(ctx, run, in)
	return out, err
}

// mappable refuses a name that cannot be mapped without harm: one that others' services live below, one that somebody
// else's zone or response policy answers already. It gives the zone of the host name as it is, without a name when
// there is none.
func (s mapNames) mappable(ctx context.Context, run workers.Run, in MapNamesIn, host string) (Zone, error) {
	if hidesOthers(host) {
		return Zone{}, workers.Refuse("hides-others", "a zone %s would hide every other service's name in %s", host,
			in.Network)
	}
	answering, err := s.Names.Answering(ctx, in.Project, in.Network, host)
	if err != nil {
		return Zone{}, err
	}
	if z, found := inTheWay(run.Connection, answering, host); found {
		return Zone{}, workers.Refuse("foreign", "%s is answered by %s (%s), which Culvert does not own", host, z.Name,
			z.Owner)
	}
	z, err := s.Names.Get(ctx, in.Project, in.zone(host))
	if errors.Is(err, workers.ErrNotFound) {
		return Zone{Host: host}, nil
	}
	if err == nil && !ours(run.Connection, z.Owner) {
		return z, workers.Refuse("foreign", "zone %s belongs to %q", z.Name, z.Owner)
	}
	return z, err
}

// hidesOthers tells whether services of others live directly below a name: a zone of it would answer for all of them
// (googlecodelabs/feedback#1411). Cloud Run's regional names are <service>-<project number>.<region>.run.app.
func hidesOthers(host string) bool {
	parent, found := strings.CutSuffix(host, "run.app")
	if found && (parent == "" || parent == "a." || strings.Count(parent, ".") == 1 &&
		regional(strings.TrimSuffix(parent, "."))) {
		return true
	}
	return host == "cloudfunctions.net" || host == "googleapis.com"
}

// regional tells whether a label is a region's name ("europe-west3"): words and one final number.
func regional(label string) bool {
	area, place, found := strings.Cut(label, "-")
	word := strings.TrimRight(place, "0123456789")
	return found && word != place && word != "" && !strings.ContainsAny(area+word, "-0123456789")
}

// inTheWay finds what answers a name before or beside a zone of the name's own: a response policy goes first whatever
// its length, a zone of the same length would be a second one.
func inTheWay(k events.Key, answering []Zone, host string) (Zone, bool) {
	for _, z := range answering {
		if (z.Policy || len(z.Host) >= len(host)) && !ours(k, z.Owner) {
			return z, true
		}
	}
	return Zone{}, false
}

func (in MapNamesIn) zone(host string) string {
	return events.Name("zone", in.Project, in.Network, host)
}

func (in MapNamesIn) zones() []string {
	var zones []string
	for _, host := range in.Hostnames {
		zones = append(zones, in.zone(host))
	}
	return zones
}

// zones lists the zones that the step may have made, sorted.
func zonesOf(t workers.Ownership) []string {
	var zones []string
	for key := range t.Record.Note {
		if zone, ok := strings.CutPrefix(key, noteZone); ok {
			zones = append(zones, zone)
		}
	}
	slices.Sort(zones)
	return zones
}

// put makes one zone as wanted. A changed address is one write: the name never stops answering.
func (s mapNames) put(ctx context.Context, run workers.Run, in MapNamesIn, t workers.Ownership, have Zone) error {
	want := Zone{
		Project: in.Project, Name: in.zone(have.Host), Host: have.Host, Networks: []string{in.Network},
		Owner: run.Owner(),
		IP:    in.IP, TTL: in.TTL,
	}
	if err := t.Note(ctx, run, noteZone+want.Name, want.Host); err != nil || have.Name != "" && in.matches(have) {
		return err
	}
	if err := s.Names.Put(ctx, run.RequestID, want); err != nil {
		return err
	}
	have, err := s.Names.Get(ctx, want.Project, want.Name)
	if errors.Is(err, workers.ErrNotFound) || err == nil && !in.matches(have) {
		return workers.Wait("not-yet-visible", 0)
	}
	return err
}

// matches tells whether a zone answers as wanted.
func (in MapNamesIn) matches(z Zone) bool {
	return z.IP == in.IP && z.TTL == in.TTL && slices.Contains(z.Networks, in.Network)
}

// droppable refuses a change that would take away a host name whose zone has records of others.
func (s mapNames) droppable(ctx context.Context, run workers.Run, in MapNamesIn) error {
	t, _, err := s.ownership(run, "", partNames).Look(ctx, run)
	if err != nil {
		return err
	}
	dropped := slices.DeleteFunc(zonesOf(t), func(zone string) bool { return slices.Contains(in.zones(), zone) })
	zones, err := s.standing(ctx, run, in, dropped)
	if err != nil {
		return err
	}
	for _, z := range zones {
		if err := shared(z, in.Network, "apply again"); err != nil {
			return err
		}
	}
	return nil
}

// drop takes away the zone of a host name that is not asked for any more. The endpoint stays, so nobody is cut off by
// an answer that is still cached.
func (s mapNames) drop(ctx context.Context, run workers.Run, in MapNamesIn, zone string) error {
	z, err := s.Names.Get(ctx, in.Project, zone)
	if errors.Is(err, workers.ErrNotFound) || err == nil && !ours(run.Connection, z.Owner) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := shared(z, in.Network, "apply again"); err != nil {
		return err
	}
	if z.IP != "" {
		if err := s.Names.ClearRecord(ctx, run.RequestID, z); err != nil {
			return err
		}
	}
	return s.erase(ctx, run, z, in.Network, "apply again")
}
