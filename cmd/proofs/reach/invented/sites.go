package invented

import "fmt"

// learning are Cloud Routers that sites tell ranges, and the sites as places.
func (d *draft) learning(i int) {
	v := d.nets[i]
	if d.oneIn(2) {
		return
	}
	for j := range 1 + d.IntN(2) {
		var peers []doc
		for k := range 1 + d.IntN(2) {
			name := fmt.Sprintf("site-%d-%d-%d", i, j, k)
			var learns []string
			for range 1 + d.IntN(3) {
				learns = append(learns, one(d, "172.16.0.0/12", "172.16.5.0/24", "10.250.0.0/16", "0.0.0.0/0",
					"8.8.8.0/24", "199.36.153.8/30", "10.0.0.0/8", fmt.Sprintf("10.%d.0.0/24", 1+i)))
			}
			peers = append(peers, doc{"name": name, "asn": 65001 + k, "learns": learns,
				"ip":     fmt.Sprintf("169.254.%d.%d", 10+i, 8*j+4*k+1),
				"peerIp": fmt.Sprintf("169.254.%d.%d", 10+i, 8*j+4*k+2)})
			d.targets = append(d.targets, "site:"+name+"/172.16.5.9")
			d.senders = append(d.senders, "site:"+name+"/172.16.5.9")
		}
		d.routers = append(d.routers, doc{"project": project, "region": one(d, regions...),
			"name": fmt.Sprintf("learns-%s-%d", v.name, j), "network": v.name, "asn": 64512 + j, "mode": "DEFAULT",
			"peers": peers})
	}
}
