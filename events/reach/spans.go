package reach

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Span is the numbers from Lo to Hi, both included.
type Span struct{ Lo, Hi uint16 }

// Spans is a set of numbers: ports (0 to 65535) or protocols (0 to 255). It is kept in order, without overlap and
// without two spans that touch, so that equal sets are equal values. The zero value is the empty set.
type Spans []Span

const highest = 65535

// SpansOf is the union of spans in any order. A span whose Lo is above its Hi adds nothing.
func SpansOf(spans ...Span) Spans {
	var in Spans
	for _, s := range spans {
		if s.Lo <= s.Hi {
			in = append(in, s)
		}
	}
	slices.SortFunc(in, func(a, b Span) int { return cmp.Compare(a.Lo, b.Lo) })
	var out Spans
	for _, s := range in {
		if n := len(out); n > 0 && (out[n-1].Hi == highest || s.Lo <= out[n-1].Hi+1) {
			out[n-1].Hi = max(out[n-1].Hi, s.Hi)
			continue
		}
		out = append(out, s)
	}
	return out
}

// One is the set of a single number.
func One(n uint16) Spans { return Spans{{n, n}} }

// Empty tells whether the set has no number.
func (s Spans) Empty() bool { return len(s) == 0 }

// Contains tells whether a number is in the set.
func (s Spans) Contains(n uint16) bool {
	return slices.ContainsFunc(s, func(one Span) bool { return one.Lo <= n && n <= one.Hi })
}

// Equal tells whether the sets hold the same numbers.
func (s Spans) Equal(o Spans) bool { return slices.Equal(s, o) }

// Union is what is in either set.
func (s Spans) Union(o Spans) Spans { return SpansOf(slices.Concat(s, o)...) }

// Intersect is what is in both sets.
func (s Spans) Intersect(o Spans) Spans {
	var out Spans
	for i, j := 0, 0; i < len(s) && j < len(o); {
		if lo, hi := max(s[i].Lo, o[j].Lo), min(s[i].Hi, o[j].Hi); lo <= hi {
			out = append(out, Span{lo, hi})
		}
		if s[i].Hi < o[j].Hi {
			i++
		} else {
			j++
		}
	}
	return out
}

// overlaps tells whether the sets have a number in common.
func (s Spans) overlaps(o Spans) bool {
	for i, j := 0, 0; i < len(s) && j < len(o); {
		if s[i].Lo <= o[j].Hi && o[j].Lo <= s[i].Hi {
			return true
		}
		if s[i].Hi < o[j].Hi {
			i++
		} else {
			j++
		}
	}
	return false
}

// Subtract is what is in the set and not in o.
func (s Spans) Subtract(o Spans) Spans { return s.Intersect(o.complement()) }

// complement is every number that is not in the set.
func (s Spans) complement() Spans {
	var out Spans
	next := 0
	for _, one := range s {
		if int(one.Lo) > next {
			out = append(out, Span{uint16(next), one.Lo - 1})
		}
		next = int(one.Hi) + 1
	}
	if next <= highest {
		out = append(out, Span{uint16(next), highest})
	}
	return out
}

// String is the canonical spelling: "80,443,1000-2000", "none" when empty.
func (s Spans) String() string {
	if len(s) == 0 {
		return "none"
	}
	var texts []string
	for _, one := range s {
		if one.Lo == one.Hi {
			texts = append(texts, fmt.Sprintf("%d", one.Lo))
			continue
		}
		texts = append(texts, fmt.Sprintf("%d-%d", one.Lo, one.Hi))
	}
	return strings.Join(texts, ",")
}
