package google_test

import (
	"testing"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/protobuf/proto"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// endpointAt makes an address and an endpoint for Google APIs on it.
func (r *rig) endpointAt(name, ip string, more obj) obj {
	r.t.Helper()
	r.changed("POST", global+"/addresses", pscAddress(name, ip))
	rule := bundleRule(name, ip)
	for k, v := range more {
		rule[k] = v
	}
	r.changed("POST", global+"/forwardingRules", rule)
	return r.get(global + "/forwardingRules/" + name)
}

func TestFirstEndpointFixesTheDirectory(t *testing.T) {
	r := newRig(t)
	first := r.endpointAt("psca", "10.200.0.1", obj{
		"serviceDirectoryRegistrations": []any{obj{"serviceDirectoryRegion": "europe-west3"}},
	})
	if got := at(first, "serviceDirectoryRegistrations", 0, "serviceDirectoryRegion"); got != "europe-west3" {
		t.Errorf("first endpoint's region %v", got)
	}
	second := r.endpointAt("pscb", "10.200.0.2", nil)
	for _, field := range []string{"serviceDirectoryRegion", "namespace"} {
		if got, want := at(second, "serviceDirectoryRegistrations", 0, field),
			at(first, "serviceDirectoryRegistrations", 0, field); got != want {
			t.Errorf("the second endpoint's %s is %v, want the first one's %v", field, got, want)
		}
	}
	r.changed("POST", global+"/addresses", pscAddress("pscc", "10.200.0.3"))
	other := bundleRule("pscc", "10.200.0.3")
	other["serviceDirectoryRegistrations"] = []any{obj{"serviceDirectoryRegion": "us-central1"}}
	r.refused(no{400, "region 'europe-west3'"}, "POST", global+"/forwardingRules", other)
}

func TestZoneOfTheEndpointsComesAndGoesWithThem(t *testing.T) {
	r := newRig(t)
	zones := func() []any {
		list, _ := r.get(dnsRoot + "/managedZones?dnsName=p.googleapis.com.")["managedZones"].([]any)
		return list
	}
	if got := zones(); len(got) != 0 {
		t.Fatalf("zones before any endpoint: %v", got)
	}
	r.endpointAt("psca", "10.200.0.1", nil)
	r.endpointAt("pscb", "10.200.0.2", nil)
	made := zones()
	if len(made) != 1 || at(made[0], "serviceDirectoryConfig", "namespace", "namespaceUrl") == nil {
		t.Fatalf("zones of two endpoints on one network: %v", made)
	}
	one := dnsRoot + "/managedZones/" + at(made[0], "name").(string)
	r.get(one)
	r.get(one + "/rrsets")
	r.refused(no{404, "notFound"}, "DELETE", one, nil) // guess: nobody but the vendor takes it away
	r.refused(no{400, "networkBoundToZoneWithSameName"}, "POST", dnsRoot+"/managedZones",
		obj{"name": "own", "dnsName": "p.googleapis.com.",
			"description": "", "visibility": "private", "privateVisibilityConfig": obj{
				"networks": []any{obj{"networkUrl": spoke}},
			}})
	for _, d := range r.s.World.Resources() {
		if d.Kind == "managedZones" {
			t.Errorf("the vendor's own zone shows as somebody's: %+v", d)
		}
	}
	for _, name := range []string{"psca", "pscb"} {
		r.changed("DELETE", global+"/forwardingRules/"+name, nil)
		r.changed("DELETE", global+"/addresses/"+name, nil)
	}
	if got := zones(); len(got) != 0 {
		t.Errorf("zones after the last endpoint: %v", got)
	}
	r.clean()
}

func TestEndpointWithoutItsZone(t *testing.T) {
	r := newRig(t)
	r.endpointAt("psca", "10.200.0.1", obj{"noAutomateDnsZone": true})
	if got := r.get(dnsRoot + "/managedZones?dnsName=p.googleapis.com.")["managedZones"]; got != nil {
		t.Errorf("zones %v", got)
	}
}

// TestReplacedAssociationIsSeen: the parameter that must never be used takes the network's foreign policy out of force,
// and the world says so.
func TestReplacedAssociationIsSeen(t *testing.T) {
	r := newRig(t)
	r.changed("POST", global+"/firewallPolicies", obj{"name": "second"})
	r.changed("POST", global+"/firewallPolicies/second/addAssociation?replaceExistingAssociation=true",
		obj{"name": "x", "attachmentTarget": spoke})
	if got := at(r.get(global+"/networks/spoke-vpc/getEffectiveFirewalls"), "firewallPolicys"); len(got.([]any)) != 1 ||
		at(got, 0, "name") != "second" {
		t.Errorf("policies in force: %v", got)
	}
	missing := 0
	for _, d := range r.s.World.Resources() {
		if d.Kind == "firewallPolicies.associations" && d.Change == "missing" {
			missing++
		}
	}
	if missing != 1 {
		t.Errorf("the foreign association is not missed: %+v", r.s.World.Resources())
	}
}

// TestFailedOperationWithoutAnHTTPStatus: Google's own Go client takes it for a success; only the error field tells.
func TestFailedOperationWithoutAnHTTPStatus(t *testing.T) {
	s, opts := fast(t)
	if _, err := s.World.AddFault(world.Fault{Vendor: "gcp", Call: "routers.patch", Mode: world.Refuse,
		Status: "INTERNAL_ERROR"}); err != nil {
		t.Fatal(err)
	}
	routers := must[*compute.RoutersClient](t)(compute.NewRoutersRESTClient(t.Context(), opts...))
	op := must[*compute.Operation](
		t,
	)(routers.Patch(t.Context(), &computepb.PatchRouterRequest{Project: "acme-net", Region: "europe-west3",
		Router: "edge-1", RouterResource: &computepb.Router{Description: proto.String("never")}}))
	if err := op.Wait(t.Context()); err != nil {
		t.Errorf("the trap is gone: the client reports %v", err)
	}
	if got := op.Proto().GetError().GetErrors(); len(got) != 1 || got[0].GetCode() != "INTERNAL_ERROR" {
		t.Errorf("the operation's error: %v", got)
	}
	if left := s.World.Resources(); len(left) != 0 {
		t.Errorf("the failed patch left %+v", left)
	}
}
