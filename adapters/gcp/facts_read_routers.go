package gcp

import (
	"context"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
)

// routerStatus is what a router says of itself.
type routerStatus struct {
	router *computepb.Router
	region string
	status *computepb.RouterStatus
}

// name is the router's full name.
func (s routerStatus) name(project string) string {
	return "projects/" + project + "/regions/" + s.region + "/routers/" + s.router.GetName()
}

// ofRouters asks each router of the network for its status.
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
	for i, of := range own {
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
