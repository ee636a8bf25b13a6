package reach

import (
	"net/netip"
	"slices"
	"strings"
)

// Addresses of Google's own. The first two stand for a service that leaves by Google's own way, the ranges are part of
// those of the default domains: what Google publishes as its own (goog.json) without what its customers have
// (cloud.json, 34.64.0.0/10 and 2600:1900::/28 among it). Pages: support.google.com/a/answer/10026322 ("Obtain Google
// IP address ranges") and pageAccess; for IPv6 cloud.google.com/blog/products/networking/
// how-to-create-a-ipv6-network-in-google-cloud: 2600:1900::/28 is for the subnetworks of customers.
var (
	runAddress  = netip.MustParseAddr("34.96.0.2")
	runAddress6 = netip.MustParseAddr("2600:1900::2")
	googleOwn   = []string{"142.250.0.0/15", "172.217.0.0/16", "216.58.192.0/19", "2607:f8b0::/32", "2a00:1450::/32"}
	// vips are private.googleapis.com and restricted.googleapis.com.
	vips = []string{"199.36.153.8/30", "199.36.153.4/30", "2600:2d00:2:2000::/64", "2600:2d00:2:1000::/64"}
	// privateRanges are documented for private-ranges-only; the reserved ones depend on a switch.
	// Those of RFC 1918 and RFC 6598 (cloud.google.com/vpc/docs/configure-serverless-vpc-access), and Google's two.
	privateRanges = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
		"199.36.153.4/30", "199.36.153.8/30"}
	uniqueLocal    = "fd00::/8"
	reservedRanges = []string{"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4"}
	// metadata is the metadata server (pageRules, always allowed traffic; cloud.google.com/compute/docs/metadata/
	// querying-metadata for IPv6).
	metadata = []netip.Addr{netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("fd20:ce::254")}
)

func googles(a netip.Addr) bool { return anyInside(googleOwn, a) || anyInside(vips, a) }

func private(a netip.Addr) bool {
	return a.IsPrivate() || inside("100.64.0.0/10", a) || a.IsLinkLocalUnicast() || a.IsLoopback() || a.IsMulticast()
}

// unrouted tells of addresses that the Internet does not route: private ones, and those that are reserved (RFC 6890:
// not globally reachable). The ranges for documentation stand for public hosts in this world.
func unrouted(a netip.Addr) bool {
	return private(a) || anyInside([]string{"0.0.0.0/8", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4"}, a)
}

// specialUse tells of the IPv4 ranges that peers always exchange: private and reserved ones, never public ones.
func specialUse(a netip.Addr) bool { return private(a) || anyInside(reservedRanges, a) }

// leaveService decides which way a service's packet leaves: into its network or by Google's own way.
func (w *walk) leaveService(l leg) leg {
	access := l.service.Template.Access
	at := l.service.Name
	if slices.Contains(metadata, l.dst) {
		w.say(at, outMetadata, "")
		l.at, l.end, l.there = arrived, "metadata", "metadata server"
		return l
	}
	if access.Connector == "" && len(access.NICs) == 0 {
		w.say(at, outNone, "")
		return w.ownWay(l)
	}
	switch {
	case strings.EqualFold(access.Egress, "ALL_TRAFFIC"):
		w.say(at, outAll, "")
	case anyInside(privateRanges, l.dst):
		w.say(at, outPrivate, "")
	case anyInside(reservedRanges, l.dst):
		w.say(at, outPrivate, "")
		w.asked(widePrivate)
		if !w.settings.On(widePrivate) {
			return w.ownWay(l)
		}
	case inside(uniqueLocal, l.dst):
		w.say(at, outPrivate, "")
		w.asked(sixPrivate)
		if !w.settings.On(sixPrivate) {
			return w.ownWay(l)
		}
	default:
		w.say(at, outPublic, "")
		return w.ownWay(l)
	}
	who, ok := w.serviceNIC(*l.service)
	if !ok {
		return w.drop(l, at, outGone, access.Connector)
	}
	return w.enterNetwork(l, who)
}

func (w *walk) ownWay(l leg) leg {
	if unrouted(l.dst) {
		return w.drop(l, l.service.Name, outNoPrivate, "")
	}
	l.at = atInternet
	if googles(l.dst) {
		l.at = atFront
	}
	return l
}

// serviceNIC is the interface that a service sends from.
func (s *Snapshot) serviceNIC(svc service) (nic, bool) {
	access := svc.Template.Access
	project := part(svc.Name, "projects")
	if access.Connector != "" {
		name := s.byID(access.Connector)
		if !strings.Contains(name, "/") {
			name = "projects/" + project + "/locations/" + part(svc.Name, "locations") + "/connectors/" + name
		}
		return s.connectorNIC(name)
	}
	subnet := s.byID(relative(access.NICs[0].Subnetwork, project))
	if !strings.Contains(access.NICs[0].Subnetwork, "/") {
		subnet = "projects/" + project + "/regions/" + part(svc.Name,
			"locations") + "/subnetworks/" + access.NICs[0].Subnetwork
	}
	return s.directNIC(subnet, access.NICs[0].Tags)
}

func (w *walk) enterNetwork(l leg, who nic) leg {
	into, err := who.leg(l.dst.Is6())
	if err != nil { // a connector has IPv4 only, a subnetwork what it was made with
		return w.drop(l, who.name, outFamily, "")
	}
	l.at, l.net, l.nic, l.region, l.src = into.at, into.net, into.nic, into.region, into.src
	home := l
	w.entered = &home
	return l
}
