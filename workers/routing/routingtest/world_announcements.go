package routingtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"

	"github.com/culvertnet/culvert/events"
)

// Announcements gives the port for every way to announce.
func (w *World) Announcements() routing.Announcements { return announcements{w} }

type announcements struct{ w *World }

func (a announcements) find(t routing.Target) (*target, error) {
	found, ok := a.w.targets[t.ID()]
	if !ok {
		return nil, fmt.Errorf("find %s: %w", t.ID(), workers.ErrNotFound)
	}
	return found, nil
}

// Check implements [routing.Announcements].
func (a announcements) Check(ctx context.Context, t routing.Target) ([]string, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if err := a.w.Read(ctx, "check"); err != nil {
		return nil, err
	}
	found, err := a.find(t)
	if err != nil {
		return nil, err
	}
	if found.refused != "" {
		return nil, workers.Refuse("target", "%s: %s", t.ID(), found.refused)
	}
	known := slices.Clone(found.known)
	for _, e := range announced(found.Announced) {
		known = append(known, bare(e))
	}
	slices.Sort(known)
	if found.limit > 0 && len(found.Entries) >= found.limit {
		err = workers.Refuse(events.ReasonFull, "%s takes %d entries", t.ID(), found.limit)
	}
	return slices.Compact(known), err
}

func bare(entry string) string {
	prefix, _, _ := strings.Cut(entry, "@")
	return prefix
}

// announced are the prefixes that the list announces, in either mode.
func announced(a routing.Announced) []string {
	if a.Custom {
		return a.Entries
	}
	return slices.DeleteFunc(slices.Clone(a.Defaults), func(d string) bool { return !strings.Contains(d, "/") })
}

// Read implements [routing.Announcements].
func (a announcements) Read(ctx context.Context, t routing.Target) (routing.Announced, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if err := a.w.Read(ctx, "read"); err != nil {
		return routing.Announced{}, err
	}
	found, err := a.find(t)
	if err != nil {
		return routing.Announced{}, err
	}
	out := found.Announced
	out.Entries, out.Defaults, out.Owners = slices.Clone(out.Entries), slices.Clone(out.Defaults),
		maps.Clone(out.Owners)
	return out, nil
}

// Write implements [routing.Announcements].
func (a announcements) Write(ctx context.Context, _ uuid.UUID, t routing.Target, want routing.Announced) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	lost, err := a.w.Mutate(ctx, "write")
	if err != nil {
		return err
	}
	found, err := a.find(t)
	if err != nil {
		return workers.Refuse("no-target", "write list: %w", err)
	}
	if found.limit > 0 && len(want.Entries) > found.limit {
		return workers.Refuse(
			events.ReasonFull, "%s takes %d entries, and not %d", t.ID(), found.limit, len(want.Entries),
		)
	}
	entries, owners := slices.Clone(want.Entries), maps.Clone(want.Owners)
	return a.w.Make(lost, func() {
		a.w.writes++
		found.Custom, found.Entries = want.Custom, nil
		if want.Custom {
			found.Entries = entries
		}
		for _, e := range entries {
			if o := owners[e]; o != "" {
				found.Owners[e] = o
			}
		}
		maps.DeleteFunc(found.Owners, func(e, _ string) bool { return !slices.Contains(found.Entries, e) })
	})
}

// Sight implements [routing.Announcements].
func (a announcements) Sight(ctx context.Context, t routing.Target, prefix string) (routing.Sight, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if err := a.w.Read(ctx, "sight"); err != nil {
		return routing.Sight{}, err
	}
	found, err := a.find(t)
	if err != nil {
		return routing.Sight{}, err
	}
	s := routing.Sight{Peers: slices.Clone(found.peers), Seen: []string{}, Stranded: slices.Clone(found.stranded),
		Down: slices.Clone(found.down)}
	told := slices.ContainsFunc(announced(found.Announced), func(e string) bool { return bare(e) == prefix }) ||
		slices.Contains(found.Defaults, "ALL_SUBNETS") && !strings.HasSuffix(prefix, "/32")
	for _, p := range found.peers {
		if told && !found.deaf[p] {
			s.Seen = append(s.Seen, p)
		}
	}
	return s, nil
}
