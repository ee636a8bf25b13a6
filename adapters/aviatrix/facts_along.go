package aviatrix

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
)

// tables are those that were read: the gateways' own by name, and those of other clouds' networks.
type tables struct {
	own    map[string]lines
	inside map[reach.Realm]reach.Listing[reach.Route]
}

// among divides gateways into those whose table was read, and the names of the others.
func (t *tables) among(machines []machine) (read []machine, others []string) {
	for _, m := range machines {
		if _, has := t.own[m.Name]; has {
			read = append(read, m)
		} else {
			others = append(others, m.Name)
		}
	}
	return read, others
}

// along follows packets with addresses in some ranges at either end from table to table, each table read once. Without
// ranges it reads nothing.
func (s *survey) along(ctx context.Context, first []machine, toward reach.Ranges, into *tables) {
	for next := first; len(next) > 0 && !toward.Empty() && ctx.Err() == nil; {
		s.readTables(ctx, next, into)
		next = s.untold(into.targets(next, toward), into)
	}
}

// targets are where the lines for some addresses lead in the tables of some gateways, and of their networks.
func (t *tables) targets(of []machine, toward reach.Ranges) (names []string) {
	for _, m := range of {
		for _, line := range t.own[m.Name].list {
			if p, err := netip.ParsePrefix(line.Route); err == nil && reach.RangesOf(p).Overlaps(toward) {
				names = append(names, line.Target)
			}
		}
		for _, r := range t.inside[m.realm()].Items {
			if reach.RangesOf(r.Dst).Overlaps(toward) {
				names = append(names, r.Next.Name)
			}
		}
	}
	return distinct(names)
}

// untold are the gateways that some names mean and whose table was not read, by name.
func (s *survey) untold(names []string, into *tables) (out []machine) {
	for _, name := range names {
		for _, m := range s.named(name) {
			if _, has := into.own[m.Name]; !has {
				out = append(out, m)
			}
		}
	}
	slices.SortFunc(out, func(a, b machine) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(out, func(a, b machine) bool { return a.Name == b.Name })
}

// readTables reads the tables of some gateways that were not read yet, side by side.
func (s *survey) readTables(ctx context.Context, machines []machine, into *tables) {
	own, inside := make([]lines, len(machines)), make([]reach.Listing[reach.Route], len(machines))
	asked := map[reach.Realm]bool{}
	var reads []func()
	for i, m := range machines {
		if _, has := into.own[m.Name]; !has {
			reads = append(reads, func() { own[i] = s.lines(ctx, m) })
		}
		_, has := into.inside[m.realm()]
		if !m.google() && !has && !asked[m.realm()] {
			asked[m.realm()] = true
			reads = append(reads, func() { inside[i] = s.networkRoutes(ctx, m) })
		}
	}
	together(reads...)
	for i, m := range machines {
		if own[i].look.call != "" {
			into.own[m.Name] = own[i]
		}
		if inside[i].Call != "" {
			into.inside[m.realm()] = inside[i]
		}
	}
}
