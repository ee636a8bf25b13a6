package google

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"sort"
	"strings"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

func routes() collection {
	return collection{
		kind: "routes", call: "routes", scope: "projects/{project}/global", object: "compute#route", singular: "route",
		schema: structSchema[compute.Route](), took: durations{insert: 5 * time.Second, delete: 5 * time.Second},
		build: buildRoute,
	}
}

var nextHops = []string{"nextHopInstance", "nextHopIp", "nextHopGateway", "nextHopIlb", "nextHopVpnTunnel"}

func buildRoute(r *request) (world.Doc, *refusal) {
	network, netDoc, bad := r.networkOf(str(r.body, "network"))
	if bad != nil {
		return nil, bad
	}
	destination, err := netip.ParsePrefix(str(r.body, "destRange"))
	if err != nil || destination.Masked() != destination {
		return nil, invalid("resource.destRange", str(r.body, "destRange"), "Must be a CIDR address range.")
	}
	hops := 0
	for _, hop := range nextHops {
		if str(r.body, hop) != "" {
			hops++
		}
	}
	if hops != 1 {
		return nil, badRequest("Exactly one next hop must be specified.")
	}
	if instance := str(r.body, "nextHopInstance"); instance != "" && !r.tx.Has(vendor, "instances",
		relative(instance, r.project)) {
		return nil, notFound(relative(instance, r.project))
	}
	if priority, ok := num(r.body, "priority"); ok && (priority < 0 || priority > 65535) {
		return nil, invalid("resource.priority", priority, "Must be between 0 and 65535.")
	}
	// A static route cannot be the same as or inside a subnet of the network or of a peer.
	all := r.subnets(network, "subnetwork")
	for _, peer := range peers(netDoc) {
		all = append(all, r.subnets(peer, "peered subnetwork")...)
	}
	for _, t := range all {
		if t.prefix.Bits() <= destination.Bits() && t.prefix.Contains(destination.Addr()) {
			return nil, invalid("resource.destRange", destination, "The destination is inside %s '%s'.", t.what, t.name)
		}
	}
	doc := without(r.body)
	defaults(doc, map[string]any{"priority": 1000, "description": ""})
	doc["network"] = link(network)
	doc["routeType"] = "STATIC"
	for _, hop := range nextHops { // resources come back by their full address
		if name := relative(str(doc, hop), r.project); strings.HasPrefix(name, "projects/") {
			doc[hop] = link(name)
		}
	}
	return doc, nil
}

func routeMethods() []method {
	c := routes()
	methods := c.methods()
	for i := range methods {
		switch methods[i].call {
		case "routes.list":
			methods[i].run = listRoutes
		case "routes.get":
			methods[i].run = getRoute
		}
	}
	return methods
}

// listRoutes adds the routes that the vendor makes itself: one to each range of a subnetwork, of both address families,
// and the peering subnet routes that the network has imported (https://cloud.google.com/vpc/docs/routes: subnet routes).
func listRoutes(r *request) (world.Doc, *refusal) {
	entries := r.tx.List(vendor, "routes", r.scope()+"/routes/")
	entries = append(entries, r.systemRoutes()...)
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name < entries[j].Name })
	return r.page("compute#routeList", entries, nil)
}

func getRoute(r *request) (world.Doc, *refusal) {
	name := r.scope() + "/routes/" + r.name
	if doc, ok := r.get("routes", name); ok {
		return doc, nil
	}
	for _, e := range r.systemRoutes() {
		if e.Name == name {
			return e.Doc, nil
		}
	}
	return nil, notFound(name)
}

func (r *request) systemRoutes() []world.Entry {
	var out []world.Entry
	add := func(doc world.Doc, hop, to string) {
		doc[hop], doc["routeType"] = to, "SUBNET"
		out = append(out, world.Entry{Name: relative(str(doc, "selfLink"), ""), Doc: doc})
	}
	for n := range r.all("networks", r.scope()+"/networks/") {
		for _, t := range r.subnets(n.Name, "") {
			add(r.systemRoute(n.Name, "default-route", t), "nextHopNetwork", link(n.Name))
		}
		peerings := objs(n.Doc, "peerings")
		if len(peerings) == 0 {
			continue // the tables that packets follow are read for peerings alone
		}
		imported := importedRanges(reach.Read(r.tx), n.Name)
		for _, p := range peerings {
			for _, t := range r.subnets(relative(str(p, "network"), ""), "") {
				if imported[str(p, "name")][t.prefix] {
					add(r.systemRoute(n.Name, "peering-route", t), "nextHopPeering", str(p, "name"))
				}
			}
		}
	}
	return out
}

// importedRanges are the ranges of the peers' subnetworks whose routes a network has imported, by peering. Ranges for
// private use always are, once the peering is active; privately used public ones where the peer exports and the network
// imports them; IPv6 ranges where the stack type of both ends has both families
// (https://docs.cloud.google.com/vpc/docs/about-peering-connections; https://cloud.google.com/vpc/docs/vpc-peering).
func importedRanges(table *reach.Snapshot, network string) map[string]map[netip.Prefix]bool {
	out := map[string]map[netip.Prefix]bool{}
	for _, e := range table.Exchanges(reach.Exchange{Network: network}) {
		prefix, err := netip.ParsePrefix(e.Prefix)
		if err != nil || e.Kind != reach.SubnetRoute || !e.Imported {
			continue
		}
		if out[e.Peering] == nil {
			out[e.Peering] = map[netip.Prefix]bool{}
		}
		out[e.Peering][prefix] = true
	}
	return out
}

func (r *request) systemRoute(network, prefix string, t taken) world.Doc {
	h := fnv.New64a()
	_, _ = h.Write([]byte(network + t.prefix.String())) // a hash never fails
	name := fmt.Sprintf("%s-%016x", prefix, h.Sum64())
	return world.Doc{
		"kind": "compute#route", "name": name, "selfLink": link(r.scope() + "/routes/" + name),
		"network":   link(network),
		"destRange": t.prefix.String(), "priority": 0,
	}
}
