package google_test

import (
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

func connector(more obj) obj {
	c := obj{"network": "spoke-vpc", "ipCidrRange": "10.8.0.0/28", "machineType": "e2-micro", "minInstances": 2,
		"maxInstances": 3}
	for k, v := range more {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}

func (r *rig) create(id string, body obj) obj {
	r.t.Helper()
	return r.ok("POST", vpcRoot+"/connectors?connectorId="+id, body)
}

func TestConnector(t *testing.T) {
	r := newRig(t)
	op := r.create("conn1", connector(nil))
	one := vpcRoot + "/connectors/conn1"
	if op["done"] != nil || at(op, "metadata",
		"target") != "projects/acme-net/locations/europe-west3/connectors/conn1" {
		t.Errorf("operation %v", op)
	}
	if got := r.get(one); got["state"] != "CREATING" {
		t.Errorf("at once %v", got)
	}
	r.refused(no{400, "CREATING"}, "DELETE", one, nil)
	r.refused(no{409, "ALREADY_EXISTS"}, "POST", vpcRoot+"/connectors?connectorId=conn1", connector(nil))
	r.pass(150 * time.Second)
	if got := r.get("/v1/" + op["name"].(string)); got["done"] != true || at(got, "response", "state") != "READY" {
		t.Errorf("operation after its time %v", got)
	}
	if got := r.get(one)["state"]; got != "CREATING" {
		t.Errorf("reads must lag the operation: %v", got)
	}
	r.pass(5 * time.Second)
	if got := r.get(one)["state"]; got != "READY" {
		t.Errorf("state %v", got)
	}
	r.ok("DELETE", one, nil)
	if got := r.get(one)["state"]; got != "DELETING" {
		t.Errorf("state %v", got)
	}
	r.pass(90 * time.Second)
	r.refused(no{404, "not found"}, "GET", one, nil)
	r.clean()
}

func TestConnectorFailsInsideAndStays(t *testing.T) {
	for name, c := range map[string]struct {
		body obj
		text string
	}{
		"conflict":        {connector(obj{"ipCidrRange": "10.10.0.16/28"}), "conflicts with an existing subnetwork"},
		"peered":          {connector(obj{"ipCidrRange": "10.30.0.16/28"}), "peered subnetwork"},
		"other connector": {connector(obj{"ipCidrRange": "10.8.2.0/28"}), "connector"},
		"allocated":       {connector(obj{"ipCidrRange": "10.60.0.16/28"}), "allocated range"},
		"no maximum":      {connector(obj{"maxInstances": nil}), "must specify either max_throughput or max_instances"},
		"no network":      {connector(obj{"network": "nowhere"}), "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			op := r.create("conn1", c.body)
			r.pass(155 * time.Second)
			got := r.get("/v1/" + op["name"].(string))
			if at(got, "error", "code") != 3.0 || got["response"] != nil {
				t.Errorf("operation %v", got)
			}
			if text, _ := at(got, "error", "message").(string); !contains(text, c.text) {
				t.Errorf("message %q, want %q in it", text, c.text)
			}
			one := vpcRoot + "/connectors/conn1"
			if got := r.get(one)["state"]; got != "ERROR" {
				t.Errorf("state %v", got)
			}
			r.refused(no{409, "ALREADY_EXISTS"}, "POST", vpcRoot+"/connectors?connectorId=conn1", connector(nil))
			r.changed("DELETE", one, nil)
			r.clean()
		})
	}
}

func TestFaultInsideTheCreate(t *testing.T) {
	r := newRig(t)
	r.fault(world.Fault{Call: "connectors.create", Mode: world.Refuse, Status: "3"})
	op := r.create("conn1", connector(nil))
	r.pass(155 * time.Second)
	if got := at(r.get("/v1/"+op["name"].(string)), "error", "code"); got != 3.0 {
		t.Errorf("code %v", got)
	}
	if got := r.get(vpcRoot + "/connectors/conn1")["state"]; got != "ERROR" {
		t.Errorf("state %v", got)
	}
	r.fault(world.Fault{Call: "connectors.create", Mode: world.Refuse})
	r.refused(no{403, "PERMISSION_DENIED"}, "POST", vpcRoot+"/connectors?connectorId=conn2",
		connector(obj{"ipCidrRange": "10.8.3.0/28"}))
}

func TestConnectorRefusals(t *testing.T) {
	r := newRig(t)
	for id, body := range map[string]obj{
		"a-b-c-d-e-f-g-h": connector(nil), // 15 characters, 22 as they are counted
		"Conn":            connector(nil),
		"c1":              connector(obj{"ipCidrRange": "10.8.0.0/27"}),
		"c2":              connector(obj{"ipCidrRange": "10.8.0.1/28"}),
		"c3":              connector(obj{"subnet": obj{"name": "serverless-28"}}),
		"c4":              connector(obj{"minInstances": 3}),
		"c5":              connector(obj{"maxInstances": 11}),
		"c6":              connector(obj{"machineType": "n2-standard-8"}),
		"c7":              connector(obj{"network": nil}),
		"c8":              connector(obj{"minThroughput": 250}),
		// connectors have none
		"c9": connector(obj{"labels": obj{"a": "b"}}),
		// a Shared VPC needs a subnet
		"c10": connector(obj{"network": "projects/acme-producers/global/networks/producer-vpc"}),
	} {
		r.refused(no{400, "INVALID_ARGUMENT"}, "POST", vpcRoot+"/connectors?connectorId="+id, body)
	}
	r.create("abcdefghij-klmnopqr", connector(nil)) // 19 characters, 20 as they are counted
}

func TestConnectorOnASubnet(t *testing.T) {
	r := newRig(t)
	subnet := obj{"subnet": obj{"name": "serverless-28", "projectId": "acme-net"}, "machineType": "e2-micro",
		"minInstances": 2, "maxInstances": 3}
	r.create("bysubnet", subnet)
	r.pass(155 * time.Second)
	if got := r.get(vpcRoot + "/connectors/bysubnet")["state"]; got != "READY" {
		t.Errorf("state %v", got)
	}
	r.refused(no{400, "resourceInUseByAnotherResource"}, "DELETE", west3+"/subnetworks/serverless-28", nil)
	for id, name := range map[string]string{"taken": "serverless-28", "toowide": "workloads", "missing": "nope"} {
		op := r.create(id, obj{"subnet": obj{"name": name, "projectId": "acme-net"}, "maxInstances": 3})
		r.pass(155 * time.Second)
		if at(r.get("/v1/"+op["name"].(string)), "error", "code") != 3.0 {
			t.Errorf("subnet %s was taken", name)
		}
	}
}

func TestConnectorGrowsOnly(t *testing.T) {
	r := newRig(t)
	r.create("conn1", connector(nil))
	one := vpcRoot + "/connectors/conn1"
	r.refused(no{400, "CREATING"}, "PATCH", one+"?updateMask=min_instances,max_instances",
		obj{"minInstances": 3, "maxInstances": 5})
	r.pass(155 * time.Second)
	r.refused(no{400, "together"}, "PATCH", one+"?updateMask=maxInstances", obj{"maxInstances": 5})
	r.ok("PATCH", one+"?updateMask=min_instances,max_instances", obj{"minInstances": 3, "maxInstances": 5})
	if got := r.get(one)["state"]; got != "UPDATING" {
		t.Errorf("state %v", got)
	}
	r.pass(time.Minute)
	if got := r.get(one); got["state"] != "READY" || got["maxInstances"] != 5.0 {
		t.Errorf("connector %v", got)
	}
	r.refused(no{400, "only be increased"}, "PATCH", one+"?updateMask=minInstances,maxInstances",
		obj{"minInstances": 2, "maxInstances": 4})
	r.refused(no{400, "cannot be updated"}, "PATCH", one+"?updateMask=ipCidrRange", obj{"ipCidrRange": "10.8.9.0/28"})
	r.changed("PATCH", one+"?updateMask=machineType", obj{"machineType": "e2-standard-4"})
}

func TestConnectorThatIsUsed(t *testing.T) {
	r := newRig(t)
	apps := vpcRoot + "/connectors/apps"
	if got := at(r.get(apps), "connectedProjects", 0); got != "acme-prod" {
		t.Errorf("connected projects %v", got)
	}
	r.changed("DELETE", apps, nil) // nothing hinders it
	left := 0
	for _, d := range r.s.World.Resources() {
		if d.Kind == "connectorLeftovers" {
			left++
		}
	}
	if left != 1 {
		t.Errorf("what a connector in use leaves behind: %d", left)
	}
}

func TestThroughputBecomesInstances(t *testing.T) {
	r := newRig(t)
	r.create(
		"conn1", obj{"network": "spoke-vpc", "ipCidrRange": "10.8.0.0/28", "minThroughput": 300, "maxThroughput": 400},
	)
	r.pass(155 * time.Second)
	got := r.get(vpcRoot + "/connectors/conn1")
	if got["state"] != "READY" || got["minInstances"] != 3.0 || got["maxInstances"] != 4.0 {
		t.Errorf("as recorded: %v", got)
	}
}
