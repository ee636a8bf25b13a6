package aviatrix

import (
	"net/netip"
	"slices"
	"strings"
)

// cidrs checks a list: every entry must be an IPv4 prefix, a bare address means /32. Order is kept, doubles go.
func cidrs(list []string) ([]string, error) {
	out := []string{}
	for _, text := range list {
		if !strings.Contains(text, "/") {
			text += "/32"
		}
		p, err := netip.ParsePrefix(text)
		if err != nil || !p.Addr().Is4() {
			return nil, refuse("CIDR %s is invalid.", text)
		}
		if entry := p.Masked().String(); !slices.Contains(out, entry) {
			out = append(out, entry)
		}
	}
	return out, nil
}

func parsed(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range list {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p)
		} else if a, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return out
}

// within tells whether one of the prefixes holds the whole of p.
func within(p netip.Prefix, list []netip.Prefix) bool {
	return slices.ContainsFunc(list, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) })
}

// private tells whether the filter takes a destination for an internal one.
func private(a netip.Addr) bool { return a.Is4() && a.IsPrivate() }

// rfc1918 are the private ranges of IPv4.
var rfc1918 = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16")}

func without(list, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(gone, s) })
}
