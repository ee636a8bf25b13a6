package google_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/simcloud/google"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

func TestFaultModes(t *testing.T) {
	for mode, want := range map[string]struct {
		status  int
		text    string
		effects int
	}{
		world.Refuse:     {403, "Required 'globalAddresses.insert' permission", 0},
		world.FailBefore: {503, "backendError", 0},
		world.FailAfter:  {503, "backendError", 1},
		world.LoseReply:  {0, "", 1},
		world.Throttle:   {403, "rateLimitExceeded", 0},
		world.Delay:      {200, "operation", 1},

		world.ExpireSession: {401, "authError", 0},
	} {
		t.Run(mode, func(t *testing.T) {
			r := newRig(t)
			r.fault(world.Fault{Call: "globalAddresses.insert", Mode: mode, Delay: time.Millisecond})
			path := global + "/addresses?requestId=" + uuid.NewString()
			status, body := r.do("POST", path, pscAddress("a", "10.200.0.1"))
			if status != want.status || !contains(fmt.Sprint(body), want.text) ||
				len(r.s.World.Effects()) != want.effects {
				t.Errorf("status %d, %v, effects %v", status, body, r.s.World.Effects())
			}
			r.ok("POST", path, pscAddress("a", "10.200.0.1")) // the same request id: safe after every mode
			if n := len(r.s.World.Effects()); n != 1 {
				t.Errorf("%d effects after the repeat", n)
			}
		})
	}
}

// TestFaultModesOfTheNewerAPIs: no request id protects these calls, so an effect with a bad answer stands.
func TestFaultModesOfTheNewerAPIs(t *testing.T) {
	for call, c := range map[string]struct {
		method, path string
		body         any
	}{
		"connectors.create":   {"POST", vpcRoot + "/connectors?connectorId=conn1", connector(nil)},
		"services.patch":      {"PATCH", fn0 + accMask, access(legacy)},
		"functions.patch":     {"PATCH", theFn + "?updateMask=labels", obj{"labels": obj{"a": "b"}}},
		"managedZones.create": {"POST", dnsRoot + "/managedZones", zone("py", host)},
		"changes.create": {"POST", dnsRoot + "/managedZones/corp-internal/changes",
			obj{"additions": []any{obj{"name": "x.corp.acme.example.", "type": "A", "rrdatas": []any{"10.0.0.1"}}}}},
		"services.setIamPolicy": {"POST", behind + ":setIamPolicy", obj{"policy": obj{}}},
	} {
		for mode, want := range map[string]struct {
			status, effects int
			text            string
		}{
			world.Refuse:        {403, 0, "permission"},
			world.FailBefore:    {503, 0, "UNAVAILABLE"},
			world.FailAfter:     {503, 1, "UNAVAILABLE"},
			world.LoseReply:     {0, 1, ""},
			world.Throttle:      {429, 0, "per minute"},
			world.Delay:         {200, 1, ""},
			world.ExpireSession: {401, 0, "UNAUTHENTICATED"},
		} {
			t.Run(call+" "+mode, func(t *testing.T) {
				r := newRig(t)
				r.fault(world.Fault{Call: call, Mode: mode, Delay: time.Millisecond})
				status, body := r.do(c.method, c.path, c.body)
				if status != want.status || !contains(fmt.Sprint(body), want.text) ||
					len(r.s.World.Effects()) != want.effects {
					t.Errorf("status %d, %v, effects %v", status, body, r.s.World.Effects())
				}
			})
		}
	}
}

func TestFaultInsideAnOperation(t *testing.T) {
	r := newRig(t)
	r.fault(
		world.Fault{Call: "globalAddresses.insert", Mode: world.Refuse, Status: "QUOTA_EXCEEDED", Match: "addresses/a"},
	)
	r.ok("POST", global+"/addresses", pscAddress("b", "10.200.0.2"))
	op := r.ok("POST", global+"/addresses", pscAddress("a", "10.200.0.1"))
	r.pass(2 * time.Second)
	got := r.get(global + "/operations/" + op["name"].(string))
	if got["status"] != "DONE" || got["httpErrorStatusCode"] != 403.0 || at(got, "error", "errors", 0,
		"code") != "QUOTA_EXCEEDED" {
		t.Errorf("operation %v", got)
	}
	r.refused(no{404, "notFound"}, "GET", global+"/addresses/a", nil)
}

// A request id is answered with the operation that it started first, one that failed too: only a new id starts afresh.
func TestARequestIDRemembersAFailedOperation(t *testing.T) {
	for _, c := range []struct {
		call, method, path string
		body               any
	}{
		{"globalAddresses.insert", "POST", global + "/addresses", pscAddress("a", "10.200.0.1")},
		{"routers.patch", "PATCH", west3 + "/routers/edge-1",
			obj{"bgp": obj{"advertiseMode": "CUSTOM", "advertisedGroups": []any{"ALL_SUBNETS"}}}},
		{"networkFirewallPolicies.addRule", "POST", policyPath + "/addRule", egressRule(nil)},
		{"subnetworks.setPrivateIpGoogleAccess", "POST",
			west3 + "/subnetworks/direct-egress/setPrivateIpGoogleAccess", obj{"privateIpGoogleAccess": true}},
	} {
		t.Run(c.call, func(t *testing.T) {
			r := newRig(t)
			r.fault(world.Fault{Call: c.call, Mode: world.Refuse, Status: "INTERNAL_ERROR"})
			id := uuid.NewString()
			first := r.changed(c.method, c.path+"?requestId="+id, c.body)
			again := r.ok(c.method, c.path+"?requestId="+id, c.body)
			if again["name"] != first["name"] || again["status"] != "DONE" ||
				at(again, "error", "errors", 0, "code") != "INTERNAL_ERROR" {
				t.Errorf("the repeat is answered with %v, the first with %v", again, first)
			}
			if n := len(r.s.World.Effects()); n != 0 {
				t.Errorf("%d effects of a failed operation", n)
			}
			other := r.changed(c.method, c.path+"?requestId="+uuid.NewString(), c.body)
			if other["name"] == first["name"] || len(r.s.World.Effects()) != 1 {
				t.Errorf("a new id: %v, %d effects", other, len(r.s.World.Effects()))
			}
		})
	}
}

// A slow operation is under way for as long as the fault says, in the vendor's time. What it changes shows at its end.
func TestSlowOperation(t *testing.T) {
	r := newRig(t)
	r.fault(world.Fault{Call: "connectors.create", Mode: world.SlowOperation, Delay: 45 * time.Minute})
	r.fault(world.Fault{Call: "globalAddresses.insert", Mode: world.SlowOperation, Delay: 30 * time.Minute})
	made := r.ok("POST", vpcRoot+"/connectors?connectorId=conn1", connector(nil))
	address := r.ok("POST", global+"/addresses", pscAddress("a", "10.200.0.1"))
	operation, addressOperation := "/v1/"+made["name"].(string), global+"/operations/"+address["name"].(string)
	r.pass(29 * time.Minute)
	if got := r.get(addressOperation); got["status"] != "RUNNING" {
		t.Errorf("the address after 29 minutes: %v", got)
	}
	r.pass(15 * time.Minute)
	if got := r.get(operation); got["done"] == true {
		t.Errorf("the connector after 44 minutes: %v", got)
	}
	if got := r.get(addressOperation); got["status"] != "DONE" {
		t.Errorf("the address after 44 minutes: %v", got)
	}
	r.pass(5 * time.Minute)
	if got := r.get(operation); got["done"] != true || r.get(vpcRoot + "/connectors/conn1")["state"] != "READY" {
		t.Errorf("the connector after 49 minutes: %v", got)
	}
}

// A fault for every call speaks to each API in its own codes: a word that an operation of Cloud Run cannot end with
// refuses the call.
func TestFaultOfEveryCall(t *testing.T) {
	r := newRig(t)
	r.fault(world.Fault{Call: "*", Mode: world.Refuse, Status: "QUOTA_EXCEEDED"})
	r.refused(no{403, "PERMISSION_DENIED"}, "PATCH", fn0+accMask, access(legacy))
}

func TestThrottleOfTheNewerAPIs(t *testing.T) {
	r := newRig(t)
	r.fault(world.Fault{Call: "services.patch", Mode: world.Throttle})
	r.refused(no{429, "RESOURCE_EXHAUSTED"}, "PATCH", fn0+accMask, access(legacy))
	r.fault(world.Fault{Call: "services.patch", Mode: world.FailBefore, Status: "504"})
	r.refused(no{504, "UNAVAILABLE"}, "PATCH", fn0+accMask, access(legacy))
}

func TestRestartKeepsOperationsUnderWay(t *testing.T) {
	dir := t.TempDir()
	r := openRig(t, dir)
	id := uuid.NewString()
	op := r.create("conn1", connector(nil))
	address := r.ok("POST", global+"/addresses?requestId="+id, pscAddress("a", "10.200.0.1"))
	r.ok("POST", policyPath+"/addRule", egressRule(nil))
	before := r.s.World.Effects()
	r.close()

	again := openRig(t, dir)
	if got := again.s.World.Effects(); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("ledger after restart %v, want %v", got, before)
	}
	if got := again.ok("POST", global+"/addresses?requestId="+id,
		pscAddress("a", "10.200.0.1")); got["name"] != address["name"] {
		t.Errorf("request id after restart: %v", got)
	}
	again.refused(no{400, "is not ready"}, "POST", policyPath+"/addRule", egressRule(obj{"priority": 501}))
	again.pass(155 * time.Second)
	if got := again.get("/v1/" + op["name"].(string)); got["done"] != true {
		t.Errorf("operation after restart %v", got)
	}
	if got := again.get(vpcRoot + "/connectors/conn1")["state"]; got != "READY" {
		t.Errorf("connector after restart: %v", got)
	}
	again.changed("DELETE", vpcRoot+"/connectors/conn1", nil)
	again.changed("DELETE", global+"/addresses/a", nil)
	again.changed("POST", policyPath+"/removeRule?priority=500", nil)
	again.clean()
}

// TestEverythingMadeAndUndone makes one of everything that a private path is made of and takes it away again.
func TestEverythingMadeAndUndone(t *testing.T) {
	r := newRig(t)
	edgeList := append(ranges("10.40.0.0/16", "172.20.0.0/16"), ranges("10.200.0.1/32")...)
	at(edgeList, 0).(obj)["description"], at(edgeList, 1).(obj)["description"] = "owned by the network team",
		"partner lab"
	r.changed("POST", global+"/addresses", pscAddress("a", "10.200.0.1"))
	r.changed("POST", global+"/forwardingRules", bundleRule("psca", "10.200.0.1"))
	r.changed("PATCH", edge+"edge-1", bgp(obj{"advertisedIpRanges": edgeList}))
	r.create("conn1", connector(nil))
	r.pass(5 * time.Minute)
	r.changed("POST", policyPath+"/addRule", egressRule(nil))
	r.changed("PATCH", fn0+accMask, access("projects/acme-net/locations/europe-west3/connectors/conn1"))
	r.changed("POST", west3+"/subnetworks/workloads/setPrivateIpGoogleAccess", obj{"privateIpGoogleAccess": true})
	r.ok("POST", dnsRoot+"/managedZones", zone("py", host))
	r.ok("POST", dnsRoot+"/managedZones/py/rrsets", record("10.200.0.1"))
	kinds := map[string]bool{}
	for _, d := range r.s.World.Resources() {
		kinds[d.Kind+" "+d.Change] = true
		if d.Kind == "routers.advertisedIpRanges" && d.Owner != "of a test" {
			t.Errorf("a foreign range shows: %+v", d)
		}
	}
	for _, want := range []string{"addresses added", "forwardingRules added", "routers.advertisedIpRanges added",
		"connectors added",
		"firewallPolicies.rules added", "services.vpcAccess changed", "subnetworks.privateIpGoogleAccess changed",
		"managedZones added",
		"resourceRecordSets added"} {
		if !kinds[want] {
			t.Errorf("%q is missing in %v", want, kinds)
		}
	}
	if len(kinds) != 9 {
		t.Errorf("more than was done: %v", kinds)
	}
	r.ok("DELETE", dnsRoot+"/managedZones/py/rrsets/"+host+"/A", nil)
	r.ok("DELETE", dnsRoot+"/managedZones/py", nil)
	r.changed("POST", west3+"/subnetworks/workloads/setPrivateIpGoogleAccess", obj{"privateIpGoogleAccess": false})
	r.changed("PATCH", fn0+accMask, obj{"template": obj{}})
	r.changed("POST", policyPath+"/removeRule?priority=500", nil)
	r.changed("DELETE", vpcRoot+"/connectors/conn1", nil)
	r.changed("PATCH", edge+"edge-1", bgp(obj{"advertisedIpRanges": edgeList[:2]}))
	r.changed("DELETE", global+"/forwardingRules/psca", nil)
	r.changed("DELETE", global+"/addresses/a", nil)
	r.clean()
	if n := len(r.s.World.Effects()); n != 18 {
		t.Errorf("%d effects in the ledger, want 18: %v", n, r.s.World.Effects())
	}
}

// A status that an operation of Run, Functions or VPC Access cannot end with is refused: it would have meant another.
func TestAStatusIsOneThatTheCallKnows(t *testing.T) {
	for _, c := range []struct {
		call, status string
		refused      bool
	}{
		{"connectors.create", "13", false}, {"connectors.create", "INTERNAL", false}, {"connectors.create", "", false},
		{"connectors.create", "internal", true}, {"services.patch", "quotaExceeded", true},
		{"routers.patch", "QUOTA_EXCEEDED", false}, {"jobs.delete", "quotaExceeded", true},
	} {
		if err := google.CheckFault(c.call, c.status); (err != nil) != c.refused {
			t.Errorf("%s %q: %v", c.call, c.status, err)
		}
	}
}
