package google_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/examples"
)

// worldWith is the default world with other words in its scenario.
func worldWith(t *testing.T, old, new string) *rig {
	t.Helper()
	text := strings.Replace(string(examples.World), old, new, 1)
	if text == string(examples.World) {
		t.Fatalf("the default world does not say %q", old)
	}
	c := &clock{now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	s, err := simcloud.Start(t.Context(), simcloud.Options{
		Scenario: []byte(text), World: world.Config{Now: c.Now, Speed: 1}, BGP: simcloud.BGP{Off: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t, s, c}
	t.Cleanup(r.close)
	return r
}

func TestAddressAndWhatPeersKnow(t *testing.T) {
	const shared = "/compute/v1/projects/acme-shared"
	from := obj{"network": "projects/acme-shared/global/networks/shared-services"}
	host := obj{"name": "host", "network": from["network"], "destRange": "10.200.9.9/32", "nextHopIp": "10.30.0.5"}

	r := newRig(t)
	r.changed("POST", shared+"/global/addresses", obj{"name": "psa", "addressType": "INTERNAL",
		"purpose": "VPC_PEERING", "prefixLength": 24,
		"address": "10.61.0.0", "network": from["network"]})
	r.changed("POST", global+"/addresses", pscAddress("a", "10.61.0.9")) // a peered network's allocated range is fine
	r.changed("POST", shared+"/global/routes", host)
	r.changed("POST", global+"/addresses", pscAddress("b", "10.200.9.9")) // its routes are not imported
	r.changed("POST", west3+"/subnetworks", obj{"name": "second", "network": spoke, "ipCidrRange": "10.96.0.0/24",
		"secondaryIpRanges": []any{obj{"rangeName": "pods", "ipCidrRange": "10.97.0.0/24"}}})
	r.refused(no{400, "subnetworks/second"}, "POST", global+"/addresses", pscAddress("c", "10.97.0.7"))

	imports := worldWith(t, "customRoutes: false", "customRoutes: true")
	imports.changed("POST", shared+"/global/routes", host)
	imports.refused(
		no{400, "static route of a peered network"}, "POST", global+"/addresses", pscAddress("b", "10.200.9.9"),
	)
}

func TestGlobalAddressesHaveAQuota(t *testing.T) {
	r := worldWith(t, "GLOBAL_INTERNAL_ADDRESSES: 5000", "GLOBAL_INTERNAL_ADDRESSES: 3")
	for i := range 2 { // one allocated range is there
		r.changed("POST", global+"/addresses", pscAddress(fmt.Sprintf("a%d", i), fmt.Sprintf("10.200.0.%d", i+1)))
	}
	r.refused(no{403, "GLOBAL_INTERNAL_ADDRESSES"}, "POST", global+"/addresses", pscAddress("b", "10.200.0.9"))
}

func TestRouterLimits(t *testing.T) {
	r := newRig(t)
	const plain = "projects/acme-net/global/networks/plain-vpc"
	for i := range 5 {
		r.changed("POST", west3+"/routers", obj{
			"name": fmt.Sprintf("r%d", i), "network": plain, "bgp": obj{"asn": 64600 + i},
		})
	}
	r.refused(no{
		403, "ROUTERS_PER_REGION",
	}, "POST", west3+"/routers", obj{"name": "r5", "network": plain, "bgp": obj{"asn": 64700}})
	var peers []any
	for i := range 129 {
		peers = append(peers, obj{"name": fmt.Sprintf("p%d", i), "peerAsn": 65000})
	}
	r.refused(no{400, "At most 128 peers"}, "PATCH", edge+"r0", obj{"bgpPeers": peers})
}

func TestEndpointIsImmutable(t *testing.T) {
	r := newRig(t)
	rule := r.endpointAt("psca", "10.200.0.1", nil)
	one := global + "/forwardingRules/psca"
	r.refused(no{400, "cannot be changed"}, "PATCH", one, obj{"fingerprint": rule["fingerprint"], "target": "vpc-sc"})
	r.refused(no{400, "cannot be changed"}, "PATCH", one, obj{"IPAddress": "10.200.0.2"})
	r.refused(
		no{412, "conditionNotMet"}, "PATCH", one, obj{"fingerprint": "AAAAAAAAAAA=", "allowPscGlobalAccess": true},
	)
}

func TestNamesAreHeldToTheirGrammar(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"Upper", "1st", "ends-", "under_score", strings.Repeat("a", 64)} {
		r.refused(no{400, "resource.name"}, "POST", global+"/addresses", pscAddress(name, "10.200.0.1"))
		r.refused(no{400, "managedZone.name"}, "POST", dnsRoot+"/managedZones", zone(name, host))
	}
}
