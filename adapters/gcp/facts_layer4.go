package gcp

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
)

// protocolNames are those that Compute's rules know besides numbers (discovery document, IPProtocol).
func protocolNames() map[string]uint16 {
	return map[string]uint16{"tcp": reach.TCP, "udp": reach.UDP, "icmp": reach.ICMP, "esp": reach.ESP, "ah": reach.AH,
		"sctp": reach.SCTP, "ipip": 4}
}

// layer4Of reads one protocol with its ports. What it cannot read it tells.
func layer4Of(protocol string, ports []string) (reach.Layer4, error) {
	protocol = strings.ToLower(protocol)
	if protocol == everyProtocol {
		return reach.EveryProtocol(), nil
	}
	number, ok := protocolNames()[protocol]
	if !ok {
		n, err := strconv.ParseUint(protocol, 10, 8)
		if err != nil {
			return reach.Layer4{}, fmt.Errorf("parse protocol %q: want a name or a number", protocol)
		}
		number = uint16(n)
	}
	var spans []reach.Span
	for _, text := range ports {
		span, err := spanOf(text)
		if err != nil {
			return reach.Layer4{}, err
		}
		spans = append(spans, span)
	}
	return reach.Protocol(number, spans...), nil
}

// spanOf reads "80" and "8000-8080".
func spanOf(text string) (reach.Span, error) {
	from, to, ranged := strings.Cut(text, "-")
	if !ranged {
		to = from
	}
	lo, err := strconv.ParseUint(strings.TrimSpace(from), 10, 16)
	if err != nil {
		return reach.Span{}, fmt.Errorf("parse ports %q: want a number or two with a dash", text)
	}
	hi, err := strconv.ParseUint(strings.TrimSpace(to), 10, 16)
	if err != nil || hi < lo {
		return reach.Span{}, fmt.Errorf("parse ports %q: want a number or two with a dash", text)
	}
	return reach.Span{Lo: uint16(lo), Hi: uint16(hi)}, nil
}

// rangesOf reads addresses and prefixes; what it cannot read it gives back.
func rangesOf(texts []string) (out reach.Ranges, bad []string) {
	for _, text := range texts {
		one, err := reach.ParseRanges(text)
		if err != nil {
			bad = append(bad, text)
			continue
		}
		out = out.Union(one)
	}
	return out, bad
}

// everyIPv4 is what the vendor puts where a VPC rule names no range.
func everyIPv4() reach.Ranges { return reach.RangesOf(netip.PrefixFrom(netip.IPv4Unspecified(), 0)) }
