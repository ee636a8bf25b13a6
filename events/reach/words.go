package reach

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// What people read of flows is short: a few groups, a few ranges of each, protocols by their names.

// Bounds of what is told to people and journals.
const (
	maxNamed  = 20
	maxTold   = 4
	maxRanges = 4
)

// words are flows for people, at most maxTold groups of them: those of one source and destination are told together.
// sent tells whether the sources are told: where the sender has been named they say nothing more.
func (f Flows) words(sent bool) string {
	var ends []string
	what := map[string][]Layer4{}
	for _, b := range f.boxes {
		to := b.Dst.words()
		if b.Name != NoName && b.Name != AnyName {
			to = string(b.Name)
		}
		end := " to " + to
		if sent {
			end = " from " + b.Src.words() + end
		}
		if what[end] == nil {
			ends = append(ends, end)
		}
		what[end] = append(what[end], b.Layer4)
	}
	slices.Sort(ends)
	out := make([]string, 0, maxTold+1)
	for i, end := range ends {
		if i == maxTold {
			out = append(out, fmt.Sprintf("and %d more", len(ends)-maxTold))
			break
		}
		out = append(out, layersWords(what[end])+end)
	}
	return strings.Join(out, "; ")
}

// listed is a list in order, each item once.
func listed(items []string) []string { return slices.Compact(slices.Sorted(slices.Values(items))) }

// words are the ranges of a set for people, at most maxRanges of them, and how many more there are.
func (r Ranges) words() string {
	for _, family := range []struct {
		four bool
		name string
	}{{true, "every IPv4 address"}, {false, "every IPv6 address"}} {
		if r.Equal(EveryAddress().Family(family.four)) {
			return family.name
		}
	}
	texts := make([]string, 0, maxRanges+1)
	for i, one := range r.list {
		p, whole := one.Prefix()
		switch {
		case i == maxRanges:
			return strings.Join(append(texts, fmt.Sprintf("%d more ranges", len(r.list)-maxRanges)), ", ")
		case !whole:
			texts = append(texts, one.String())
		case p.IsSingleIP():
			texts = append(texts, p.Addr().String())
		default:
			texts = append(texts, p.String())
		}
	}
	return strings.Join(texts, ", ")
}

// layersWords are protocols and ports for people: "tcp 443, udp", "everything but tcp 22".
func layersWords(layers []Layer4) string {
	var whole Spans
	ports := map[uint16]Spans{} // of protocols of which some ports are meant
	for _, l := range layers {
		if l.Ports.Equal(EveryPort()) {
			whole = whole.Union(l.Protocols)
			continue
		}
		for _, s := range l.Protocols {
			for n := int(s.Lo); n <= int(s.Hi); n++ {
				ports[uint16(n)] = ports[uint16(n)].Union(l.Ports)
			}
		}
	}
	all, some := EveryProtocol().Protocols, slices.Sorted(maps.Keys(ports))
	missing := all.Subtract(whole)
	for _, n := range some {
		missing = missing.Subtract(One(n))
	}
	var texts []string
	if len(missing) == 0 {
		for _, n := range some {
			but := EveryPort().Subtract(ports[n])
			if len(but) > len(ports[n]) {
				texts = append(texts, protocolName(int(n))+" other than "+ports[n].String())
			} else {
				texts = append(texts, protocolName(int(n))+" "+but.String())
			}
		}
		if len(texts) == 0 {
			return "everything"
		}
		return "everything but " + strings.Join(texts, " and ")
	}
	for _, s := range whole {
		texts = append(texts, s.words())
	}
	for _, n := range some {
		texts = append(texts, protocolName(int(n))+" "+ports[n].String())
	}
	return strings.Join(texts, " and ")
}

// words are a span of protocols for people.
func (s Span) words() string {
	if s.Lo == s.Hi {
		return protocolName(int(s.Lo))
	}
	return fmt.Sprintf("protocols %d-%d", s.Lo, s.Hi)
}

// protocolNames are IANA's names of the protocols that filters name, by their numbers.
var protocolNames = [256]string{ICMP: "icmp", TCP: "tcp", UDP: "udp", GRE: "gre", ESP: "esp", AH: "ah",
	ICMPv6: "icmpv6", SCTP: "sctp"}

// protocolName is the name of a protocol, or its number.
func protocolName(number int) string {
	if name := protocolNames[number]; name != "" {
		return name
	}
	return strconv.Itoa(number)
}
