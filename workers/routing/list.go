package routing

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
)

// announced is a target's list as the claims of workers see it: bare entries, whatever the target's mode. While a
// target announces its default, the prefixes of that default are its entries, so that they survive the change to a
// custom list.
type announced struct {
	driver Announcements
	target Target
	list   workers.List
	// root is the run's root of request ids.
	root uuid.UUID
	// last is the list as this run has read it last. What follows a ReadList under the same lease goes by it: a second
	// read would be of the same list, and would not save what somebody else writes meanwhile.
	last *Announced
}

// foundMode is what a target was like before our first write, kept in the list's record.
type foundMode struct {
	Custom   bool     `json:"custom"`
	Defaults []string `json:"defaults,omitempty"`
}

// list is the shared list of a target for one run.
func (d Drivers) list(t Target, run workers.Run) (workers.List, Announcements, error) {
	driver, err := d.driver(t)
	if err != nil {
		return workers.List{}, nil, err
	}
	l := workers.List{Claims: d.Claims, Times: d.Times, Resource: t.ListResource()}
	if t.Via == ViaCloudRouter {
		l.Limit = routerLimit
	}
	l.Port = &announced{driver: driver, target: t, list: l, root: run.RequestID}
	return l, driver, nil
}

// ReadList implements [workers.ListPort]. A target that is gone announces nothing.
func (a *announced) ReadList(ctx context.Context) ([]string, error) {
	got, err := a.driver.Read(ctx, a.target)
	if errors.Is(err, workers.ErrNotFound) {
		a.last = nil
		return nil, nil
	}
	if err != nil {
		return nil, workers.Reading(err)
	}
	a.last = &got
	return got.announces(), nil
}

// announces are the prefixes that the list announces, by itself or because they were put there.
func (a Announced) announces() []string {
	if a.Custom {
		return slices.Clone(a.Entries)
	}
	return a.ranges()
}

// ranges are those defaults that are prefixes and not groups.
func (a Announced) ranges() []string {
	var out []string
	for _, d := range a.Defaults {
		if _, err := netip.ParsePrefix(d); err == nil {
			out = append(out, d)
		}
	}
	return out
}

// WriteList implements [workers.ListPort]. The first write makes the list a custom one that has the default in it. The
// way back to the default is taken only when the switch was ours and nothing but the default is left.
func (a *announced) WriteList(ctx context.Context, revision uint64, entries []string) error {
	if a.last == nil {
		return workers.Refuse("no-target", "write list of %s: it is gone", a.target.ID())
	}
	got := *a.last
	found, err := a.found(ctx, got)
	if err != nil {
		return err
	}
	want := Announced{Custom: true, Entries: entries, Defaults: got.Defaults}
	if found.restores(got, entries) {
		want = Announced{Defaults: got.Defaults}
	} else if want.Owners, err = a.owners(ctx, got, entries); err != nil {
		return err
	}
	id := uuid.NewSHA1(a.root, binary.BigEndian.AppendUint64([]byte(a.list.Resource), revision))
	return a.driver.Write(ctx, id, a.target, want)
}

// Complete implements [workers.Completer]: where we made the list a custom one, it has the target's own ranges, those
// too that came after the switch.
func (a *announced) Complete(ctx context.Context, entries []string) ([]string, error) {
	if a.last == nil {
		return entries, nil
	}
	lost, err := a.lost(ctx, *a.last)
	for _, r := range lost {
		if !slices.Contains(entries, r) {
			entries = append(entries, r)
		}
	}
	return entries, err
}

// lost are ranges of the target's own that it does not announce since we made its list a custom one.
func (a *announced) lost(ctx context.Context, got Announced) ([]string, error) {
	if !got.Custom {
		return nil, nil
	}
	text, kept, err := a.list.Found(ctx)
	if err != nil || !kept {
		return nil, err
	}
	found, err := decodeFound(text)
	if err != nil || found.Custom {
		return nil, err
	}
	return slices.DeleteFunc(got.ranges(), func(r string) bool { return slices.Contains(got.Entries, r) }), nil
}

// found keeps the mode before our first write and answers it.
func (a *announced) found(ctx context.Context, got Announced) (foundMode, error) {
	text, err := json.Marshal(foundMode{Custom: got.Custom, Defaults: got.Defaults})
	if err != nil {
		return foundMode{}, workers.Refuse("invalid", "encode mode of %s: %w", a.target.ID(), err)
	}
	kept, err := a.list.KeepFound(ctx, string(text), !got.Custom)
	if err != nil {
		return foundMode{}, err
	}
	return decodeFound(kept)
}

func decodeFound(text string) (foundMode, error) {
	var found foundMode
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		return found, workers.Refuse("corrupt", "decode kept mode %q: %w", text, err)
	}
	return found, nil
}

// restores tells whether entries are what the target announced before we made its list a custom one. A target that
// cannot tell its default while it is custom is judged by what was read before.
func (f foundMode) restores(got Announced, entries []string) bool {
	if f.Custom {
		return false
	}
	groups, before := without(got.Defaults, isPrefix), without(f.Defaults, isPrefix)
	ranges := got.ranges()
	if len(got.Defaults) == 0 {
		ranges = Announced{Defaults: f.Defaults}.ranges()
	}
	return same(groups, before) && same(ranges, entries)
}

func without(list []string, is func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(list), is)
}

func isPrefix(s string) bool {
	_, err := netip.ParsePrefix(s)
	return err == nil
}

// same compares two lists as sets.
func same(a, b []string) bool {
	return slices.Equal(sorted(a), sorted(b))
}

func sorted(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// owners names who holds the entries that are ours, for vendors that have a field for it; others' keep what they have.
func (a *announced) owners(ctx context.Context, got Announced, entries []string) (map[string]string, error) {
	record, err := a.list.Claims.Load(ctx, a.list.Resource)
	if err != nil {
		return nil, workers.Retry("claims", 0, err)
	}
	owners := make(map[string]string, len(entries))
	for _, e := range entries {
		if owner, has := got.Owners[e]; has {
			owners[e] = owner
		}
	}
	for _, h := range record.Holds {
		if _, has := owners[h.Value]; h.Live() && !has && slices.Contains(entries, h.Value) {
			owners[h.Value] = workers.Owner(h.Holder)
		}
	}
	return owners, nil
}
