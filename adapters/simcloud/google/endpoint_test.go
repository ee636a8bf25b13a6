package google_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/examples"
)

func TestEndpointForGoogleAPIs(t *testing.T) {
	r := newRig(t)
	r.changed("POST", global+"/addresses", pscAddress("psc-ip", "10.200.0.1"))
	op := r.ok("POST", global+"/forwardingRules", bundleRule("pscorders", "10.200.0.1"))
	if op["operationType"] != "createPSCServiceEndpoint" {
		t.Errorf("operation %v", op)
	}
	r.pass(8 * time.Second)
	rule := r.get(global + "/forwardingRules/pscorders")
	if rule["pscConnectionId"] == nil || rule["target"] != "all-apis" || rule["loadBalancingScheme"] != nil {
		t.Errorf("rule %v", rule)
	}
	address := r.get(global + "/addresses/psc-ip")
	if address["status"] != "IN_USE" || at(address, "users", 0) != rule["selfLink"] {
		t.Errorf("address %v", address)
	}
	r.refused(no{400, "resourceInUseByAnotherResource"}, "DELETE", global+"/addresses/psc-ip", nil)

	labels := obj{"labels": obj{"owner": "me"}, "labelFingerprint": rule["labelFingerprint"]}
	if op := r.ok("POST", global+"/forwardingRules/pscorders/setLabels", labels); op["status"] != "DONE" {
		t.Errorf("setLabels %v", op)
	}
	r.refused(no{412, "conditionNotMet"}, "POST", global+"/forwardingRules/pscorders/setLabels", labels)

	if op := r.ok("DELETE", global+"/forwardingRules/pscorders",
		nil); op["operationType"] != "deletePscForwardingRule" {
		t.Errorf("operation %v", op)
	}
	// the delete still runs
	r.refused(no{400, "resourceInUseByAnotherResource"}, "DELETE", global+"/addresses/psc-ip", nil)
	r.pass(8 * time.Second)
	r.changed("DELETE", global+"/addresses/psc-ip", nil)
	r.refused(no{404, "notFound"}, "DELETE", global+"/addresses/psc-ip", nil)
	r.clean()
}

func TestEndpointTraps(t *testing.T) {
	r := newRig(t)
	r.changed("POST", global+"/addresses", pscAddress("psc-ip", "10.200.0.1"))
	with := func(field string, v any) obj {
		b := bundleRule("pscorders", "10.200.0.1")
		if b[field] = v; v == nil {
			delete(b, field)
		}
		return b
	}
	rules := global + "/forwardingRules"
	// left out means EXTERNAL
	r.refused(no{400, "loadBalancingScheme"}, "POST", rules, with("loadBalancingScheme", nil))
	r.refused(no{400, "loadBalancingScheme"}, "POST", rules, with("loadBalancingScheme", "INTERNAL"))
	r.refused(no{400, "Labels are invalid"}, "POST", rules, with("labels", obj{"a": "b"}))
	r.refused(no{400, "resource.name"}, "POST", rules, with("name", "psc-orders"))
	r.refused(no{400, "resource.name"}, "POST", rules, with("name", "pscordersandmanymoreof"))
	r.refused(no{400, "resource.network"}, "POST", rules, with("network", nil))
	r.refused(no{400, "reserved on network"}, "POST", rules, with("IPAddress", "10.200.0.9"))
	r.refused(no{
		400, "regional",
	}, "POST", rules, with("target", "projects/acme-producers/regions/europe-west3/serviceAttachments/orders-sa"))
	r.ok("POST", "/dns/v1/projects/acme-net/managedZones", obj{"name": "own", "dnsName": "p.googleapis.com.",
		"visibility":              "private",
		"privateVisibilityConfig": obj{"networks": []any{obj{"networkUrl": spoke}}}})
	r.refused(no{400, "p.googleapis.com"}, "POST", rules, bundleRule("pscorders", "10.200.0.1"))
	r.ok("DELETE", "/dns/v1/projects/acme-net/managedZones/own", nil)
	r.changed("POST", rules, bundleRule("pscorders", "10.200.0.1"))
	r.refused(no{400, "ipInUseByAnotherResource"}, "POST", rules, bundleRule("pscother", "10.200.0.1"))
}

func TestEndpointQuota(t *testing.T) {
	r := newRig(t)
	for i := range 51 {
		ip := fmt.Sprintf("10.200.1.%d", i)
		r.changed("POST", global+"/addresses", pscAddress(fmt.Sprintf("a%d", i), ip))
		if i < 50 {
			r.changed("POST", global+"/forwardingRules", bundleRule(fmt.Sprintf("psc%d", i), ip))
			continue
		}
		r.refused(no{403, "quotaExceeded"}, "POST", global+"/forwardingRules", bundleRule("pscmore", ip))
	}
}

func TestEndpointForAnAttachment(t *testing.T) {
	for attachment, want := range map[string]string{"orders-sa": "ACCEPTED", "ledger-sa": "PENDING",
		"billing-sa": "ACCEPTED", "closed-sa": "REJECTED"} {
		t.Run(attachment, func(t *testing.T) {
			r := newRig(t)
			r.changed("POST", west3+"/addresses", obj{"name": "sa-ip", "addressType": "INTERNAL",
				"subnetwork": "projects/acme-net/regions/europe-west3/subnetworks/endpoints"})
			address := r.get(west3 + "/addresses/sa-ip")
			if address["address"] != "10.11.4.2" || address["purpose"] != "GCE_ENDPOINT" {
				t.Errorf("address %v", address)
			}
			target := "projects/acme-producers/regions/europe-west3/serviceAttachments/" + attachment
			rule := obj{"name": "to-sa", "IPAddress": address["address"], "network": spoke, "target": target,
				"loadBalancingScheme": ""}
			r.ok("POST", west3+"/forwardingRules", rule)
			if got := r.get(west3 + "/forwardingRules/to-sa"); got["pscConnectionStatus"] != nil {
				t.Errorf("connection decided before the operation was done: %v", got)
			}
			r.pass(8 * time.Second)
			if got := r.get(west3 + "/forwardingRules/to-sa")["pscConnectionStatus"]; got != want {
				t.Errorf("connection is %v, want %v", got, want)
			}
			seen := r.get("/compute/v1/" + target)
			if at(seen, "connectedEndpoints", 0, "status") != want {
				t.Errorf("the producer sees %v", seen["connectedEndpoints"])
			}
			r.changed("DELETE", west3+"/forwardingRules/to-sa", nil)
			r.changed("DELETE", west3+"/addresses/sa-ip", nil)
			r.clean()
		})
	}
}

func TestProducerAcceptsAndCloses(t *testing.T) {
	r := newRig(t)
	r.changed("POST", west3+"/addresses", obj{"name": "sa-ip", "addressType": "INTERNAL", "address": "10.11.4.9",
		"subnetwork": "projects/acme-net/regions/europe-west3/subnetworks/endpoints"})
	target := "/compute/v1/projects/acme-producers/regions/europe-west3/serviceAttachments/ledger-sa"
	r.changed("POST", west3+"/forwardingRules", obj{"name": "to-sa", "IPAddress": "10.11.4.9", "network": spoke,
		"target": "https://www.googleapis.com" + target, "loadBalancingScheme": ""})
	r.refused(no{412, "conditionNotMet"}, "PATCH", target, obj{"fingerprint": "AAAAAAAAAAA=", "description": "x"})
	r.changed("PATCH", target, obj{"fingerprint": r.get(target)["fingerprint"],
		"consumerAcceptLists": []any{obj{"projectIdOrNum": "987654321", "connectionLimit": 1}}})
	if got := r.get(west3 + "/forwardingRules/to-sa")["pscConnectionStatus"]; got != "ACCEPTED" {
		t.Errorf("after the producer's yes: %v", got)
	}
	r.changed("DELETE", target, nil)
	if got := r.get(west3 + "/forwardingRules/to-sa")["pscConnectionStatus"]; got != "CLOSED" {
		t.Errorf("after the producer's end: %v", got)
	}
}

func TestAddressInASubnet(t *testing.T) {
	r := newRig(t)
	body := func(ip string) obj {
		b := obj{"name": "x", "addressType": "INTERNAL", "subnetwork": "regions/europe-west3/subnetworks/workloads"}
		if ip != "" {
			b["address"] = ip
		}
		return b
	}
	for _, ip := range []string{"10.10.0.0", "10.10.0.1", "10.10.0.254", "10.10.0.255", "10.11.0.9"} {
		r.refused(no{400, "not usable"}, "POST", west3+"/addresses", body(ip))
	}
	r.changed("POST", west3+"/addresses", body("10.10.0.2"))
	again := body("10.10.0.2")
	again["name"] = "y"
	r.refused(no{400, "ipInUseByAnotherResource"}, "POST", west3+"/addresses", again)
	r.refused(no{400, "resourceInUseByAnotherResource"}, "DELETE", west3+"/subnetworks/workloads", nil)
}

// TestScenarioIsChecked shows that a world file is held to the vendors' own rules.
func TestScenarioIsChecked(t *testing.T) {
	if len(examples.World) == 0 {
		t.Fatal("no default scenario")
	}
	for name, text := range map[string]string{
		"unknown key": "google: {netwroks: []}",
		"overlapping subnets": `google: {projects: [{id: p}], networks: [{project: p, name: n, subnetworks: [
			{name: a, region: r, range: 10.0.0.0/16}, {name: b, region: r, range: 10.0.1.0/24}]}]}`,
		"no such connector": `google: {projects: [{id: p}],
			services: [{project: p, region: r, name: s, connector: p/none}]}`,
	} {
		s, err := simcloud.Start(t.Context(), simcloud.Options{Scenario: []byte(text), BGP: simcloud.BGP{Off: true}})
		if err == nil {
			t.Errorf("%s: started", name)
			_ = s.Close()
		}
	}
}
