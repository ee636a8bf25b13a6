package invented

import "fmt"

// steering are policy-based routes: for everybody or for machines with a tag, by source, destination and protocol, to
// an address that somebody or nobody has, or to the ordinary routes.
func (d *draft) steering(i int) {
	v := d.nets[i]
	if d.oneIn(2) {
		return
	}
	for j := range 1 + d.IntN(3) {
		filter := doc{"protocolVersion": "IPV4", "ipProtocol": one(d, "ALL", "ALL", "TCP", "UDP"),
			"srcRange":  one(d, "0.0.0.0/0", "10.0.0.0/8", v.subnets[0].base+"0/24", v.subnets[0].base+"64/26"),
			"destRange": one(d, "0.0.0.0/0", "10.0.0.0/8", "8.8.8.0/24", "172.16.0.0/12", "199.36.153.8/30")}
		if d.oneIn(6) {
			filter["protocolVersion"], filter["srcRange"] = "IPV6", "::/0"
			filter["destRange"] = one(d, "::/0", "fd00::/8")
		}
		body := doc{"network": fullNetwork(v.name), "filter": filter}
		if !d.oneIn(6) { // else the vendor's default
			body["priority"] = one(d, 1, 2, 2, 999, 1001)
		}
		if d.oneIn(3) {
			body["virtualMachine"] = doc{"tags": []string{one(d, "red", "blue")}}
		}
		if d.oneIn(3) {
			body["nextHopIlbIp"] = one(d, v.subnets...).base + "99"
		} else {
			body["nextHopOtherRoutes"] = "DEFAULT_ROUTING"
		}
		d.object("policyBasedRoutes", "", fmt.Sprintf("steer-%s-%d", v.name, j), body)
	}
}
