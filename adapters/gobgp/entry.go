package gobgp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
)

// entry is one announcement: a prefix and the next hop that peers are told. Its text is "10.0.0.1/32@10.9.0.1".
type entry struct {
	prefix  netip.Prefix
	nextHop netip.Addr
}

func parseEntry(text string) (entry, error) {
	left, right, _ := strings.Cut(text, "@")
	prefix, err := netip.ParsePrefix(left)
	if err != nil || !prefix.Addr().Is4() {
		return entry{}, fmt.Errorf("read entry %q: want PREFIX@NEXTHOP, IPv4", text)
	}
	hop, err := netip.ParseAddr(right)
	if err != nil || !hop.Is4() || hop.IsUnspecified() {
		return entry{}, fmt.Errorf("read entry %q: want PREFIX@NEXTHOP, IPv4", text)
	}
	return entry{prefix.Masked(), hop}, nil
}

// parseEntries reads a whole list. A prefix twice is an error: GoBGP keeps one own path a prefix, the later one wins.
func parseEntries(list []string) (map[netip.Prefix]entry, error) {
	out := make(map[netip.Prefix]entry, len(list))
	for _, text := range list {
		e, err := parseEntry(text)
		if err != nil {
			return nil, err
		}
		if old, twice := out[e.prefix]; twice && old != e {
			return nil, fmt.Errorf("read entries: %s has two next hops, %s and %s", e.prefix, old.nextHop, e.nextHop)
		}
		out[e.prefix] = e
	}
	return out, nil
}

func (e entry) String() string { return e.prefix.String() + "@" + e.nextHop.String() }

func sorted(entries map[netip.Prefix]entry) []entry {
	out := make([]entry, 0, len(entries))
	for _, e := range entries {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b entry) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// unicast is the one family of this package; a path without a family is refused by GoBGP.
func unicast() *api.Family {
	return &api.Family{Afi: api.Family_AFI_IP, Safi: api.Family_SAFI_UNICAST}
}

// path is the entry for the wire. GoBGP asks for origin and next hop.
func (e entry) path() *api.Path {
	return &api.Path{
		Family: unicast(),
		Nlri: &api.NLRI{Nlri: &api.NLRI_Prefix{Prefix: &api.IPAddressPrefix{
			Prefix: e.prefix.Addr().String(), PrefixLen: uint32(e.prefix.Bits()),
		}}},
		Pattrs: []*api.Attribute{
			{Attr: &api.Attribute_Origin{Origin: &api.OriginAttribute{Origin: 0}}}, // IGP
			{Attr: &api.Attribute_NextHop{NextHop: &api.NextHopAttribute{NextHop: e.nextHop.String()}}},
		},
	}
}

// native is the entry for the library; it refuses a path without a family.
func (e entry) native() (*apiutil.Path, error) {
	nlri, err := bgp.NewIPAddrPrefix(e.prefix)
	if err != nil {
		return nil, fmt.Errorf("write prefix %s: %w", e.prefix, err)
	}
	hop, err := bgp.NewPathAttributeNextHop(e.nextHop)
	if err != nil {
		return nil, fmt.Errorf("write next hop %s: %w", e.nextHop, err)
	}
	origin := bgp.NewPathAttributeOrigin(bgp.BGP_ORIGIN_ATTR_TYPE_IGP)
	return &apiutil.Path{Family: bgp.RF_IPv4_UC, Nlri: nlri, Attrs: []bgp.PathAttributeInterface{origin, hop}}, nil
}

// prefixOf is a path's prefix as text, "/0" without one.
func prefixOf(p *api.Path) string {
	prefix := p.GetNlri().GetPrefix()
	return fmt.Sprintf("%s/%d", prefix.GetPrefix(), prefix.GetPrefixLen())
}

// nextHopOf is a path's next hop, "" without one.
func nextHopOf(p *api.Path) string {
	for _, attr := range p.GetPattrs() {
		if hop := attr.GetNextHop(); hop != nil {
			return hop.GetNextHop()
		}
	}
	return ""
}
