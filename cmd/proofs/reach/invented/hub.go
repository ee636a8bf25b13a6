package invented

// hub is a controller with a spoke in the home network that others send through: all of them, or those with the tag
// that the controller's route asks for.
func (d *draft) hub() {
	if d.oneIn(2) {
		return
	}
	d.version = one(d, "8.2", "8.2", "10.0")
	spoke := doc{"name": "spoke-0", "vpc": home + "~-~" + project, "region": regions[0], "account": "a", "size": "s",
		"vpcCidrs": []string{"10.1.0.0/24", "10.1.32.0/26", "10.1.48.0/28", "10.1.64.0/24"},
		"publicIp": "203.0.113.241", "privateIp": "10.1.0.5", "sourceNat": true}
	transit := doc{"name": "transit", "role": "transit", "vpc": "transit~-~" + project, "region": regions[0],
		"vpcCidrs": []string{"10.70.0.0/24"}, "account": "a", "size": "s", "publicIp": "203.0.113.240",
		"privateIp": "10.70.0.2", "bgp": true, "connectedTransit": true}
	d.object("instances", regions[0]+"-a", "spoke-0", doc{"name": "spoke-0", "status": "RUNNING", "canIpForward": true,
		"tags":              doc{"items": []string{"avx-gateway"}},
		"networkInterfaces": []doc{{"network": fullNetwork(home), "networkIP": "10.1.0.5"}}})
	way := doc{"name": "avx-default", "range": "0.0.0.0/0", "priority": 991, "ip": "10.1.0.5"}
	if d.version == "8.2" {
		way["priority"], way["tags"] = 800, []string{"avx-snat-noip"}
	}
	d.networks[0]["routes"] = append(d.networks[0]["routes"].([]doc), way)
	behind := machine{"behind", "10.1.0.40"}
	d.object("instances", regions[0]+"-a", behind.name, doc{"name": behind.name, "status": "RUNNING",
		"tags":              doc{"items": []string{"avx-snat-noip"}},
		"networkInterfaces": []doc{{"network": fullNetwork(home), "networkIP": behind.ip}}})
	d.senders = append(d.senders, "machine:"+project+"/"+behind.name)
	d.targets = append(d.targets, behind.ip)
	c := doc{"name": controller, "version": d.version, "username": "u", "password": "simulated",
		"gateways": []doc{transit, spoke}, "attachments": []doc{{"spoke": "spoke-0", "transit": "transit"}},
		"defaultAction": "PERMIT", "connections": d.connections(), "dcf": true, "vpcRoutes": []doc{},
		"smartGroups": []doc{{"name": "servers", "any": []doc{{"cidr": "10.1.0.0/25"}}}}}
	if d.oneIn(2) {
		c["ruleSets"] = []doc{{"name": "rules", "attachTo": "TERRAFORM_BEFORE_UI_MANAGED", "policies": d.webRules(
			[]string{"servers", "Public Internet"})}}
	}
	if d.version != "8.2" {
		c["vpcRoutes"] = []doc{{"vpc": home + "~-~" + project, "destination": "0.0.0.0/0", "gateway": "spoke-0",
			"priority": 991}}
	} else if d.tagged = d.oneIn(3); d.tagged {
		c["fqdnTags"] = []doc{{"name": "theirs", "color": "white", "state": "enabled",
			"domains":  []doc{{"fqdn": "public.example", "proto": "tcp", "port": "443"}},
			"gateways": []doc{{"gateway": "spoke-0", "sources": []string{"10.1.0.0/24"}}}}}
	}
	d.controllers = []doc{c}
}
