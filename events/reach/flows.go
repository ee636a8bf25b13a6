package reach

import (
	"slices"
	"strings"
)

// A Box is the flows from any of Src to any of Dst with any of the protocols and ports of Layer4, by a client that
// sends Name. Boxes of two names have no flow in common.
type Box struct {
	Src, Dst Ranges
	Layer4
	Name Name
}

// Flows is a set of flows: a union of boxes that do not overlap, each of one family. The zero value is the empty set; a
// value is never changed.
type Flows struct{ boxes []Box }

// FlowsOf is the union of boxes. What no packet can be is left out: an IPv4 source with an IPv6 destination, or a port
// of a protocol without ports.
func FlowsOf(boxes ...Box) Flows {
	var f Flows
	for _, b := range boxes {
		f = f.Union(Flows{b.sound()})
	}
	return f
}

// sound splits a box by family.
func (b Box) sound() []Box {
	b.Layer4 = b.Layer4.sound()
	var out []Box
	for _, four := range []bool{true, false} {
		part := b
		part.Src, part.Dst = b.Src.Family(four), b.Dst.Family(four)
		if !part.empty() {
			out = append(out, part)
		}
	}
	return out
}

func (b Box) empty() bool {
	return b.Src.Empty() || b.Dst.Empty() || b.Protocols.Empty() || b.Ports.Empty()
}

// overlaps tells whether the boxes have a flow in common.
func (b Box) overlaps(o Box) bool {
	return b.Name == o.Name && b.Protocols.overlaps(o.Protocols) && b.Ports.overlaps(o.Ports) &&
		b.Dst.Overlaps(o.Dst) && b.Src.Overlaps(o.Src)
}

// intersect is what is in both boxes.
func (b Box) intersect(o Box) Box {
	if !b.overlaps(o) {
		return Box{}
	}
	return Box{b.Src.Intersect(o.Src), b.Dst.Intersect(o.Dst),
		Layer4{b.Protocols.Intersect(o.Protocols), b.Ports.Intersect(o.Ports)}, b.Name}
}

// subtract is what is in b and not in o, in at most four boxes. Protocols and ports are split off first: a filter has
// few of them, so that what is left after many rules stays in few boxes.
func (b Box) subtract(o Box) []Box {
	both := b.intersect(o)
	if both.empty() {
		return []Box{b}
	}
	var out []Box
	keep := func(part Box) {
		if !part.empty() {
			out = append(out, part)
		}
	}
	part := b
	part.Protocols = b.Protocols.Subtract(both.Protocols)
	keep(part)
	part.Protocols, part.Ports = both.Protocols, b.Ports.Subtract(both.Ports)
	keep(part)
	part.Ports, part.Src = both.Ports, b.Src.Subtract(both.Src)
	keep(part)
	part.Src, part.Dst = both.Src, b.Dst.Subtract(both.Dst)
	keep(part)
	return out
}

// Boxes are the boxes of the set, which do not overlap. Their order and number depend on how the set came about.
func (f Flows) Boxes() []Box { return slices.Clone(f.boxes) }

// Empty tells whether the set has no flow.
func (f Flows) Empty() bool { return len(f.boxes) == 0 }

// Intersect is what is in both sets.
func (f Flows) Intersect(o Flows) Flows {
	var out []Box
	for _, a := range f.boxes {
		for _, b := range o.boxes {
			if both := a.intersect(b); !both.empty() {
				out = append(out, both)
			}
		}
	}
	return Flows{joined(out)}
}

// Subtract is what is in the set and not in o.
func (f Flows) Subtract(o Flows) Flows {
	left := f.boxes
	for _, b := range o.boxes {
		if !slices.ContainsFunc(left, b.overlaps) {
			continue
		}
		var next []Box
		for _, a := range left {
			if !a.overlaps(b) {
				next = append(next, a)
				continue
			}
			next = append(next, a.subtract(b)...)
		}
		left = joined(next)
	}
	return Flows{left}
}

// Union is what is in either set.
func (f Flows) Union(o Flows) Flows {
	if f.Empty() {
		return o
	}
	return f.with(o.Subtract(f))
}

// with is the union with flows that the set has none of.
func (f Flows) with(more Flows) Flows {
	if more.Empty() {
		return f
	}
	out := slices.Grow(slices.Clone(f.boxes), len(more.boxes))
	for _, b := range more.boxes {
		out = withBox(out, b)
	}
	return Flows{out}
}

// Covers tells whether every flow of o is in the set.
func (f Flows) Covers(o Flows) bool { return o.Subtract(f).Empty() }

// Equal tells whether the sets hold the same flows.
func (f Flows) Equal(o Flows) bool { return f.Covers(o) && o.Covers(f) }

// joined makes one box of two that differ in one side only, until none is left. It keeps sets small; it is not a
// canonical form.
func joined(boxes []Box) []Box {
	out := make([]Box, 0, len(boxes))
	for _, b := range boxes {
		out = withBox(out, b)
	}
	return out
}

// withBox adds a box that overlaps none of the others, joined with what it can be joined with. It owns the list.
func withBox(boxes []Box, b Box) []Box {
	for i := 0; i < len(boxes); i++ {
		if one, ok := boxes[i].join(b); ok {
			boxes[i] = boxes[len(boxes)-1]
			boxes, b, i = boxes[:len(boxes)-1], one, -1
		}
	}
	return append(boxes, b)
}

// join is the union of two boxes that do not overlap, when that is one box.
func (b Box) join(o Box) (Box, bool) {
	if b.Name != o.Name || b.Src.four() != o.Src.four() {
		return Box{}, false
	}
	protocols, ports := b.Protocols.Equal(o.Protocols), b.Ports.Equal(o.Ports)
	if !protocols && !ports {
		return Box{}, false
	}
	src, dst := b.Src.Equal(o.Src), b.Dst.Equal(o.Dst)
	switch {
	case protocols && ports && src:
		b.Dst = b.Dst.Union(o.Dst)
	case protocols && ports && dst:
		b.Src = b.Src.Union(o.Src)
	case protocols && src && dst:
		b.Ports = b.Ports.Union(o.Ports)
	case ports && src && dst:
		b.Protocols = b.Protocols.Union(o.Protocols)
	default:
		return Box{}, false
	}
	return b, true
}

func (r Ranges) four() bool { return !r.Empty() && r.list[0].From().Is4() }

// String lists the boxes, for people.
func (f Flows) String() string {
	if f.Empty() {
		return "none"
	}
	var texts []string
	for _, b := range f.boxes {
		text := b.Src.String() + " > " + b.Dst.String() + " " + b.Layer4.String()
		if b.Name != NoName {
			text += " " + string(b.Name)
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return strings.Join(texts, "; ")
}
