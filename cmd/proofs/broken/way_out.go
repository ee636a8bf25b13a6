package broken

import (
	"slices"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// The intents' common parts.
const (
	service = `"service":{"platform":"cloud-run","project":"acme-prod","region":"europe-west3","name":"fn-0001"},` +
		`"network":"` + home + `","onWithdraw":"restore"`
	subnetworks = inRegion + "subnetworks/"
	direct      = `"direct":{"subnetwork":"` + subnetworks + `function-egress"},"vpcEgress":"all-traffic"`
	byService   = "service:acme-prod/europe-west3/fn-0001"
)

func stories() []story {
	return []story{directOut(), translated(), routerIn(), attached(), tagged(), grouped(), unfiltered()}
}

// directOut goes out from a subnetwork of its own, by the gateway that has the default route of the network. Its
// neighbours are a rule that opens everything below the filter, a NAT for others and a zone of another name.
func directOut() story {
	return story{
		name: "direct",
		data: `{` + service + `,"egress":{` + direct + `,"filter":{"via":"gcp-firewall","allow":[` +
			`{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]},` +
			`{"fqdn":"git.corp.acme.example","protocol":"tcp","ports":["443"]},` +
			`{"cidr":"10.20.0.4/32","protocol":"tcp","ports":["80"]},` +
			`{"cidr":"198.51.100.200/32","protocol":"tcp","ports":["8443"]}]}}}`,
		prepare: all(
			copied("firewalls", "/allow-internal", "legacy-open", func(d world.Doc) {
				d["direction"], d["priority"], d["destinationRanges"] = "EGRESS", 900, []any{everything}
				delete(d, "sourceRanges")
			}),
			nat("edge-1", "nat-of-others", "workloads"),
			zone("others", "else.example", "10.10.0.99"),
			copied("routes", "/default-internet", "default-six", func(d world.Doc) { d["destRange"] = "::/0" })),
		flows: []flow{
			{from: byService, to: "qa1.backend.example", proto: "tcp", port: 443, passes: true},
			{from: byService, to: "git.corp.acme.example", proto: "tcp", port: 443, passes: true},
			{from: byService, to: "10.20.0.4", proto: "tcp", port: 80, passes: true},
			{from: byService, to: "198.51.100.200", proto: "tcp", port: 8443, passes: true},
			{from: byService, to: "198.51.100.201", proto: "tcp", port: 443},
			{from: byService, to: "10.30.0.10", proto: "tcp", port: 22},
			{from: byService, to: "2001:4860::8", proto: "tcp", port: 443, v6: true},
		},
		breaks: slices.Concat(lostRoutes(), lostNames(), lostFilter()),
	}
}

// lostRoutes are what can end the way of directOut, or its way back.
func lostRoutes() []breach {
	return []breach{
		{line: "way out", name: "the default route is gone", change: remove("gcp", "routes", "/avx-default-10"),
			object: "default-internet", refuses: "default-internet"},
		{line: "way out", name: "a more specific route to a machine that forwards nothing",
			change: appliance("lost", "198.51.100.0/24"), object: "lost", refuses: "lost"},
		{line: "way out", name: "a more specific route past the gateway",
			change: route("straight", "198.51.100.0/24", 100, true), object: "straight", refuses: "straight"},
		{line: "way out", name: "the gateway translates no more",
			change: set("aviatrix", "gateway", "avx-100/gcp-spoke-10", "sourceNat", false), object: "gcp-spoke-10",
			refuses: "gcp-spoke-10"},
		{line: "way out", name: "the gateway is down",
			change: set("aviatrix", "gateway", "avx-100/gcp-spoke-10", "state", "DOWN"), object: "gcp-spoke-10",
			refuses: "gcp-spoke-10"},
		{line: "way out", name: "the machine of the gateway is stopped",
			change: set("gcp", "instances", "/gcp-spoke-10", "status", "TERMINATED"), object: "gcp-spoke-10",
			refuses: "gcp-spoke-10"},
		{line: "way out", name: "transits are not peered", change: remove("aviatrix", "transitPeering", "avx-100/"),
			object: "gcp-spoke-10", refuses: "gcp-spoke-10"},
		{line: "way out", name: "a policy-based route to nobody", change: policyRoute("others-way", "198.51.100.0/24"),
			object: "10.10.0.88", doubt: "far-side"},
		{line: "way out", name: "the gateway of the other cloud is down", object: "gcp-spoke-10",
			refuses: "gcp-spoke-10", change: set("aviatrix", "gateway", "avx-100/azure-spoke-10", "state", "DOWN")},
		{line: "way out", name: "the other cloud's range is announced no more", object: "gcp-spoke-10 has no route for",
			refuses: "gcp-spoke-10 has no route for",
			change:  set("aviatrix", "gateway", "avx-100/azure-spoke-10", "advertised", []any{"10.21.0.0/24"})},
		{line: "way back", name: "the customised list has the source no more", object: "azure-backend-vnet",
			refuses: "azure-backend-vnet", change: set("aviatrix", "gateway", "avx-100/gcp-spoke-10", "advertised",
				[]any{"10.10.0.0/24", "10.12.0.0/24"})},
		{line: "way out", name: "the peered network is not", change: peeringGone(), object: "gcp-spoke-10",
			refuses: "gcp-spoke-10"},
		{line: "way out", name: "the peered network lets nobody in",
			change: remove("gcp", "firewalls", "/services-allow-internal"), object: "shared-services"},
	}
}

// lostNames are what can lead its names elsewhere.
func lostNames() []breach {
	return []breach{
		{line: "names", name: "a zone answers an allowed name elsewhere",
			change: zone("shadow", "qa1.backend.example", "10.99.0.9"), object: "shadow", refuses: "shadow"},
		{line: "names", name: "the zone of an allowed name has no record",
			change: remove("gcp", "resourceRecordSets", "/git.corp.acme.example./A"), object: "corp-internal",
			refuses: "corp-internal"},
	}
}

// everything is every IPv4 address.
const everything = "0.0.0.0/0"

// lostFilter is what can open its filter, or shut what it allows.
func lostFilter() []breach {
	return []breach{
		{line: "filter", name: "a rule opens all before ours",
			change: opens(rule{name: "open-all", action: "allow", priority: 10, to: []any{everything}}),
			object: "open-all", refuses: "open-all"},
		{line: "filter", name: "a rule of the organization opens before ours",
			change: policyAt("locations/global/firewallPolicies/org-open", "organizations/1",
				rule{name: "org-rule", action: "allow", priority: 10, to: []any{everything}}),
			object: "org-open", refuses: "org-open"},
		{line: "filter", name: "a rule of the organization shuts what is allowed",
			change: policyAt("locations/global/firewallPolicies/org-shut", "organizations/1",
				rule{name: "org-rule", action: "deny", priority: 10, to: []any{"10.20.0.0/16"}}),
			object: "org-shut", refuses: "org-shut"},
		{line: "filter", name: "VPC rules come before policies",
			change: set("gcp", "networks", "networks/spoke-vpc", "networkFirewallPolicyEnforcementOrder",
				"AFTER_CLASSIC_FIREWALL"), object: "legacy-open", refuses: "legacy-open"},
		{line: "filter", name: "the closing rule is gone", object: "spoke-policy",
			change: change("gcp", "firewallPolicies", "/spoke-policy", without("rules", func(r map[string]any) bool {
				return r["action"] == "deny" && priority(r) >= 1000 && priority(r) < 2000
			}))},
		{line: "filter", name: "an allowing rule is gone", object: "spoke-policy",
			change: change("gcp", "firewallPolicies", "/spoke-policy", without("rules", func(r map[string]any) bool {
				return r["action"] == "allow" && priority(r) >= 1000 && priority(r) < 2000
			}))},
		{line: "IPv6", name: "the subnetwork gets an external IPv6 way out", object: "function-egress",
			refuses: "function-egress",
			change: change("gcp", "subnetworks", "/function-egress", func(d world.Doc) {
				d["stackType"], d["ipv6AccessType"] = "IPV4_IPV6", "EXTERNAL"
				d["ipv6CidrRange"], d["externalIpv6Prefix"] = "2600:1900:4000:77::/64", "2600:1900:4000:77::/64"
			})},
	}
}

// translated goes out by a NAT of the network: its default route is the internet gateway.
func translated() story {
	return story{
		name: "nat",
		data: `{` + service + `,"egress":{"connector":{"subnet":"` + subnetworks + `serverless-28"},` +
			`"vpcEgress":"all-traffic","filter":{"via":"gcp-firewall","allow":[` +
			`{"cidr":"198.51.100.200/32","protocol":"tcp","ports":["443"]}]}}}`,
		prepare: all(remove("gcp", "routes", "/avx-default-10"), remove("aviatrix", "vpcRoute", "avx-100/"),
			nat("edge-1", "nat-1", "serverless-28", "workloads")),
		flows: []flow{
			{from: byService, to: "198.51.100.200", proto: "tcp", port: 443, passes: true},
		},
		breaks: []breach{
			{line: "way out", name: "the NAT is gone", object: "198.51.100.200", refuses: "NAT",
				change: change("gcp", "routers", "/edge-1", without("nats", anything))},
			{line: "way out", name: "the range is taken out of the NAT", object: "198.51.100.200", refuses: "NAT",
				change: all(change("gcp", "routers", "/edge-1", without("nats", anything)),
					nat("edge-1", "nat-1", "workloads"))},
			{line: "way out", name: "the default route is gone", object: "198.51.100.200", refuses: "no route",
				change: remove("gcp", "routes", "/default-internet")},
			{line: "way out", name: "the default route is overridden", object: "lost", refuses: "lost",
				change: appliance("lost", "198.51.100.0/24")},
		},
	}
}
