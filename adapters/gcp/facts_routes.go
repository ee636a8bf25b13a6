package gcp

import (
	"fmt"
	"net/netip"
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
)

// Categories between routes of one priority. Page "Routes", Applicability and order: static routes to a machine or a
// tunnel, then dynamic routes, then static routes to a load balancer, then those to the internet gateway.
const (
	firstCategory = iota + 1
	dynamicCategory
	balancerCategory
	gatewayCategory
)

// defaultPriority is what the vendor gives a static route that names none.
const defaultPriority = 1000

// staticRoutes are the routes of the network's own list, and the static ones that peerings hand over.
func (r *survey) staticRoutes() reach.Listing[reach.Route] {
	of := r.fixed.source
	var out []reach.Route
	for _, got := range r.fixed.items {
		if !r.same(got.GetNetwork(), r.network, &of) {
			continue
		}
		if one, ok := r.staticRoute(got, &of); ok {
			out = append(out, one)
		}
	}
	for _, part := range r.peered {
		of.add(part.source)
		for _, got := range part.items {
			if got.route.GetType() != "DYNAMIC_PEERING_ROUTE" && got.route.GetImported() {
				out = r.handed(got, out, &of)
			}
		}
	}
	return listing(of, out)
}

func (r *survey) staticRoute(got *computepb.Route, of *source) (reach.Route, bool) {
	name := "projects/" + r.project + "/global/routes/" + got.GetName()
	dst, err := netip.ParsePrefix(got.GetDestRange())
	if err != nil {
		of.lack(reach.ListNotWhole, "the destination %q of %s was not understood", got.GetDestRange(), name)
		return reach.Route{}, false
	}
	out := reach.Route{Object: name, Kind: routeKind(got), Dst: dst.Masked(), Priority: defaultPriority,
		Preference: category(got), Tags: slices.Clone(got.GetTags())}
	if got.Priority != nil {
		out.Priority = int64(got.GetPriority())
	}
	out.Next = r.nextHop(got, out.Kind, of)
	switch got.GetRouteStatus() {
	case "DROPPED", "INACTIVE", "PENDING":
		out.Next.State = reach.Down
	}
	return out, true
}

// routeKind fills in the type of a route that has none: those that the vendor makes for subnetworks have priority 0.
func routeKind(got *computepb.Route) reach.RouteKind {
	switch got.GetRouteType() {
	case "SUBNET":
		return reach.SubnetRoute
	case "BGP", "TRANSIT":
		return reach.DynamicRoute
	case "STATIC":
		return reach.StaticRoute
	}
	if got.GetNextHopNetwork() != "" || got.GetNextHopPeering() != "" && got.GetPriority() == 0 {
		return reach.SubnetRoute
	}
	return reach.StaticRoute
}

func category(got *computepb.Route) int {
	switch {
	case got.GetNextHopIlb() != "":
		return balancerCategory
	case got.GetNextHopGateway() != "":
		return gatewayCategory
	case routeKind(got) == reach.DynamicRoute:
		return dynamicCategory
	}
	return firstCategory
}

// handed adds a route that a peering hands over. Those to the peer's subnetworks are in the network's own list as well.
func (r *survey) handed(got peeredRoute, to []reach.Route, of *source) []reach.Route {
	dst, err := netip.ParsePrefix(got.route.GetDestRange())
	if err != nil {
		of.lack(reach.ListNotWhole, "the destination %q of peering %s was not understood", got.route.GetDestRange(),
			got.peering)
		return to
	}
	one := reach.Route{
		Object: fmt.Sprintf("%s from peering %s", dst, got.peering), Kind: reach.StaticRoute, Dst: dst.Masked(),
		Priority: int64(got.route.GetPriority()), Preference: firstCategory,
		Next: r.toPeering(got.peering, reach.ToPeerRoutes, of),
	}
	switch kind := got.route.GetType(); kind {
	case "SUBNET_PEERING_ROUTE":
		one.Kind, one.Next.Kind = reach.SubnetRoute, reach.ToPeer
	case "STATIC_PEERING_ROUTE":
	case "DYNAMIC_PEERING_ROUTE":
		one.Kind, one.Preference, one.Region = reach.DynamicRoute, dynamicCategory, got.region
	default:
		one.Next = reach.NextHop{Kind: reach.ToUnread, Name: kind + " of peering " + got.peering, State: reach.Up}
	}
	if slices.ContainsFunc(to, func(o reach.Route) bool {
		return o.Dst == one.Dst && o.Kind == one.Kind && o.Region == one.Region && o.Next.Realm == one.Next.Realm
	}) {
		return to
	}
	return append(to, one)
}
