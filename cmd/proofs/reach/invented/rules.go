package invented

import (
	"fmt"
	"strings"
)

// ranges4 and ranges6 are what rules and routes name.
var (
	ranges4 = []string{"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/24", "10.1.0.0/25", "172.16.0.0/12",
		"8.8.8.0/24", "10.1.200.0/28", "199.36.153.8/30"}
	ranges6 = []string{"::/0", "fd00::/8", "2600::/12"}
)

// layer4 are protocols with or without ports, in the words of a firewall rule: by name or by number.
func (d *draft) layer4(protocol string) (out []doc) {
	for range one(d, 1, 1, 1, 2) {
		l := doc{protocol: one(d, "all", "tcp", "tcp", "udp", "icmp", "6", "17", "50", "esp")}
		if l[protocol] == "tcp" && d.oneIn(2) {
			l["ports"] = one(d, []string{"443"}, []string{"1-1024"}, []string{"8000-9000"}, []string{"22"},
				[]string{"25", "80-443"})
		}
		out = append(out, l)
	}
	return out
}

func (d *draft) ranges() []string {
	if d.oneIn(4) {
		return []string{one(d, ranges6...)}
	}
	return []string{one(d, ranges4...)}
}

// rules are the network's own.
func (d *draft) rules(i int) {
	v := d.nets[i]
	for j := range d.IntN(5) {
		body := doc{"network": fullNetwork(v.name), "priority": 1 + d.IntN(4), "disabled": d.oneIn(8)}
		body[one(d, "allowed", "allowed", "denied")] = d.layer4("IPProtocol")
		in := d.oneIn(2)
		switch {
		case !in:
			body["direction"], body["destinationRanges"] = "EGRESS", d.ranges()
			d.near(body, "destinationRanges", "sourceRanges")
		case d.oneIn(4):
			body["direction"], body["sourceTags"] = "INGRESS", []string{one(d, "red", "blue")}
		case d.oneIn(5):
			body["direction"], body["sourceServiceAccounts"] = "INGRESS", []string{"a@p.iam"}
		default:
			body["direction"], body["sourceRanges"] = "INGRESS", d.ranges()
			d.near(body, "sourceRanges", "destinationRanges")
			if d.oneIn(5) {
				body["sourceTags"] = []string{one(d, "red", "blue")}
			}
		}
		if d.oneIn(4) && body["sourceServiceAccounts"] == nil {
			body["targetTags"] = []string{one(d, "red", "blue")}
		}
		d.object("firewalls", "", fmt.Sprintf("rule-%s-%d", v.name, j), body)
	}
	if d.oneIn(2) { // else little arrives anywhere
		d.object("firewalls", "", "in-"+v.name, doc{"network": fullNetwork(v.name), "priority": 5,
			"direction": "INGRESS", "allowed": []doc{{"IPProtocol": "all"}}, "sourceRanges": []string{"0.0.0.0/0"}})
		d.object("firewalls", "", "in6-"+v.name, doc{"network": fullNetwork(v.name), "priority": 5,
			"direction": "INGRESS", "allowed": []doc{{"IPProtocol": "all"}}, "sourceRanges": []string{"::/0"}})
	}
}

// near gives a rule a range of its own end now and then, of the same family as the other end's.
func (d *draft) near(rule doc, far, near string) {
	if !d.oneIn(5) {
		return
	}
	rule[near] = []string{one(d, "10.1.0.0/24", "10.0.0.0/8", "10.2.0.64/26")}
	if strings.Contains(rule[far].([]string)[0], ":") {
		rule[near] = []string{one(d, "::/0", "fd00::/8")}
	}
}

// policyRules are those of any policy.
func (d *draft) policyRules() (out []doc) {
	for j := range d.IntN(5) {
		r := doc{"ruleName": fmt.Sprintf("r%d", j), "priority": 1 + j, "disabled": d.oneIn(8),
			"action": one(d, "allow", "deny", "goto_next")}
		if d.oneIn(2) {
			r["direction"], r["match"] = "INGRESS", d.entering()
		} else {
			r["direction"], r["match"] = "EGRESS", d.leaving()
		}
		if d.oneIn(6) {
			r["targetResources"] = []string{fullNetwork(one(d, d.nets...).name)}
		}
		if d.oneIn(8) {
			r["targetServiceAccounts"] = []string{"a@p.iam"}
		}
		if d.oneIn(12) {
			r["action"] = "apply_security_profile_group"
			r["securityProfileGroup"] = "organizations/1/locations/global/securityProfileGroups/inspect"
		}
		out = append(out, r)
	}
	return out
}

// entering is what a rule about packets that arrive asks for.
func (d *draft) entering() doc {
	match := doc{"layer4Configs": d.layer4("ipProtocol"), "srcIpRanges": d.ranges()}
	d.near(match, "srcIpRanges", "destIpRanges")
	return match
}

// leaving is what a rule about packets that leave asks for.
func (d *draft) leaving() doc {
	match := doc{"layer4Configs": d.layer4("ipProtocol"), "destIpRanges": d.ranges()}
	if d.oneIn(3) {
		match["srcIpRanges"] = []string{one(d, "10.1.0.0/24", "10.1.0.0/25", "10.2.0.0/16", "10.1.200.0/28")}
		match["destIpRanges"] = []string{one(d, ranges4...)}
	}
	if d.oneIn(5) {
		match["destFqdns"] = []string{one(d, hosts...)}
		if d.oneIn(2) {
			delete(match, "destIpRanges")
		}
	}
	if d.oneIn(10) {
		match["destNetworkType"] = one(d, "INTERNET", "NON_INTERNET")
	}
	return match
}

// policies are those of the organization, a folder, networks, and networks in one region.
func (d *draft) policies() {
	for i, at := range []string{"organizations/1", "folders/2"} {
		name := fmt.Sprint(11 + i)
		if rules := d.policyRules(); d.oneIn(2) {
			for _, r := range rules {
				if r["action"] == "deny" && d.oneIn(2) { // a hierarchy that denies much hides the rest
					r["action"] = "goto_next"
				}
			}
			d.object("firewallPolicies", "", name, doc{"associations": []doc{{"name": "a", "attachmentTarget": at}},
				"rules": rules})
		}
	}
	for _, v := range d.nets {
		if d.oneIn(4) {
			region := one(d, regions...)
			d.object("systemPolicies", region, "sys-"+v.name, doc{"rules": d.policyRules(), "associations": []doc{
				{"name": "a", "attachmentTarget": fullNetwork(v.name)}}})
		}
		for _, region := range append([]string{""}, regions...) {
			rules := d.policyRules()
			if d.oneIn(2) {
				continue
			}
			d.object("firewallPolicies", region, "p-"+v.name+region,
				doc{"associations": []doc{{"name": "a", "attachmentTarget": fullNetwork(v.name)}}, "rules": rules})
		}
	}
}

// ways are static routes: to the internet gateway, to machines, to addresses that somebody or nobody has.
func (d *draft) ways(i int) {
	v := d.nets[i]
	var routes []doc
	for j := range d.IntN(6) {
		r := doc{"name": fmt.Sprintf("way-%s-%d", v.name, j), "priority": 100 * (1 + d.IntN(3)),
			"range": one(d, "0.0.0.0/0", "172.16.0.0/12", "172.16.5.0/24", "10.250.0.0/16", "8.8.8.0/24", "10.0.0.0/8",
				"199.36.153.8/30")}
		switch d.IntN(4) {
		case 0, 1:
			r["gateway"] = "projects/" + project + "/global/gateways/default-internet-gateway"
		case 2:
			r["ip"] = one(d, v.machines...).ip
		case 3:
			r["ip"] = one(d, v.subnets...).base + "99"
		}
		if d.oneIn(4) {
			r["tags"] = []string{one(d, "red", "blue")}
		}
		routes = append(routes, r)
	}
	if d.oneIn(2) {
		routes = append(routes, doc{"name": "out-" + v.name, "range": "0.0.0.0/0", "priority": 1000,
			"gateway": "projects/" + project + "/global/gateways/default-internet-gateway"})
		if d.oneIn(2) {
			routes = append(routes, doc{"name": "out6-" + v.name, "range": "::/0", "priority": 1000,
				"gateway": "projects/" + project + "/global/gateways/default-internet-gateway"})
		}
	}
	d.networks[i]["routes"] = routes
}

// exits are Cloud NAT and an endpoint for Google's APIs.
func (d *draft) exits(i int) {
	v := d.nets[i]
	if d.oneIn(3) {
		some := one(d, v.subnets...)
		nat := doc{"name": "nat", "type": "PUBLIC", "natIpAllocateOption": "AUTO_ONLY",
			"sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"}
		if d.oneIn(2) {
			nat["sourceSubnetworkIpRangesToNat"] = "LIST_OF_SUBNETWORKS"
			nat["subnetworks"] = []doc{{"name": "projects/" + project + "/regions/" + some.region + "/subnetworks/" +
				some.name, "sourceIpRangesToNat": []string{"ALL_IP_RANGES"}}}
		}
		d.object("routers", some.region, "router-"+v.name, doc{"network": fullNetwork(v.name), "nats": []doc{nat}})
	}
	if d.oneIn(4) {
		at := fmt.Sprintf("10.240.%d.1", i)
		d.object("globalAddresses", "", fmt.Sprintf("apis%d", i), doc{"address": at, "addressType": "INTERNAL",
			"purpose": "PRIVATE_SERVICE_CONNECT", "network": fullNetwork(v.name)})
		d.object("globalForwardingRules", "", fmt.Sprintf("apis%d", i), doc{"IPAddress": at,
			"network": fullNetwork(v.name), "target": one(d, "all-apis", "vpc-sc"), "loadBalancingScheme": ""})
		d.targets = append(d.targets, at)
	}
}
