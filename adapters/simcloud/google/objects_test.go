package google_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// small is a world of one network, with what a scenario has in the vendor's own words.
func small(objects string) string {
	return `google:
  projects: [{id: acme-net, number: "1", hash: aaaaaaaaaa, parents: [organizations/1]}]
  networks:
    - {project: acme-net, name: spoke-vpc, subnetworks: [{name: s, region: europe-west3, range: 10.1.0.0/24,
       v6: EXTERNAL}]}
  objects:
` + objects
}

func smallRig(t *testing.T, objects string) *rig { t.Helper(); return scenarioRig(t, small(objects)) }

// scenarioRig is a world of one's own, with a clock that the test drives.
func scenarioRig(t *testing.T, scenario string) *rig {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	s, err := simcloud.Start(t.Context(), simcloud.Options{
		World: world.Config{Now: c.Now, Speed: 1}, Scenario: []byte(scenario), BGP: simcloud.BGP{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t, s, c}
}

// Regional policies are shown by the regional call only, hierarchical ones by both, and a network has one policy of
// each region beside its own.
func TestEffectiveFirewallsOfARegion(t *testing.T) {
	r := smallRig(t, `    - {kind: firewallPolicies, name: "7", body: {associations: [{name: o,
       attachmentTarget: organizations/1}]}}
    - {kind: firewallPolicies, project: acme-net, name: own, body: {associations: [{name: n,
       attachmentTarget: projects/acme-net/global/networks/spoke-vpc}]}}
    - {kind: systemPolicies, project: acme-net, region: europe-west3, name: gke, body: {associations: [{name: g,
       attachmentTarget: projects/acme-net/global/networks/spoke-vpc}]}}
`)
	r.changed("POST", west3+"/firewallPolicies", obj{"name": "regional"})
	r.changed("POST", west3+"/firewallPolicies/regional/addAssociation", obj{"name": "n", "attachmentTarget": spoke})
	for path, want := range map[string]string{
		global + "/networks/spoke-vpc/getEffectiveFirewalls": "7 HIERARCHY, own NETWORK",
		west3 + "/firewallPolicies/getEffectiveFirewalls?network=" + spoke: "7 " +
			"HIERARCHY, gke SYSTEM_REGIONAL, regional NETWORK_REGIONAL, own NETWORK",
		west3[:len(west3)-1] + "1/firewallPolicies/getEffectiveFirewalls?network=" + spoke: "7 HIERARCHY, own NETWORK",
	} {
		var got []string
		policies, _ := r.get(path)["firewallPolicys"].([]any)
		for _, p := range policies {
			got = append(got, fmt.Sprint(at(p, "name"), " ", at(p, "type")))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %v, want %s", path, got, want)
		}
	}
}

// A dual-stack subnetwork has a range of the family that it was made for; policy-based routes are listed.
func TestObjectsOfAScenario(t *testing.T) {
	r := smallRig(t, `    - {kind: policyBasedRoutes, project: acme-net, name: steer,
       body: {network: projects/acme-net/global/networks/spoke-vpc, priority: 5, nextHopIlbIp: 10.1.0.9}}
`)
	if v6 := fmt.Sprint(r.get(west3 + "/subnetworks/s")["ipv6CidrRange"]); !strings.HasPrefix(v6, "2600:1901:") {
		t.Errorf("IPv6 range %s", v6)
	}
	const routes = "/v1/projects/acme-net/locations/global/policyBasedRoutes"
	if at(r.get(routes), "policyBasedRoutes", 0, "priority") != 5.0 ||
		r.get(routes + "/steer")["nextHopIlbIp"] != "10.1.0.9" {
		t.Errorf("policy-based routes %v", r.get(routes))
	}
	r.refused(no{404, "not found"}, "GET", routes+"/none", nil)
}

// A scenario's objects are checked as calls are.
func TestObjectsAreRefused(t *testing.T) {
	for want, objects := range map[string]string{
		"no such kind": `    - {kind: teapots, project: acme-net, name: x}`,
		"colour":       `    - {kind: routers, project: acme-net, region: europe-west3, name: x, body: {colour: red}}`,
		"Must be one of": `    - {kind: firewallPolicies, project: acme-net, name: x,
       body: {rules: [{priority: 1, action: maybe, direction: EGRESS,
       match: {layer4Configs: [{ipProtocol: all}]}}]}}`,
		"none": `    - {kind: managedZones, project: acme-net, name: x, body: {dnsName: x.example., visibility: private,
       privateVisibilityConfig: {networks: [{networkUrl: projects/acme-net/global/networks/none}]}}}`,
		"was not found": `    - {kind: routers, project: acme-net, region: europe-west3, name: x,
       body: {network: projects/acme-net/global/networks/none}}`,
		"nonsense": `    - {kind: instances, project: acme-net, region: europe-west3-a, name: x,
       body: {nonsense: true}}`,
	} {
		s, err := simcloud.Start(t.Context(), simcloud.Options{Scenario: []byte(small(objects)),
			BGP: simcloud.BGP{Off: true}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if err == nil {
			_ = s.Close()
		}
	}
}

// A subnetwork is for what its purpose says, and a connector's holds nothing else.
func TestSubnetworksOfAnotherPurpose(t *testing.T) {
	r := smallRig(t, `    - {kind: subnetworks, project: acme-net, region: europe-west3, name: nat,
       body: {network: projects/acme-net/global/networks/spoke-vpc, ipCidrRange: 10.2.0.0/24,
       purpose: PRIVATE_SERVICE_CONNECT}}
    - {kind: subnetworks, project: acme-net, region: europe-west3, name: nat-28,
       body: {network: projects/acme-net/global/networks/spoke-vpc, ipCidrRange: 10.3.0.0/28,
       purpose: PRIVATE_SERVICE_CONNECT}}
    - {kind: subnetworks, project: acme-net, region: europe-west3, name: used-28,
       body: {network: projects/acme-net/global/networks/spoke-vpc, ipCidrRange: 10.4.0.0/28}}
    - {kind: instances, project: acme-net, region: europe-west3-a, name: vm, body: {name: vm, status: RUNNING,
       networkInterfaces: [{network: projects/acme-net/global/networks/spoke-vpc, networkIP: 10.4.0.2}]}}
`)
	r.refused(no{400, "PRIVATE_SERVICE_CONNECT"}, "POST",
		"/v2/projects/acme-net/locations/europe-west3/services?serviceId=x",
		obj{"template": obj{"containers": []any{obj{"image": "a/b/c:1"}}, "vpcAccess": obj{"networkInterfaces": []any{
			obj{"subnetwork": "projects/acme-net/regions/europe-west3/subnetworks/nat"}}}}})
	for name, want := range map[string]string{"nat-28": "purpose", "used-28": "instances/vm"} {
		op := r.create(strings.ReplaceAll(name, "-", ""), obj{"subnet": obj{"name": name}, "maxInstances": 3,
			"minInstances": 2})
		r.pass(155 * time.Second)
		text := fmt.Sprint(r.get("/v1/" + op["name"].(string))["error"])
		if !strings.Contains(text, want) {
			t.Errorf("%s: %s, want %s", name, text, want)
		}
	}
}

// The vendor keeps members in lower case.
func TestMembersAreFolded(t *testing.T) {
	r := newRig(t)
	r.ok("POST", fn0+":setIamPolicy", obj{"policy": obj{"bindings": []any{obj{"role": "roles/run.invoker",
		"members": []any{"serviceAccount:Partner@Acme-prod.iam.gserviceaccount.com", "allUsers"}}}}})
	got := r.get(fn0 + ":getIamPolicy")
	if at(got, "bindings", 0, "members", 0) != "serviceAccount:partner@acme-prod.iam.gserviceaccount.com" ||
		at(got, "bindings", 0, "members", 1) != "allUsers" {
		t.Errorf("policy %v", got)
	}
}
