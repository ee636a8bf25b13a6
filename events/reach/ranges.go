package reach

import (
	"fmt"
	"net/netip"
	"strings"

	"go4.org/netipx"
)

// Ranges is a set of addresses of both families. Two values are equal when they hold the same addresses, however they
// were spelled. The zero value is the empty set; a value is never changed.
type Ranges struct{ set *netipx.IPSet }

// RangesOf is the union of prefixes. An invalid prefix adds nothing.
func RangesOf(prefixes ...netip.Prefix) Ranges {
	var b netipx.IPSetBuilder
	for _, p := range prefixes {
		if p.IsValid() {
			b.AddPrefix(p)
		}
	}
	return built(&b)
}

// ParseRanges reads addresses, prefixes and ranges ("10.0.0.1-10.0.0.9"). Bits behind a prefix's length are dropped,
// as every vendor of ours drops them.
func ParseRanges(texts ...string) (Ranges, error) {
	var b netipx.IPSetBuilder
	for _, text := range texts {
		if a, err := netip.ParseAddr(text); err == nil {
			b.Add(a)
			continue
		}
		if p, err := netip.ParsePrefix(text); err == nil {
			b.AddPrefix(p)
			continue
		}
		r, err := netipx.ParseIPRange(text)
		if err != nil {
			return Ranges{}, fmt.Errorf("parse range %q: want an address, a prefix or two addresses with a dash", text)
		}
		b.AddRange(r)
	}
	return built(&b), nil
}

// EveryAddress is the set of all addresses of both families.
func EveryAddress() Ranges {
	return RangesOf(netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0))
}

// built ends a builder. Its errors name ranges that are not valid, and none is added above.
func built(b *netipx.IPSetBuilder) Ranges {
	s, err := b.IPSet()
	if err != nil || len(s.Ranges()) == 0 {
		return Ranges{}
	}
	return Ranges{s}
}

// Empty tells whether the set has no address.
func (r Ranges) Empty() bool { return r.set == nil }

// Contains tells whether an address is in the set.
func (r Ranges) Contains(a netip.Addr) bool { return r.set != nil && r.set.Contains(a.WithZone("")) }

// Overlaps tells whether the sets have an address in common.
func (r Ranges) Overlaps(o Ranges) bool { return r.set != nil && o.set != nil && r.set.Overlaps(o.set) }

// Covers tells whether every address of o is in the set.
func (r Ranges) Covers(o Ranges) bool {
	if o.set == nil || r.set == o.set {
		return true
	}
	if r.set == nil {
		return false
	}
	for _, one := range o.set.Ranges() {
		if !r.set.ContainsRange(one) {
			return false
		}
	}
	return true
}

// Equal tells whether the sets hold the same addresses.
func (r Ranges) Equal(o Ranges) bool {
	if r.set == nil || o.set == nil {
		return r.set == o.set
	}
	return r.set == o.set || r.set.Equal(o.set)
}

// Union is what is in either set.
func (r Ranges) Union(o Ranges) Ranges {
	switch {
	case r.Covers(o):
		return r
	case o.Covers(r):
		return o
	}
	var b netipx.IPSetBuilder
	b.AddSet(r.set)
	b.AddSet(o.set)
	return built(&b)
}

// Intersect is what is in both sets.
func (r Ranges) Intersect(o Ranges) Ranges {
	switch {
	case !r.Overlaps(o):
		return Ranges{}
	case o.Covers(r):
		return r
	case r.Covers(o):
		return o
	}
	var b netipx.IPSetBuilder
	b.AddSet(r.set)
	b.Intersect(o.set)
	return built(&b)
}

// Subtract is what is in the set and not in o.
func (r Ranges) Subtract(o Ranges) Ranges {
	switch {
	case !r.Overlaps(o):
		return r
	case o.Covers(r):
		return Ranges{}
	}
	var b netipx.IPSetBuilder
	b.AddSet(r.set)
	b.RemoveSet(o.set)
	return built(&b)
}

// Family is the part of the set that is IPv4, or the part that is IPv6.
func (r Ranges) Family(four bool) Ranges {
	if four {
		return r.Intersect(RangesOf(netip.PrefixFrom(netip.IPv4Unspecified(), 0)))
	}
	return r.Intersect(RangesOf(netip.PrefixFrom(netip.IPv6Unspecified(), 0)))
}

// Prefixes are the fewest prefixes that make up the set, in order.
func (r Ranges) Prefixes() []netip.Prefix {
	if r.set == nil {
		return nil
	}
	return r.set.Prefixes()
}

// First is the lowest address of the set, which must not be empty.
func (r Ranges) First() netip.Addr { return r.set.Ranges()[0].From() }

// String is the canonical spelling: prefixes with commas, "none" when empty.
func (r Ranges) String() string {
	if r.set == nil {
		return "none"
	}
	var texts []string
	for _, p := range r.set.Prefixes() {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ",")
}
