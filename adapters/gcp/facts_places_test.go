package gcp_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
)

// front is a forwarding rule of the network.
func front(more string) string {
	return `{"name":"f","network":"` + netURL + `","IPAddress":"10.0.0.7",
		"selfLink":"https://www.googleapis.com/compute/v1/projects/p/regions/r/forwardingRules/f",` + more + `}`
}

func TestEndpointsAndLoadBalancers(t *testing.T) {
	const attached = `"region":"regions/r","target":"https://www.googleapis.com/compute/v1/projects/q/regions/r/` +
		`serviceAttachments/sa"`
	const it = "projects/p/regions/r/forwardingRules/f at 10.0.0.7/32, "
	for _, c := range []struct{ name, rule, endpoint, balancer string }{
		{"bundle", `"target":"all-apis"`, it + `bundle true, producer "", region "", global access false, accepted up`, ""},
		{"restricted bundle", `"target":"vpc-sc"`, it + `bundle restricted, producer "", region "", global access false, ` +
			`accepted up`, ""},
		{"attachment", attached + `,"pscConnectionStatus":"ACCEPTED"`,
			it + `bundle false, producer "projects/q/regions/r/serviceAttachments/sa", region "r", global access false, ` +
				`accepted up`, ""},
		{"global access", attached + `,"pscConnectionStatus":"PENDING","allowPscGlobalAccess":true`,
			it + `bundle false, producer "projects/q/regions/r/serviceAttachments/sa", region "r", global access true, ` +
				`accepted down`, ""},
		{"no state", attached, it + `bundle false, producer "projects/q/regions/r/serviceAttachments/sa", region "r", ` +
			`global access false, accepted unclear`, ""},
		{"load balancer", `"region":"regions/r","loadBalancingScheme":"INTERNAL_MANAGED","target":"x/targetHttpProxies/t"`,
			"", "load-balancer"},
		{"outside", `"region":"regions/r","loadBalancingScheme":"EXTERNAL_MANAGED"`, "", ""},
	} {
		n := facts(t, vendor{inR + "/forwardingRules": `{"items":[` + front(c.rule) + `,` +
			strings.Replace(front(c.rule), "networks/n", "networks/m", 1) + `]}`})
		got, balancer := "", ""
		for _, e := range n.Endpoints.Items {
			got += endpointText(e)
		}
		for _, i := range n.Interfaces.Items {
			balancer += string(i.Who.Kind)
		}
		if got != c.endpoint || balancer != c.balancer || !n.Endpoints.Whole || !n.Interfaces.Whole {
			t.Errorf("%s:\n got %s and %q\nwant %s and %q; gaps %v", c.name, got, balancer, c.endpoint, c.balancer,
				n.Interfaces.Gaps)
		}
	}
	n := facts(t, vendor{inR + "/forwardingRules": `{"items":[` + front(`"target":"projects/p/new/things/t"`) + `]}`})
	if n.Interfaces.Whole {
		t.Error("a rule of an unknown kind is left out in silence")
	}
}

// withNAT is a network with two subnetworks, one for other purposes, and a router with one NAT.
func withNAT(nat string) vendor {
	subnet := func(name, cidr, more string) string {
		return `{"name":"` + name + `","network":"` + netURL + `","region":"regions/r","ipCidrRange":"` + cidr +
			`","selfLink":"projects/p/regions/r/subnetworks/` + name + `"` + more + `}`
	}
	return vendor{
		inR + "/subnetworks": `{"items":[` + subnet("a", "10.1.0.0/24", `,"secondaryIpRanges":[{"rangeName":"pods",
			"ipCidrRange":"10.2.0.0/24"},{"rangeName":"more","ipCidrRange":"10.3.0.0/24"}]`) + `,` +
			subnet("b", "10.4.0.0/24", `,"purpose":"PRIVATE"`) + `,` +
			subnet("proxies", "10.5.0.0/24", `,"purpose":"REGIONAL_MANAGED_PROXY"`) + `]}`,
		inR + "/routers": `{"items":[{"name":"edge","network":"` + netURL + `","region":"regions/r","nats":[` + nat + `]},
			{"name":"foreign","network":"projects/p/global/networks/m","region":"regions/r","nats":[` + nat + `]}]}`,
		inR + "/routers/edge/getRouterStatus": `{"result":{"natStatus":[{"name":"out",
			"autoAllocatedNatIps":["203.0.113.1"],"userAllocatedNatIps":["203.0.113.2"]}]}}`,
	}
}

func TestNATCoversWhatItSays(t *testing.T) {
	const all = `"sourceSubnetworkIpRangesToNat":"ALL_SUBNETWORKS_ALL_IP_RANGES"`
	some := func(words string) string {
		return `"sourceSubnetworkIpRangesToNat":"LIST_OF_SUBNETWORKS","subnetworks":[{"name":"https://www.googleapis.com/` +
			`compute/v1/projects/p/regions/r/subnetworks/a","sourceIpRangesToNat":[` + words + `]}]`
	}
	const everything = "10.1.0.0/24,10.2.0.0/24,10.3.0.0/24,10.4.0.0/24"
	for _, c := range []struct {
		name, nat, covers string
		whole             bool
	}{
		{"all", all, everything, true},
		{"all of type PUBLIC", all + `,"type":"PUBLIC","endpointTypes":["ENDPOINT_TYPE_VM"]`, everything, true},
		{"primary", `"sourceSubnetworkIpRangesToNat":"ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES"`, "10.1.0.0/24,10.4.0.0/24",
			true},
		{"one whole", some(`"ALL_IP_RANGES"`), "10.1.0.0/24,10.2.0.0/24,10.3.0.0/24", true},
		{"one primary", some(`"PRIMARY_IP_RANGE"`), "10.1.0.0/24", true},
		{"one secondary", some(`"LIST_OF_SECONDARY_IP_RANGES"],"secondaryIpRangeNames":["more"`), "10.3.0.0/24", true},
		{"private", all + `,"type":"PRIVATE"`, "", true},
		{"for proxies", all + `,"endpointTypes":["ENDPOINT_TYPE_SWG"]`, "", true},
		{"new word", `"sourceSubnetworkIpRangesToNat":"SOME"`, "none", false},
		{"NAT64", `"sourceSubnetworkIpRangesToNat64":"ALL_IPV6_SUBNETWORKS"`, "none", false},
	} {
		n := facts(t, withNAT(`{"name":"out",`+c.nat+`}`))
		got := ""
		for _, nat := range n.NATs.Items {
			got += nat.Covers.String()
			if nat.Object != "projects/p/regions/r/routers/edge/out" || nat.Region != "r" ||
				nat.Addresses.String() != "203.0.113.1/32,203.0.113.2/32" {
				t.Errorf("%s: %+v", c.name, nat)
			}
		}
		if got != c.covers || n.NATs.Whole != c.whole {
			t.Errorf("%s: covers %q, whole %t by %v, want %q, %t", c.name, got, n.NATs.Whole, n.NATs.Gaps,
				c.covers, c.whole)
		}
	}
	if n := facts(t, withNAT(`{"name":"out",`+all+`}`)); len(n.Subnets.Items) != 3 {
		t.Errorf("subnetworks for other purposes have ranges too: %v", n.Subnets.Items)
	}
}

func TestInterfacesAndSubnetworksOfBothFamilies(t *testing.T) {
	vm := `{"name":"vm","selfLink":"projects/p/zones/europe-west3-a/instances/vm","tags":{"items":["web"]},
		"serviceAccounts":[{"email":"a@p"}],"networkInterfaces":[{"network":"` + netURL + `","networkIP":"10.0.0.2",
		"ipv6Address":"fd20::5","internalIpv6PrefixLength":96,"aliasIpRanges":[{"ipCidrRange":"10.7.0.0/28"}],
		"accessConfigs":[{"natIP":"203.0.113.9"}]},{"network":"projects/p/global/networks/m","networkIP":"10.99.0.2"}]}`
	six := `{"name":"six","selfLink":"projects/p/zones/europe-west3-a/instances/six","networkInterfaces":[{"network":"` +
		netURL + `","networkIP":"10.0.0.3","ipv6AccessConfigs":[{"externalIpv6":"2600:1900::1",
		"externalIpv6PrefixLength":96}]}]}`
	n := facts(t, vendor{home + "/aggregated/instances": machines(vm, six), inR + "/subnetworks": `{"items":[{"name":"s",
		"network":"` + netURL + `","region":"regions/r","ipCidrRange":"10.0.0.0/24","internalIpv6Prefix":"fd20::/64",
		"externalIpv6Prefix":"2600:1900::/64","secondaryIpRanges":[{"ipCidrRange":"10.7.0.0/20"}],
		"privateIpGoogleAccess":true},{"name":"other","network":"projects/q/global/networks/n"}]}`})
	var got []string
	for _, i := range n.Interfaces.Items {
		got = append(got, interfaceText(i))
		if !i.Who.SecureTagsUnread {
			t.Errorf("nobody has read the secure tags of %s", i.Who.Name)
		}
	}
	want := `10.0.0.2/32,10.7.0.0/28,fd20::/96 of instance projects/p/zones/europe-west3-a/instances/vm in europe-west3, ` +
		`tags [web], account "a@p", external true false; ` +
		`10.0.0.3/32,2600:1900::/96 of instance projects/p/zones/europe-west3-a/instances/six in europe-west3, ` +
		`tags [], account "", external false true`
	if text := strings.Join(got, "; "); text != want {
		t.Errorf("got %s\nwant %s", text, want)
	}
	const subnet = "projects/p/regions/r/subnetworks/s in r: 10.0.0.0/24,10.7.0.0/20,2600:1900::/64,fd20::/64, " +
		"private google access true"
	if len(n.Subnets.Items) != 1 || subnetText(n.Subnets.Items[0]) != subnet {
		t.Errorf("got %v, want %s", n.Subnets.Items, subnet)
	}
}

// TestHiddenRanges are of connectors that were made from a bare range of this network.
func TestHiddenRanges(t *testing.T) {
	for _, c := range []struct{ project, network, subnet, want string }{
		{"p", "n", "", "10.8.0.0/28"}, {"p", netN, "", "10.8.0.0/28"}, {"p", netURL, "", "10.8.0.0/28"},
		{"p", "other", "", ""}, {"q", "n", "", ""}, {"q", netN, "", "10.8.0.0/28"}, {"p", "n", `{"name":"s"}`, ""},
	} {
		subnet := c.subnet
		if subnet == "" {
			subnet = "null"
		}
		n := facts(t, vendor{"/v1/projects/" + c.project + "/locations/r/connectors": `{"connectors":[{` +
			`"name":"projects/` + c.project + `/locations/r/connectors/c","network":"` + c.network +
			`","ipCidrRange":"10.8.0.0/28","subnet":` + subnet + `}]}`}, "q")
		got := ""
		for _, h := range n.Hidden.Items {
			got += h.Ranges.String()
			if h.Object != "projects/"+c.project+"/locations/r/connectors/c" || h.Region != "r" {
				t.Errorf("%+v", h)
			}
		}
		if got != c.want || !n.Hidden.Whole {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// TestNamesOfOneNetworkHaveManySpellings: a project by its number, a full address, another version of the API.
func TestNamesOfOneNetworkHaveManySpellings(t *testing.T) {
	for spelling, own := range map[string]bool{
		netN: true, netURL: true, "https://compute.googleapis.com/compute/beta/" + netN: true,
		"global/networks/n": true, "projects/42/global/networks/n": true,
		"https://www.googleapis.com/compute/v1/projects/42/global/networks/n": true,
		"projects/43/global/networks/n":                                       false,
		"projects/42/global/networks/other":                                   false,
		"projects/q/global/networks/n":                                        false,
		"global/networks/nn":                                                  false, "": false,
	} {
		n := facts(t, vendor{
			"/compute/v1/projects/42": `{"name":"p"}`, "/compute/v1/projects/43": `{"name":"q"}`,
			home + "/global/routes": `{"items":[{"name":"a","destRange":"10.9.0.0/16","nextHopIp":"10.0.0.9",
				"network":"` + spelling + `"}]}`,
		})
		if got := len(n.Routes.Items) == 1; got != own || !n.Routes.Whole {
			t.Errorf("%q: own %t, whole %t, want %t", spelling, got, n.Routes.Whole, own)
		}
	}
}

// TestAnUnknownNumberIsAGapWhereItMatters, and nowhere else.
func TestAnUnknownNumberIsAGapWhereItMatters(t *testing.T) {
	for network, whole := range map[string]bool{"projects/42/global/networks/n": false,
		"projects/42/global/networks/other": true} {
		n := facts(t, vendor{"/compute/v1/projects/42": noRight,
			home + "/global/routes": `{"items":[{"name":"a","destRange":"10.9.0.0/16","network":"` + network + `"}]}`})
		if n.Routes.Whole != whole || !whole && n.Routes.Gaps[0].Cause != reach.NotAllowedToRead || !n.Subnets.Whole {
			t.Errorf("%s: whole %t by %v, want %t", network, n.Routes.Whole, n.Routes.Gaps, whole)
		}
	}
}

// TestTheNumberOfAProjectIsAskedForOnce, for the network itself too.
func TestTheNumberOfAProjectIsAskedForOnce(t *testing.T) {
	v := vendor{"/compute/v1/projects/42": `{"name":"p"}`, home + "/global/networks/n": `{"name":"n"}`}
	c := on(t, v)
	for range 2 {
		n, err := c.NetworkFacts().Network(t.Context(), scopeOf("projects/42/global/networks/n"))
		must(t, "read", err)
		if n.Realm != netN || n.Project != "p" {
			t.Errorf("realm %s of %s", n.Realm, n.Project)
		}
		delete(v, "/compute/v1/projects/42")
	}
}
