package network

import (
	"fmt"
	"net/netip"
)

// A space knows which addresses of a VPC are taken: by what the VPC has, and by what reachable route tables know.
type space struct {
	// blocks take every address inside them; routes only where they are narrower than the range that an address is
	// from.
	blocks, routes []spot
	ranges         []netip.Prefix
}

type spot struct {
	prefix netip.Prefix
	from   string
}

// autoMode is where networks in auto mode make their subnets.
const autoMode = "10.128.0.0/9"

// newSpace reads a VPC's ranges, the pool's and the known prefixes. Text that is no prefix is an error: a range that is
// not understood must not count as free.
func newSpace(n Network, ranges, known []string) (space, error) {
	var s space
	blocks := append([]Range{}, n.Subnets...)
	for _, r := range n.Allocated {
		blocks = append(blocks, Range{CIDR: r.CIDR, From: "allocated range " + r.From})
	}
	if n.AutoMode {
		blocks = append(blocks, Range{CIDR: autoMode, From: "auto mode networks"})
	}
	routes := append([]Range{}, n.Routes...)
	for _, k := range known {
		routes = append(routes, Range{CIDR: k, From: "a reachable route table"})
	}
	for _, part := range []struct {
		from []Range
		to   *[]spot
	}{{blocks, &s.blocks}, {routes, &s.routes}} {
		for _, r := range part.from {
			p, err := netip.ParsePrefix(r.CIDR)
			if err != nil {
				return space{}, fmt.Errorf("read range of %s: %w", r.From, err)
			}
			if p.Addr().Is4() {
				*part.to = append(*part.to, spot{p.Masked(), r.From})
			}
		}
	}
	for _, r := range ranges {
		p, err := netip.ParsePrefix(r)
		if err != nil {
			return space{}, fmt.Errorf("read pool range: %w", err)
		}
		s.ranges = append(s.ranges, p.Masked())
	}
	return s, nil
}

// taken names what has the address, "" when nothing has. A route takes it when it is narrower than the operator's range
// that the address is from: a route for the whole range or more is the way to the range (an aggregate, a summary, a
// default), and an endpoint's host route beats it. Outside every range all but a default route count.
func (s space) taken(a netip.Addr) string {
	for _, b := range s.blocks {
		if b.prefix.Contains(a) {
			return fmt.Sprintf("%s (%s)", b.prefix, b.from)
		}
	}
	wide := 0
	for _, r := range s.ranges {
		if r.Contains(a) {
			wide = max(wide, r.Bits())
		}
	}
	for _, r := range s.routes {
		if r.prefix.Contains(a) && r.prefix.Bits() > wide {
			return fmt.Sprintf("route %s (%s)", r.prefix, r.from)
		}
	}
	return ""
}

// conflict names what a connector's range to be would conflict with, "" when nothing: any range that it overlaps, any
// route inside it or equal to it (guess: a wider static route is no conflict, as for a subnet).
func (s space) conflict(p netip.Prefix) string {
	for _, b := range s.blocks {
		if b.prefix.Overlaps(p) {
			return fmt.Sprintf("%s (%s)", b.prefix, b.from)
		}
	}
	for _, r := range s.routes {
		if r.prefix.Overlaps(p) && r.prefix.Bits() >= p.Bits() {
			return fmt.Sprintf("route %s (%s)", r.prefix, r.from)
		}
	}
	return ""
}

// room tells whether the ranges can have a free address at all: some range is not inside one block.
func (s space) room() bool {
	for _, r := range s.ranges {
		inside := false
		for _, b := range s.blocks {
			inside = inside || b.prefix.Bits() <= r.Bits() && b.prefix.Contains(r.Addr())
		}
		if !inside {
			return true
		}
	}
	return len(s.ranges) == 0
}

// usable tells whether an address inside a subnet can be reserved: Google keeps the first two and the last two.
func usable(p netip.Prefix, a netip.Addr) bool {
	first := p.Masked().Addr()
	return p.Contains(a) && a != first && a != first.Next() && p.Contains(a.Next()) && p.Contains(a.Next().Next())
}
