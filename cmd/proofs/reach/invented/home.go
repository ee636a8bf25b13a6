package invented

import "fmt"

// home makes the network of the intent, in which a packet finds its way: a default route with NAT, a Cloud Router with
// a site, machines and serverless services of others.
func (d *draft) home() {
	v := vpc{name: home, subnets: []subnet{{shared, regions[0], "10.1.0.", false},
		{"far", regions[1], "10.1.64.", false}}}
	aloneNet := doc{"name": alone, "region": regions[0], "range": "10.1.32.0/26", "googleAccess": d.oneIn(2)}
	if d.six = d.oneIn(6); d.six {
		aloneNet["v6"] = one(d, "INTERNAL", "EXTERNAL")
	}
	d.networks = append(d.networks, doc{"project": project, "name": home, "policyFirst": !d.oneIn(5),
		"globalRouting": d.oneIn(2), "subnetworks": []doc{
			{"name": shared, "region": regions[0], "range": "10.1.0.0/24", "googleAccess": d.oneIn(2)},
			{"name": "far", "region": regions[1], "range": "10.1.64.0/24", "googleAccess": d.oneIn(2)}, aloneNet,
			{"name": narrow, "region": regions[0], "range": "10.1.48.0/28", "googleAccess": d.oneIn(2)},
			{"name": "used-28", "region": regions[0], "range": "10.1.48.16/28"},
			{"name": "producers", "region": regions[0], "range": "10.1.49.0/24"},
			{"name": "translated", "region": regions[0], "range": "10.1.50.0/24",
				"purpose": "PRIVATE_SERVICE_CONNECT"}}})
	for j := range 2 + d.IntN(3) {
		v.machines = append(v.machines, d.machine(v, j))
	}
	d.nets = append(d.nets, v)
	d.homeRules()
	d.homeWays()
	d.tenants()
	d.producers = []doc{{"project": project, "region": regions[0], "name": "orders", "subnetwork": "producers",
		"natSubnet": "translated"}}
}

// homeRules let most packets within the company in, and a few rules of others close something.
func (d *draft) homeRules() {
	allow := func(name, direction, field, to string) {
		d.object("firewalls", "", name, doc{"network": fullNetwork(home), "priority": 1000, "direction": direction,
			"allowed": []doc{{"IPProtocol": "all"}}, field: []string{to}})
	}
	allow("home-in", "INGRESS", "sourceRanges", "10.0.0.0/8")
	if d.oneIn(2) {
		allow("home-sites", "INGRESS", "sourceRanges", "172.16.0.0/12")
	}
	for j := range d.IntN(3) {
		body := doc{"network": fullNetwork(home), "priority": 500 + j, "direction": "EGRESS",
			"denied":            []doc{{"IPProtocol": "tcp", "ports": []string{one(d, "22", "8080", "25", "443")}}},
			"destinationRanges": []string{one(d, "10.2.0.0/16", "8.8.8.0/24", "10.200.0.0/16", "172.16.0.0/12")}}
		if d.oneIn(2) {
			body["targetTags"] = []string{one(d, "red", "blue")}
		}
		d.object("firewalls", "", fmt.Sprintf("home-out-%d", j), body)
	}
}

// homeWays lead out of the home network.
func (d *draft) homeWays() {
	internet := "projects/" + project + "/global/gateways/default-internet-gateway"
	routes := []doc{{"name": "out-home", "range": "0.0.0.0/0", "priority": 1000, "gateway": internet}}
	if d.oneIn(4) {
		routes = append(routes, doc{"name": "out6-home", "range": "::/0", "priority": 1000, "gateway": internet})
	}
	if d.oneIn(4) {
		routes = append(routes, doc{"name": "red-home", "range": "0.0.0.0/0", "priority": 900,
			"tags": []string{"red"}, "ip": one(d, d.nets[0].machines...).ip})
	}
	d.networks[0]["routes"] = routes
	nat := doc{"name": "nat", "type": "PUBLIC", "natIpAllocateOption": "AUTO_ONLY",
		"sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"}
	if d.oneIn(6) {
		nat["sourceSubnetworkIpRangesToNat"] = "LIST_OF_SUBNETWORKS"
		nat["subnetworks"] = []doc{{"name": subnetwork(regions[0], shared),
			"sourceIpRangesToNat": []string{"ALL_IP_RANGES"}}}
	}
	d.object("routers", regions[0], "nat-home", doc{"network": fullNetwork(home), "nats": []doc{nat}})
	if d.oneIn(2) {
		d.object("routers", regions[1], "nat-far", doc{"network": fullNetwork(home), "nats": []doc{{"name": "nat",
			"type": "PUBLIC", "natIpAllocateOption": "AUTO_ONLY",
			"sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"}}})
	}
	if d.site = !d.oneIn(3); d.site {
		d.routers = append(d.routers, doc{"project": project, "region": regions[0], "name": "edge", "network": home,
			"asn": 64512, "mode": "CUSTOM", "groups": []string{"ALL_SUBNETS"}, "peers": []doc{{"name": "site-home",
				"asn": 65001, "ip": "169.254.10.1", "peerIp": "169.254.10.2",
				"learns": []string{one(d, "172.16.0.0/16", "172.16.5.0/24")}}}})
		d.targets = append(d.targets, "site:site-home/172.16.5.9")
		d.senders = append(d.senders, "site:site-home/172.16.5.9")
	}
}

// tenants are serverless senders of others in the home network: by connectors, and directly.
func (d *draft) tenants() {
	from := func(place string) { d.senders = append(d.senders, place) }
	d.connectors = append(d.connectors,
		doc{"project": project, "region": regions[0], "name": "idle", "network": home, "range": "10.1.200.0/28"},
		doc{"project": project, "region": regions[0], "name": "busy", "network": home, "range": "10.1.200.16/28"},
		doc{"project": project, "region": regions[0], "name": "busy-28", "subnetwork": "used-28"})
	served := func(name string, by doc) {
		by["project"], by["region"], by["name"] = project, regions[0], name
		by["egress"] = one(d, "ALL_TRAFFIC", "PRIVATE_RANGES_ONLY")
		d.services = append(d.services, by)
		from("service:" + project + "/" + regions[0] + "/" + name)
	}
	served("busy-a", doc{"connector": project + "/busy"})
	if d.oneIn(2) {
		served("busy-b", doc{"connector": project + "/busy-28"})
	}
	if d.crowded = !d.oneIn(3); d.crowded {
		served("direct-a", doc{"direct": project + "/" + shared, "tags": d.tags()})
	}
	for i, list := range []*[]doc{&d.jobs, &d.pools} {
		if !d.oneIn(3) {
			continue
		}
		*list = append(*list, doc{"project": project, "region": regions[0], "name": fmt.Sprintf("work-%d", i),
			"egress": "ALL_TRAFFIC", "direct": project + "/" + shared})
		from("subnetwork:" + project + "/" + regions[0] + "/" + shared)
	}
}

// security are the rules of the security team: a policy of the network, and perhaps one of the organization.
func (d *draft) security() {
	rules := []doc{{"name": "no-telnet", "priority": 3000, "action": "deny", "direction": "EGRESS",
		"destinations": []string{"0.0.0.0/0"}, "protocol": "tcp", "ports": []string{"23"}}}
	if d.dns = d.oneIn(2); d.dns {
		rules = append(rules, doc{"name": "dns", "priority": 100, "action": "allow", "direction": "EGRESS",
			"destinations": []string{"10.1.0.53/32"}, "protocol": "udp", "ports": []string{"53"}})
	}
	if d.oneIn(2) {
		rules = append(rules, doc{"name": "updates", "priority": 2000, "action": "allow", "direction": "EGRESS",
			"sources": []string{"10.1.0.0/24"}, "fqdns": []string{"public.example"}, "protocol": "tcp",
			"ports": []string{"443"}})
	}
	if d.oneIn(3) {
		rules = append(rules, doc{"name": "apart", "priority": 2500, "action": one(d, "deny", "allow"),
			"direction": "EGRESS", "sources": []string{one(d, "10.1.0.0/25", "10.1.64.0/24")},
			"destinations": []string{one(d, "10.0.0.0/8", "8.8.8.0/24")}, "protocol": "tcp"})
	}
	d.guards = []doc{{"project": project, "name": "security", "networks": []string{home}, "rules": rules}}
	if d.oneIn(3) {
		d.object("firewallPolicies", "", "11", doc{"associations": []doc{{"name": "a",
			"attachmentTarget": "organizations/1"}}, "rules": []doc{
			{"ruleName": "no-smb", "priority": 1, "action": "deny", "direction": "EGRESS",
				"match": doc{"layer4Configs": []doc{{"ipProtocol": "tcp", "ports": []string{"445"}}},
					"destIpRanges": []string{"0.0.0.0/0"}}},
			{"ruleName": "on", "priority": 2, "action": "goto_next", "direction": "EGRESS",
				"match": doc{"layer4Configs": []doc{{"ipProtocol": "all"}}, "destIpRanges": []string{"10.0.0.0/8"}}}}})
	}
}
