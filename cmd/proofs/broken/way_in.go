package broken

import (
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Parts of the intents with a way in. The address is told, so that packets can be aimed at it.
const (
	bundle   = `"target":{"googleApisBundle":"all-apis"},"endpoint":"own","address":{"ip":"10.200.0.9"}`
	byRouter = `{"via":"cloud-router","project":"acme-net","region":"europe-west3","router":"edge-1"}`
	partner  = "serviceAccount:partner@acme-prod.iam.gserviceaccount.com"
	address  = "10.200.0.9"
	own      = "acme-prod/locations/europe-west3/services/fn-0001"
)

// announced takes what fits out of what a router announces by its own list.
func unannounced(router string, fits func(map[string]any) bool) edit {
	out := func(d world.Doc) {
		if bgp, ok := d["bgp"].(map[string]any); ok {
			without("advertisedIpRanges", fits)(bgp)
		}
	}
	return all(change("gcp", "routers", "/routers/"+router, out),
		change("gcp", "announcements", "/routers/"+router, out))
}

// unpeered ends a router's session with a peer.
func unpeered(router, peer string) edit {
	out := func(d world.Doc) {
		for _, p := range objects(d, "bgpPeers") {
			if p["name"] == peer {
				p["enable"] = "FALSE"
			}
		}
	}
	return all(change("gcp", "routers", "/routers/"+router, out),
		change("gcp", "announcements", "/routers/"+router, out))
}

// appliance is a machine that forwards nothing, with a route to it.
func appliance(routeName, to string) edit {
	return all(copied("instances", "/instances/gcp-spoke-10", "appliance", func(d world.Doc) {
		d["canIpForward"] = false
		for _, nic := range objects(d, "networkInterfaces") {
			nic["networkIP"] = "10.10.0.77"
		}
	}), route(routeName, to, 100, false))
}

// ingress sets what a service lets in.
func ingress(setting string) edit {
	return set("gcp", "services", own, "ingress", "INGRESS_TRAFFIC_"+setting)
}

// unbound takes the network from a service and from all of its revisions.
func unbound() edit {
	return func(tx *world.Tx) error {
		err := change("gcp", "services", own, func(d world.Doc) {
			if t, ok := d["template"].(map[string]any); ok {
				delete(t, "vpcAccess")
			}
		})(tx)
		for _, r := range tx.List("gcp", "revisions", "") {
			if strings.Contains(r.Name, own+"/") {
				delete(r.Doc, "vpcAccess")
				tx.QuietPut("gcp", "revisions", r.Name, r.Doc)
			}
		}
		return err
	}
}

// routerIn is announced by a Cloud Router, with names, and for callers inside alone. It goes out from a subnetwork of
// its own, so that its network is one that the service sends to.
func routerIn() story {
	inside := func(r map[string]any) bool { return strings.HasPrefix(r["range"].(string), "10.200.") }
	return story{
		name: "router",
		data: `{` + service + `,"ingress":{` + bundle + `,"announce":[` + byRouter + `],"names":{"hostnames":"auto"},` +
			`"invokers":["` + partner + `"],"publicAccess":"forbid"},"egress":{` + direct +
			`,"filter":{"via":"gcp-firewall","allow":[{"cidr":"10.20.0.4/32","protocol":"tcp","ports":["80"]}]}}}`,
		prepare: zone("others", "else.example", "10.10.0.99"),
		flows: []flow{
			{from: "site:site-a/172.16.0.9", to: address, host: "{host}", proto: "tcp", port: 443, passes: true},
			{from: "site:site-b/172.17.0.9", to: address, host: "{host}", proto: "tcp", port: 443, passes: true},
			{from: "network:acme-net/spoke-vpc/10.12.0.50", to: "{host}", proto: "tcp", port: 443, passes: true},
			{from: "internet:203.0.113.200", to: "{host}", proto: "tcp", port: 443},
			{from: byService, to: "10.20.0.4", proto: "tcp", port: 80, passes: true},
		},
		breaks: []breach{
			{line: "way in", name: "the router announces it no more", change: unannounced("edge-1", inside),
				object: "edge-1"},
			{line: "way in", name: "a session of the router ends", change: unpeered("edge-1", "site-a"),
				object: "site-a"},
			{line: "way back", name: "a route takes the answers to a site", change: appliance("lost", "172.16.0.0/24"),
				object: "lost"},
			{line: "way in", name: "the endpoint is gone", change: remove("gcp", "forwardingRules", "acme-net/global/"),
				object: "{rule}"},
			{line: "names", name: "our record answers elsewhere", object: "{zone}",
				change: func(tx *world.Tx) error { return records(tx, []any{"10.99.0.9"}) }},
			{line: "names", name: "our record is gone", object: "{zone}",
				change: func(tx *world.Tx) error { return records(tx, nil) }},
			{line: "names", name: "a response policy answers before our zone", object: "overrides",
				refuses: "overrides", change: overrides()},
			{line: "who may come in", name: "ingress is open again", change: ingress("ALL"), object: own[len(own)-7:]},
			{line: "who may come in", name: "ingress is closed", change: ingress("NONE"), object: "fn-0001",
				refuses: "fn-0001"},
			{line: "who may come in", name: "the service sends to the network no more", change: unbound(),
				object: "fn-0001"},
			{line: "who may call", name: "an invoker is gone", callers: true, object: partner,
				change: change("gcp", "iamPolicies", own, without("bindings", anything))},
			{line: "who may call", name: "the invoker check is off", callers: true, object: "fn-0001",
				refuses: "fn-0001", change: set("gcp", "services", own, "invokerIamDisabled", true)},
		},
	}
}

// records changes the address records of the service's names in our zones; none: they go.
func records(tx *world.Tx, to []any) error {
	for _, r := range tx.List("gcp", "resourceRecordSets", "projects/acme-net/managedZones/") {
		if !strings.HasSuffix(r.Name, ".run.app./A") {
			continue
		}
		if to == nil {
			tx.QuietDelete("gcp", "resourceRecordSets", r.Name)
			continue
		}
		r.Doc["rrdatas"] = to
		tx.QuietPut("gcp", "resourceRecordSets", r.Name, r.Doc)
	}
	return nil
}

// overrides is a response policy of the network that answers all names of Cloud Run.
func overrides() edit {
	return func(tx *world.Tx) error {
		const from, name = "projects/acme-net/responsePolicies/plain-overrides",
			"projects/acme-net/responsePolicies/overrides"
		doc, _ := tx.Get("gcp", "responsePolicies", from)
		doc["responsePolicyName"], doc["id"] = "overrides", "7701"
		doc["networks"] = []any{map[string]any{"networkUrl": links + home}}
		rules, _ := tx.Get("gcp", "responsePolicyRules", from)
		tx.QuietPut("gcp", "responsePolicies", name, doc)
		tx.QuietPut("gcp", "responsePolicyRules", name, rules)
		return nil
	}
}

// attached leads to a producer, by the subnetwork that a router announces.
func attached() story {
	status := func(word string) edit {
		return set("gcp", "forwardingRules", "acme-net/regions/europe-west3/", "pscConnectionStatus", word)
	}
	groups := func(d world.Doc) {
		if bgp, ok := d["bgp"].(map[string]any); ok {
			delete(bgp, "advertisedGroups")
		}
	}
	return story{
		name: "attachment",
		data: `{` + service + `,"ingress":{"target":{"serviceAttachment":"projects/acme-producers/regions/` +
			`europe-west3/serviceAttachments/orders-sa"},"endpoint":"own","address":{"subnet":"` + subnetworks +
			`endpoints"},` +
			`"names":{"hostnames":["orders.api.acme.example"]},"announce":[` + byRouter + `]}}`,
		flows: []flow{
			{from: "site:site-a/172.16.0.9", to: "{endpoint}", proto: "tcp", port: 443, passes: true},
			{from: "network:acme-net/spoke-vpc/10.10.0.50", to: "orders.api.acme.example", proto: "tcp", port: 443,
				passes: true},
			{from: "network:acme-net/spoke-vpc/10.12.0.50", to: "{endpoint}", proto: "tcp", port: 443},
		},
		breaks: []breach{
			{line: "way in", name: "the producer rejects it", change: status("REJECTED"), object: "{rule}"},
			{line: "way in", name: "the producer has closed it", change: status("CLOSED"), object: "{rule}"},
			{line: "way in", name: "the attachment is gone", object: "orders-sa",
				change: all(remove("gcp", "serviceAttachments", "/orders-sa"), status("CLOSED"))},
			{line: "way in", name: "the router announces subnetworks no more", object: "edge-1",
				change: all(change("gcp", "routers", "/routers/edge-1", groups),
					change("gcp", "announcements", "/routers/edge-1", groups))},
			{line: "way in", name: "a session of the router ends", change: unpeered("edge-1", "site-a"),
				object: "site-a"},
			{line: "way back", name: "a route takes the answers to a site", change: appliance("lost", "172.16.0.0/24"),
				object: "lost"},
			{line: "names", name: "our record answers elsewhere", object: "{zone}",
				change: set("gcp", "resourceRecordSets", "orders.api.acme.example./A", "rrdatas", []any{"10.99.0.9"})},
		},
	}
}
