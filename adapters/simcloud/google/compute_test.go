package google_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestOperationOfAnInsert(t *testing.T) {
	r := newRig(t)
	id := uuid.NewString()
	op := r.ok("POST", global+"/addresses?requestId="+id, pscAddress("psc-1", "10.200.0.1"))
	want := obj{"kind": "compute#operation", "operationType": "insert", "status": "RUNNING", "progress": 0.0,
		"clientOperationId": id,
		"targetLink":        "https://www.googleapis.com/compute/v1/projects/acme-net/global/addresses/psc-1"}
	for field, v := range want {
		if !cmp.Equal(op[field], v) {
			t.Errorf("operation's %s is %v, want %v", field, op[field], v)
		}
	}
	path := global + "/operations/" + op["name"].(string)
	if status := r.get(path)["status"]; status != "RUNNING" {
		t.Errorf("at once: %v", status)
	}
	if status := r.get(global + "/addresses/psc-1")["status"]; status != "RESERVING" {
		t.Errorf("address at once: %v", status)
	}
	r.pass(2 * time.Second)
	done := r.get(path)
	if done["status"] != "DONE" || done["progress"] != 100.0 || done["endTime"] == nil {
		t.Errorf("after its time: %v", done)
	}
	if status := r.get(global + "/addresses/psc-1")["status"]; status != "RESERVED" {
		t.Errorf("address after its time: %v", status)
	}
	found := r.get(global + "/operations?filter=clientOperationId%3D%22" + id + "%22")
	if len(found["items"].([]any)) != 1 {
		t.Errorf("operations with this request id: %v", found)
	}
}

func TestRequestIDIsIdempotent(t *testing.T) {
	r := newRig(t)
	path := global + "/addresses?requestId=" + uuid.NewString()
	first := r.ok("POST", path, pscAddress("psc-1", "10.200.0.1"))
	again := r.ok("POST", path, pscAddress("psc-1", "10.200.0.1"))
	if first["name"] != again["name"] || len(r.s.World.Effects()) != 1 {
		t.Errorf("a repeat gave operation %v after %v; effects %v", again["name"], first["name"], r.s.World.Effects())
	}
	r.refused(no{409, "alreadyExists"}, "POST", global+"/addresses?requestId="+uuid.NewString(),
		pscAddress("psc-1", "10.200.0.1"))
	r.refused(no{400, "requestId"}, "POST", global+"/addresses?requestId=mine", pscAddress("psc-2", "10.200.0.2"))
	r.refused(no{400, "requestId"}, "POST", global+"/addresses?requestId="+uuid.Nil.String(),
		pscAddress("psc-2", "10.200.0.2"))
}

func TestErrorBodies(t *testing.T) {
	r := newRig(t)
	status, body := r.do("GET", global+"/addresses/nope", nil)
	message := "The resource 'projects/acme-net/global/addresses/nope' was not found"
	want := obj{"error": obj{"code": 404.0, "message": message,
		"errors": []any{obj{"domain": "global", "message": message, "reason": "notFound"}}}}
	if diff := cmp.Diff(want, body); status != 404 || diff != "" {
		t.Errorf("compute: status %d, %s", status, diff)
	}
	status, body = r.do("GET", vpcRoot+"/connectors/nope", nil)
	want = obj{"error": obj{"code": 404.0, "message": "The connector is not found.", "status": "NOT_FOUND"}}
	if diff := cmp.Diff(want, body); status != 404 || diff != "" {
		t.Errorf("connector: status %d, %s", status, diff)
	}
	status, body = r.do("GET", global+"/firewallPolicies/spoke-policy/getRule?priority=9000", nil)
	want = obj{"error": obj{"code": 400.0,
		"message": "Invalid value for field 'priority': '9000'. The firewall policy does not contain a rule at " +
			"priority 9000."}}
	if diff := cmp.Diff(want, body); status != 400 || diff != "" {
		t.Errorf("missing rule: status %d, %s", status, diff)
	}
	r.refused(no{400, "Unknown name"}, "POST", global+"/addresses", obj{"name": "x", "adress": "10.200.0.1"})
	r.refused(no{400, "Unknown name"}, "POST", global+"/firewallPolicies/spoke-policy/addRule",
		obj{"targetTags": []string{"x"}})
	r.refused(no{400, "Invalid value at"}, "POST", global+"/addresses", obj{"name": 7})
	r.refused(no{403, "forbidden"}, "GET", "/compute/v1/projects/unknown/global/addresses", nil)
	r.refused(no{404, "no such method"}, "GET", "/compute/v1/projects/acme-net/global/backendBuckets", nil)
}

func TestAddressOfAnEndpoint(t *testing.T) {
	for name, c := range map[string]struct{ ip, text string }{
		"in a subnet":           {"10.10.0.7", "subnetwork"},
		"in a peered subnet":    {"10.30.9.9", "peered subnetwork"},
		"an allocated range":    {"10.60.1.1", "allocated range"},
		"a static /32":          {"10.200.15.254", "static route"},
		"a connector's range":   {"10.8.2.3", "connector"},
		"not an address":        {"psc", "single IPv4"},
		"version 6":             {"fd00::1", "single IPv4"},
		"free in a route's /16": {"10.40.0.9", ""}, // beats any shorter prefix
		"free, not RFC 1918":    {"198.18.0.1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			if c.text == "" {
				r.ok("POST", global+"/addresses", pscAddress("a", c.ip))
				return
			}
			r.refused(no{400, c.text}, "POST", global+"/addresses", pscAddress("a", c.ip))
		})
	}
}

func TestAddressRulesThatNeedHistory(t *testing.T) {
	r := newRig(t)
	r.ok("POST", global+"/addresses", pscAddress("a", "10.200.0.1"))
	r.refused(no{400, "ipInUseByAnotherResource"}, "POST", global+"/addresses", pscAddress("b", "10.200.0.1"))
	other := pscAddress("b", "10.200.0.1")
	other["network"] = "projects/acme-net/global/networks/plain-vpc"
	r.ok("POST", global+"/addresses", other) // the other network does not know it
	r.changed("POST", global+"/networks", obj{"name": "auto", "autoCreateSubnetworks": true})
	auto := pscAddress("c", "10.129.0.1")
	auto["network"] = "projects/acme-net/global/networks/auto"
	r.refused(no{400, "auto mode"}, "POST", global+"/addresses", auto)
	missing := pscAddress("d", "10.200.0.2")
	missing["network"] = "projects/acme-net/global/networks/nowhere"
	r.refused(no{404, "nowhere"}, "POST", global+"/addresses", missing)
}

func TestSubnetwork(t *testing.T) {
	r := newRig(t)
	path := west3 + "/subnetworks/workloads"
	before := r.get(path)
	if before["privateIpGoogleAccess"] != false || before["gatewayAddress"] != "10.10.0.1" {
		t.Errorf("subnet as loaded: %v", before)
	}
	r.ok("POST", path+"/setPrivateIpGoogleAccess", obj{"privateIpGoogleAccess": true})
	if r.get(path)["privateIpGoogleAccess"] != false {
		t.Error("the flag showed before its operation was done")
	}
	r.pass(5 * time.Second)
	if r.get(path)["privateIpGoogleAccess"] != true {
		t.Error("the flag did not show")
	}
	diff := r.s.World.Resources()
	if len(diff) != 1 || diff[0].Kind != "subnetworks.privateIpGoogleAccess" || diff[0].Change != "changed" {
		t.Errorf("difference %+v", diff)
	}
	r.refused(no{
		412, "conditionNotMet",
	}, "PATCH", path, obj{"fingerprint": before["fingerprint"], "privateIpGoogleAccess": false})
	r.refused(no{400, "fingerprint"}, "PATCH", path, obj{"privateIpGoogleAccess": false})
	r.changed("PATCH", path, obj{"fingerprint": r.get(path)["fingerprint"], "privateIpGoogleAccess": false})
	r.clean()
	r.refused(no{400, "conflicts with existing subnetwork 'workloads'"}, "POST", west3+"/subnetworks",
		obj{"name": "x", "network": spoke, "ipCidrRange": "10.10.0.128/25"})
	r.refused(no{
		400, "resourceInUseByAnotherResource",
	}, "DELETE", "/compute/v1/projects/acme-producers/regions/europe-west3/subnetworks/nat-orders", nil)
}

func TestNetworkIsHeldByWhatIsInIt(t *testing.T) {
	r := newRig(t)
	r.usedInside("DELETE", global+"/networks/spoke-vpc", "is already being used by")
	r.changed("POST", global+"/networks", obj{"name": "mine", "autoCreateSubnetworks": false})
	r.changed("POST", west3+"/subnetworks", obj{
		"name": "mine", "network": "global/networks/mine", "ipCidrRange": "10.99.0.0/24",
	})
	links := r.get(global + "/networks/mine")["subnetworks"].([]any)
	if len(links) != 1 || !strings.HasSuffix(links[0].(string), "/subnetworks/mine") {
		t.Errorf("subnetworks of the network: %v", links)
	}
	r.usedInside("DELETE", global+"/networks/mine", "subnetworks/mine")
	r.ok("DELETE", west3+"/subnetworks/mine", nil)
	r.refused(no{400, "resourceNotReady"}, "DELETE", west3+"/subnetworks/mine", nil)
	r.pass(time.Minute)
	r.changed("DELETE", global+"/networks/mine", nil)
	r.clean()
}

func TestRoutes(t *testing.T) {
	r := newRig(t)
	route := obj{"name": "steer", "network": spoke, "destRange": "0.0.0.0/0", "priority": 900,
		"tags":            []string{"vpc-connector-europe-west3-c1"},
		"nextHopInstance": "projects/acme-net/zones/europe-west3-a/instances/gcp-spoke-1", "description": "ours"}
	r.changed("POST", global+"/routes", route)
	if got := r.get(global + "/routes/steer"); got["priority"] != 900.0 || got["kind"] != "compute#route" {
		t.Errorf("route %v", got)
	}
	kinds := map[string]int{}
	for _, item := range r.get(global + "/routes")["items"].([]any) {
		name, _, _ := strings.Cut(at(item, "name").(string), "-")
		kinds[name]++
	}
	if kinds["default"] < 5 || kinds["peering"] != 1 || kinds["steer"] != 1 {
		t.Errorf("routes by first word: %v", kinds)
	}
	r.refused(no{409, "alreadyExists"}, "POST", global+"/routes", route)
	r.refused(no{404, "gone"}, "POST", global+"/routes", obj{"name": "x", "network": spoke, "destRange": "10.41.0.0/16",
		"nextHopInstance": "projects/acme-net/zones/europe-west3-a/instances/gone"})
	r.refused(
		no{400, "next hop"}, "POST", global+"/routes", obj{"name": "x", "network": spoke, "destRange": "10.41.0.0/16"},
	)
	r.refused(no{400, "inside subnetwork"}, "POST", global+"/routes",
		obj{"name": "x", "network": spoke, "destRange": "10.10.0.8/32", "nextHopIp": "10.10.0.5"})
	r.changed("DELETE", global+"/routes/steer", nil)
	r.clean()
}

func TestProjectTellsQuotas(t *testing.T) {
	r := newRig(t)
	usage := func() map[any]any {
		used := map[any]any{}
		for _, q := range r.get(net1)["quotas"].([]any) {
			used[at(q, "metric")] = at(q, "usage")
		}
		return used
	}
	before := usage()
	if n, has := before["PSC_GOOGLE_APIS_FORWARDING_RULES_PER_NETWORK"]; has {
		t.Errorf("a quota of each network is listed for the project: %v", n)
	}
	r.changed("POST", global+"/addresses", pscAddress("a", "10.200.0.1"))
	if was, is := before["GLOBAL_INTERNAL_ADDRESSES"], usage()["GLOBAL_INTERNAL_ADDRESSES"]; is != was.(float64)+1 {
		t.Errorf("usage %v, and %v with one address more", was, is)
	}
}

func TestMonitoringTellsTheQuotaOfANetwork(t *testing.T) {
	r := newRig(t)
	const metric = "compute.googleapis.com/quota/psc_google_apis_forwarding_rules_per_vpc_network/limit"
	series := func(filter string) []any {
		list, _ := r.get(
			"/v3/projects/acme-net/timeSeries?interval.endTime=2026-02-01T00:00:00Z&filter=" + url.QueryEscape(filter),
		)["timeSeries"].([]any)
		return list
	}
	id := r.get(global + "/networks/spoke-vpc")["id"].(string)
	got := series(`metric.type = "` + metric + `" AND resource.labels.network_id = "` + id + `"`)
	if len(got) != 1 || at(got[0], "resource", "labels", "network_id") != id || at(got[0], "points", 0, "value",
		"int64Value") != "50" {
		t.Errorf("series of the network: %v", got)
	}
	if all := series(`metric.type = "` + metric + `"`); len(all) < 2 {
		t.Errorf("series of all networks: %v", all)
	}
	if other := series(`metric.type = "compute.googleapis.com/quota/instances_per_vpc_network/limit"`); len(other) !=
		0 {
		t.Errorf("series of another metric: %v", other)
	}
	r.refused(no{
		400, "filter",
	}, "GET", "/v3/projects/acme-net/timeSeries?interval.endTime=2026-02-01T00:00:00Z&filter=anything", nil)
	r.refused(
		no{400, "endTime"}, "GET", "/v3/projects/acme-net/timeSeries?filter="+url.QueryEscape(`metric.type = "x"`), nil,
	)
}

func TestListsHavePages(t *testing.T) {
	r := newRig(t)
	first := r.get(west3 + "/subnetworks?maxResults=2")
	token, _ := first["nextPageToken"].(string)
	rest := r.get(west3 + "/subnetworks?pageToken=" + token)
	if len(first["items"].([]any)) != 2 || len(rest["items"].([]any)) != 6 || rest["nextPageToken"] != nil {
		t.Errorf("pages %v and %v", first, rest)
	}
	r.refused(no{400, "filter"}, "GET", west3+"/subnetworks?filter=name%3E3", nil)
}
