package reach

import (
	"cmp"
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// byPrefix sends each flow by the longest prefix that has a route for its sender, and gives what no route is for.
func (r *run) byPrefix(p piece, from source, routes []Route) (left Flows) {
	t := table{to: p.flows.destinations()}
	for _, group := range byLength(routes) {
		t.add(r, group, p.who)
	}
	t.close()
	for _, y := range t.yielding {
		hit := p.flows.within(EveryAddress(), y.dst, []Layer4{EveryProtocol()})
		gone := y.object + ", whose next hop " + y.next + " is not there"
		r.hop(Hop{p.realm, "routes", gone, Next, hit, from.call, from.at})
	}
	for _, way := range t.ways {
		hit := p.flows.within(EveryAddress(), rangesOf(way.dst), []Layer4{EveryProtocol()})
		for _, w := range way.winners {
			r.hop(Hop{p.realm, "routes", w.Object, Forward, hit, from.call, from.at})
			if w.Next.Kind == ToPeerRoutes {
				r.byExporter(p.with(hit), w)
				continue
			}
			r.forward(p.with(hit), w.Next)
		}
		if way.dead {
			r.hop(Hop{p.realm, "routes", way.object, Deny, hit, from.call, from.at})
			r.lose(hit)
		}
		if way.open {
			r.gap(Gap{ListNotWhole, way.object, "it is not known whether the route counts for the sender"})
		}
		if len(way.winners) > 1 {
			r.shared(hit, way.object)
		}
		r.spend(hit)
	}
	return p.flows.Subtract(p.flows.within(EveryAddress(), t.taken, []Layer4{EveryProtocol()}))
}

// A table is what the routes do with the destinations of a piece.
type table struct {
	// to are the destinations in question, taken those that a longer prefix has for sure.
	to, taken Ranges
	// closed are those of the prefixes of this length, which do not overlap.
	closed []netipx.IPRange
	length int
	ways   []way
	// yielding are routes that leave their destinations to others, because their next hop is not there.
	yielding []yielding
}

// A yielding is a route that decides nothing of some destinations.
type yielding struct {
	dst          Ranges
	object, next string
}

// close takes the destinations of one length of prefixes out of what shorter ones get.
func (t *table) close() {
	t.taken, t.closed = t.taken.Union(rangesOf(t.closed)), nil
}

// A way is a set of destinations with one fate: the routes that may carry them, whether no usable one is left (dead),
// and whether the routes may not be for the sender (open).
type way struct {
	dst        []netipx.IPRange
	winners    []Route
	object     string
	dead, open bool
}

// add puts the routes of one prefix into the table. Prefixes come with the longest first.
func (t *table) add(r *run, routes []Route, who Identity) {
	if bits := routes[0].Dst.Bits(); bits != t.length {
		t.close()
		t.length = bits
	}
	prefix := Ranges{[]netipx.IPRange{netipx.RangeOfPrefix(routes[0].Dst)}}
	dst := prefix.Intersect(t.to).Subtract(t.taken)
	if dst.Empty() {
		return
	}
	isDead := func(one Route) bool { return applies(one, who) != no && r.isDead(one, who) }
	if slices.ContainsFunc(routes, isDead) && r.ask(DeadNextHopYields) {
		for _, one := range routes {
			if isDead(one) {
				t.yielding = append(t.yielding, yielding{dst, one.Object, one.Next.Name})
			}
		}
		if routes = slices.DeleteFunc(slices.Clone(routes), isDead); len(routes) == 0 {
			return
		}
	}
	c := choose(routes, who)
	if c.decided {
		t.closed = append(t.closed, dst.list...)
	}
	if len(c.winners) == 0 && !c.dead {
		return
	}
	one := way{dst.list, c.winners, routes[0].Object, c.dead, c.open}
	for i, o := range t.ways {
		if o.dead == one.dead && o.open == one.open && slices.EqualFunc(o.winners, c.winners, sameHop) {
			t.ways[i].dst = append(o.dst, dst.list...)
			return
		}
	}
	t.ways = append(t.ways, one)
}

// dead tells that the next hop of a route is not there. A machine that does not forward is there.
//
// Page "Routes", Applicability and order: such a route is left out. Whether that is before or after the longest prefix
// is chosen stands in no page.
func (one Route) dead() bool {
	_, bad := netip.ParseAddr(one.Next.Name)
	return one.Next.State == Down || one.Next.Kind == ToNobody && bad == nil
}

// isDead tells that a static route has no next hop that is there; an imported one, that no route has one by which its
// network exports the prefix to the sender.
func (r *run) isDead(one Route, who Identity) bool {
	if one.Next.Kind != ToPeerRoutes {
		return one.Kind == StaticRoute && one.dead()
	}
	peer, ok := r.world.network(one.Next.Realm)
	if !ok || len(r.exportDoubts(peer)) > 0 {
		return false
	}
	exported := slices.DeleteFunc(exports(peer, one.Dst), func(o Route) bool { return applies(o, who) == no })
	return len(exported) > 0 && !slices.ContainsFunc(exported, func(o Route) bool {
		return o.Kind != StaticRoute || !o.dead()
	})
}

// sameHop tells whether two routes lead on alike. What an imported one leads to depends on its prefix too.
func sameHop(a, b Route) bool {
	return a.Next == b.Next && (a.Next.Kind != ToPeerRoutes || a.Dst.Masked() == b.Dst.Masked())
}

// byLength groups routes by their prefix, the longest prefixes first.
func byLength(routes []Route) (groups [][]Route) {
	sorted := slices.Clone(routes)
	slices.SortStableFunc(sorted, func(a, b Route) int {
		return cmp.Or(cmp.Compare(b.Dst.Bits(), a.Dst.Bits()), a.Dst.Masked().Addr().Compare(b.Dst.Masked().Addr()))
	})
	for i, one := range sorted {
		if i == 0 || one.Dst.Masked() != sorted[i-1].Dst.Masked() {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], one)
	}
	return groups
}

// shared notes that equal routes lead some packets on and lose others. Which packets those are is not documented.
func (r *run) shared(f Flows, object string) {
	if !f.Intersect(r.passing.all()).Intersect(r.dropping.all()).Empty() {
		r.gap(Gap{NoDocument, object, "which of equal routes carries a packet is not documented"})
	}
}

// A choice is what becomes of the routes of one prefix for one sender: those that may carry its packets, whether the
// prefix has a route for the sender for sure, whether packets may be lost because none can be used (dead), and whether
// it is not known which routes count (open).
type choice struct {
	winners             []Route
	decided, dead, open bool
}

// choose decides between the routes of one prefix. Equal routes share, so that all of them win: the flows pass for sure
// when each member passes.
func choose(routes []Route, who Identity) (c choice) {
	var sure, open []Route
	beside := others(routes, who)
	for _, one := range routes {
		counts := applies(one, who)
		if one.Next.Kind == ToPeerRoutes {
			counts = counts.and(beside.leave)
		}
		c.decided = c.decided || counts == yes
		switch {
		case one.Next.Kind == ToPeerRoutes && beside.peers > 1 && counts != no:
			open = append(open, one) // the vendor takes the routes of one peer and does not tell of which
		case counts == perhaps && one.dead():
			c.dead, c.open = true, true // if it counts, nothing shorter does
		case counts == no || one.dead():
		case counts == yes && one.Next.State == Up:
			sure = append(sure, one)
		default:
			open = append(open, one)
		}
	}
	usable := len(sure) > 0
	c.dead, c.open = !usable && (c.dead || c.decided), !usable && c.open
	for _, one := range sure {
		if preferred(one, slices.MinFunc(sure, preferred)) == 0 {
			c.winners = append(c.winners, one)
		}
	}
	for _, one := range open {
		if !usable || preferred(one, c.winners[0]) <= 0 {
			c.winners, c.open = append(c.winners, one), true
		}
	}
	return c
}

// applies tells whether a route is one for a sender.
func applies(one Route, who Identity) maybe {
	return tagged(one.Tags, who).and(inRegion(one.Region, who))
}

// A besides is what stands beside imported routes of one prefix: whether the network's own routes leave them in, and
// how many peers they come from.
type besides struct {
	leave maybe
	peers int
}

// others looks at the routes of one prefix. Page "Routes", Applicability and order: where the network has a route of
// its own for a destination, no route that a peering hands over counts, whatever its priority.
func others(routes []Route, who Identity) besides {
	out := besides{leave: yes}
	var peers []Realm
	for _, one := range routes {
		counts := applies(one, who)
		switch {
		case one.Next.Kind != ToPeerRoutes:
			out.leave = min(out.leave, yes-counts)
		case counts != no && !slices.Contains(peers, one.Next.Realm):
			peers = append(peers, one.Next.Realm)
		}
	}
	out.peers = len(peers)
	return out
}

// preferred compares routes of one prefix: the lowest priority, then the preference of the kind.
func preferred(a, b Route) int {
	return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Preference, b.Preference))
}

// inRegion tells whether a dynamic route of a region is one for a sender.
func inRegion(region string, who Identity) maybe {
	if region == "" || region == who.Region {
		return yes
	}
	if who.Region == "" || who.Kind == Unknown {
		return perhaps
	}
	return no
}
