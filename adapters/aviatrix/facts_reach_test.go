package aviatrix_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// TestReachOverTheFacts asks the model about flows that a gateway decides: the gateways as they were read, the networks
// as small literals.
func TestReachOverTheFacts(t *testing.T) {
	r := newRig(t)
	world := reach.World{Networks: []reach.Network{googleNetwork(t, spokeVPC, "10.10.0.0/24", "gcp-spoke-10"),
		googleNetwork(t, observe.NetworkRealm("acme-net", "partner-vpc"), "10.81.0.0/24", "gcp-spoke-11")}}
	for _, name := range []string{old, newer} {
		f, err := r.client.Gateways().Fabric(t.Context(), name, []reach.Realm{spokeVPC})
		must(t, err)
		world.Controllers = append(world.Controllers, f.Controller)
		world.Gateways = append(world.Gateways, f.Gateways...)
		world.Networks = append(world.Networks, f.Networks...)
		world.Sites = append(world.Sites, f.Sites...)
	}
	inside := reach.Place{Realm: spokeVPC, Who: reach.Identity{Kind: reach.Instance, Name: "vm",
		Region: "europe-west3"}}
	connector := reach.Place{Realm: spokeVPC, Who: reach.Identity{Kind: reach.RangeConnector, Region: "europe-west3"}}
	const azure = "vpc/AZURE/acme/azure-backend-vnet"
	for _, c := range []struct {
		name     string
		from     reach.Place
		src, dst string
		port     uint16
		sent     reach.Name
		want     string
		cause    reach.Cause
		hop      string
	}{
		{"a connector reaches the internet behind source NAT", connector, "10.8.0.0/28", "198.51.100.7/32", 443, "",
			"passes", "", "gcp-spoke-10 source NAT"},
		{"another source is not in foreign-servers", inside, "10.10.0.200/32", "198.51.100.7/32", 22, "", "passes", "",
			"default action"},
		{"foreign-servers are closed", inside, "10.10.0.50/32", "198.51.100.7/32", 22, "", "blocked", "",
			"servers-rest"},
		{"but for a name of their web group", inside, "10.10.0.50/32", "198.51.100.7/32", 443, "deb.debian.org",
			"passes",
			"", "servers-web"},
		{"and not for another", inside, "10.10.0.50/32", "198.51.100.7/32", 443, "evil.example", "blocked", "",
			"servers-rest"},
		{"a private range that no table has", inside, "10.10.0.200/32", "10.99.0.4/32", 80, "", "blocked", "",
			"gcp-spoke-10 default"},
		{"the network behind the peered transits", inside, "10.10.0.200/32", "10.20.0.4/32", 80, "", "undecided",
			reach.FarSide, "gcp-spoke-10 10.20.0.0/24 to azure-spoke-10"},
		{"another network of Google through the transit", inside, "10.10.0.200/32", "10.81.0.9/32", 80, "", "passes",
			"",
			"gcp-spoke-10 10.81.0.0/24 to gcp-spoke-11"},
		{"a site behind the transit, whose table nobody reads", inside, "10.10.0.200/32", "192.168.60.7/32", 80, "",
			"undecided", reach.FarSide, "gcp-transit-10 192.168.60.0/24 to site-10"},
		{"from a site, whose table nobody reads", reach.Place{Realm: observe.SiteRealm(newer, "site-10")},
			"192.168.60.7/32", "10.10.0.200/32", 80, "", "undecided", reach.FarSide, ""},
		{"the way back from the other cloud's network", reach.Place{Realm: azure}, "10.20.0.4/32", "10.10.0.200/32",
			80, "",
			"undecided", reach.FarSide, "azure-spoke-10 10.10.0.0/24 to gcp-spoke-10"},
		{"the way back to a connector's hidden range", reach.Place{Realm: azure}, "10.20.0.4/32", "10.8.0.4/32", 80, "",
			"blocked", "", ""},
	} {
		flows := reach.FlowsOf(reach.Box{Src: ranges(t, c.src), Dst: ranges(t, c.dst),
			Layer4: reach.Protocol(reach.TCP, reach.Span{Lo: c.port, Hi: c.port}), Name: c.sent})
		v := reach.Evaluate(world, reach.Question{From: c.from, Flows: flows})
		got := "in part"
		switch {
		case v.May.Empty():
			got = "blocked"
		case v.Sure.Equal(flows):
			got = "passes"
		case v.May.Equal(flows) && v.Sure.Empty():
			got = "undecided"
		}
		named := c.hop == "" || slices.ContainsFunc(v.Hops, func(h reach.Hop) bool { return h.Object == c.hop })
		why := slices.ContainsFunc(v.Open, func(g reach.Gap) bool { return g.Cause == c.cause })
		if got != c.want || !named || why != (c.cause != "") {
			t.Errorf("%s: got %s, want %s by %q; open %v; hops %v", c.name, got, c.want, c.hop, v.Open, v.Hops)
		}
	}
}

// googleNetwork is a network whose way out is one gateway, which anybody may enter, and where somebody is at each
// address of its subnetwork.
func googleNetwork(t *testing.T, realm reach.Realm, subnet, gateway string) reach.Network {
	t.Helper()
	local := reach.NextHop{Kind: reach.ToLocal, State: reach.Up}
	n := reach.Network{Realm: realm, Hidden: reach.WholeList[reach.Subnet](),
		Subnets: reach.WholeList(reach.Subnet{Object: subnet, Region: "europe-west3", Ranges: ranges(t, subnet)}),
		Routes: reach.WholeList(
			reach.Route{Object: subnet, Kind: reach.SubnetRoute, Dst: netip.MustParsePrefix(subnet), Next: local},
			reach.Route{Object: "all", Kind: reach.StaticRoute, Dst: netip.MustParsePrefix("0.0.0.0/0"),
				Next: reach.NextHop{Kind: reach.ToGateway, Name: gateway, State: reach.Up}}),
		Dynamic: reach.WholeList[reach.Route](), Policies: reach.WholeList[reach.PolicyRoute](),
		Endpoints: reach.WholeList[reach.Endpoint](), NATs: reach.WholeList[reach.NAT](),
		Interfaces: reach.WholeList(reach.Interface{Addresses: ranges(t, subnet),
			Who: reach.Identity{Kind: reach.Instance, Name: "vm"}}),
		Names: reach.NameService{Servers: reach.WholeList[string](), Responses: reach.WholeList[reach.Response](),
			Zones: reach.WholeList[reach.Zone]()},
	}
	n.Firewall = reach.Firewall{Hierarchical: reach.WholeList[reach.Policy](), System: reach.WholeList[reach.Policy](),
		Global: reach.WholeList[reach.Policy](), Regional: reach.WholeList[reach.Policy](),
		Rules: reach.WholeList(reach.Rule{Object: "in", In: true, Act: reach.Allow,
			Src: reach.Peer{Ranges: reach.EveryAddress()}, Dst: reach.Peer{Ranges: reach.EveryAddress()},
			Layer4: []reach.Layer4{reach.EveryProtocol()}, Target: reach.Target{All: true}})}
	return n
}

func ranges(t *testing.T, texts ...string) reach.Ranges {
	t.Helper()
	all, err := reach.ParseRanges(texts...)
	must(t, err)
	return all
}
