package routing

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// announce makes a target announce a prefix, as one entry of a list that many share. It is done when every peer that
// should learn the prefix has.
type announce struct{ Drivers }

// An entry is one announcement of one run: its list, and for a shared endpoint the counted part that it is.
type entry struct {
	driver  Announcements
	list    workers.List
	target  Target
	value   string
	counted *workers.Counted
	part    string
}

func (a announce) entry(run workers.Run, in AnnounceIn) (entry, error) {
	list, driver, err := a.list(in.Target, run)
	if err != nil {
		return entry{}, err
	}
	e := entry{driver: driver, list: list, target: in.Target, value: in.Target.entry(in.Prefix)}
	if in.Shared != "" {
		e.counted = &workers.Counted{Claims: a.Claims, Times: a.Times, Resource: in.Shared}
		e.part = partOf(in.Target) + in.Prefix
	}
	return e, nil
}

// partOf begins the names of the parts of a shared thing that are announcements by one target.
func partOf(t Target) string { return "announce:" + t.ID() + ":" }

// Do puts the entry. A prefix inside a subnet that the target announces by itself needs none.
func (a announce) Do(ctx context.Context, run workers.Run, in AnnounceIn, _ *AnnounceOut) (AnnounceOut, error) {
	e, err := a.entry(run, in)
	if err != nil {
		return AnnounceOut{}, err
	}
	got, err := e.driver.Read(ctx, in.Target)
	if errors.Is(err, workers.ErrNotFound) {
		return AnnounceOut{}, workers.Refuse("no-target", "%s: %w", in.Target.ID(), err)
	}
	if err != nil {
		return AnnounceOut{}, workers.Reading(err)
	}
	if by, covered := got.covers(in.SubnetCIDR); covered {
		if _, err := a.reliance(e.covering(in)).Hold(ctx, run, by); err != nil {
			return AnnounceOut{}, err
		}
		if err := e.list.Drop(ctx, run); err != nil {
			return AnnounceOut{}, err
		}
		return e.seen(ctx, AnnounceOut{Prefix: in.Prefix, Covered: true}, by, a.Times)
	}
	other, moves := got.elsewhere(e.value)
	if moves {
		if err := e.mayMove(ctx, run, other); err != nil {
			return AnnounceOut{}, err
		}
	}
	holder := run
	if e.counted != nil {
		record, err := e.counted.Join(ctx, run, e.part)
		if err != nil {
			return AnnounceOut{}, err
		}
		holder = e.counted.Shared(run, record, e.part)
	}
	if err := e.put(ctx, holder); err != nil {
		return AnnounceOut{}, err
	}
	if moves { // whoever came meanwhile relies on the old next hop
		if err := e.mayMove(ctx, run, e.value); err != nil {
			return AnnounceOut{}, err
		}
	}
	return e.seen(ctx, AnnounceOut{Prefix: in.Prefix, Entry: e.value}, in.Prefix, a.Times)
}

// covering names what a run relies on that needs no entry of its own.
func (e entry) covering(in AnnounceIn) string { return "subnet/" + e.target.ID() + "/" + in.SubnetCIDR }

// put makes the entry be in force, and the list complete.
func (e entry) put(ctx context.Context, holder workers.Run) error {
	if err := e.list.Put(ctx, holder, e.value); err != nil {
		return err
	}
	port := e.list.Port.(*announced)
	if port.last == nil {
		return workers.Retry("no-target", 0, fmt.Errorf("%s: it went away meanwhile", e.target.ID()))
	}
	lost, err := port.lost(ctx, *port.last)
	if err != nil || len(lost) == 0 {
		return err
	}
	return e.list.Renew(ctx, holder)
}

// seen completes the output with who has learned the prefix, and waits until all have.
func (e entry) seen(ctx context.Context, out AnnounceOut, prefix string, t workers.ClaimTimes) (AnnounceOut, error) {
	var err error
	if out.Sight, err = e.driver.Sight(ctx, e.target, prefix); err != nil {
		return out, workers.Reading(err)
	}
	if missing := out.Sight.missing(); len(missing) > 0 {
		return out, &workers.Failure{Class: events.Wait, Reason: "not-learned", After: t.Lease / 8,
			Err: errors.New(out.Sight.lacks(missing))}
	}
	if len(out.Sight.Stranded) > 0 {
		return out, workers.Wait("no-way-back", t.Lease/8)
	}
	return out, nil
}

func (s Sight) missing() []string {
	return slices.DeleteFunc(slices.Clone(s.Peers), func(p string) bool { return slices.Contains(s.Seen, p) })
}

// lacks says which peers have not learned a prefix, and of those without a session why.
func (s Sight) lacks(missing []string) string {
	var parts []string
	for _, peer := range missing {
		i := slices.IndexFunc(s.Down, func(d Absence) bool { return d.Peer == peer })
		if i < 0 {
			parts = append(parts, peer+" has given no sign of it yet")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s has no session since %s: %s", peer,
			s.Down[i].Since.UTC().Format(time.RFC3339), s.Down[i].Reason))
	}
	return strings.Join(parts, "; ")
}

// allSubnets is the group by which a Cloud Router announces every subnet of its network.
const allSubnets = "ALL_SUBNETS"

// covers tells whether a subnet is announced without an entry of ours, and by which prefix.
func (a Announced) covers(subnet string) (by string, covered bool) {
	s, err := netip.ParsePrefix(subnet)
	if err != nil {
		return "", false
	}
	if slices.Contains(a.Defaults, allSubnets) {
		return subnet, true
	}
	for _, e := range a.announces() {
		bare, _, _ := strings.Cut(e, "@")
		if p, err := netip.ParsePrefix(bare); err == nil && p.Bits() <= s.Bits() && p.Contains(s.Addr()) {
			return bare, true
		}
	}
	return "", false
}

// elsewhere finds an entry that announces the same prefix to another next hop: a speaker has one path a prefix.
func (a Announced) elsewhere(value string) (string, bool) {
	prefix, _, hops := strings.Cut(value, "@")
	i := slices.IndexFunc(
		a.Entries, func(e string) bool { return hops && e != value && strings.HasPrefix(e, prefix+"@") },
	)
	if i < 0 {
		return "", false
	}
	return a.Entries[i], true
}

// mayMove is nil when an entry of the prefix is this run's own and nobody else's, so that another next hop may take its
// place.
func (e entry) mayMove(ctx context.Context, run workers.Run, entry string) error {
	holder := run
	if e.counted != nil {
		record, held, err := e.counted.Held(ctx, run, e.part)
		if err != nil {
			return err
		}
		if others := record.With(run.Connection, e.part); held && len(others) > 0 {
			return workers.Refuse("in-use", "%s announces %s for %s too, and cannot announce %s for one of them alone",
				e.target.ID(), entry, strings.Join(others, ", "), e.value)
		}
		holder = e.counted.Shared(run, record, e.part)
	}
	value, held, err := e.list.Held(ctx, holder)
	if err != nil {
		return err
	}
	if !held || value != entry {
		return workers.Refuse("foreign", "%s announces %s already, and cannot announce %s", e.target.ID(), entry,
			e.value)
	}
	return nil
}

// Look reads the list and who has learned the prefix. What is claimed is never absent, so that an Undo drops the claim;
// what is there without a claim of ours is nothing of ours.
func (a announce) Look(
	ctx context.Context, run workers.Run, in AnnounceIn, _ *AnnounceOut,
) (workers.Seen[AnnounceOut], error) {
	seen := workers.Seen[AnnounceOut]{Out: AnnounceOut{Prefix: in.Prefix}}
	e, err := a.entry(run, in)
	if err != nil {
		return seen, err
	}
	held, settled, err := e.holds(ctx, run)
	if err != nil {
		return seen, err
	}
	relies := false
	if in.SubnetCIDR != "" {
		if _, relies, err = a.reliance(e.covering(in)).Held(ctx, run); err != nil {
			return seen, err
		}
	}
	got, err := e.driver.Read(ctx, in.Target)
	if errors.Is(err, workers.ErrNotFound) {
		seen.Presence, seen.Detail = presence(held || relies, false, settled), in.Target.ID()+" is gone"
		return seen, nil
	}
	if err != nil {
		return seen, err
	}
	by, covered := got.covers(in.SubnetCIDR)
	there := covered && relies
	if seen.Out.Covered = covered && !held; !seen.Out.Covered {
		seen.Out.Entry, by = e.value, in.Prefix
		there = slices.Contains(got.announces(), e.value)
	}
	if seen.Out.Sight, err = e.driver.Sight(ctx, in.Target, by); err != nil {
		return seen, err
	}
	lost, err := e.list.Port.(*announced).lost(ctx, got)
	if err != nil {
		return seen, err
	}
	seen.Presence = presence(held || relies, there, settled)
	switch {
	case seen.Presence == events.Different:
		is := map[bool]string{true: "still announced", false: "not announced"}[there]
		seen.Detail = by + " is claimed, and " + is + " by " + in.Target.ID()
	case seen.Presence == events.Present && held && len(lost) > 0:
		seen.Presence, seen.Detail = events.Different, "the own ranges "+strings.Join(lost, ", ")+" of "+
			in.Target.ID()+" are not announced"
	case seen.Presence == events.Present && len(seen.Out.Sight.Stranded) > 0:
		seen.Presence, seen.Detail = events.Different, "there is no route back to "+strings.Join(
			seen.Out.Sight.Stranded, ", ",
		)+" from "+in.Target.ID()+seen.Out.Sight.absent()
	}
	return seen, nil
}

// presence folds claim and world into a word.
func presence(held, there, settled bool) events.Presence {
	switch {
	case held && there:
		return events.Present
	case held || !settled:
		return events.Different
	default:
		return events.Absent
	}
}

// holds tells whether the run holds the announcement, and whether what it has dropped is out of the world.
func (e entry) holds(ctx context.Context, run workers.Run) (held, settled bool, err error) {
	if e.counted == nil {
		st, err := e.list.Standing(ctx, run)
		return st.Held, st.Settled, err
	}
	record, held, err := e.counted.Held(ctx, run, e.part)
	if err != nil {
		return false, false, err
	}
	st, err := e.list.Standing(ctx, e.counted.Shared(run, record, e.part))
	leaving := slices.ContainsFunc(record.Holds, func(h workers.Hold) bool {
		return h.Leaving && h.Value == e.part && h.Holder == run.Holder().String()
	})
	if held {
		return st.Held, true, err
	}
	return false, !leaving, err
}

// Undo takes the entry out, for a shared announcement when the last holder leaves.
func (a announce) Undo(ctx context.Context, run workers.Run, in AnnounceIn, _ *AnnounceOut) (workers.Undone, error) {
	e, err := a.entry(run, in)
	if err != nil {
		return workers.Undone{}, err
	}
	if in.SubnetCIDR != "" {
		if err := a.reliance(e.covering(in)).Retain(ctx, run); err != nil {
			return workers.Undone{}, err
		}
	}
	if e.counted == nil {
		return workers.Undone{}, e.list.Drop(ctx, run)
	}
	last, err := e.counted.Leave(ctx, run, e.part)
	if err != nil {
		return workers.Undone{}, err
	}
	record, _, err := e.counted.Held(ctx, run, e.part)
	switch {
	case err != nil:
		return workers.Undone{}, err
	case !last && run.Expedite && record.Abandoned(e.part):
		return workers.Undone{Retained: e.value + " at " + in.Target.ID() + " stays announced: another intent waits"},
			nil
	case !last:
		return workers.Undone{}, nil
	}
	if err := e.list.Drop(ctx, e.counted.Shared(run, record, e.part)); err != nil {
		return workers.Undone{}, err
	}
	return workers.Undone{}, e.counted.Left(ctx, run, e.part)
}
