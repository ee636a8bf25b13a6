package invented

import "fmt"

// gateways are an Aviatrix controller with spokes in some of the networks, the transit that they are attached to, and
// rules of its distributed firewall. Some of a network's routes lead to its spoke.
func (d *draft) gateways() {
	if d.oneIn(2) {
		return
	}
	all := []doc{{"name": "transit", "role": "transit", "vpc": "transit~-~" + project, "region": regions[0],
		"vpcCidrs": []string{"10.70.0.0/24"}, "account": "a", "size": "s", "publicIp": "203.0.113.240",
		"privateIp": "10.70.0.2", "bgp": true, "connectedTransit": !d.oneIn(4), "segmentation": d.oneIn(3)}}
	var attachments, groups []doc
	var members []string
	names := []string{"Anywhere (0.0.0.0/0)", "Public Internet"}
	for i, v := range d.nets {
		if d.oneIn(3) {
			continue
		}
		name, at := fmt.Sprintf("spoke-%d", i), v.subnets[0]
		var cidrs []string
		for _, s := range v.subnets {
			cidrs = append(cidrs, s.base+"0/24")
		}
		d.object("instances", at.region+"-a", name, doc{"name": name, "status": "RUNNING", "canIpForward": !d.oneIn(8),
			"networkInterfaces": []doc{{"network": fullNetwork(v.name), "networkIP": at.base + "5"}}})
		all = append(all, doc{"name": name, "vpc": v.name + "~-~" + project, "vpcCidrs": cidrs, "region": at.region,
			"account": "a", "size": "s", "publicIp": fmt.Sprintf("203.0.113.%d", 241+i), "privateIp": at.base + "5",
			"sourceNat": d.oneIn(2), "state": one(d, "UP", "UP", "UP", "DOWN"), "ha": d.oneIn(5)})
		if !d.oneIn(5) {
			attachments = append(attachments, doc{"spoke": name, "transit": "transit"})
		}
		if d.oneIn(2) {
			members = append(members, name)
		}
		groups = append(groups, doc{"name": v.name, "any": []doc{{"cidr": at.base + one(d, "0/24", "64/26", "0/25")}}})
		names = append(names, v.name)
		for j := range 1 + d.IntN(2) {
			d.networks[i]["routes"] = append(d.networks[i]["routes"].([]doc), doc{
				"name": fmt.Sprintf("spoke-%d-%d", i, j), "priority": 100 * (1 + d.IntN(3)), "ip": at.base + "5",
				"range": one(d, "0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12", "10.70.0.0/16")})
		}
	}
	controller := doc{"name": "avx", "version": "8.2", "username": "u", "password": "p", "gateways": all,
		"defaultAction": one(d, "PERMIT", "PERMIT", "DENY"), "attachments": attachments, "smartGroups": groups,
		"connections": d.connections(), "securityDomains": []doc{{"name": "domain", "members": members}}}
	if !d.oneIn(4) {
		controller["dcf"] = true
		controller["ruleSets"] = []doc{{"name": "rules", "attachTo": "TERRAFORM_BEFORE_UI_MANAGED",
			"policies": d.webRules(names)}}
	}
	d.controllers = []doc{controller}
}

// connections lead from the transit to a site.
func (d *draft) connections() []doc {
	if d.oneIn(2) {
		return nil
	}
	d.targets = append(d.targets, "site:branch/172.16.5.9")
	return []doc{{"name": "branch", "gateway": "transit", "bgp": true, "session": "Established",
		"tunnel":  one(d, "Up", "Up", "Down"),
		"learned": []string{one(d, "172.16.0.0/12", "172.16.5.0/24", "0.0.0.0/0")}}}
}

// webRules are rules of the distributed firewall between groups.
func (d *draft) webRules(names []string) (out []doc) {
	for j := range d.IntN(5) {
		r := doc{"name": fmt.Sprintf("rule-%d", j), "action": one(d, "PERMIT", "DENY"), "priority": 10 * (1 + j),
			"protocol": one(d, "ANY", "TCP", "TCP", "UDP", "ICMP"), "src_ads": []string{one(d, names...)},
			"dst_ads": []string{one(d, names...)}}
		if r["protocol"] == "TCP" && d.oneIn(2) {
			r["port_ranges"] = []doc{{"lo": one(d, 22, 443)}}
		}
		if d.oneIn(6) {
			r["watch"] = true
		}
		out = append(out, r)
	}
	return out
}
