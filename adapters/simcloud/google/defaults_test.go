package google_test

import (
	"strings"
	"testing"
	"time"
)

func TestServersDefaults(t *testing.T) {
	r := newRig(t)
	r.changed("POST", global+"/firewalls", obj{"name": "in", "network": spoke, "allowed": []obj{{"IPProtocol": "tcp"}}})
	if got := r.get(global + "/firewalls/in"); at(got, "sourceRanges", 0) != "0.0.0.0/0" ||
		at(got, "logConfig", "enable") != false ||
		got["direction"] != "INGRESS" || got["priority"] != 1000.0 || got["disabled"] != false ||
		got["destinationRanges"] != nil {
		t.Errorf("minimal firewall rule: %v", got)
	}
	r.changed("POST", global+"/firewalls", obj{
		"name": "out", "network": spoke, "direction": "EGRESS", "denied": []obj{{"IPProtocol": "all"}},
	})
	if got := r.get(global + "/firewalls/out"); at(got, "destinationRanges", 0) != "0.0.0.0/0" ||
		got["sourceRanges"] != nil {
		t.Errorf("minimal egress rule: %v", got)
	}
	r.changed("POST", global+"/firewalls", obj{
		"name": "tagged", "network": spoke, "sourceTags": []string{"x"}, "allowed": []obj{{"IPProtocol": "tcp"}},
	})
	if got := r.get(global + "/firewalls/tagged"); got["sourceRanges"] != nil {
		t.Errorf("a rule for a tag is for every address: %v", got)
	}
	r.changed("POST", global+"/routes", obj{"name": "out", "network": spoke, "destRange": "198.51.100.0/24",
		"nextHopGateway": "global/gateways/default-internet-gateway"})
	if hop := r.get(global + "/routes/out")["nextHopGateway"].(string); !strings.HasPrefix(hop, "https://") ||
		!strings.Contains(hop, "/projects/acme-net/") {
		t.Errorf("next hop %s", hop)
	}
	r.changed("POST", west3+"/subnetworks", obj{
		"name": "logged", "network": spoke, "ipCidrRange": "10.77.0.0/24", "logConfig": obj{"enable": true},
	})
	if got := r.get(west3 + "/subnetworks/logged"); at(got, "logConfig", "aggregationInterval") != "INTERVAL_5_SEC" ||
		at(got, "logConfig", "flowSampling") != 0.5 {
		t.Errorf("flow logs: %v", got["logConfig"])
	}
	zone := r.ok("POST", dnsRoot+"/managedZones", obj{"name": "signed", "dnsName": "signed.example.", "description": "",
		"dnssecConfig": obj{"state": "on"}})
	if at(zone, "dnssecConfig", "nonExistence") != "nsec3" || at(zone, "dnssecConfig", "defaultKeySpecs", 1,
		"keyType") != "zoneSigning" {
		t.Errorf("signed zone: %v", zone["dnssecConfig"])
	}
}

func TestSubnetworkGrows(t *testing.T) {
	r := newRig(t)
	r.changed("POST", west3+"/subnetworks", obj{"name": "grows", "network": spoke, "ipCidrRange": "10.78.1.0/24"})
	path := west3 + "/subnetworks/grows"
	before := r.get(path)["fingerprint"]
	r.refused(no{400, "larger than"}, "POST", path+"/expandIpCidrRange", obj{"ipCidrRange": "10.78.1.0/25"})
	r.refused(no{400, "conflicts with existing"}, "POST", path+"/expandIpCidrRange", obj{"ipCidrRange": "10.0.0.0/8"})
	r.changed("POST", path+"/expandIpCidrRange", obj{"ipCidrRange": "10.78.0.0/23"})
	if got := r.get(path); got["ipCidrRange"] != "10.78.0.0/23" || got["gatewayAddress"] != "10.78.0.1" ||
		got["fingerprint"] == before {
		t.Errorf("subnetwork after growing: %v", got)
	}
}

func TestInstancesShowTheirThroughput(t *testing.T) {
	r := newRig(t)
	r.create("conn1", obj{"network": "spoke-vpc", "ipCidrRange": "10.8.0.0/28", "minInstances": 2, "maxInstances": 3,
		"machineType": "e2-micro"})
	r.pass(155 * time.Second)
	path := vpcRoot + "/connectors/conn1"
	if got := r.get(path); got["minThroughput"] != 200.0 || got["maxThroughput"] != 300.0 {
		t.Errorf("two to three instances: %v", got)
	}
	r.ok("PATCH", path+"?updateMask=minInstances,maxInstances", obj{"minInstances": 2, "maxInstances": 5})
	r.pass(time.Minute)
	if got := r.get(path); got["maxInstances"] != 5.0 || got["maxThroughput"] != 500.0 {
		t.Errorf("two to five instances: %v", got)
	}
}
