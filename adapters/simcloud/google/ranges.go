package google

import (
	"net/netip"
	"strconv"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// taken is one range that a network knows, and whose it is.
type taken struct {
	prefix netip.Prefix
	what   string // "subnetwork", "peered subnetwork", "static route", "allocated range", "connector"
	name   string
}

// networkOf returns the network document that a reference names.
func (r *request) networkOf(ref string) (string, world.Doc, *refusal) {
	name := relative(ref, r.project)
	doc, ok := r.get("networks", name)
	if !ok {
		return "", nil, notFound(name)
	}
	return name, doc, nil
}

// subnets lists the ranges of a network's own subnetworks: primary, secondary, and the one of IPv6.
func (r *request) subnets(network, what string) []taken {
	var out []taken
	for e := range r.all("subnetworks", "") {
		if relative(str(e.Doc, "network"), "") != network {
			continue
		}
		ranges := []string{str(e.Doc, "ipCidrRange"), str(e.Doc, "ipv6CidrRange")}
		for _, s := range objs(e.Doc, "secondaryIpRanges") {
			ranges = append(ranges, str(s, "ipCidrRange"))
		}
		for _, text := range ranges {
			if p, err := netip.ParsePrefix(text); err == nil {
				out = append(out, taken{p, what, e.Name})
			}
		}
	}
	return out
}

// peers lists the names of the networks that a network is peered with.
func peers(network world.Doc) []string {
	var out []string
	for _, p := range objs(network, "peerings") {
		out = append(out, relative(str(p, "network"), segment(str(p, "network"), "projects")))
	}
	return out
}

// taken lists everything that an address or range of the network can collide with, but routes.
func (r *request) taken(network string, doc world.Doc) []taken {
	out := r.subnets(network, "subnetwork")
	for _, peer := range peers(doc) {
		out = append(out, r.subnets(peer, "peered subnetwork")...)
	}
	for e := range r.all("addresses", "") {
		n, sized := num(e.Doc, "prefixLength")
		if sized && relative(str(e.Doc, "network"), segment(e.Name, "projects")) == network {
			if p, err := netip.ParsePrefix(str(e.Doc, "address") + "/" + strconv.FormatInt(n, 10)); err == nil {
				out = append(out, taken{p, "allocated range", e.Name})
			}
		}
	}
	for e := range r.all("connectors", "") {
		p, err := netip.ParsePrefix(str(e.Doc, "ipCidrRange"))
		if err == nil && connectorNetwork(e.Name, e.Doc) == network {
			out = append(out, taken{p, "connector", e.Name})
		}
	}
	return out
}

// staticRoutes lists the static routes of a network and of its peers that export them to it.
func (r *request) staticRoutes(network string, doc world.Doc) []taken {
	visible := map[string]string{network: "static route"}
	for _, p := range objs(doc, "peerings") {
		if flag(p, "importCustomRoutes") {
			visible[relative(str(p, "network"), "")] = "static route of a peered network"
		}
	}
	var out []taken
	for e := range r.all("routes", "") {
		what, ok := visible[relative(str(e.Doc, "network"), segment(e.Name, "projects"))]
		if p, err := netip.ParsePrefix(str(e.Doc, "destRange")); ok && err == nil {
			out = append(out, taken{p, what, e.Name})
		}
	}
	return out
}

func overlapping(all []taken, p netip.Prefix) (taken, bool) {
	for _, t := range all {
		if t.prefix.Overlaps(p) {
			return t, true
		}
	}
	return taken{}, false
}

// addressesOn lists the literal addresses in use on a network: reserved ones (not ranges) and those of forwarding
// rules.
func (r *request) addressesOn(network string) map[netip.Addr]string {
	out := map[netip.Addr]string{}
	for e := range r.all("addresses", "") {
		if _, sized := num(e.Doc, "prefixLength"); sized || r.addressNetwork(e.Name, e.Doc) != network {
			continue
		}
		if a, err := netip.ParseAddr(str(e.Doc, "address")); err == nil {
			out[a] = e.Name
		}
	}
	for e := range r.all("forwardingRules", "") {
		if relative(str(e.Doc, "network"), "") != network {
			continue
		}
		if a, err := netip.ParseAddr(str(e.Doc, "IPAddress")); err == nil && out[a] == "" {
			out[a] = e.Name
		}
	}
	return out
}
