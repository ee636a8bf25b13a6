package gcp

import (
	"context"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
)

// routerStatus is a router with what it says of itself; nil where it was not asked.
type routerStatus struct {
	router *computepb.Router
	region string
	status *computepb.RouterStatus
}

// name is the router's full name.
func (s routerStatus) name(project string) string {
	return "projects/" + project + "/regions/" + s.region + "/routers/" + s.router.GetName()
}

// tells picks the routers of each region whose status is asked: the first one with a peer, because every router of a
// region tells what all of them have learned there, and those with a NAT, because each tells its own addresses.
//
// Discovery document of compute/v1, RouterStatus: bestRoutes are those of the network in the router's region.
func tells(own []routerStatus) []bool {
	out, asked := make([]bool, len(own)), map[string]bool{}
	for _, peers := range []bool{true, false} {
		for i, s := range own {
			if !asked[s.region] && (len(s.router.GetBgpPeers()) > 0) == peers {
				out[i], asked[s.region] = true, true
			}
		}
	}
	for i, s := range own {
		out[i] = out[i] || len(s.router.GetNats()) > 0
	}
	return out
}

// ofRouters asks for the status of the network's routers.
func (r *survey) ofRouters(ctx context.Context) (reads []func()) {
	var own []routerStatus
	silent := 0
	for i, region := range set(r.scope.Regions) {
		before := len(own)
		for _, router := range r.edges[i].items {
			if r.same(router.GetNetwork(), r.network, &r.edges[i].source) {
				own = append(own, routerStatus{router: router, region: region})
			}
		}
		if len(own) == before {
			silent++
		}
	}
	r.statuses = make([]told[routerStatus], len(own))
	asked := tells(own)
	for i, of := range own {
		if !asked[i] {
			r.statuses[i].items = []routerStatus{of}
			continue
		}
		reads = append(reads, func() {
			r.statuses[i] = one(r.Client, r.source("routers.getRouterStatus", of.name(r.project)),
				func() (routerStatus, error) {
					got, err := r.routers.GetRouterStatus(ctx, &computepb.GetRouterStatusRouterRequest{
						Project: r.project, Region: of.region, Router: of.router.GetName()}, once())
					of.status = got.GetResult()
					return of, err
				})
		})
	}
	if silent > 0 && r.global() {
		reads = append(reads, func() { r.elsewhere = r.routersElsewhere(ctx) })
	}
	return reads
}

// routersElsewhere looks for routers of other regions: with global dynamic routing their routes hold in every region,
// but only a router of the same region tells them.
func (r *survey) routersElsewhere(ctx context.Context) source {
	type scope = struct {
		place string
		list  *computepb.RoutersScopedList
	}
	it := r.routers.AggregatedList(ctx, &computepb.AggregatedListRoutersRequest{Project: r.project}, once())
	list := all(r.Client, r.source("routers.aggregatedList", "projects/"+r.project), pager[scope]{
		next: func() (scope, error) {
			pair, err := it.Next()
			return scope{pair.Key, pair.Value}, err
		},
		page: func() any { return it.Response },
	})
	for _, s := range list.items {
		list.warned(s.list.GetWarning())
		for _, router := range s.list.GetRouters() {
			learns := len(router.GetBgpPeers()) > 0 // one for Cloud NAT alone has nobody to learn from
			if learns && r.same(router.GetNetwork(), r.network, &list.source) {
				list.lack(reach.ListNotWhole, "%s learns routes for every region, and a region in question has no "+
					"router that tells them", relative(router.GetSelfLink()))
			}
		}
	}
	return list.source
}
