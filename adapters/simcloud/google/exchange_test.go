package google_test

import (
	"fmt"
	"slices"
	"testing"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
)

// exchanging has three networks: "a" exports custom routes and "b" imports them, "c" imports nothing and keeps its
// public subnetwork.
const exchanging = `google:
  projects: [{id: net, number: "11", hash: aaaaaaaaaa}]
  networks:
    - project: net
      name: a
      subnetworks:
        - {name: a, region: europe-west3, range: 10.1.0.0/24}
        - {name: public, region: europe-west3, range: 198.18.9.0/24}
        - {name: odd, region: europe-west3, range: 8.8.8.0/24}
      instances: [{name: m, zone: europe-west3-a, ip: 10.1.0.2}]
      routes:
        - {name: out, range: 0.0.0.0/0, priority: 1000, gateway: projects/net/global/gateways/default-internet-gateway}
        - {name: machine, range: 192.168.0.0/16, priority: 700, instance: m}
        - {name: tagged, range: 192.168.7.0/24, priority: 700, instance: m, tags: [x]}
    - {project: net, name: b, subnetworks: [{name: b, region: europe-west3, range: 10.2.0.0/24}]}
    - {project: net, name: c, subnetworks: [{name: c, region: us-east1, range: 9.9.9.0/24}]}
  peerings:
    - {between: [net/a, net/b], exports: [net/a], imports: [net/b], publicRanges: [net/b]}
    - {between: [net/a, net/c], exports: [net/a], keepsPublic: [net/c]}
    - {between: [net/b, net/c], inactive: true}
  routers:
    - {project: net, region: europe-west3, name: edge, network: a, asn: 65001,
       peers: [{name: site, ip: 169.254.0.1, peerIp: 169.254.0.2, asn: 65002, learns: [172.16.0.0/16]}]}
`

func TestRoutesThatPeeringsExchange(t *testing.T) {
	r := scenarioRig(t, exchanging)
	client := must[*compute.NetworksClient](t)(compute.NewNetworksRESTClient(t.Context(), vendorsClient(r)...))
	const dynamic = "172.16.0.0/16 DYNAMIC_PEERING_ROUTE %v europe-west3"
	own := func(public, custom bool) []string {
		return []string{"10.1.0.0/24 SUBNET_PEERING_ROUTE true ", fmt.Sprintf(dynamic, custom),
			fmt.Sprintf("192.168.0.0/16 STATIC_PEERING_ROUTE %v ", custom), "198.18.9.0/24 SUBNET_PEERING_ROUTE true ",
			fmt.Sprintf("8.8.8.0/24 SUBNET_PEERING_ROUTE %v ", public)}
	}
	without := func(prefix int, all []string) []string { return slices.Delete(slices.Clone(all), prefix, prefix+1) }
	for _, c := range []struct {
		network, peering, region, direction string
		want                                []string
	}{
		{"a", "to-b", "", "OUTGOING", own(true, true)},
		{"a", "to-b", "us-east1", "OUTGOING", without(1, own(true, true))}, // routing is regional
		{"b", "to-a", "europe-west3", "INCOMING", own(true, true)},
		{"b", "", "", "INCOMING", own(true, true)}, // the other peering is not active
		{"b", "to-c", "", "INCOMING", nil},
		{"b", "to-a", "", "OUTGOING", []string{"10.2.0.0/24 SUBNET_PEERING_ROUTE true "}},
		{"a", "to-b", "", "INCOMING", []string{"10.2.0.0/24 SUBNET_PEERING_ROUTE true "}},
		{"a", "to-c", "", "OUTGOING", own(false, false)},
		{"c", "to-a", "", "INCOMING", own(false, false)},
		{"c", "to-a", "", "OUTGOING", nil},
	} {
		req := &computepb.ListPeeringRoutesNetworksRequest{Project: "net", Network: c.network, Direction: &c.direction}
		if c.peering != "" {
			req.PeeringName = &c.peering
		}
		if c.region != "" {
			req.Region = &c.region
		}
		var got []string
		for _, route := range every(t, client.ListPeeringRoutes(t.Context(), req).Next) {
			region := route.GetNextHopRegion()
			if region != "" {
				region = region[len("https://www.googleapis.com/compute/v1/projects/net/regions/"):]
			}
			got = append(got, fmt.Sprintf("%s %s %v %s", route.GetDestRange(), route.GetType(), route.GetImported(),
				region))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s %s %s:\n%q, want\n%q", c.network, c.peering, c.region, c.direction, got, c.want)
		}
	}
	const path = "/compute/v1/projects/net/global/networks/"
	r.refused(no{404, "notFound"}, "GET", path+"nobody/listPeeringRoutes?direction=INCOMING", nil)
	r.refused(no{400, "'direction'"}, "GET", path+"a/listPeeringRoutes", nil)
	r.refused(no{400, "'peeringName'"}, "GET", path+"a/listPeeringRoutes?direction=INCOMING&peeringName=x", nil)
	r.refused(no{400, "'region'"}, "GET", path+"a/listPeeringRoutes?direction=INCOMING&region=x", nil)
	first := r.get(path + "a/listPeeringRoutes?direction=OUTGOING&peeringName=to-b&maxResults=2")
	if first["kind"] != "compute#exchangedPeeringRoutesList" || len(first["items"].([]any)) != 2 ||
		first["nextPageToken"] == nil {
		t.Errorf("first page: %v", first)
	}
}
