package gcp

import (
	"context"
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"
	"cloud.google.com/go/vpcaccess/apiv1/vpcaccesspb"
	"google.golang.org/api/networkconnectivity/v1"

	"github.com/culvertnet/culvert/events/reach"
)

// regionalRules is what is in force in one region.
type regionalRules struct {
	region string
	rules  *computepb.RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse
}

// peeredRoute is a route that a peering hands over, as it holds in one region.
type peeredRoute struct {
	region, peering string
	route           *computepb.ExchangedPeeringRoute
}

// read asks everything that does not depend on another answer at once, and then the rest.
func (r *survey) read(ctx context.Context) {
	together(slices.Concat(r.ofSenders(ctx), r.ofRoutes(ctx), r.ofEdges(ctx), r.ofPeerings(ctx), r.ofNames(ctx))...)
	together(append(slices.Concat(r.ofRouters(ctx), r.ofResponses(ctx)), func() { r.readZones(ctx) })...)
}

// ofSenders reads who may send in the network, and what its firewall lets out.
func (r *survey) ofSenders(ctx context.Context) []func() {
	return slices.Concat(r.ofFirewall(ctx), r.ofSubnets(ctx), r.ofFronts(ctx), r.ofConnectors(ctx), r.ofWorkloads(ctx),
		r.ofMachines(ctx))
}

// ofFirewall reads what is in force on the network, and what is regional of it.
func (r *survey) ofFirewall(ctx context.Context) []func() {
	reads := []func(){func() {
		r.effective = one(r.Client, r.source("networks.getEffectiveFirewalls", r.network),
			func() (*computepb.NetworksGetEffectiveFirewallsResponse, error) {
				return r.networks.GetEffectiveFirewalls(ctx, &computepb.GetEffectiveFirewallsNetworkRequest{
					Project: r.project, Network: base(r.network)}, once())
			})
	}}
	regions := set(r.scope.Regions)
	r.regional = make([]told[regionalRules], len(regions))
	for i, region := range regions {
		reads = append(reads, func() { r.regional[i] = r.effectiveIn(ctx, region) })
	}
	return reads
}

func (r *survey) ofRoutes(ctx context.Context) []func() {
	return []func(){
		func() {
			it := r.routes.List(ctx, &computepb.ListRoutesRequest{Project: r.project}, once())
			r.fixed = all(r.Client, r.source("routes.list", "projects/"+r.project),
				pager[*computepb.Route]{it.Next, func() any { return it.Response }})
		},
		func() { r.byPolicy = r.policyRouteList(ctx) },
	}
}

// policyRouteList reads policy-based routes. The service takes no part in the vendor's iterators.
func (r *survey) policyRouteList(ctx context.Context) told[*networkconnectivity.PolicyBasedRoute] {
	parent := "projects/" + r.project + "/locations/global"
	out := told[*networkconnectivity.PolicyBasedRoute]{source: r.source("policyBasedRoutes.list", parent)}
	err := r.connectivity.Projects.Locations.Global.PolicyBasedRoutes.List(parent).
		Pages(ctx, func(page *networkconnectivity.ListPolicyBasedRoutesResponse) error {
			out.items = append(out.items, page.PolicyBasedRoutes...)
			for _, place := range page.Unreachable {
				out.lack(reach.ListNotWhole, "%s could not be reached", place)
			}
			return nil
		})
	out.failed(r.Client, err)
	return out
}

// ofSubnets reads subnetworks wherever the network has any, because routes lead to all of them.
func (r *survey) ofSubnets(ctx context.Context) (reads []func()) {
	places := set(slices.Concat(regionsOf(r.vpc), r.scope.Regions))
	r.subnets = make([]told[*computepb.Subnetwork], len(places))
	for i, region := range places {
		reads = append(reads, func() {
			it := r.subnetworks.List(ctx, &computepb.ListSubnetworksRequest{Project: r.project, Region: region}, once())
			r.subnets[i] = all(r.Client, r.source("subnetworks.list", "projects/"+r.project+"/regions/"+region),
				pager[*computepb.Subnetwork]{it.Next, func() any { return it.Response }})
		})
	}
	return reads
}

// ofEdges reads the routers of each region in question.
func (r *survey) ofEdges(ctx context.Context) (reads []func()) {
	regions := set(r.scope.Regions)
	r.edges = make([]told[*computepb.Router], len(regions))
	for i, region := range regions {
		at := "projects/" + r.project + "/regions/" + region
		reads = append(reads, func() {
			it := r.routers.List(ctx, &computepb.ListRoutersRequest{Project: r.project, Region: region}, once())
			r.edges[i] = all(r.Client, r.source("routers.list", at),
				pager[*computepb.Router]{it.Next, func() any { return it.Response }})
		})
	}
	return reads
}

// ofFronts reads the forwarding rules of each region in question, and the global ones.
func (r *survey) ofFronts(ctx context.Context) (reads []func()) {
	regions := set(r.scope.Regions)
	r.fronts = make([]told[*computepb.ForwardingRule], len(regions)+1)
	for i, region := range regions {
		at := "projects/" + r.project + "/regions/" + region
		reads = append(reads, func() {
			req := &computepb.ListForwardingRulesRequest{Project: r.project, Region: region}
			it := r.rules.List(ctx, req, once())
			r.fronts[i] = all(r.Client, r.source("forwardingRules.list", at),
				pager[*computepb.ForwardingRule]{it.Next, func() any { return it.Response }})
		})
	}
	return append(reads, func() {
		it := r.globalRules.List(ctx, &computepb.ListGlobalForwardingRulesRequest{Project: r.project}, once())
		r.fronts[len(regions)] = all(r.Client, r.source("globalForwardingRules.list", "projects/"+r.project),
			pager[*computepb.ForwardingRule]{it.Next, func() any { return it.Response }})
	})
}

func (r *survey) effectiveIn(ctx context.Context, region string) told[regionalRules] {
	const method = "regionNetworkFirewallPolicies.getEffectiveFirewalls"
	return one(r.Client, r.source(method, r.network+" in "+region), func() (regionalRules, error) {
		got, err := r.regionPolicies.GetEffectiveFirewalls(ctx,
			&computepb.GetEffectiveFirewallsRegionNetworkFirewallPolicyRequest{
				Project: r.project, Region: region, Network: r.network}, once())
		return regionalRules{region, got}, err
	})
}

// projects are the network's own and those whose connectors may stand in it.
func (r *survey) projects() []string {
	out := []string{r.project}
	for _, p := range r.scope.ConnectorProjects {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// locations are the places of those projects in question.
func (r *survey) locations() (parents []string) {
	for _, project := range r.projects() {
		for _, region := range set(r.scope.Regions) {
			parents = append(parents, "projects/"+project+"/locations/"+region)
		}
	}
	return parents
}

func (r *survey) ofConnectors(ctx context.Context) (reads []func()) {
	parents := r.locations()
	r.hidden = make([]told[*vpcaccesspb.Connector], len(parents))
	for i, parent := range parents {
		reads = append(reads, func() {
			it := r.connectors.ListConnectors(ctx, &vpcaccesspb.ListConnectorsRequest{Parent: parent}, once())
			r.hidden[i] = all(r.Client, r.source("connectors.list", parent),
				pager[*vpcaccesspb.Connector]{it.Next, func() any { return it.Response }})
		})
	}
	return reads
}

// ofMachines reads the machines of all zones in one call. Machines of service projects with an interface in a Shared
// VPC are in no list of the host's project.
func (r *survey) ofMachines(ctx context.Context) []func() {
	return []func(){func() { r.machines = r.machinesOf(ctx, r.project) }}
}

func (r *survey) machinesOf(ctx context.Context, project string) told[*computepb.Instance] {
	req := &computepb.AggregatedListInstancesRequest{Project: project}
	it := r.instances.AggregatedList(ctx, req, once())
	type scope = struct {
		place string
		list  *computepb.InstancesScopedList
	}
	scopes := all(r.Client, r.source("instances.aggregatedList", "projects/"+project), pager[scope]{
		next: func() (scope, error) {
			pair, err := it.Next()
			return scope{pair.Key, pair.Value}, err
		},
		page: func() any { return it.Response },
	})
	out := told[*computepb.Instance]{source: scopes.source}
	for _, s := range scopes.items {
		out.warned(s.list.GetWarning())
		out.items = append(out.items, s.list.GetInstances()...)
	}
	return out
}

// ofPeerings reads what peerings hand over besides subnetworks, which are routes of the network itself already.
func (r *survey) ofPeerings(ctx context.Context) (reads []func()) {
	type pair struct{ peering, region string }
	var pairs []pair
	for _, p := range r.vpc.GetPeerings() {
		if p.GetState() != "ACTIVE" || !p.GetImportCustomRoutes() {
			continue
		}
		for _, region := range set(r.scope.Regions) {
			pairs = append(pairs, pair{p.GetName(), region})
		}
	}
	r.peered = make([]told[peeredRoute], len(pairs))
	for i, p := range pairs {
		reads = append(reads, func() { r.peered[i] = r.handedOver(ctx, p.peering, p.region) })
	}
	return reads
}

func (r *survey) handedOver(ctx context.Context, peering, region string) told[peeredRoute] {
	it := r.networks.ListPeeringRoutes(ctx, &computepb.ListPeeringRoutesNetworksRequest{Project: r.project,
		Network: base(r.network), PeeringName: &peering, Region: &region, Direction: new("INCOMING")}, once())
	list := all(r.Client, r.source("networks.listPeeringRoutes", r.network+" peering "+peering+" in "+region),
		pager[*computepb.ExchangedPeeringRoute]{it.Next, func() any { return it.Response }})
	out := told[peeredRoute]{source: list.source}
	for _, route := range list.items {
		out.items = append(out.items, peeredRoute{region, peering, route})
	}
	return out
}
