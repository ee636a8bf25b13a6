package invented

import "fmt"

// serverless are services with a way into a network: by the connector that it has, by one on a subnetwork of its own,
// or directly; with all their traffic, or private ranges only.
func (d *draft) serverless(i int) {
	v := d.nets[i]
	var ways []doc
	for _, c := range d.connectors {
		if c["network"] == v.name {
			ways = append(ways, doc{"region": c["region"], "connector": project + "/" + c["name"].(string)})
		}
	}
	if d.oneIn(2) {
		region, name := one(d, regions...), "sub-"+v.name
		d.networks[i]["subnetworks"] = append(d.networks[i]["subnetworks"].([]doc), doc{"name": name, "region": region,
			"range": fmt.Sprintf("10.%d.210.0/28", 1+i), "googleAccess": d.oneIn(2)})
		d.connectors = append(d.connectors, doc{"project": project, "region": region, "name": name, "subnetwork": name})
		d.senders = append(d.senders, "connector:"+project+"/"+region+"/"+name)
		ways = append(ways, doc{"region": region, "connector": project + "/" + name})
	}
	for _, s := range v.subnets {
		ways = append(ways, doc{"region": s.region, "direct": project + "/" + s.name, "tags": d.tags(), "six": s.six})
	}
	for j, way := range ways {
		if d.oneIn(2) {
			continue
		}
		name := fmt.Sprintf("run-%d-%d", i, j)
		at := "service:" + project + "/" + way["region"].(string) + "/" + name
		d.senders = append(d.senders, at)
		if six, _ := way["six"].(bool); six {
			d.senders6 = append(d.senders6, at)
		}
		delete(way, "six")
		way["project"], way["name"], way["egress"] = project, name, one(d, "ALL_TRAFFIC", "PRIVATE_RANGES_ONLY")
		d.services = append(d.services, way)
	}
}
