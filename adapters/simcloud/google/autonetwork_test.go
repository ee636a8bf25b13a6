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
	r.refused(no{400, "addresses/inside"}, "DELETE", global+"/networks/auto", nil)
	r.changed("DELETE", west3+"/addresses/inside", nil)
	r.changed("DELETE", global+"/networks/auto", nil)
	r.refused(no{404, "notFound"}, "GET", own, nil)
	r.clean()
}
