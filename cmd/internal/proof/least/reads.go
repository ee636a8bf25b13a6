package least

import "maps"

// A World is what the pages of lists depend on.
type World struct {
	// Services are those of the service's project in its region, Zones the zones of the network's project.
	Services, Zones int
}

// The largest pages: Compute Engine's lists have 500 ("maxResults: acceptable values are 0 to 500"), those of Cloud
// Functions 1,000 ("the largest allowed page_size is 1,000"); both are the discovery documents' words. Cloud DNS ("if
// unspecified, the server decides") and Cloud Run name no bound: the simulated world gives 1,000 and 500.
const (
	pageOfZones    = 1000
	pageOfServices = 500
)

func pages(items, size int) int { return max(1, (items+size-1)/size) }

// reads are calls by what they read: a method, and of what. A list counts its pages.
type reads map[string]int

// and joins what is asked at one moment.
func (r reads) and(others ...reads) reads {
	all := maps.Clone(r)
	for _, o := range others {
		maps.Copy(all, o)
	}
	return all
}

func (r reads) calls() (n int) {
	for _, pages := range r {
		n += pages
	}
	return n
}

// each is one call for each of some things.
func each(method string, things ...string) reads {
	out := reads{}
	for _, thing := range things {
		out[method+" "+thing] = 1
	}
	return out
}

// The example's region, and the other one in which its network has a subnetwork.
const (
	home  = "europe-west3"
	other = "europe-west1"
)

// senders tells who may send from a range, and what the firewall lets them: what harm a filter can do, or its removal.
// The facts are reach.Network's Peers, Firewall, Subnets, Hidden, Interfaces and Tenants, in the regions in question.
//
// Subnetworks are asked for in the regions where the network has any, because a host project may have thousands of
// other networks. Regional and global forwarding rules are two lists: no page tells that the aggregated one has both. A
// service whose traffic does not go to its latest revision is told by its revisions; the example's world has one.
func (w World) senders(regions ...string) reads {
	all := each("networks.get", "spoke-vpc").and(
		each("networks.getEffectiveFirewalls", "spoke-vpc"), // hierarchical, global, the network's own
		subnets(), each("globalForwardingRules.list", "acme-net"), each("instances.aggregatedList", "acme-net"),
		each("revisions.list", "pinned"))
	for _, region := range regions {
		all = all.and(each("regionNetworkFirewallPolicies.getEffectiveFirewalls", region),
			each("forwardingRules.list", region))
		for _, project := range []string{"acme-net ", "acme-prod "} {
			for _, kind := range []string{"connectors", "services", "jobs", "workerPools", "functions"} {
				all = all.and(each(kind+".list", project+region))
			}
		}
	}
	return all.and(w.services())
}

// services are those of the service's project in its region.
func (w World) services() reads {
	return reads{"services.list acme-prod " + home: pages(w.Services, pageOfServices)}
}

// reach tells whether the service's packets arrive and are answered, by names and addresses: reach.Network's Routes,
// Dynamic, Policies and Names, the ranges of connectors of the peer, and the gateways on the way to the backend.
func (w World) reach() reads {
	return w.senders(home).and(each("routes.list", "acme-net"), each("policyBasedRoutes.list", "acme-net"),
		each("routers.list", home), each("routers.getRouterStatus", home),
		w.zones(), each("policies.list", "acme-net"), each("responsePolicies.list", "acme-net"),
		each("connectors.list", "acme-shared "+home), gateways())
}

// named tells besides who would lose what names lead to today: whoever sends in the network, wherever that is, by the
// routes of its region. The regions of the peer, whose connectors' ranges are in no list of routes, are told by itself.
func (w World) named() reads {
	return w.reach().and(w.senders(home, other), each("routers.list", other), each("networks.get", "shared-services"))
}

func subnets() reads {
	return each("subnetworks.list", "acme-net europe-west1", "acme-net europe-west3")
}

func (w World) zones() reads { return reads{"managedZones.list acme-net": pages(w.Zones, pageOfZones)} }

// gateways are the facts of reach.Controller and reach.Gateway: which gateways there are, of both controllers, because
// the machine that the route leads to may be either's; and of the one that it is, where it hands packets on to, and
// what its distributed firewall does with them.
func gateways() reads {
	return each("list_vpcs_summary", "avx-82", "avx-100").and(each("list_version_info", "avx-100"),
		each("list_inter_transit_gateway_peering", "avx-100"), each("list_site2cloud_conn", "avx-100"),
		each("list_multi_cloud_domain_attachments", "avx-100"), each("cloud_network_info", "avx-100"),
		each("get_transit_or_spoke_gateway_details", "gcp-spoke-10 gw_route", "azure-spoke-10 gw_route",
			"azure-spoke-10 vpc_route"),
		each("get_controller_feature", "avx-100"), each("app-domains.list", "avx-100"),
		each("deploy-policy.get", "avx-100"), each("default-action-policy.get", "avx-100"),
		each("intra-vpc.get", "avx-100"), each("policy-list.get", "avx-100"), each("policy-list3.list", "avx-100"),
		each("attachment-points.list", "avx-100"))
}

// room are the ranges that an address must not be in: those of the network and of its peer, its routes, and what is
// allocated ("About accessing Google APIs through endpoints": not in a subnetwork, own or peered, nor a route).
func room() reads {
	return each("networks.get", "spoke-vpc", "shared-services").and(
		subnets(), each("subnetworks.list", "acme-shared "+home), each("routes.list", "acme-net"),
		each("globalAddresses.list", "acme-net"))
}

// quotas are what is left of addresses and endpoints; only Cloud Monitoring tells the latter.
func quotas() reads { return each("projects.get", "acme-net").and(each("timeSeries.list", "acme-net")) }
