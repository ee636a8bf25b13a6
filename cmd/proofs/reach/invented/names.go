package invented

import "fmt"

// hosts are names that packets go to: of zones, of wildcards, aliases within a zone and out of it, names that a zone
// lacks, of a peering zone, of a forwarding zone, and a public one.
var hosts = []string{"git.corp.example", "shop.apps.corp.example", "alias.corp.example", "away.corp.example",
	"none.corp.example", "one.deep.corp.example", "git.deep.corp.example", "x.peered.example", "h.fwd.example",
	"public.example"}

// names are what networks are told about hosts.
func (d *draft) names() {
	if d.oneIn(2) {
		return
	}
	d.targets = append(d.targets, hosts...)
	some := func() (in []string) {
		for _, v := range d.nets {
			if d.oneIn(2) {
				in = append(in, v.name)
			}
		}
		return append(in, d.nets[0].name)[:max(1, len(in))]
	}
	at := func() []string { return []string{one(d, one(d, d.nets...).machines...).ip} }
	record := func(name, kind string, data []string) doc {
		return doc{"name": name, "type": kind, "ttl": 300, "data": data}
	}
	d.zones = append(d.zones, doc{"project": project, "name": "corp", "dnsName": "corp.example.", "networks": some(),
		"records": []doc{record("git.corp.example.", "A", at()), record("*.apps.corp.example.", "A", at()),
			record("alias.corp.example.", "CNAME", []string{"git.corp.example."}),
			record("away.corp.example.", "CNAME", []string{one(d, "public.example.", "x.peered.example.")})}})
	if d.oneIn(2) {
		d.zones = append(d.zones, doc{"project": project, "name": "deep", "dnsName": "deep.corp.example.",
			"networks": some(), "records": []doc{record("one.deep.corp.example.", "A", at())}})
	}
	last := d.nets[len(d.nets)-1].name
	d.zones = append(d.zones, doc{"project": project, "name": "theirs", "dnsName": "peered.example.",
		"networks": []string{last}, "records": []doc{record("x.peered.example.", "A", at())}})
	seen := doc{"networks": []doc{{"networkUrl": fullNetwork(d.nets[0].name)}}}
	d.object("managedZones", "", "peer", doc{"dnsName": "peered.example.", "privateVisibilityConfig": seen,
		"peeringConfig": doc{"targetNetwork": doc{"networkUrl": fullNetwork(last)}}})
	d.object("managedZones", "", "forward", doc{"dnsName": "fwd.example.", "privateVisibilityConfig": seen,
		"forwardingConfig": doc{"targetNameServers": []doc{{"ipv4Address": "10.1.0.53"}}}})
	if d.oneIn(2) {
		rules := []doc{record(one(d, "git.corp.example.", "*.corp.example.", "*.example."), "A", at())}
		if d.oneIn(2) {
			rules = append(rules, doc{"name": "shop.apps.corp.example.", "bypass": true})
		}
		d.responses = append(d.responses, doc{"project": project, "name": "answers", "networks": some(),
			"rules": rules})
	}
	if d.oneIn(4) {
		d.servers = append(d.servers, doc{"project": project, "name": "outbound", "networks": []string{last},
			"alternatives": []string{"10.1.0.53"}})
	}
	for i, host := range []string{"public.example", "git.corp.example", "h.fwd.example"} {
		d.public = append(d.public, doc{"name": host, "addresses": []string{
			one(d, fmt.Sprintf("198.51.100.%d", 7+i), one(d, one(d, d.nets...).machines...).ip)}})
	}
}
