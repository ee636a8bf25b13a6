package google

import (
	"fmt"
	"net/netip"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

func addresses(global bool) collection {
	c := collection{
		kind: "addresses", call: "addresses", scope: "projects/{project}/regions/{region}", object: "compute#address",
		singular: "address",
		schema:   structSchema[compute.Address](), took: durations{insert: 2 * time.Second, delete: 2 * time.Second},
		labels: true,
		build:  buildAddress, view: viewAddress, inserted: addressReserved,
		user: func(r *request, name string, doc world.Doc) string {
			if users := r.addressUsers(name, doc); len(users) > 0 {
				return relative(users[0].(string), "")
			}
			return ""
		},
	}
	if global {
		c.call, c.scope = "globalAddresses", "projects/{project}/global"
	}
	return c
}

// addressReserved: RESERVING until the operation is done.
func addressReserved(r *request, name string, took time.Duration) {
	r.later(took, "addresses", name, world.Doc{"status": "RESERVED"})
}

func buildAddress(r *request) (world.Doc, *refusal) {
	doc := without(r.body)
	defaults(doc, map[string]any{"addressType": "EXTERNAL", "description": ""})
	doc["status"] = "RESERVING"
	doc["labelFingerprint"] = fingerprint(doc["labels"])
	if r.region == "" && str(doc, "description") == "" {
		delete(doc, "description") // as recorded: only regional addresses answer an empty one
	}
	switch {
	case str(doc, "addressType") != "INTERNAL":
		return externalAddress(r, doc)
	case r.region != "":
		return subnetAddress(r, doc)
	case str(doc, "purpose") == "PRIVATE_SERVICE_CONNECT":
		return doc, r.checkEndpointAddress(doc)
	case str(doc, "purpose") == "VPC_PEERING":
		return r.allocatedRange(doc)
	}
	return nil, invalid("resource.purpose", str(doc, "purpose"),
		"Global internal addresses need the purpose VPC_PEERING or PRIVATE_SERVICE_CONNECT.")
}

// externalAddress hands out a documentation address: nothing in this world uses external ones.
func externalAddress(r *request, doc world.Doc) (world.Doc, *refusal) {
	id := r.tx.ID()
	defaults(doc, map[string]any{"address": fmt.Sprintf("203.0.113.%d", id%254+1), "networkTier": "PREMIUM"})
	return doc, nil
}

// checkEndpointAddress holds the address rules of an endpoint for Google APIs (documentation: About accessing Google
// APIs through endpoints). The wording of the refusals is a guess.
func (r *request) checkEndpointAddress(doc world.Doc) *refusal {
	const field = "resource.address"
	network, netDoc, bad := r.networkOf(str(doc, "network"))
	if bad != nil {
		return bad
	}
	addr, err := netip.ParseAddr(str(doc, "address"))
	if err != nil || !addr.Is4() {
		return invalid(field, str(doc, "address"), "Must be a single IPv4 address.")
	}
	if _, sized := num(doc, "prefixLength"); sized {
		return invalid("resource.prefixLength", value(doc, "prefixLength"),
			"Not allowed with the purpose PRIVATE_SERVICE_CONNECT.")
	}
	if str(doc, "networkTier") != "" {
		return invalid("resource.networkTier", str(doc, "networkTier"), "Not allowed for internal addresses.")
	}
	host := netip.PrefixFrom(addr, 32)
	if t, hit := overlapping(r.taken(network, netDoc), host); hit {
		return invalid(field, addr, "The address conflicts with %s '%s'.", t.what, t.name)
	}
	for _, t := range r.staticRoutes(network, netDoc) {
		if t.prefix == host {
			return invalid(field, addr, "The address conflicts with %s '%s'.", t.what, t.name)
		}
	}
	if netip.MustParsePrefix("10.128.0.0/9").Contains(addr) && r.anyAutoMode(netDoc) {
		return invalid(field, addr, "The address is in the range 10.128.0.0/9 of an auto mode network.")
	}
	if by := r.addressesOn(network)[addr]; by != "" {
		return ipInUse(addr, by)
	}
	if limit := r.quotas["GLOBAL_INTERNAL_ADDRESSES"]; r.countAddresses() >= limit {
		return quotaExceeded("GLOBAL_INTERNAL_ADDRESSES", limit)
	}
	return nil
}

func ipInUse(addr netip.Addr, by string) *refusal {
	return &refusal{status: 400, reason: "ipInUseByAnotherResource", rpc: "FAILED_PRECONDITION",
		message: fmt.Sprintf("IP '%s' is already being used by '%s'.", addr, by)}
}

func (r *request) anyAutoMode(network world.Doc) bool {
	if flag(network, "autoCreateSubnetworks") {
		return true
	}
	for _, name := range peers(network) {
		if peer, ok := r.get("networks", name); ok && flag(peer, "autoCreateSubnetworks") {
			return true
		}
	}
	return false
}

func (r *request) countAddresses() int {
	n := 0
	for e := range r.all("addresses", "projects/"+r.project+"/global/") {
		if str(e.Doc, "addressType") == "INTERNAL" {
			n++
		}
	}
	return n
}

// allocatedRange reserves a range for private services access; without an address the server picks one (guess: the
// first free).
func (r *request) allocatedRange(doc world.Doc) (world.Doc, *refusal) {
	network, netDoc, bad := r.networkOf(str(doc, "network"))
	if bad != nil {
		return nil, bad
	}
	bits, _ := num(doc, "prefixLength")
	if bits < 8 || bits > 29 {
		return nil, invalid("resource.prefixLength", bits, "Must be between 8 and 29.")
	}
	all := r.taken(network, netDoc)
	if given := str(doc, "address"); given != "" {
		addr, err := netip.ParseAddr(given)
		p := netip.PrefixFrom(addr, int(bits))
		if err != nil || p.Masked() != p {
			return nil, invalid("resource.address", given, "Must be the start of a range.")
		}
		if t, hit := overlapping(all, p); hit {
			return nil, invalid("resource.address", given, "The range conflicts with %s '%s'.", t.what, t.name)
		}
		return doc, nil
	}
	for p := netip.PrefixFrom(netip.MustParseAddr("10.64.0.0"), int(bits)); p.Addr().Is4() &&
		p.Addr().Compare(netip.MustParseAddr("10.128.0.0")) < 0; {
		if _, hit := overlapping(all, p); !hit {
			doc["address"] = p.Addr().String()
			return doc, nil
		}
		p = nextPrefix(p)
	}
	return nil, badRequest("There is no free range of the requested size.")
}

func nextPrefix(p netip.Prefix) netip.Prefix {
	b := p.Addr().As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n += 1 << (32 - p.Bits())
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), p.Bits())
}

// ownSubnetwork is the subnetwork that an auto mode network has in the request's region. An internal address that names
// none is in it; guess: that of the network "default" where none is named either, and the refusal where there is none.
func (r *request) ownSubnetwork(doc world.Doc) (string, *refusal) {
	network := str(doc, "network")
	if network == "" {
		network = "global/networks/default"
	}
	name, _, bad := r.networkOf(network)
	if bad != nil {
		return "", bad
	}
	for e := range r.all("subnetworks", "") {
		if relative(str(e.Doc, "network"), "") == name && segment(e.Name, "regions") == r.region &&
			r.autoSubnetwork(e.Name, e.Doc) {
			return e.Name, nil
		}
	}
	return "", invalid("resource.subnetwork", "", "The network '%s' has no subnetwork of its own in this region.", name)
}

// subnetAddress reserves an address inside a subnet; without one the server picks the first free.
func subnetAddress(r *request, doc world.Doc) (world.Doc, *refusal) {
	if str(doc, "subnetwork") == "" {
		own, bad := r.ownSubnetwork(doc)
		if bad != nil {
			return nil, bad
		}
		delete(doc, "network")
		doc["subnetwork"] = link(own)
	}
	name := relative(str(doc, "subnetwork"), r.project)
	subnet, ok := r.get("subnetworks", name)
	if !ok {
		return nil, notFound(name)
	}
	if segment(name, "regions") != r.region {
		return nil, invalid("resource.subnetwork", str(doc, "subnetwork"), "The subnetwork is in another region.")
	}
	if purpose := str(subnet, "purpose"); purpose != "PRIVATE" {
		return nil, invalid(
			"resource.subnetwork", str(doc, "subnetwork"), "A subnetwork with purpose %s gives no addresses.", purpose,
		)
	}
	defaults(doc, map[string]any{"purpose": "GCE_ENDPOINT", "networkTier": "PREMIUM"})
	prefix := netip.MustParsePrefix(str(subnet, "ipCidrRange"))
	used := r.addressesOn(relative(str(subnet, "network"), ""))
	if given := str(doc, "address"); given != "" {
		addr, err := netip.ParseAddr(given)
		if err != nil || !usable(prefix, addr) {
			return nil, invalid("resource.address", given, "The address is not usable in subnetwork '%s' (%s).", name,
				prefix)
		}
		if by := used[addr]; by != "" {
			return nil, ipInUse(addr, by)
		}
		return doc, nil
	}
	for addr := prefix.Addr(); prefix.Contains(addr); addr = addr.Next() {
		if usable(prefix, addr) && used[addr] == "" {
			doc["address"] = addr.String()
			return doc, nil
		}
	}
	return nil, &refusal{
		status: 400, reason: "ipSpaceExhausted", rpc: "RESOURCE_EXHAUSTED",
		message: fmt.Sprintf("IP space of '%s' is exhausted.", name)}
}

// usable: the first two and the last two addresses of a subnet's primary range are the vendor's own.
func usable(p netip.Prefix, a netip.Addr) bool {
	return p.Contains(a) && a != p.Addr() && a != p.Addr().Next() && p.Contains(a.Next()) && p.Contains(a.Next().Next())
}

// addressNetwork is the network that an address belongs to, also through its subnetwork.
func (r *request) addressNetwork(name string, doc world.Doc) string {
	project := segment(name, "projects")
	if subnet, ok := r.get("subnetworks", relative(str(doc, "subnetwork"), project)); ok {
		return relative(str(subnet, "network"), "")
	}
	if str(doc, "network") == "" {
		return ""
	}
	return relative(str(doc, "network"), project)
}

// addressUsers lists the links of the forwarding rules that use an address.
func (r *request) addressUsers(name string, doc world.Doc) []any {
	network, ip := r.addressNetwork(name, doc), str(doc, "address")
	var users []any
	for e := range r.all("forwardingRules", "") {
		if str(e.Doc, "IPAddress") == ip && relative(str(e.Doc, "network"), "") == network {
			users = append(users, link(e.Name))
		}
	}
	return users
}

func viewAddress(r *request, name string, doc world.Doc) {
	if users := r.addressUsers(name, doc); len(users) > 0 {
		doc["users"], doc["status"] = users, "IN_USE"
	}
}
