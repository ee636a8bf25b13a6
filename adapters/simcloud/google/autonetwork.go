package google

import (
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// autoRanges are the subnetworks that an auto mode network has in each region (documentation: VPC networks, auto mode
// IPv4 subnet ranges).
var autoRanges = map[string]string{
	"africa-south1": "10.218.0.0/20", "asia-east1": "10.140.0.0/20", "asia-east2": "10.170.0.0/20",
	"asia-northeast1": "10.146.0.0/20",
	"asia-northeast2": "10.174.0.0/20", "asia-northeast3": "10.178.0.0/20", "asia-south1": "10.160.0.0/20",
	"asia-south2":     "10.190.0.0/20",
	"asia-southeast1": "10.148.0.0/20", "asia-southeast2": "10.184.0.0/20", "australia-southeast1": "10.152.0.0/20",
	"australia-southeast2": "10.192.0.0/20", "europe-central2": "10.186.0.0/20", "europe-north1": "10.166.0.0/20",
	"europe-north2": "10.226.0.0/20", "europe-southwest1": "10.204.0.0/20", "europe-west1": "10.132.0.0/20",
	"europe-west10": "10.214.0.0/20",
	"europe-west12": "10.210.0.0/20", "europe-west2": "10.154.0.0/20", "europe-west3": "10.156.0.0/20",
	"europe-west4": "10.164.0.0/20",
	"europe-west6": "10.172.0.0/20", "europe-west8": "10.198.0.0/20", "europe-west9": "10.200.0.0/20",
	"me-central1": "10.212.0.0/20",
	"me-west1":    "10.208.0.0/20", "northamerica-northeast1": "10.162.0.0/20",
	"northamerica-northeast2": "10.188.0.0/20",
	"northamerica-south1":     "10.224.0.0/20", "southamerica-east1": "10.158.0.0/20",
	"southamerica-west1": "10.194.0.0/20",
	"us-central1":        "10.128.0.0/20", "us-east1": "10.142.0.0/20", "us-east4": "10.150.0.0/20",
	"us-east5":  "10.202.0.0/20",
	"us-south1": "10.206.0.0/20", "us-west1": "10.138.0.0/20", "us-west2": "10.168.0.0/20", "us-west3": "10.180.0.0/20",
	"us-west4": "10.182.0.0/20",
}

// autoSubnetworks makes the subnetworks of a new auto mode network: the vendor's own doing, named as the network.
func (r *request) autoSubnetworks(network string) {
	doc, _ := r.get("networks", network)
	if !flag(doc, "autoCreateSubnetworks") {
		return
	}
	for _, region := range sortedKeys(autoRanges) {
		at := *r
		at.region, at.name = region, base(network)
		at.body = world.Doc{"network": network, "ipCidrRange": autoRanges[region]}
		subnet, bad := buildSubnetwork(&at)
		if bad != nil {
			continue // somebody's range is in the way: guess, the vendor leaves the region out
		}
		name := subnetworks().full(&at)
		at.identify(subnet, "compute#subnetwork", name)
		r.tx.QuietPut(vendor, "subnetworks", name, subnet)
	}
}

// autoSubnetwork tells whether an auto mode network made the subnetwork itself: such a one goes with its network, and
// only so.
func (r *request) autoSubnetwork(name string, doc world.Doc) bool {
	network := relative(str(doc, "network"), "")
	networkDoc, _ := r.get("networks", network)
	return flag(networkDoc, "autoCreateSubnetworks") && base(name) == base(network) &&
		autoRanges[segment(name, "regions")] == str(doc, "ipCidrRange")
}

// keepAutoSubnetwork words the refusal as users report it.
func keepAutoSubnetwork(r *request, name string, doc world.Doc) *refusal {
	if !r.autoSubnetwork(name, doc) {
		return nil
	}
	return &refusal{status: 400, reason: "invalidResourceUsage", rpc: "FAILED_PRECONDITION",
		message: "Invalid resource usage: 'Cannot delete auto subnetwork from an auto subnet mode network.'."}
}

// deleteAutoSubnetworks takes an auto mode network's own subnetworks away with it.
func (r *request) deleteAutoSubnetworks(network string, took time.Duration) {
	for e := range r.all("subnetworks", "projects/"+segment(network, "projects")+"/regions/") {
		if relative(str(e.Doc, "network"), "") == network && r.autoSubnetwork(e.Name, e.Doc) {
			r.laterDelete(took, "subnetworks", e.Name)
		}
	}
}
