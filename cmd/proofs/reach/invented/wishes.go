package invented

import "strings"

// A wish is an intent that is being made.
type wish struct {
	kind     string
	data     doc
	consents bool
	// asked are packets that it lets out, shut some that its filter must stop.
	asked, shut []Flow
	// source is the range that it filters, when others can come there.
	source string
}

// wish is an intent of the home network. About half take nothing that others have a share in.
func (d *draft) wish() wish {
	w := wish{data: doc{"network": fullNetwork(home), "onWithdraw": one(d, "restore", "restore", "retain"),
		"service": doc{"platform": "cloud-run", "project": project, "region": regions[0], "name": ownService}}}
	if d.oneIn(2) {
		d.apart(&w)
	} else {
		d.among(&w)
	}
	w.kind = strings.TrimPrefix(w.kind, ", ")
	return w
}

// apart takes what is nobody else's.
func (d *draft) apart(w *wish) {
	switch d.IntN(7) {
	case 0, 1:
		d.direct(w, alone)
		d.firewall(w)
	case 2:
		d.direct(w, alone)
	case 3:
		d.connector(w)
	case 4:
		d.connector(w)
		d.firewall(w)
	case 5:
		d.wayIn(w, d.oneIn(4))
	default:
		d.direct(w, alone)
		d.firewall(w)
		d.wayIn(w, d.oneIn(4))
	}
	if out, ok := w.data["egress"].(doc); ok && d.oneIn(3) {
		out["googleAccess"] = doc{"subnetworks": []string{subnetwork(regions[0], one(d, alone, narrow))}}
	}
}

// among takes what others have a share in, or a gateway.
func (d *draft) among(w *wish) {
	switch d.IntN(7) {
	case 0, 1:
		d.direct(w, shared)
		d.firewall(w)
	case 2:
		w.kind += "busy connector"
		w.data["egress"] = doc{"connector": doc{"existing": one(d, "busy", "busy-28")}, "vpcEgress": "all-traffic"}
		d.firewall(w)
	case 3:
		d.direct(w, one(d, alone, shared))
		w.data["egress"].(doc)["googleAccess"] = doc{"subnetworks": []string{subnetwork(regions[0], shared)}}
		w.kind += ", access for shared"
	case 4:
		w.kind += "connector in a site's range"
		w.data["egress"] = doc{"connector": doc{"ipCidrRange": "172.16.5.0/28", "minInstances": 2, "maxInstances": 3,
			"machineType": "e2-micro"}, "vpcEgress": "all-traffic"}
	case 5:
		d.direct(w, shared)
	default:
		d.gatewayFilter(w)
	}
	if d.oneIn(4) {
		d.wayIn(w, !d.oneIn(3))
	}
}

func (d *draft) direct(w *wish, subnet string) {
	w.kind += "direct " + subnet
	if subnet == alone && d.six {
		w.kind += " dual-stack"
	}
	w.data["egress"] = doc{"direct": doc{"subnetwork": subnetwork(regions[0], subnet)},
		"vpcEgress": one(d, "all-traffic", "private-ranges-only")}
}

func (d *draft) connector(w *wish) {
	c := doc{"minInstances": 2, "maxInstances": 3, "machineType": "e2-micro"}
	switch d.IntN(3) {
	case 0:
		w.kind += "connector by range"
		c["ipCidrRange"] = one(d, "10.1.208.0/28", "100.64.0.0/28")
	case 1:
		w.kind += "connector by subnetwork"
		c["subnet"] = subnetwork(regions[0], narrow)
	default:
		w.kind += "idle connector"
		c = doc{"existing": "idle"}
	}
	w.data["egress"] = doc{"connector": c, "vpcEgress": one(d, "all-traffic", "private-ranges-only")}
}

// destinations are what filters let out.
func (d *draft) destinations() (allow []doc, packets []Flow) {
	from := "service:" + project + "/" + regions[0] + "/" + ownService
	for _, to := range []string{"public.example", "198.51.100.77", one(d, d.nets[0].machines...).ip, "172.16.5.9"} {
		if to == "172.16.5.9" && !d.site || d.oneIn(2) {
			continue
		}
		rule := doc{"protocol": "tcp", "ports": []string{"443"}}
		if to == "public.example" {
			rule["fqdn"] = to
		} else {
			rule["cidr"] = to + "/32"
		}
		allow, packets = append(allow, rule), append(packets, Flow{From: from, To: to, Proto: "tcp", Port: 443})
	}
	if len(allow) == 0 {
		allow = []doc{{"cidr": "198.51.100.77/32", "protocol": "tcp", "ports": []string{"443"}}}
		packets = []Flow{{From: from, To: "198.51.100.77", Proto: "tcp", Port: 443}}
	}
	return allow, packets
}

// firewall filters by rules of the network's own policy.
func (d *draft) firewall(w *wish) {
	w.kind += ", firewall"
	out := w.data["egress"].(doc)
	out["vpcEgress"] = "all-traffic"
	allow, packets := d.destinations()
	out["filter"] = doc{"via": "gcp-firewall", "default": "deny", "allow": allow}
	w.asked = packets
	from := packets[0].From
	w.shut = []Flow{{From: from, To: "1.1.1.1", Proto: "tcp", Port: 22},
		{From: from, To: "8.8.8.8", Proto: "udp", Port: 53},
		{From: from, To: one(d, d.nets[0].machines...).ip, Proto: "tcp", Port: 22}}
	if direct, ok := out["direct"].(doc); ok {
		w.source = direct["subnetwork"].(string)
		if d.six && w.source == subnetwork(regions[0], alone) {
			w.shut = append(w.shut, Flow{From: from, To: "2001:4860:4860::8888", Proto: "tcp", Port: 443, V6: true},
				Flow{From: from, To: "{far}::9", Proto: "tcp", Port: 22, V6: true})
		}
	}
}

// gatewayFilter filters at the spoke, by the means of its controller's version.
func (d *draft) gatewayFilter(w *wish) {
	at := one(d, alone, shared)
	d.direct(w, at)
	out := w.data["egress"].(doc)
	if len(d.controllers) == 0 {
		d.firewall(w)
		return
	}
	out["vpcEgress"] = "all-traffic"
	f := doc{"via": "aviatrix-webgroup", "gateway": "spoke-0", "default": "deny",
		"allow": []doc{{"fqdn": "public.example", "protocol": "tcp", "ports": []string{"443"}}}}
	if d.version == "8.2" {
		f["via"] = "aviatrix-fqdn"
		if d.oneIn(2) {
			f["acceptGatewayWide"], w.consents = true, true
			w.kind += ", gateway-wide"
		}
		out["direct"].(doc)["tags"] = []string{one(d, "avx-snat-noip", "own-tag", "red")}
	}
	w.kind += ", " + f["via"].(string)
	out["filter"] = f
	w.asked = []Flow{{From: "service:" + project + "/" + regions[0] + "/" + ownService, To: "public.example",
		Proto: "tcp", Port: 443}}
}

// wayIn lets sites or the network in. Names of it lead everybody in the network elsewhere.
func (d *draft) wayIn(w *wish, named bool) {
	w.kind += ", way in"
	in := doc{"target": doc{"googleApisBundle": one(d, "all-apis", "all-apis", "vpc-sc")}, "address": doc{"pool": pool}}
	if d.oneIn(4) {
		in = doc{"target": doc{"serviceAttachment": "projects/" + project + "/regions/" + regions[0] +
			"/serviceAttachments/orders"}, "address": doc{"subnet": subnetwork(regions[0], "producers")}}
	} else if named {
		in["names"] = doc{"hostnames": "auto", "ttl": "60s"}
	}
	if d.site && d.oneIn(2) {
		in["announce"] = []doc{{"via": "cloud-router", "project": project, "region": regions[0], "router": "edge"}}
	}
	w.data["ingress"] = in
}

// earlier is a connection of Culvert's own that stands before.
func (d *draft) earlier() []byte {
	from := "service:" + project + "/" + regions[0] + "/fn-before"
	d.senders = append(d.senders, from)
	data := doc{"network": fullNetwork(home), "service": doc{"platform": "cloud-run", "project": project,
		"region": regions[0], "name": "fn-before"}, "egress": doc{"vpcEgress": "all-traffic",
		"connector": doc{"ipCidrRange": "10.1.208.32/28", "minInstances": 2, "maxInstances": 3,
			"machineType": "e2-micro"},
		"filter": doc{"via": "gcp-firewall", "default": "deny", "allow": []doc{{"cidr": "198.51.100.77/32",
			"protocol": "tcp", "ports": []string{"443"}}}}}}
	return event("fn-before", "apply", data)
}
