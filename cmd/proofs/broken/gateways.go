package broken

import (
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// tagged is announced by an Aviatrix gateway to a site, and goes out behind a tag of the same gateway.
func tagged() story {
	return story{
		name: "fqdn",
		data: `{` + service + `,"ingress":{` + bundle + `,"announce":[{"via":"aviatrix","spokeGateway":"gcp-spoke-1",` +
			`"connections":["site-1"]}],"names":{"hostnames":"auto"}},"egress":{"connector":{"ipCidrRange":` +
			`"10.8.0.32/28"},"vpcEgress":"all-traffic","filter":{"via":"aviatrix-fqdn","gateway":"gcp-spoke-1",` +
			`"acceptGatewayWide":true,"allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]}}}`,
		// What a machine forwards to an endpoint for Google's APIs is in no page: the operator has tried it.
		switches: map[string]bool{"apis-endpoint-answers-forwarded-source": true},
		doubts:   []string{"no-document", "far-side"},
		flows: []flow{
			{from: "site:site-1/192.168.10.7", to: address, host: "{host}", proto: "tcp", port: 443, passes: true},
			{from: byService, to: "qa1.backend.example", proto: "tcp", port: 443, passes: true},
			{from: byService, to: "deb.debian.org", proto: "tcp", port: 443},
		},
		breaks: []breach{
			{line: "way in", name: "the list of the gateway has it no more", object: "gcp-spoke-1",
				change: change("aviatrix", "gateway", "avx-82/gcp-spoke-1", func(d world.Doc) {
					d["advertised"] = []any{"10.10.0.0/24", "10.11.0.0/24"}
				})},
			{line: "way in", name: "the tunnel to the site is down", object: "site-1", refuses: "site-1",
				change: change("aviatrix", "connection", "avx-82/gcp-spoke-1/site-1", func(d world.Doc) {
					d["tunnel"], d["session"] = "Down", "Idle"
				})},
			{line: "way out", name: "the gateway translates no more", object: "gcp-spoke-1", refuses: "gcp-spoke-1",
				change: set("aviatrix", "gateway", "avx-82/gcp-spoke-1", "sourceNat", false)},
			{line: "way out", name: "the gateway is down", object: "gcp-spoke-1", refuses: "gcp-spoke-1",
				change: set("aviatrix", "gateway", "avx-82/gcp-spoke-1", "state", "DOWN")},
			{line: "filter", name: "the tag is disabled", object: "gcp-spoke-1",
				change: set("aviatrix", "fqdnTag", "avx-82/fltr", "state", "disabled")},
			{line: "filter", name: "the tag lost a name", object: "gcp-spoke-1",
				change: set("aviatrix", "fqdnTag", "avx-82/fltr", "domains", []any{})},
			{line: "filter", name: "the tag is off the gateway", object: "gcp-spoke-1",
				change: remove("aviatrix", "fqdnAttachment", "avx-82/fltr")},
			{line: "filter", name: "the source is off the tag", object: "gcp-spoke-1",
				change: set("aviatrix", "fqdnAttachment", "avx-82/fltr", "sources", []any{"10.10.0.0/24"})},
			{line: "filter", name: "the route to the gateway is gone", object: "{route}",
				change: remove("gcp", "routes", "/routes/route")},
			{line: "way out", name: "the connector is gone", object: "{connector}",
				change: remove("gcp", "connectors", "/connectors/conn")},
		},
	}
}

// grouped goes out behind rules of the distributed firewall.
func grouped() story {
	return story{
		name: "webgroup",
		data: `{` + service + `,"egress":{"connector":{"ipCidrRange":"10.8.0.32/28"},"vpcEgress":"all-traffic",` +
			`"filter":{"via":"aviatrix-webgroup","gateway":"gcp-spoke-10","allow":[{"fqdn":"qa1.backend.example",` +
			`"protocol":"tcp","ports":["443"]}]}}}`,
		flows: []flow{
			{from: byService, to: "qa1.backend.example", proto: "tcp", port: 443, passes: true},
			{from: byService, to: "deb.debian.org", proto: "tcp", port: 443},
		},
		breaks: []breach{
			{line: "filter", name: "the distributed firewall is off", object: "avx-100", refuses: "avx-100",
				change: set("aviatrix", "dcf", "avx-100/microseg", "enabled", false)},
			{line: "filter", name: "its rules are deployed elsewhere", object: "gcp-spoke-10", refuses: "gcp-spoke-10",
				change: func(tx *world.Tx) error {
					tx.QuietPut("aviatrix", "dcf", "avx-100/deploy-policy", world.Doc{"providers": []any{"AWS"}})
					return nil
				}},
			{line: "way out", name: "the gateway translates no more", object: "gcp-spoke-10", refuses: "gcp-spoke-10",
				change: set("aviatrix", "gateway", "avx-100/gcp-spoke-10", "sourceNat", false)},
			{line: "way out", name: "the gateway is down", object: "gcp-spoke-10", refuses: "gcp-spoke-10",
				change: set("aviatrix", "gateway", "avx-100/gcp-spoke-10", "state", "DOWN")},
			{line: "way out", name: "the default route is gone", object: "10.10.0.10",
				refuses: "gcp-spoke-10", change: remove("gcp", "routes", "/avx-default-10")},
			{line: "filter", name: "our rules are gone", object: "gcp-spoke-10",
				change: change("aviatrix", "ruleSet", "avx-100/", without("policies", func(r map[string]any) bool {
					name, _ := r["name"].(string)
					return strings.HasPrefix(name, "fltr")
				}))},
		},
	}
}

// unfiltered goes out to private ranges alone, and to Google by the access of its subnetwork.
func unfiltered() story {
	return story{
		name:    "unfiltered",
		prepare: all(remove("gcp", "routes", "/avx-default-10"), remove("aviatrix", "vpcRoute", "avx-100/")),
		data: `{` + service + `,"egress":{"direct":{"subnetwork":"` + subnetworks + `function-egress"},"vpcEgress":` +
			`"private-ranges-only","googleAccess":{"subnetworks":["` + subnetworks + `function-egress"]}}}`,
		flows: []flow{
			{from: byService, to: "199.36.153.8", proto: "tcp", port: 443, passes: true},
			{from: byService, to: "10.30.0.10", proto: "tcp", port: 443, passes: true},
		},
		breaks: []breach{
			{line: "way out", name: "Private Google Access is off", object: "function-egress",
				change: set("gcp", "subnetworks", "/function-egress", "privateIpGoogleAccess", false)},
			{line: "way out", name: "the service sends to the network no more", object: "fn-0001", change: unbound()},
		},
	}
}
