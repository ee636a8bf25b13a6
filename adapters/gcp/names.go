package gcp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/workers"
)

// relative cuts a self link of any host or API version to its name: "projects/p/global/networks/n".
func relative(link string) string {
	if i := strings.Index(link, "/projects/"); i >= 0 {
		return link[i+1:]
	}
	return link
}

// base is the last segment of a name.
func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// segment is the one after the named: segment("projects/p/regions/r/subnetworks/s", "regions") is "r".
func segment(name, after string) string {
	parts := strings.Split(name, "/")
	for i := 0; i+1 < len(parts); i++ {
		if parts[i] == after {
			return parts[i+1]
		}
	}
	return ""
}

// splitNetwork reads "projects/P/global/networks/N".
func splitNetwork(name string) (project, network string, err error) {
	name = relative(name)
	project, network = segment(name, "projects"), segment(name, "networks")
	if name != networkName(project, network) {
		return "", "", workers.Refuse("invalid", "network %q is not projects/P/global/networks/N", name)
	}
	return project, network, nil
}

func networkName(project, network string) string {
	return fmt.Sprintf("projects/%s/global/networks/%s", project, network)
}

// subnetRef is a subnetwork's name in parts.
type subnetRef struct{ project, region, name string }

// splitSubnet reads "projects/P/regions/R/subnetworks/S".
func splitSubnet(name string) (subnetRef, error) {
	name = relative(name)
	s := subnetRef{
		project: segment(name, "projects"), region: segment(name, "regions"), name: segment(name, "subnetworks"),
	}
	if name != s.String() {
		return subnetRef{}, workers.Refuse("invalid", "subnetwork %q is not projects/P/regions/R/subnetworks/S", name)
	}
	return s, nil
}

func (s subnetRef) String() string {
	return fmt.Sprintf("projects/%s/regions/%s/subnetworks/%s", s.project, s.region, s.name)
}

// canonical writes a CIDR or a bare address as a masked CIDR, and leaves what it cannot read as it is.
func canonical(cidr string) string {
	if p, err := netip.ParsePrefix(cidr); err == nil {
		return p.Masked().String()
	}
	if a, err := netip.ParseAddr(cidr); err == nil {
		return netip.PrefixFrom(a, a.BitLen()).String()
	}
	return cidr
}

// inside tells whether a CIDR lies within one of others.
func inside(cidr string, others []string) bool {
	p, err := netip.ParsePrefix(canonical(cidr))
	if err != nil {
		return false
	}
	for _, other := range others {
		o, err := netip.ParsePrefix(canonical(other))
		if err == nil && o.Bits() <= p.Bits() && o.Contains(p.Addr()) {
			return true
		}
	}
	return false
}

// meets tells whether a CIDR overlaps one of others.
func meets(cidr string, others []string) bool {
	p, err := netip.ParsePrefix(canonical(cidr))
	if err != nil {
		return false
	}
	for _, other := range others {
		if o, err := netip.ParsePrefix(canonical(other)); err == nil && o.Overlaps(p) {
			return true
		}
	}
	return false
}

// sameSet tells whether two lists hold the same members.
func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}
