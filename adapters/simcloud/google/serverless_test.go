package google_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	fn0     = runRoot + "/services/fn-0000"
	theFn   = runRoot + "/functions/python-http-function"
	behind  = runRoot + "/services/python-http-function"
	legacy  = "projects/acme-net/locations/europe-west3/connectors/legacy"
	accMask = "?updateMask=template.vpcAccess&%24alt=json%3Benum-encoding%3Dint"
)

func access(connector string) obj {
	// enum numbers, as Google's Go clients send them
	return obj{"template": obj{"vpcAccess": obj{"connector": connector, "egress": 1}}}
}

func TestServiceAsLoaded(t *testing.T) {
	r := newRig(t)
	got := r.get(behind)
	want := []any{"https://python-http-function-123456789.europe-west3.run.app",
		"https://python-http-function-x5hfzvqk2q-ey.a.run.app",
		"https://europe-west3-acme-prod.cloudfunctions.net/python-http-function"}
	if diff := cmp.Diff(want, got["urls"]); diff != "" {
		t.Error(diff)
	}
	if got["reconciling"] != nil || got["generation"] != "1" || got["observedGeneration"] != "1" ||
		at(got, "trafficStatuses", 0, "type") != "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST" {
		t.Errorf("service %v", got)
	}
	if at(r.get(runRoot+"/services/pinned"), "trafficStatuses", 0, "revision") != "pinned-00001-abc" {
		t.Error("the pinned service is not pinned")
	}
	if r.get(runRoot + "/services/inward")["ingress"] != "INGRESS_TRAFFIC_INTERNAL_ONLY" {
		t.Error("the inward service is open")
	}
	bound, total, page := 0, 0, ""
	for more := true; more; more = page != "" {
		answer := r.get(runRoot + "/services?pageToken=" + page)
		for _, s := range answer["services"].([]any) {
			total++
			if at(s, "template", "vpcAccess") != nil {
				bound++
			}
		}
		page, _ = answer["nextPageToken"].(string)
	}
	if total != 1003 || bound != 10 {
		t.Errorf("%d services, %d bound", total, bound)
	}
}

func TestBindAService(t *testing.T) {
	r := newRig(t)
	before := r.get(fn0)
	op := r.ok("PATCH", fn0+accMask, access(legacy))
	now := r.get(fn0)
	if now["reconciling"] != true || now["generation"] != "2" || now["observedGeneration"] != "1" ||
		now["etag"] == before["etag"] ||
		at(now, "terminalCondition", "state") != "CONDITION_RECONCILING" {
		t.Errorf("at once %v", now)
	}
	if at(now, "template", "vpcAccess", "egress") != "ALL_TRAFFIC" || !cmp.Equal(at(now, "template", "containers"),
		at(before, "template", "containers")) {
		t.Errorf("template %v", now["template"])
	}
	r.pass(15 * time.Second)
	now = r.get(fn0)
	if now["reconciling"] != nil || now["observedGeneration"] != "2" ||
		now["latestReadyRevision"] != now["latestCreatedRevision"] {
		t.Errorf("after its time %v", now)
	}
	if got := r.get("/v2/" + op["name"].(string)); got["done"] != true ||
		at(got, "response", "observedGeneration") != "2" {
		t.Errorf("operation %v", got)
	}
	r.refused(no{409, "ABORTED"}, "PATCH", fn0+accMask, obj{"etag": before["etag"], "template": obj{}})
	diff := r.s.World.Resources()
	if len(diff) != 1 || diff[0].Kind != "services.vpcAccess" {
		t.Errorf("difference %+v", diff)
	}
	r.changed("PATCH", fn0+accMask, obj{"template": obj{}, "etag": now["etag"]})
	if at(r.get(fn0), "template", "vpcAccess") != nil {
		t.Error("the binding was not cleared")
	}
	r.clean()
}

func TestBindingFailsInside(t *testing.T) {
	r := newRig(t)
	op := r.ok("PATCH", fn0+accMask, access("projects/acme-net/locations/europe-west3/connectors/gone"))
	r.pass(15 * time.Second)
	if got := at(r.get("/v2/"+op["name"].(string)), "error", "code"); got != 9.0 {
		t.Errorf("code %v", got)
	}
	got := r.get(fn0)
	if at(got, "terminalCondition", "state") != "CONDITION_FAILED" ||
		got["latestReadyRevision"] == got["latestCreatedRevision"] {
		t.Errorf("service %v", got)
	}
	r.changed("PATCH", fn0+accMask, obj{"template": obj{}})
	if got := at(r.get(fn0), "terminalCondition", "state"); got != "CONDITION_SUCCEEDED" {
		t.Errorf("condition %v", got)
	}
	r.clean()
}

func TestServiceRefusals(t *testing.T) {
	r := newRig(t)
	direct := func(subnet string) obj {
		return obj{"template": obj{"vpcAccess": obj{"networkInterfaces": []any{obj{
			"subnetwork": "projects/acme-net/regions/europe-west3/subnetworks/" + subnet,
			"tags":       []any{"avx-snat-noip"}}}}}}
	}
	r.refused(no{400, "/26"}, "PATCH", fn0+accMask, direct("serverless-28"))
	r.refused(no{400, "does not exist"}, "PATCH", fn0+accMask, direct("nope"))
	both := direct("direct-egress")
	both["template"].(obj)["vpcAccess"].(obj)["connector"] = legacy
	r.refused(no{400, "exactly one"}, "PATCH", fn0+accMask, both)
	r.refused(no{400, "region"}, "PATCH", fn0+accMask, access("projects/acme-net/locations/us-east1/connectors/legacy"))
	r.refused(no{400, "cannot be updated"}, "PATCH", fn0+"?updateMask=uid", obj{"uid": "x"})
	r.refused(no{400, "INVALID_ARGUMENT"}, "PATCH", fn0+accMask, obj{"tmplate": obj{}})
	r.refused(no{404, "NOT_FOUND"}, "PATCH", runRoot+"/services/nope"+accMask, obj{})
	r.changed("PATCH", fn0+accMask, direct("direct-egress"))
	r.refused(no{400, "already being used"}, "DELETE", west3+"/subnetworks/direct-egress", nil)
	r.changed("PATCH", fn0+accMask, obj{"template": obj{}})
	r.clean()
	// the addresses are kept for long
	r.refused(no{400, "already being used"}, "DELETE", west3+"/subnetworks/direct-egress", nil)
	r.pass(90 * time.Minute)
	r.ok("DELETE", west3+"/subnetworks/direct-egress", nil)
}

func TestIngressAndInvokers(t *testing.T) {
	r := newRig(t)
	r.changed("PATCH", fn0+"?updateMask=ingress,invokerIamDisabled", obj{"ingress": 2, "invokerIamDisabled": true})
	if got := r.get(fn0); got["ingress"] != "INGRESS_TRAFFIC_INTERNAL_ONLY" || got["invokerIamDisabled"] != true {
		t.Errorf("service %v", got)
	}
	if n := len(r.s.World.Resources()); n != 2 {
		t.Errorf("differences %+v", r.s.World.Resources())
	}
	r.changed("PATCH", fn0+"?updateMask=ingress,invokerIamDisabled", obj{"ingress": "INGRESS_TRAFFIC_ALL"})
	r.clean()

	policy := r.get(behind + ":getIamPolicy")
	if at(policy, "bindings", 0, "members", 0) != "serviceAccount:legacy@acme-prod.iam.gserviceaccount.com" {
		t.Errorf("policy %v", policy)
	}
	etag := policy["etag"]
	at(policy, "bindings", 0).(obj)["members"] = []any{
		"serviceAccount:legacy@acme-prod.iam.gserviceaccount.com", "user:me@example.com",
	}
	r.ok("POST", behind+":setIamPolicy", obj{"policy": policy})
	diff := r.s.World.Resources()
	if len(diff) != 1 || diff[0].Kind != "services.iamMembers" || diff[0].Change != "added" {
		t.Errorf("difference %+v", diff)
	}
	r.refused(no{409, "concurrent policy changes"}, "POST", behind+":setIamPolicy", obj{"policy": obj{"etag": etag}})
	r.refused(no{404, "NOT_FOUND"}, "GET", runRoot+"/services/nope:getIamPolicy", nil)
	r.refused(no{404, "no such method"}, "POST", behind+":explode", nil)
}

func TestFunctionWritesThrough(t *testing.T) {
	r := newRig(t)
	config := obj{"serviceConfig": obj{"vpcConnector": legacy, "vpcConnectorEgressSettings": "ALL_TRAFFIC"}}
	mask := "?updateMask=serviceConfig.vpcConnector,serviceConfig.vpcConnectorEgressSettings"
	op := r.ok("PATCH", theFn+mask, config)
	if got := r.get(theFn); got["state"] != "DEPLOYING" {
		t.Errorf("function at once %v", got)
	}
	if at(r.get(behind), "template", "vpcAccess") != nil {
		t.Error("the service was changed before the deployment was done")
	}
	r.refused(no{409, "unable to queue the operation"}, "PATCH", theFn+mask, config)
	r.pass(time.Minute)
	got := r.get(behind)
	if at(got, "template", "vpcAccess", "connector") != legacy || got["generation"] != "2" ||
		got["observedGeneration"] != "2" {
		t.Errorf("service %v", got)
	}
	if got := r.get("/v2/" + op["name"].(string)); at(got, "response", "state") != "ACTIVE" ||
		at(got, "metadata", "endTime") == nil {
		t.Errorf("operation %v", got)
	}
	r.changed("PATCH", theFn+mask, obj{"serviceConfig": obj{}})
	if at(r.get(behind), "template", "vpcAccess") != nil {
		t.Error("the binding was not cleared")
	}
	r.clean()
}

func TestDeployOverwritesABindingOnTheService(t *testing.T) {
	r := newRig(t)
	r.changed("PATCH", behind+accMask, access(legacy))
	if at(r.get(behind), "template", "vpcAccess", "connector") != legacy {
		t.Fatal("not bound")
	}
	r.changed("PATCH", theFn+"?updateMask=labels", obj{"labels": obj{"release": "2"}})
	if at(r.get(behind), "template", "vpcAccess") != nil {
		t.Error("the function's deployment kept a binding that the function does not know")
	}
}

func TestFunctionRefusals(t *testing.T) {
	r := newRig(t)
	op := r.ok("PATCH", theFn+"?updateMask=serviceConfig.vpcConnector",
		obj{"serviceConfig": obj{"vpcConnector": "projects/acme-net/locations/europe-west3/connectors/gone"}})
	r.pass(time.Minute)
	if got := at(r.get("/v2/"+op["name"].(string)), "error", "code"); got != 9.0 {
		t.Errorf("code %v", got)
	}
	r.clean()
	r.refused(no{
		400, "exclude each other",
	}, "PATCH", theFn+"?updateMask=serviceConfig.vpcConnector,serviceConfig.directVpcNetworkInterface",
		obj{"serviceConfig": obj{
			"vpcConnector": legacy, "directVpcNetworkInterface": []any{obj{"subnetwork": "direct-egress"}},
		}})
	r.refused(no{400, "cannot be updated"}, "PATCH", theFn+"?updateMask=state", obj{"state": "ACTIVE"})
	r.ok("PATCH", theFn+"?updateMask=serviceConfig.ingressSettings", obj{"serviceConfig": obj{"ingressSettings": 2}})
	r.pass(time.Minute)
	if got := r.get(behind)["ingress"]; got != "INGRESS_TRAFFIC_INTERNAL_ONLY" {
		t.Errorf("ingress %v", got)
	}
}

func TestServiceLifeAsRecorded(t *testing.T) {
	r := newRig(t)
	op := r.ok("POST", runRoot+"/services?serviceId=mine", obj{"ingress": "INGRESS_TRAFFIC_ALL", "launchStage": "GA",
		"template": obj{"containers": []any{obj{"image": "gcr.io/cloudrun/hello"}},
			"vpcAccess": obj{"connector": legacy, "egress": "ALL_TRAFFIC"}}})
	template := at(op, "metadata", "template")
	want := obj{"executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2", "maxInstanceRequestConcurrency": 80.0,
		"timeout":        "300s",
		"serviceAccount": "123456789-compute@developer.gserviceaccount.com",
		"containers": []any{
			obj{"image": "gcr.io/cloudrun/hello", "resources": obj{"limits": obj{"cpu": "1000m", "memory": "512Mi"}}},
		},
		"vpcAccess": obj{"connector": legacy, "egress": "ALL_TRAFFIC"}}
	if diff := cmp.Diff(want, template); diff != "" {
		t.Error(diff)
	}
	r.refused(no{409, "ALREADY_EXISTS"}, "POST", runRoot+"/services?serviceId=mine",
		obj{"template": obj{"containers": []any{obj{"image": "x"}}}})
	r.changed("DELETE", runRoot+"/services/mine", nil)
	r.clean()
}
