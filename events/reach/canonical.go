package reach

import (
	"slices"
	"strings"
)

// canonical spells a set of flows in one way, however it came about: the sides are cut one after the other into the
// classes that the boxes tell apart, and classes with the same rest are put together again.
func (f Flows) canonical() string {
	byName := map[Name][]Box{}
	var names []Name
	for _, b := range f.boxes {
		if byName[b.Name] == nil {
			names = append(names, b.Name)
		}
		byName[b.Name] = append(byName[b.Name], b)
	}
	slices.Sort(names)
	var out strings.Builder
	for _, n := range names {
		out.WriteString(string(n) + "{" + protocolClasses(byName[n]) + "}")
	}
	return out.String()
}

func protocolClasses(boxes []Box) string {
	return classes(boxes, func(b Box) side { return side{spans: b.Protocols} }, portClasses)
}

func portClasses(boxes []Box) string {
	return classes(boxes, func(b Box) side { return side{spans: b.Ports} }, sourceClasses)
}

func sourceClasses(boxes []Box) string {
	return classes(boxes, func(b Box) side { return side{ranges: b.Src} }, func(boxes []Box) string {
		var all Ranges
		for _, b := range boxes {
			all = all.Union(b.Dst)
		}
		return all.String()
	})
}

// A side is one side of a box: ranges or spans, the other is empty.
type side struct {
	ranges Ranges
	spans  Spans
}

func (s side) empty() bool { return s.ranges.Empty() && s.spans.Empty() }

func (s side) intersect(o side) side {
	return side{s.ranges.Intersect(o.ranges), s.spans.Intersect(o.spans)}
}

func (s side) subtract(o side) side {
	return side{s.ranges.Subtract(o.ranges), s.spans.Subtract(o.spans)}
}

func (s side) union(o side) side { return side{s.ranges.Union(o.ranges), s.spans.Union(o.spans)} }

func (s side) text() string {
	if s.ranges.Empty() {
		return s.spans.String()
	}
	return s.ranges.String()
}

// classes cuts one side into classes, spells the rest of each and joins the classes that are spelled alike.
func classes(boxes []Box, of func(Box) side, rest func([]Box) string) string {
	var cuts []side
	for _, b := range boxes {
		cuts = refined(cuts, of(b))
	}
	texts, alike := []string{}, map[string]side{}
	for _, c := range cuts {
		var in []Box
		for _, b := range boxes {
			if !of(b).intersect(c).empty() {
				in = append(in, b)
			}
		}
		text := rest(in)
		if all, ok := alike[text]; ok {
			alike[text] = all.union(c)
			continue
		}
		texts, alike[text] = append(texts, text), c
	}
	out := []string{}
	for _, text := range texts {
		out = append(out, alike[text].text()+"("+text+")")
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// refined cuts classes that do not overlap by one more set, and adds what of it is in none.
func refined(cuts []side, by side) []side {
	var out []side
	for _, c := range cuts {
		for _, part := range []side{c.intersect(by), c.subtract(by)} {
			if !part.empty() {
				out = append(out, part)
			}
		}
		by = by.subtract(c)
	}
	if !by.empty() {
		out = append(out, by)
	}
	return out
}
