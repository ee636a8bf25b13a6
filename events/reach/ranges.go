package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
)

// Ranges is a set of addresses of both families. Two values are equal when they hold the same addresses, however they
// were spelled. The zero value is the empty set; a value is never changed.
//
// The ranges are those of an [netipx.IPSet]: in order, IPv4 first, and no two of them touch. The algebra walks both
// sides once, because a question about thousands of rules asks it all the time.
type Ranges struct{ list []netipx.IPRange }

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
	set, err := b.IPSet()
	if err != nil {
		return Ranges{}
	}
	return Ranges{set.Ranges()}
}

// rangesOf is the union of ranges in any order.
func rangesOf(list []netipx.IPRange) Ranges {
	var b netipx.IPSetBuilder
	for _, one := range list {
		b.AddRange(one)
	}
	return built(&b)
}

// Empty tells whether the set has no address.
func (r Ranges) Empty() bool { return len(r.list) == 0 }

// Contains tells whether an address is in the set.
func (r Ranges) Contains(a netip.Addr) bool {
	a = a.WithZone("")
	return r.Covers(Ranges{[]netipx.IPRange{netipx.IPRangeFrom(a, a)}})
}

// Overlaps tells whether the sets have an address in common.
func (r Ranges) Overlaps(o Ranges) bool {
	for i, j := r.since(o), o.since(r); i < len(r.list) && j < len(o.list); {
		switch {
		case r.list[i].To().Less(o.list[j].From()):
			i++
		case o.list[j].To().Less(r.list[i].From()):
			j++
		default:
			return true
		}
	}
	return false
}

// since is the first range that does not end before o begins: most sets that meet are small and large.
func (r Ranges) since(o Ranges) int {
	if len(o.list) == 0 {
		return len(r.list)
	}
	from := o.list[0].From()
	i, _ := slices.BinarySearchFunc(r.list, from,
		func(one netipx.IPRange, a netip.Addr) int { return one.To().Compare(a) })
	return i
}

// Covers tells whether every address of o is in the set.
func (r Ranges) Covers(o Ranges) bool {
	i := r.since(o)
	for _, one := range o.list {
		for i < len(r.list) && r.list[i].To().Less(one.To()) {
			i++
		}
		if i == len(r.list) || one.From().Less(r.list[i].From()) {
			return false
		}
	}
	return true
}

// Equal tells whether the sets hold the same addresses.
func (r Ranges) Equal(o Ranges) bool { return slices.Equal(r.list, o.list) }

// Union is what is in either set.
func (r Ranges) Union(o Ranges) Ranges {
	out := make([]netipx.IPRange, 0, len(r.list)+len(o.list))
	for i, j := 0, 0; i < len(r.list) || j < len(o.list); {
		var next netipx.IPRange
		if j == len(o.list) || i < len(r.list) && r.list[i].From().Less(o.list[j].From()) {
			next, i = r.list[i], i+1
		} else {
			next, j = o.list[j], j+1
		}
		if n := len(out); n > 0 && meets(out[n-1], next) {
			if out[n-1].To().Less(next.To()) {
				out[n-1] = netipx.IPRangeFrom(out[n-1].From(), next.To())
			}
			continue
		}
		out = append(out, next)
	}
	return Ranges{out}
}

// meets tells whether a range goes on where an earlier one ends, or within it.
func meets(a, b netipx.IPRange) bool {
	return a.From().BitLen() == b.From().BitLen() && (!a.To().Less(b.From()) || a.To().Next() == b.From())
}

// Intersect is what is in both sets.
func (r Ranges) Intersect(o Ranges) Ranges {
	var out []netipx.IPRange
	for i, j := r.since(o), o.since(r); i < len(r.list) && j < len(o.list); {
		from, to := r.list[i].From(), r.list[i].To()
		if from.Less(o.list[j].From()) {
			from = o.list[j].From()
		}
		if o.list[j].To().Less(to) {
			to = o.list[j].To()
		}
		if !to.Less(from) {
			out = append(out, netipx.IPRangeFrom(from, to))
		}
		if r.list[i].To().Less(o.list[j].To()) {
			i++
		} else {
			j++
		}
	}
	return Ranges{out}
}

// Subtract is what is in the set and not in o.
func (r Ranges) Subtract(o Ranges) Ranges {
	var out []netipx.IPRange
	j := o.since(r)
	for _, one := range r.list {
		from, whole := one.From(), true
		for j < len(o.list) && o.list[j].To().Less(from) {
			j++
		}
		for k := j; k < len(o.list) && !one.To().Less(o.list[k].From()); k++ {
			if from.Less(o.list[k].From()) {
				out = append(out, netipx.IPRangeFrom(from, o.list[k].From().Prev()))
			}
			if !o.list[k].To().Less(one.To()) {
				whole = false
				break
			}
			from = o.list[k].To().Next()
		}
		if whole {
			out = append(out, netipx.IPRangeFrom(from, one.To()))
		}
	}
	return Ranges{out}
}

// Family is the part of the set that is IPv4, or the part that is IPv6.
func (r Ranges) Family(four bool) Ranges {
	if four {
		return r.Intersect(RangesOf(netip.PrefixFrom(netip.IPv4Unspecified(), 0)))
	}
	return r.Intersect(RangesOf(netip.PrefixFrom(netip.IPv6Unspecified(), 0)))
}

// Prefixes are the fewest prefixes that make up the set, in order.
func (r Ranges) Prefixes() (all []netip.Prefix) {
	for _, one := range r.list {
		all = one.AppendPrefixes(all)
	}
	return all
}

// String is the canonical spelling: prefixes with commas, "none" when empty.
func (r Ranges) String() string {
	if r.Empty() {
		return "none"
	}
	var texts []string
	for _, p := range r.Prefixes() {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ",")
}
