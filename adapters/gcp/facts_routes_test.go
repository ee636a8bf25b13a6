package gcp_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// machine is an instance in the network with an address, and more fields.
func machine(name, ip, more string) string {
	return `{"name":"` + name + `","selfLink":"https://www.googleapis.com/compute/v1/projects/p/zones/r-a/instances/` +
		name + `","status":"RUNNING","canIpForward":true,"networkInterfaces":[{"network":"` + netURL +
		`","networkIP":"` + ip + `"}]` + more + `}`
}

func machines(all ...string) string {
	return `{"items":{"zones/r-a":{"instances":[` + strings.Join(all, ",") + `]}}}`
}

// someMachines are one of each kind that a route may lead to.
func someMachines() string {
	stopped := strings.Replace(machine("stopped", "10.0.0.3", ""), "RUNNING", "TERMINATED", 1)
	starting := strings.Replace(machine("starting", "10.0.0.4", ""), "RUNNING", "STAGING", 1)
	closed := strings.Replace(machine("closed", "10.0.0.5", ""), `"canIpForward":true`, `"canIpForward":false`, 1)
	both := strings.Replace(strings.Replace(closed, "closed", "both", -1), "RUNNING", "TERMINATED", 1)
	elsewhere := strings.Replace(machine("elsewhere", "10.0.0.6", ""), "networks/n", "networks/other", 1)
	return machines(machine("gw", "10.0.0.2", ""), stopped, starting, closed, both, elsewhere)
}

const at = "projects/p/zones/r-a/instances/"

// TestNextHops has each kind of next hop, as the vendor shapes it.
func TestNextHops(t *testing.T) {
	for _, c := range []struct{ name, hop, want string }{
		{"internet", `"nextHopGateway":"` + home + `/global/gateways/default-internet-gateway"`,
			`to internet default-internet-gateway, realm "", up`},
		{"another gateway", `"nextHopGateway":"projects/p/global/gateways/new"`,
			`to unread gateway projects/p/global/gateways/new, realm "", up`},
		{"instance", `"nextHopInstance":"https://compute.googleapis.com/compute/v1/` + at + `gw"`,
			`to gateway ` + at + `gw, realm "", up`},
		{"instance that is stopped", `"nextHopInstance":"` + at + `stopped"`,
			`to gateway ` + at + `stopped, realm "", down`},
		{"instance that starts", `"nextHopInstance":"` + at + `starting"`,
			`to gateway ` + at + `starting, realm "", unclear`},
		{"instance that does not forward", `"nextHopInstance":"` + at + `closed"`,
			`to nobody ` + at + `closed without IP forwarding, realm "", up`},
		{"instance that is stopped and would not forward", `"nextHopInstance":"` + at + `both"`,
			`to gateway ` + at + `both, realm "", down`},
		{"instance that is gone", `"nextHopInstance":"` + at + `gone"`, `to gateway ` + at + `gone, realm "", down`},
		{"instance, by the vendor's warning", `"nextHopInstance":"` + at + `gw","warnings":[{
			"code":"NEXT_HOP_NOT_RUNNING"}]`, `to gateway ` + at + `gw, realm "", down`},
		{"address of a machine", `"nextHopIp":"10.0.0.2"`, `to gateway ` + at + `gw, realm "", up`},
		{"address of nobody", `"nextHopIp":"10.0.0.9"`, `to nobody 10.0.0.9, realm "", up`},
		{"address of a machine in another network", `"nextHopIp":"10.0.0.6"`, `to nobody 10.0.0.6, realm "", up`},
		{"address of a load balancer", `"nextHopIp":"10.0.0.7"`,
			`to unread load balancer projects/p/regions/r/forwardingRules/front, realm "", up`},
		{"load balancer", `"nextHopIlb":"10.0.0.7"`, `to unread load balancer 10.0.0.7, realm "", up`},
		{"tunnel of a router", `"nextHopVpnTunnel":"projects/p/regions/r/vpnTunnels/one"`,
			`to site projects/p/regions/r/routers/edge/east, realm "site/projects/p/regions/r/routers/edge/east", up`},
		{"tunnel without a router", `"nextHopVpnTunnel":"projects/p/regions/r/vpnTunnels/two"`,
			`to site projects/p/regions/r/vpnTunnels/two, realm "site/projects/p/regions/r/vpnTunnels/two/tunnel", unclear`},
		{"hub", `"nextHopHub":"projects/p/locations/global/hubs/h"`,
			`to unread hub projects/p/locations/global/hubs/h, realm "", up`},
		{"nothing known", `"nextHopNew":"x"`, `to unread next hop of route a, realm "", up`},
		{"own network", `"nextHopNetwork":"` + netURL + `"`, `to local ` + netN + `, realm "", up`},
		{"peering's subnetwork", `"nextHopPeering":"peer","routeType":"SUBNET"`,
			`to peer peer, realm "projects/q/global/networks/m", up`},
		{"peering's other route", `"nextHopPeering":"peer","routeType":"STATIC"`,
			`to peer-routes peer, realm "projects/q/global/networks/m", up`},
		{"peering that is not active", `"nextHopPeering":"waits","routeType":"SUBNET"`,
			`to peer waits, realm "projects/q/global/networks/w", down`},
		{"peering that is not there", `"nextHopPeering":"gone"`, `to unread peering gone, realm "", up`},
	} {
		n := facts(t, routed(`{"name":"a","network":"`+netURL+`","destRange":"10.9.0.0/16",`+c.hop+`}`))
		if len(n.Routes.Items) != 1 || !n.Routes.Whole {
			t.Errorf("%s: %+v", c.name, n.Routes)
			continue
		}
		if got := hopText(n.Routes.Items[0].Next); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// routed is a network with routes, machines, a router with a tunnel, peerings and a load balancer.
func routed(routes string) vendor {
	return vendor{
		home + "/global/networks/n": `{"name":"n","peerings":[{"name":"peer","state":"ACTIVE",
			"network":"https://www.googleapis.com/compute/v1/projects/q/global/networks/m"},{"name":"waits",
			"state":"INACTIVE","network":"projects/q/global/networks/w"}]}`,
		home + "/global/routes":        `{"items":[` + routes + `]}`,
		home + "/aggregated/instances": someMachines(),
		inR + "/forwardingRules": `{"items":[{"name":"front","network":"` + netURL + `","IPAddress":"10.0.0.7",
			"loadBalancingScheme":"INTERNAL","region":"r","selfLink":"projects/p/regions/r/forwardingRules/front"}]}`,
		inR + "/routers": `{"items":[` + edge + `]}`,
	}
}

const edge = `{"name":"edge","network":"` + netURL + `","region":"regions/r","interfaces":[{"name":"if1",
	"linkedVpnTunnel":"https://www.googleapis.com/compute/v1/projects/p/regions/r/vpnTunnels/one"}],"bgpPeers":[
	{"name":"east","interfaceName":"if1","peerIpAddress":"169.254.1.2","peerIpv6NexthopAddress":"fd00:0::2"},
	{"name":"vm","interfaceName":"if2","peerIpAddress":"10.0.0.2","routerApplianceInstance":"` + at + `gw"}]}`

func TestWithoutTheListOfMachinesNobodyKnowsWhoHasAnAddress(t *testing.T) {
	for hop, want := range map[string]string{
		`"nextHopIp":"10.0.0.9"`:             `to unread 10.0.0.9, realm "", up`,
		`"nextHopInstance":"` + at + `gone"`: `to gateway ` + at + `gone, realm "", unclear`,
	} {
		v := routed(`{"name":"a","network":"` + netURL + `","destRange":"10.9.0.0/16",` + hop + `}`)
		v[home+"/aggregated/instances"] = noRight
		if got := hopText(facts(t, v).Routes.Items[0].Next); got != want {
			t.Errorf("%s: %s, want %s", hop, got, want)
		}
	}
}

// TestRoutesHaveTheirDefaults: kind, priority and category, and the neighbours of another network.
func TestRoutesHaveTheirDefaults(t *testing.T) {
	for _, c := range []struct{ name, route, want string }{
		{"static", `"nextHopIp":"10.0.0.2","tags":["t"]`,
			"static route to 10.9.0.0/16, priority 1000, category 1, tags [t]"},
		{"priority 0", `"nextHopIp":"10.0.0.2","priority":0`,
			"static route to 10.9.0.0/16, priority 0, category 1, tags []"},
		{"internet", `"nextHopGateway":"global/gateways/default-internet-gateway","routeType":"STATIC"`,
			"static route to 10.9.0.0/16, priority 1000, category 4, tags []"},
		{"load balancer", `"nextHopIlb":"10.0.0.7"`, "static route to 10.9.0.0/16, priority 1000, category 3, tags []"},
		{"subnetwork", `"nextHopNetwork":"global/networks/n","priority":0`,
			"subnet route to 10.9.0.0/16, priority 0, category 1, tags []"},
		{"peer's subnetwork", `"nextHopPeering":"peer","priority":0`,
			"subnet route to 10.9.0.0/16, priority 0, category 1, tags []"},
		{"peer's static route", `"nextHopPeering":"peer","priority":900`,
			"static route to 10.9.0.0/16, priority 900, category 1, tags []"},
		{"learned, moving", `"nextHopVpnTunnel":"x/one","routeType":"BGP","routeStatus":"ACTIVE"`,
			"dynamic route to 10.9.0.0/16, priority 1000, category 2, tags []"},
	} {
		n := facts(t, routed(`{"name":"a","network":"`+netURL+`","destRange":"10.9.3.0/16",`+c.route+`},
			{"name":"b","network":"projects/p/global/networks/n2","destRange":"10.9.0.0/16","nextHopIp":"10.0.0.2"}`))
		if len(n.Routes.Items) != 1 || !strings.Contains(routeText(n.Routes.Items[0]), c.want+", region") {
			t.Errorf("%s: %v, want %s", c.name, n.Routes.Items, c.want)
		}
	}
	n := facts(t, routed(`{"name":"a","network":"`+netURL+`","destRange":"x","nextHopIp":"10.0.0.2"}`))
	if n.Routes.Whole {
		t.Error("a destination that was not understood is left out in silence")
	}
	n = facts(t, routed(`{"name":"a","network":"`+netURL+`","destRange":"10.9.0.0/16","nextHopIp":"10.0.0.2",
		"routeStatus":"DROPPED"}`))
	if n.Routes.Items[0].Next.State != reach.Down {
		t.Error("a dropped route is up")
	}
}

// status is a router's answer with what its region's data plane has.
func status(routes string) string {
	return `{"result":{"network":"` + netURL + `","bestRoutes":[` + routes + `]}}`
}

func TestLearnedRoutesLeadToTheirPeer(t *testing.T) {
	const far = `to site projects/p/regions/r/routers/edge/east, realm "site/projects/p/regions/r/routers/edge/east", up`
	for _, c := range []struct{ name, route, want string }{
		{"by address", `"nextHopIp":"169.254.1.2"`, far},
		{"by an IPv6 address in another spelling", `"nextHopIp":"fd00::2"`, far},
		{"by tunnel", `"nextHopIp":"169.254.9.9","nextHopVpnTunnel":"projects/p/regions/r/vpnTunnels/one"`, far},
		{"router appliance", `"nextHopIp":"10.0.0.2"`, `to gateway ` + at + `gw, realm "", up`},
		{"peer of nobody", `"nextHopIp":"169.254.1.9"`,
			`to unread peer 169.254.1.9 of a router that was not read, realm "", up`},
	} {
		v := routed("")
		v[inR+"/routers/edge/getRouterStatus"] = status(`{"destRange":"172.16.0.0/16","priority":100,` + c.route + `}`)
		n := facts(t, v)
		if len(n.Dynamic.Items) != 1 {
			t.Fatalf("%s: %+v", c.name, n.Dynamic)
		}
		if got := n.Dynamic.Items[0]; hopText(got.Next) != c.want || got.Region != "r" || got.Priority != 100 {
			t.Errorf("%s:\n got %s\nwant %s", c.name, routeText(got), c.want)
		}
	}
}

// TestOneRouterTellsWhatARegionHasLearned: the first one with a peer tells it for all of them, and no other is asked.
func TestOneRouterTellsWhatARegionHasLearned(t *testing.T) {
	second := strings.NewReplacer(`"name":"edge"`, `"name":"edge2"`, "169.254.1.2", "169.254.2.2", "fd00:0::2",
		"fd00:0::3", "10.0.0.2", "10.0.0.22").Replace(edge)
	v := routed("")
	v[inR+"/routers"] = `{"items":[` + edge + `,` + second + `,` +
		strings.Replace(strings.Replace(edge, "networks/n", "networks/m", 1), `"edge"`, `"foreign"`, 1) + `]}`
	both := status(`{"destRange":"172.16.0.0/16","nextHopIp":"169.254.1.2","priority":100},
		{"destRange":"172.16.0.0/16","nextHopIp":"169.254.2.2","priority":100}`)
	v[inR+"/routers"] = strings.Replace(v[inR+"/routers"], "[", `[{"name":"silent","network":"`+netURL+
		`","region":"`+inR+`"},`, 1)
	v[inR+"/routers/edge/getRouterStatus"] = both
	for _, other := range []string{"silent", "edge2", "foreign"} {
		v[inR+"/routers/"+other+"/getRouterStatus"] = broken
	}
	n := facts(t, v)
	var got []string
	for _, r := range n.Dynamic.Items {
		got = append(got, string(r.Next.Realm))
	}
	want := []string{"site/projects/p/regions/r/routers/edge/east", "site/projects/p/regions/r/routers/edge2/east"}
	if !slices.Equal(got, want) || !n.Dynamic.Whole {
		t.Errorf("got %v, whole %t, want %v", got, n.Dynamic.Whole, want)
	}
}

func TestAPrivateNATMakesTheWayToASiteUnclear(t *testing.T) {
	for kind, want := range map[string]reach.State{"PRIVATE": reach.Unclear, "PUBLIC": reach.Up} {
		v := routed("")
		v[inR+"/routers"] = `{"items":[` + strings.TrimSuffix(edge, "}") + `,"nats":[{"name":"nat","type":"` +
			kind + `"}]}]}`
		v[inR+"/routers/edge/getRouterStatus"] = status(`{"destRange":"172.16.0.0/16","nextHopIp":"169.254.1.2"}`)
		if got := facts(t, v).Dynamic.Items[0].Next.State; got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
}

// TestPeeringsHandOverWhatTheyImport, and nothing where custom routes are not imported.
func TestPeeringsHandOverWhatTheyImport(t *testing.T) {
	v := routed(`{"name":"s","network":"` + netURL + `","destRange":"10.30.0.0/16","nextHopPeering":"peer",
		"routeType":"SUBNET"}`)
	v[home+"/global/networks/n/listPeeringRoutes"] = `{"items":[
		{"destRange":"10.30.0.0/16","type":"SUBNET_PEERING_ROUTE","imported":true},
		{"destRange":"10.31.0.0/16","type":"STATIC_PEERING_ROUTE","imported":true,"priority":900},
		{"destRange":"10.32.0.0/16","type":"DYNAMIC_PEERING_ROUTE","imported":true,"priority":100},
		{"destRange":"10.33.0.0/16","type":"STATIC_PEERING_ROUTE","imported":false},
		{"destRange":"10.34.0.0/16","type":"NEW","imported":true}]}`
	n := facts(t, v)
	if len(n.Routes.Items) != 1 || len(n.Dynamic.Items) != 0 {
		t.Errorf("custom routes are not imported, and there are %v and %v", n.Routes.Items, n.Dynamic.Items)
	}
	v[home+"/global/networks/n"] = strings.Replace(v[home+"/global/networks/n"], `"state":"ACTIVE"`,
		`"state":"ACTIVE","importCustomRoutes":true`, 1)
	n = facts(t, v)
	var got []string
	for _, r := range slices.Concat(n.Routes.Items, n.Dynamic.Items) {
		got = append(got, r.Dst.String()+" "+string(r.Kind)+" "+string(r.Next.Kind)+" "+r.Region)
	}
	want := []string{"10.30.0.0/16 subnet peer ", "10.31.0.0/16 static peer-routes ", "10.34.0.0/16 static unread ",
		"10.32.0.0/16 dynamic peer-routes r"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPolicyBasedRoutes(t *testing.T) {
	for _, c := range []struct{ name, route, want string }{
		{"defaults", `"nextHopIlbIp":"10.0.0.7","filter":{"protocolVersion":"IPV4"}`,
			`1000: 0.0.0.0/0 to 0.0.0.0/0, protocols [0-255], tags [], other routes false, to unread load balancer ` +
				`10.0.0.7, realm "", up`},
		{"all fields", `"priority":7,"nextHopOtherRoutes":"DEFAULT_ROUTING","virtualMachine":{"tags":["t"]},
			"filter":{"srcRange":"10.1.0.0/16","destRange":"10.2.0.0/16","ipProtocol":"TCP"}`,
			`7: 10.1.0.0/16 to 10.2.0.0/16, protocols [6], tags [t], other routes true, to  , realm "", `},
		{"IPv6", `"nextHopIlbIp":"fd00::7","filter":{"protocolVersion":"IPV6","ipProtocol":"ALL"}`,
			`1000: ::/0 to ::/0, protocols [0-255], tags [], other routes false, to unread load balancer fd00::7, ` +
				`realm "", up`},
	} {
		v := vendor{"/v1/projects/p/locations/global/policyBasedRoutes": `{"policyBasedRoutes":[
			{"name":"projects/p/locations/global/policyBasedRoutes/a","network":"` + netURL + `",` + c.route + `},
			{"name":"b","network":"projects/p/global/networks/other","nextHopIlbIp":"10.0.0.7"}]}`}
		var b rendering
		policyRoutes(&b, facts(t, v))
		if got := b.String(); !strings.Contains(got, "policyBasedRoutes/a "+c.want) || strings.Contains(got, " b ") {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	n := facts(t, vendor{"/v1/projects/p/locations/global/policyBasedRoutes": `{"policyBasedRoutes":[{"name":"a",
		"network":"` + netURL + `","interconnectAttachment":{"region":"all"},"nextHopIlbIp":"10.0.0.7"}]}`})
	if n.Policies.Whole {
		t.Error("a route for attachments is left out in silence")
	}
}

// TestAPeersAddressIsOneOfItsRegion: two regions may use one link-local range. With global routing a router tells what
// another region has learned, and its peer is there if there is one only.
func TestAPeersAddressIsOneOfItsRegion(t *testing.T) {
	const inS, inT = home + "/regions/s", home + "/regions/t"
	third := strings.NewReplacer("regions/r", "regions/t").Replace(edge)
	for _, c := range []struct{ name, mode, third, want string }{
		{"regional routing", "REGIONAL", "", "unread"},
		{"global routing", "GLOBAL", "", "site projects/p/regions/r/routers/edge/east"},
		{"global routing, and two regions have one", "GLOBAL", third, "unread"},
	} {
		v := vendor{
			home + "/global/networks/n": `{"name":"n","routingConfig":{"routingMode":"` + c.mode + `"}}`,
			inR + "/routers":            `{"items":[` + edge + `]}`,
			inT + "/routers":            `{"items":[` + c.third + `]}`,
			inS + "/routers": `{"items":[{"name":"south","network":"` + netURL +
				`","region":"regions/s"}]}`,
			inS + "/routers/south/getRouterStatus": status(`{"destRange":"172.16.0.0/16","nextHopIp":"169.254.1.2"}`),
		}
		n, err := on(t, v).NetworkFacts().Network(t.Context(),
			observe.Scope{Network: netN, Regions: []string{"r", "s", "t"}})
		must(t, "read", err)
		if len(n.Dynamic.Items) != 1 || n.Dynamic.Items[0].Region != "s" ||
			!strings.HasPrefix(hopText(n.Dynamic.Items[0].Next), "to "+c.want) {
			t.Errorf("%s: got %v, want %s", c.name, n.Dynamic.Items, c.want)
		}
	}
}
