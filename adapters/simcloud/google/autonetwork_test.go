package google_test

import (
	"strings"
	"testing"
)

func TestAutoModeNetworkBringsItsSubnetworks(t *testing.T) {
	r := newRig(t)
	r.changed("POST", global+"/networks", obj{"name": "auto", "autoCreateSubnetworks": true})
	links := r.get(global + "/networks/auto")["subnetworks"].([]any)
	if len(links) < 40 || !strings.HasSuffix(links[0].(string), "/subnetworks/auto") {
		t.Errorf("%d subnetworks: %v", len(links), links)
	}
	own := west3 + "/subnetworks/auto"
	if got := r.get(own); got["ipCidrRange"] != "10.156.0.0/20" || got["gatewayAddress"] != "10.156.0.1" {
		t.Errorf("the region's subnetwork: %v", got)
	}
	r.refused(no{400, "invalidResourceUsage"}, "DELETE", own, nil)
	r.changed("POST", west3+"/addresses", obj{
		"name": "inside", "addressType": "INTERNAL", "subnetwork": "regions/europe-west3/subnetworks/auto",
	})
	r.usedInside("DELETE", global+"/networks/auto", "addresses/inside")
	r.changed("DELETE", west3+"/addresses/inside", nil)
	// An internal address that names no subnetwork is in the network's own one of the region.
	r.changed("POST", west3+"/addresses", obj{"name": "inside", "addressType": "INTERNAL",
		"network": "global/networks/auto", "description": nil, "labels": nil})
	address := r.get(west3 + "/addresses/inside")
	if got, _ := address["subnetwork"].(string); !strings.HasSuffix(got, "regions/europe-west3/subnetworks/auto") ||
		!strings.HasPrefix(address["address"].(string), "10.156.") {
		t.Errorf("an address without a subnetwork: %v", address)
	}
	if _, has := address["labels"]; has || address["description"] != "" {
		t.Errorf("what was null: %v", address)
	}
	r.changed("DELETE", west3+"/addresses/inside", nil)
	r.refused(no{400, "no subnetwork of its own"}, "POST", west3+"/addresses", obj{"name": "x",
		"addressType": "INTERNAL", "network": spoke})
	r.refused(no{404, "networks/default"}, "POST", west3+"/addresses", obj{"name": "x", "addressType": "INTERNAL"})
	r.changed("DELETE", global+"/networks/auto", nil)
	r.refused(no{404, "notFound"}, "GET", own, nil)
	r.clean()
}
