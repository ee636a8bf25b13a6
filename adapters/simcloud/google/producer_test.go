package google_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const producers = "/compute/v1/projects/acme-producers/regions/europe-west3"

func TestProducerPublishesAndTearsDown(t *testing.T) {
	r := newRig(t)
	short := "projects/acme-producers/regions/europe-west3"
	r.changed("POST", producers+"/subnetworks", obj{"name": "nat", "ipCidrRange": "10.95.0.0/24",
		"purpose": "PRIVATE_SERVICE_CONNECT",
		"network": "projects/acme-producers/global/networks/producer-vpc"})
	r.changed("POST", producers+"/healthChecks", obj{"name": "check", "type": "TCP", "tcpHealthCheck": obj{"port": 80}})
	r.changed("POST", producers+"/backendServices", obj{
		"name": "backend", "loadBalancingScheme": "INTERNAL", "healthChecks": []any{short + "/healthChecks/check"},
	})
	rule := obj{"name": "rule", "loadBalancingScheme": "INTERNAL", "allPorts": true,
		"backendService": short + "/backendServices/backend",
		"subnetwork":     short + "/subnetworks/backends", "labels": obj{"a": "b"}}
	r.changed("POST", producers+"/forwardingRules", rule)
	if got := r.get(producers + "/forwardingRules/rule"); got["labels"] != nil || got["pscConnectionId"] != nil ||
		got["IPAddress"] == nil {
		t.Errorf("rule %v", got)
	}
	attachment := obj{"name": "sa", "connectionPreference": "ACCEPT_AUTOMATIC", "natSubnets": []any{
		short + "/subnetworks/nat",
	},
		"targetService": short + "/forwardingRules/rule", "enableProxyProtocol": false}
	taken := obj{"name": "sb", "connectionPreference": "ACCEPT_AUTOMATIC", "natSubnets": []any{
		short + "/subnetworks/nat-orders",
	},
		"targetService": short + "/forwardingRules/rule"}
	// a NAT subnet has one attachment
	r.refused(no{400, "resourceInUseByAnotherResource"}, "POST", producers+"/serviceAttachments", taken)
	taken["natSubnets"] = []any{short + "/subnetworks/backends"}
	r.refused(no{400, "purpose"}, "POST", producers+"/serviceAttachments", taken)
	r.changed("POST", producers+"/serviceAttachments", attachment)

	for _, held := range []string{"forwardingRules/rule", "backendServices/backend", "healthChecks/check",
		"subnetworks/nat"} {
		r.refused(no{400, "resourceInUseByAnotherResource"}, "DELETE", producers+"/"+held, nil)
	}
	for _, next := range []string{"serviceAttachments/sa", "forwardingRules/rule", "backendServices/backend",
		"healthChecks/check", "subnetworks/nat"} {
		r.changed("DELETE", producers+"/"+next, nil)
	}
	r.clean()
}

func TestClassicFirewallRule(t *testing.T) {
	r := newRig(t)
	r.changed("POST", global+"/firewalls", obj{"name": "mine", "network": spoke, "direction": "EGRESS",
		"destinationRanges": []any{"10.200.0.0/20"},
		"targetTags":        []any{"vpc-connector"}, "allowed": []any{obj{"IPProtocol": "tcp", "ports": []any{"443"}}}})
	r.changed("PATCH", global+"/firewalls/mine", obj{"priority": 70})
	got := r.get(global + "/firewalls/mine")
	if got["priority"] != 70.0 || !cmp.Equal(got["targetTags"], []any{"vpc-connector"}) {
		t.Errorf("rule %v", got)
	}
	r.changed("DELETE", global+"/firewalls/mine", nil)
	r.clean()
}

// TestManyCallersAtOnce: every caller makes and removes its own; nothing is lost, mixed up or left.
func TestManyCallersAtOnce(t *testing.T) {
	r := newRig(t)
	const callers = 32
	var wg sync.WaitGroup
	each := func(call func(i int) (int, map[string]any)) {
		for i := range callers {
			wg.Go(func() {
				if status, body := call(i); status != 200 {
					t.Errorf("caller %d: %d %v", i, status, body)
				}
			})
		}
		wg.Wait()
		r.pass(100 * time.Second)
	}
	each(func(i int) (int, map[string]any) {
		return r.do("POST", global+"/addresses", pscAddress(fmt.Sprintf("a%d", i), fmt.Sprintf("10.200.3.%d", i)))
	})
	each(func(i int) (int, map[string]any) {
		return r.do("POST", west3+"/addresses", obj{"name": fmt.Sprintf("s%d", i), "addressType": "INTERNAL",
			"subnetwork": "regions/europe-west3/subnetworks/endpoints"})
	})
	seen := map[any]bool{}
	for _, a := range r.get(west3 + "/addresses")["items"].([]any) {
		seen[at(a, "address")] = true
	}
	if len(seen) != callers {
		t.Errorf("%d callers were given %d addresses", callers, len(seen))
	}
	each(func(i int) (int, map[string]any) { return r.do("DELETE", global+fmt.Sprintf("/addresses/a%d", i), nil) })
	each(func(i int) (int, map[string]any) { return r.do("DELETE", west3+fmt.Sprintf("/addresses/s%d", i), nil) })
	r.clean()
	if n := len(r.s.World.Effects()); n != 4*callers {
		t.Errorf("%d effects, want %d", n, 4*callers)
	}
}
