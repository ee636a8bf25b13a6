package google

import (
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// routeTypes are the vendor's words for exchanged routes (discovery document: ExchangedPeeringRoute).
var routeTypes = map[string]string{reach.SubnetRoute: "SUBNET_PEERING_ROUTE",
	reach.StaticRoute: "STATIC_PEERING_ROUTE", reach.DynamicRoute: "DYNAMIC_PEERING_ROUTE"}

// listPeeringRoutes lists what the peerings of a network exchange: INCOMING is exported from the peers, OUTGOING from
// the network itself (discovery document). The evaluator of the world says what that is. guess: that the direction has
// to be there, and how an unknown peering is refused.
func listPeeringRoutes(r *request) (world.Doc, *refusal) {
	network := r.scope() + "/networks/" + r.name
	doc, ok := r.get("networks", network)
	if !ok {
		return nil, notFound(network)
	}
	direction, peering := r.query.Get("direction"), r.query.Get("peeringName")
	if direction != "INCOMING" && direction != "OUTGOING" {
		return nil, invalid("direction", direction, "Must be INCOMING or OUTGOING.")
	}
	if peering != "" && !slices.ContainsFunc(objs(doc, "peerings"),
		func(p map[string]any) bool { return str(p, "name") == peering }) {
		return nil, invalid("peeringName", peering, "There is no such peering in network '%s'.", r.name)
	}
	region := r.query.Get("region")
	if region != "" && autoRanges[region] == "" {
		return nil, invalid("region", region, "Unknown region.")
	}
	var entries []world.Entry
	for i, e := range reach.Read(r.tx).Exchanges(reach.Exchange{Network: network, Peering: peering, Region: region,
		Outgoing: direction == "OUTGOING"}) {
		route := world.Doc{"destRange": e.Prefix, "type": routeTypes[e.Kind], "priority": e.Priority,
			"imported": e.Imported}
		if e.Region != "" {
			route["nextHopRegion"] = link("projects/" + r.project + "/regions/" + e.Region)
		}
		entries = append(entries, world.Entry{Name: fmt.Sprintf("%08d", i), Doc: route})
	}
	return r.page("compute#exchangedPeeringRoutesList", entries, nil)
}
