package google

import (
	"net/netip"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// mostCustomRanges is the hard limit of custom advertised routes in one BGP session (documentation: Cloud Router quotas
// and limits).
const mostCustomRanges = 200

// propagation is how long a router takes to announce what its patch said. guess: seconds.
const propagation = 10 * time.Second

func routers() collection {
	return collection{
		kind: "routers", call: "routers", scope: "projects/{project}/regions/{region}", object: "compute#router",
		singular: "router",
		schema:   structSchema[compute.Router](),
		took:     durations{insert: 5 * time.Second, delete: 5 * time.Second, patch: 5 * time.Second},
		build:    buildRouter, patch: patchRouter,
		inserted: func(r *request, name string, _ time.Duration) {
			doc, _ := r.get("routers", name)
			r.announce(name, doc)
		},
		patched: func(r *request, name string, doc world.Doc) { r.announce(name, doc) },
		deleted: func(r *request, name string, _ world.Doc) { r.laterDelete(propagation, "announcements", name) },
	}
}

func buildRouter(r *request) (world.Doc, *refusal) {
	network, _, bad := r.networkOf(str(r.body, "network"))
	if bad != nil {
		return nil, bad
	}
	same := 0
	for e := range r.all("routers", r.scope()+"/") {
		if relative(str(e.Doc, "network"), "") == network {
			same++
		}
	}
	if same >= 5 {
		return nil, quotaExceeded("ROUTERS_PER_REGION_AND_VPC_NETWORK", 5)
	}
	doc := without(r.body)
	defaults(doc, map[string]any{"encryptedInterconnectRouter": false})
	doc["network"] = link(network)
	if bad := completeRouter(doc); bad != nil {
		return nil, bad
	}
	return doc, nil
}

// completeRouter checks a whole router and sets the server's defaults. It serves insert, patch and update.
func completeRouter(doc world.Doc) *refusal {
	if bgp := obj(doc, "bgp"); bgp != nil {
		defaults(bgp, map[string]any{"advertiseMode": "DEFAULT", "keepaliveInterval": 20})
		if bad := checkAdvertisement(bgp, "resource.bgp"); bad != nil {
			return bad
		}
	}
	for _, nic := range objs(doc, "interfaces") {
		defaults(nic, map[string]any{"ipVersion": "IPV4"})
	}
	peers := objs(doc, "bgpPeers")
	if len(peers) > 128 {
		return invalid("resource.bgpPeers", len(peers), "At most 128 peers are allowed.")
	}
	for _, peer := range peers {
		defaults(peer, map[string]any{"advertiseMode": "DEFAULT", "enable": "TRUE"})
		if bad := checkAdvertisement(peer, "resource.bgpPeers"); bad != nil {
			return bad
		}
	}
	return nil
}

// checkAdvertisement checks one advertiseMode with its groups and ranges, a router's or a peer's own.
func checkAdvertisement(d map[string]any, field string) *refusal {
	ranges, mode := objs(d, "advertisedIpRanges"), str(d, "advertiseMode")
	for i, group := range strs(d, "advertisedGroups") {
		if group != "ALL_SUBNETS" {
			return invalid(field+".advertisedGroups", group, "Entry %d must be ALL_SUBNETS.", i)
		}
	}
	switch mode {
	case "CUSTOM":
		for _, name := range []string{"advertisedGroups", "advertisedIpRanges"} {
			// what is empty is not shown, as in every answer of the API
			if list, is := d[name].([]any); is && len(list) == 0 {
				delete(d, name)
			}
		}
	case "DEFAULT":
		// guess: ranges refuse the mode; groups are dropped with it.
		if len(ranges) > 0 {
			return invalid(
				field+".advertisedIpRanges", len(ranges), "Custom ranges are only allowed with advertiseMode CUSTOM.",
			)
		}
		delete(d, "advertisedGroups")
		delete(d, "advertisedIpRanges")
	default:
		return invalid(field+".advertiseMode", mode, "Must be DEFAULT or CUSTOM.")
	}
	if len(ranges) > mostCustomRanges {
		return invalid(field+".advertisedIpRanges", len(ranges),
			"At most %d custom advertised ranges are allowed per BGP session.", mostCustomRanges)
	}
	seen := map[string]bool{}
	for _, entry := range ranges {
		text := str(entry, "range")
		_, notPrefix := netip.ParsePrefix(text)
		_, notAddr := netip.ParseAddr(text) // recorded: a bare address is taken
		if notPrefix != nil && notAddr != nil {
			return invalid(field+".advertisedIpRanges.range", text, "Must be a CIDR address range.")
		}
		if seen[text] {
			return invalid(field+".advertisedIpRanges.range", text, "The range is listed twice.") // guess
		}
		seen[text] = true
	}
	return nil
}

// patchRouter is a merge patch: arrays are replaced whole, and there is no fingerprint.
func patchRouter(r *request, old world.Doc) (world.Doc, *refusal) {
	asn, set := num(r.body, "bgp", "asn")
	if before, had := num(old, "bgp", "asn"); set && had && asn != before {
		return nil, invalid("resource.bgp.asn", asn, "The ASN of a router cannot be changed.")
	}
	doc := mergePatch(old, r.body)
	return doc, completeRouter(doc)
}

// updateRouter is PUT: what the body leaves out is gone, peers too.
func updateRouter(r *request) (world.Doc, *refusal) {
	c := routers()
	c.patch = func(r *request, old world.Doc) (world.Doc, *refusal) {
		doc := without(r.body)
		for _, kept := range []string{"kind", "name", "selfLink", "id", "creationTimestamp", "region", "network",
			"encryptedInterconnectRouter"} {
			doc[kept] = old[kept]
		}
		return doc, completeRouter(doc)
	}
	return c.change(r)
}

// announce stores what the router will tell its peers once the change has spread.
func (r *request) announce(name string, doc world.Doc) {
	if !r.tx.Has(vendor, "announcements", name) {
		r.tx.QuietPut(vendor, "announcements", name, world.Doc{})
	}
	r.later(propagation, "announcements", name, world.Doc{"bgp": doc["bgp"], "bgpPeers": doc["bgpPeers"]})
}

func routerMethods() []method {
	const path = "projects/{project}/regions/{region}/routers/{name}"
	return append(routers().methods(),
		method{pattern: "PUT " + path, call: "routers.update", body: structSchema[compute.Router](), operation: true,
			run: updateRouter},
		method{pattern: "GET " + path + "/getRouterStatus", call: "routers.getRouterStatus", run: routerStatus},
	)
}

func routerStatus(r *request) (world.Doc, *refusal) {
	name := r.scope() + "/routers/" + r.name
	doc, ok := r.get("routers", name)
	if !ok {
		return nil, notFound(name)
	}
	network := relative(str(doc, "network"), "")
	told, _ := r.get("announcements", name)
	var own, statuses []any
	for _, peer := range objs(doc, "bgpPeers") {
		learned := r.learned(name, peer, network)
		own = append(own, learned...)
		statuses = append(statuses, r.peerStatus(peer, told, network, len(learned)))
	}
	result := map[string]any{"network": str(doc, "network")}
	for field, l := range map[string][]any{"bgpPeerStatus": statuses, "bestRoutes": r.bestRoutes(network),
		"bestRoutesForRouter": own} {
		if len(l) > 0 {
			result[field] = l
		}
	}
	return world.Doc{"kind": "compute#routerStatusResponse", "result": result}, nil
}

// bestRoutes are those that a region's data plane has: of every router of the network there, and with global dynamic
// routing of other regions too, where no router of the region has the prefix (discovery document, RouterStatus).
func (r *request) bestRoutes(network string) []any {
	doc, _ := r.get("networks", network)
	global := str(doc, "routingConfig", "routingMode") == "GLOBAL"
	var near, far []any
	here := map[string]bool{}
	for e := range r.all("routers", "") {
		if relative(str(e.Doc, "network"), segment(e.Name, "projects")) != network {
			continue
		}
		inRegion := segment(e.Name, "regions") == r.region
		for _, peer := range objs(e.Doc, "bgpPeers") {
			if str(peer, "enable") == "FALSE" {
				continue
			}
			for _, learned := range r.learned(e.Name, peer, network) {
				route := learned.(map[string]any)
				switch {
				case inRegion:
					here[str(route, "destRange")] = true
					near = append(near, route)
				case global:
					route["priority"] = learnedPriority + regionCost
					far = append(far, route)
				}
			}
		}
	}
	for _, route := range far {
		if !here[str(route.(map[string]any), "destRange")] {
			near = append(near, route)
		}
	}
	return near
}

// The priority that learned routes have here, whose peers send no MED, and what is added in other regions (page
// "Update the base route priority": region-to-region costs are between 201 and 9999; guess: which).
const (
	learnedPriority = 100
	regionCost      = 201
)

func (r *request) peerStatus(peer map[string]any, told world.Doc, network string, learned int) map[string]any {
	status := map[string]any{
		"name": str(peer, "name"), "ipAddress": str(peer, "ipAddress"), "peerIpAddress": str(peer, "peerIpAddress"),
		"status": "DOWN", "state": "Idle", "enableIpv6": false, "numLearnedRoutes": learned,
	}
	if str(peer, "enable") == "FALSE" {
		return status
	}
	status["status"], status["state"] = "UP", "Established"
	status["uptime"], status["uptimeSeconds"] = "1 weeks, 0 days, 0 hours, 0 minutes, 0 seconds", "604800"
	var routes []any
	for _, destination := range r.advertised(str(peer, "name"), told, network) {
		routes = append(routes, map[string]any{
			"kind": "compute#route", "destRange": destination, "network": link(network),
			"nextHopIp": str(peer, "ipAddress"),
			"priority":  100, "routeType": "BGP",
		})
	}
	if len(routes) > 0 {
		status["advertisedRoutes"] = routes
	}
	return status
}

// advertised lists what one peer is told: its own list in its own CUSTOM mode, else the router's. The subnets go out in
// DEFAULT mode, and in CUSTOM mode only with the group ALL_SUBNETS.
func (r *request) advertised(peer string, told world.Doc, network string) []string {
	source := obj(told, "bgp")
	for _, p := range objs(told, "bgpPeers") {
		if str(p, "name") == peer && str(p, "advertiseMode") == "CUSTOM" {
			source = p
		}
	}
	var out []string
	if str(source, "advertiseMode") != "CUSTOM" || len(strs(source, "advertisedGroups")) > 0 {
		out = append(out, r.ownSubnets(network)...)
	}
	for _, entry := range objs(source, "advertisedIpRanges") {
		out = append(out, str(entry, "range"))
	}
	return out
}

// ownSubnets: of the router's region, or of all regions with global dynamic routing.
func (r *request) ownSubnets(network string) []string {
	doc, _ := r.get("networks", network)
	global := str(doc, "routingConfig", "routingMode") == "GLOBAL"
	var out []string
	for _, t := range r.subnets(network, "") {
		if global || segment(t.name, "regions") == r.region {
			out = append(out, t.prefix.String())
		}
	}
	return out
}

// learned lists the routes that the scenario's remote side tells a peer.
func (r *request) learned(router string, peer map[string]any, network string) []any {
	doc, _ := r.get("learnedRoutes", router)
	var out []any
	for _, destination := range strs(doc, str(peer, "name")) {
		out = append(out, map[string]any{
			"kind": "compute#route", "destRange": destination, "network": link(network),
			"nextHopIp": str(peer, "peerIpAddress"),
			"priority":  learnedPriority, "routeType": "BGP", "creationTimestamp": r.now(),
		})
	}
	return out
}
