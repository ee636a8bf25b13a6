package google_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	run "cloud.google.com/go/run/apiv2"
	"cloud.google.com/go/run/apiv2/runpb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/cloudresourcemanager/v1"
	computev1 "google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// guarded is a world in which somebody is limited, an API is off and an organization has policies.
const guarded = `google:
  projects: [{id: net, number: "11", hash: aaaaaaaaaa}, {id: app, number: "22", hash: bbbbbbbbbb}]
  networks:
    - {project: net, name: vpc, subnetworks: [{name: s, region: europe-west3, range: 10.1.0.0/24}]}
  connectors: [{project: net, region: europe-west3, name: c, network: vpc, range: 10.8.0.0/28}]
  services:
    - {project: app, region: europe-west3, name: plain, connector: net/c, ingress: INGRESS_TRAFFIC_INTERNAL_ONLY}
    - {project: app, region: europe-west3, name: old, invokers: ["user:left@app.example"]}
`

const netCompute = "/compute/v1/projects/net"

// Without entries everybody may do everything; with them a call is refused in the vendor's words, which name the
// permission, before it has any effect.
func TestPermissionsByCall(t *testing.T) {
	for permission, c := range map[string]struct {
		method, path, text string
		body               any
	}{
		"compute.networks.get": {"GET", netCompute + "/global/networks/vpc",
			"Required 'compute.networks.get' permission for 'projects/net/global/networks/vpc'", nil},
		"compute.networks.getRegionEffectiveFirewalls": {"GET", netCompute +
			"/regions/europe-west3/firewallPolicies/getEffectiveFirewalls?network=projects/net/global/networks/vpc",
			"Required 'compute.networks.getRegionEffectiveFirewalls' permission", nil},
		"compute.globalAddresses.createInternal": {"POST", netCompute + "/global/addresses",
			"Required 'compute.globalAddresses.createInternal' permission for 'projects/net/global/addresses/a'",
			obj{"name": "a", "addressType": "INTERNAL", "purpose": "PRIVATE_SERVICE_CONNECT", "address": "10.200.0.1",
				"network": "projects/net/global/networks/vpc"}},
		"compute.networks.updatePolicy": {"POST", netCompute + "/global/routes", "'compute.networks.updatePolicy'",
			obj{"name": "r", "destRange": "10.9.0.0/16", "network": "projects/net/global/networks/vpc"}},
		"compute.globalForwardingRules.pscCreate": {"POST", netCompute + "/global/forwardingRules",
			"'compute.globalForwardingRules.pscCreate'", obj{"name": "e", "target": "all-apis",
				"loadBalancingScheme": "", "network": "projects/net/global/networks/vpc", "IPAddress": "10.200.0.1"}},
		"dns.networks.bindPrivateDNSZone": {"POST", "/dns/v1/projects/net/managedZones",
			"'dns.networks.bindPrivateDNSZone'", obj{"name": "z", "dnsName": "x.example.", "description": "",
				"visibility": "private"}},
		"vpcaccess.connectors.delete": {"DELETE", "/v1/projects/net/locations/europe-west3/connectors/c",
			"Permission 'vpcaccess.connectors.delete' denied on resource '//vpcaccess.googleapis.com/projects/net",
			nil},
		"run.services.update": {"PATCH", appRun + "/services/plain" + accMask,
			"Permission 'run.services.update' denied on resource 'projects/app", obj{"template": obj{}}},
		"iam.serviceAccounts.actAs": {"PATCH", appRun + "/services/plain" + accMask,
			"'iam.serviceaccounts.actAs' denied on service account 22-compute@developer.gserviceaccount.com",
			obj{"template": obj{}}},
		"run.workerpools.list": {"GET", appRun + "/workerPools", "'run.workerpools.list'", nil},
		"run.revisions.list":   {"GET", appRun + "/services/-/revisions", "'run.revisions.list'", nil},
		"run.services.setIamPolicy": {"POST", appRun + "/services/plain:setIamPolicy", "'run.services.setIamPolicy'",
			obj{"policy": obj{}}},
		"cloudfunctions.functions.list": {"GET", appRun + "/functions", "'cloudfunctions.functions.list'", nil},
		"appengine.versions.list": {
			"GET", "/v1/apps/app/services/default/versions", "'appengine.versions.list'", nil,
		},
		"appengine.services.list": {"GET", "/v1/apps/app/services", "'appengine.services.list'", nil},
	} {
		t.Run(permission, func(t *testing.T) {
			without := scenarioRig(t, guarded+"  access: [{identity: \"*\", without: ["+permission+"]}]\n")
			without.refused(no{403, c.text}, c.method, c.path, c.body)
			only := scenarioRig(t, guarded+"  access: [{identity: \"*\", only: [resourcemanager.projects.get]}]\n")
			only.refused(no{403, "ermission"}, c.method, c.path, c.body)
			free := scenarioRig(t, guarded+"  access: [{identity: other@x.example, without: ["+permission+"]}]\n")
			if status, out := free.do(c.method, c.path, c.body); status == http.StatusForbidden {
				t.Errorf("somebody else lacks it, and this caller is refused: %v", out)
			}
		})
	}
}

// The world tells which permissions calls needed in which project, and which of them were refused for it. An operation
// is its API's, although two APIs have one path here.
func TestGrants(t *testing.T) {
	r := scenarioRig(t, guarded+"  access: [{identity: \"*\", without: [compute.routers.list]}]\n")
	r.get(netCompute + "/global/networks/vpc")
	r.get(netCompute + "/global/networks/vpc")
	r.refused(no{403, "compute.routers.list"}, "GET", netCompute+"/regions/europe-west3/routers", nil)
	want := []world.Grant{
		{Vendor: "gcp", Project: "net", Permission: "compute.networks.get", Asked: 2},
		{Vendor: "gcp", Project: "net", Permission: "compute.routers.list", Asked: 1, Refused: 1},
	}
	if got := r.s.World.Grants(); !slices.Equal(got, want) {
		t.Errorf("grants %+v", got)
	}
	r = scenarioRig(t, guarded+`  functions: [{project: app, region: europe-west3, name: f}]
  access: [{identity: "*", without: [run.operations.get]}]
`)
	op := r.ok("PATCH", appRun+"/functions/f?updateMask=serviceConfig.ingressSettings",
		obj{"serviceConfig": obj{"ingressSettings": "ALLOW_ALL"}})
	r.get("/v2/" + at(op, "name").(string))
}

// The bearer token is who calls. Each project has its own grants.
func TestPermissionsByIdentity(t *testing.T) {
	r := scenarioRig(t, guarded+`  access:
    - {identity: reader@x.example, project: net, only: ["compute.networks.*", compute.subnetworks.list]}
    - {identity: reader@x.example, project: app, without: [run.services.get]}
`)
	as := func(who string) (*computev1.Service, *run.ServicesClient) {
		opts := []option.ClientOption{option.WithHTTPClient(&http.Client{Transport: bearer(who)})}
		c := must[*computev1.Service](t)(computev1.NewService(t.Context(), append(opts,
			option.WithEndpoint(r.s.URL()+"/compute/v1/"))...))
		return c, must[*run.ServicesClient](t)(run.NewServicesRESTClient(t.Context(), append(opts,
			option.WithEndpoint(r.s.URL()))...))
	}
	service := &runpb.GetServiceRequest{Name: "projects/app/locations/europe-west3/services/plain"}
	reader, services := as("reader@x.example")
	if _, err := reader.Networks.Get("net", "vpc").Do(); err != nil {
		t.Error(err)
	}
	if _, err := reader.Routers.List("net", "europe-west3").Do(); !forbidden(err, "compute.routers.list") {
		t.Errorf("routers: %v", err)
	}
	_, err := services.GetService(t.Context(), service)
	var api *apierror.APIError
	if !errors.As(err, &api) || api.Reason() != "IAM_PERMISSION_DENIED" ||
		api.Metadata()["permission"] != "run.services.get" || api.HTTPCode() != 403 {
		t.Errorf("service: %v", err)
	}
	admin, services := as("admin@x.example")
	if _, err := admin.Routers.List("net", "europe-west3").Do(); err != nil {
		t.Error(err)
	}
	if _, err := services.GetService(t.Context(), service); err != nil {
		t.Error(err)
	}
}

// bearer sends a token with every call.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func forbidden(err error, permission string) bool {
	var e *googleapi.Error
	return errors.As(err, &e) && e.Code == http.StatusForbidden && strings.Contains(e.Message, permission)
}

// An API that is off says so, and not that a permission is missing.
func TestAPIsThatAreOff(t *testing.T) {
	r := scenarioRig(t, guarded+`  access: [{identity: "*", project: net, without: [dns.managedZones.list]}]
  disabledApis: [{project: net, apis: [dns.googleapis.com]}, {project: app, apis: [run.googleapis.com]}]
`)
	r.refused(no{403, "Cloud DNS API has not been used in project 11 before or it is disabled."}, "GET",
		"/dns/v1/projects/net/managedZones", nil)
	r.get("/dns/v1/projects/app/managedZones")
	r.get(appRun + "/functions")
	client := must[*run.ServicesClient](t)(run.NewServicesRESTClient(t.Context(), option.WithEndpoint(r.s.URL()),
		option.WithoutAuthentication()))
	_, err := client.GetService(t.Context(),
		&runpb.GetServiceRequest{Name: "projects/app/locations/europe-west3/services/plain"})
	var api *apierror.APIError
	if !errors.As(err, &api) || api.Reason() != "SERVICE_DISABLED" ||
		api.Metadata()["service"] != "run.googleapis.com" {
		t.Errorf("service: %v", err)
	}
	for name, state := range map[string]string{"dns": "DISABLED", "compute": "ENABLED"} {
		if got := r.get("/v1/projects/net/services/" + name + ".googleapis.com"); got["state"] != state ||
			got["name"] != "projects/11/services/"+name+".googleapis.com" {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// projects.testIamPermissions answers which of the asked permissions the caller has.
func TestTestIamPermissions(t *testing.T) {
	r := scenarioRig(t, guarded+"  access: [{identity: \"*\", project: net, without: [compute.routers.update]}]\n")
	client := must[*cloudresourcemanager.Service](t)(cloudresourcemanager.NewService(t.Context(),
		option.WithEndpoint(r.s.URL()), option.WithoutAuthentication()))
	ask := &cloudresourcemanager.TestIamPermissionsRequest{Permissions: []string{"compute.routers.get",
		"compute.routers.update"}}
	for project, want := range map[string]int{"net": 1, "app": 2, "22": 2} {
		got, err := client.Projects.TestIamPermissions(project, ask).Do()
		if err != nil || len(got.Permissions) != want {
			t.Errorf("%s: %v, %v", project, got, err)
		}
	}
	if _, err := client.Projects.TestIamPermissions("none", ask).Do(); !forbidden(err, "permission") {
		t.Errorf("a project that is not there: %v", err)
	}
}

// Organization policies refuse in the vendor's words, and only what they are about.
func TestOrganizationPolicies(t *testing.T) {
	policy := func(p string) string { return guarded + "  orgPolicies: [{" + p + "}]\n" }
	address := obj{"name": "a", "addressType": "INTERNAL", "purpose": "PRIVATE_SERVICE_CONNECT",
		"address": "10.200.0.1",
		"network": "projects/net/global/networks/vpc"}
	endpoint := obj{"name": "e", "target": "all-apis", "loadBalancingScheme": "", "IPAddress": "10.200.0.1",
		"network": "projects/net/global/networks/vpc"}
	for _, name := range []string{"denied: [GOOGLE_APIS]", "denyAll: true"} {
		r := scenarioRig(t, policy("project: net, "+
			"constraint: compute.disablePrivateServiceConnectCreationForConsumers, "+name))
		r.changed("POST", netCompute+"/global/addresses", address)
		r.refused(no{
			412, "Constraint constraints/compute.disablePrivateServiceConnectCreationForConsumers violated for",
		},
			"POST", netCompute+"/global/forwardingRules", endpoint)
	}
	// the directory's default region is us-central1 (GoogleCloudPlatform/pubsec-declarative-toolkit#620)
	r := scenarioRig(t, policy("project: net, constraint: gcp.resourceLocations, allowed: [\"in:eu-locations\"]"))
	r.changed("POST", netCompute+"/global/addresses", address)
	r.refused(no{
		412, "Location REGION:us-central1 violates constraint constraints/gcp.resourceLocations on the resource",
	},
		"POST", netCompute+"/global/forwardingRules", endpoint)
	endpoint["serviceDirectoryRegistrations"] = []any{obj{"serviceDirectoryRegion": "europe-west3"}}
	r.changed("POST", netCompute+"/global/forwardingRules", endpoint)
	r = scenarioRig(t, policy("project: net, constraint: gcp.resourceLocations, denied: [europe-west3]"))
	r.refused(no{412, "REGION:europe-west3"}, "POST", netCompute+"/regions/europe-west3/addresses", obj{"name": "b",
		"addressType": "INTERNAL", "subnetwork": "projects/net/regions/europe-west3/subnetworks/s"})
	r.refused(no{400, "constraints/gcp.resourceLocations"}, "POST",
		"/v1/projects/net/locations/europe-west3/connectors?connectorId=d", obj{"network": "vpc",
			"ipCidrRange": "10.8.1.0/28", "minInstances": 2, "maxInstances": 3})
	got := r.get("/v2/projects/net/policies/gcp.resourceLocations:getEffectivePolicy")
	if fmt.Sprint(at(got, "spec", "rules", 0, "values", "deniedValues")) != "[europe-west3]" {
		t.Errorf("the effective policy: %v", got)
	}
	if got := r.get("/v2/projects/app/policies/gcp.resourceLocations:getEffectivePolicy"); at(got, "spec", "rules", 0,
		"allowAll") != true {
		t.Errorf("no policy: %v", got)
	}
}

func TestOrganizationPoliciesOfServices(t *testing.T) {
	plain := appRun + "/services/plain"
	policy := func(p string) *rig { return scenarioRig(t, guarded+"  orgPolicies: [{project: app, "+p+"}]\n") }
	r := policy("constraint: run.allowedIngress, allowed: [\"is:internal\"]")
	r.refused(no{400, "constraints/run.allowedIngress"}, "PATCH", plain+"?updateMask=ingress",
		obj{"ingress": "INGRESS_TRAFFIC_ALL"})
	r.changed("PATCH", plain+accMask, obj{"template": obj{}})
	r = policy("constraint: run.allowedVPCEgress, allowed: [all-traffic]")
	r.refused(no{400, "constraints/run.allowedVPCEgress"}, "PATCH", plain+accMask, obj{"template": obj{}})
	narrow := access("projects/net/locations/europe-west3/connectors/c")
	narrow["template"].(obj)["vpcAccess"].(obj)["egress"] = "PRIVATE_RANGES_ONLY"
	r.refused(no{400, "constraints/run.allowedVPCEgress"}, "PATCH", plain+accMask, narrow)
	r.changed("PATCH", plain+"?updateMask=ingress", obj{"ingress": "INGRESS_TRAFFIC_ALL"}) // no new revision
	const outside = "One or more users named in the policy do not belong to a permitted customer,  perhaps due to an " +
		"organization policy."
	r = policy("constraint: iam.allowedPolicyMemberDomains, allowed: [app.example]")
	grant := func(member string) obj {
		return obj{"policy": obj{"bindings": []any{obj{"role": "roles/run.invoker", "members": []any{member}}}}}
	}
	for _, member := range []string{"allUsers", "user:a@else.example",
		"serviceAccount:x@else.iam.gserviceaccount.com"} {
		r.refused(no{400, outside}, "POST", plain+":setIamPolicy", grant(member))
	}
	for _, member := range []string{"user:a@app.example", "serviceAccount:x@net.iam.gserviceaccount.com"} {
		r.ok("POST", plain+":setIamPolicy", grant(member))
	}
}

// An account of a domain that the world knows must exist; one that a policy had before stays.
func TestUnknownAccountsAreRefused(t *testing.T) {
	r := scenarioRig(t, guarded+"  accounts: [me@app.iam.gserviceaccount.com, a@app.example]\n")
	grant := func(members ...any) obj {
		return obj{"policy": obj{"bindings": []any{obj{"role": "roles/run.invoker", "members": members}}}}
	}
	path := appRun + "/services/old:setIamPolicy"
	for member, said := range map[string]string{
		"serviceAccount:you@app.iam.gserviceaccount.com": "Service account you@app.iam.gserviceaccount.com does not " +
			"exist.",
		"user:b@app.example":  "User b@app.example does not exist.",
		"group:g@app.example": "Group g@app.example does not exist.",
	} {
		r.refused(no{400, said}, "POST", path, grant(member))
	}
	r.ok("POST", path, grant("user:left@app.example", "serviceAccount:Me@app.iam.gserviceaccount.com",
		"user:x@elsewhere.example", "allUsers"))
	got := fmt.Sprint(r.get(appRun + "/services/old:getIamPolicy"))
	if !strings.Contains(got, "serviceAccount:me@app.iam.gserviceaccount.com") {
		t.Errorf("the member is not folded: %s", got)
	}
}
