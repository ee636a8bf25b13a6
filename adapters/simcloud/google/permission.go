package google

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/api/cloudresourcemanager/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Access says what an identity may do in a project. Without is what is missing; with Only there is nothing else. An
// entry may end with ".*". Identity "*" is everybody, no project is every project. A scenario without entries lets
// everybody do everything.
type Access struct {
	Identity string   `yaml:"identity"`
	Project  string   `yaml:"project"`
	Only     []string `yaml:"only"`
	Without  []string `yaml:"without"`
}

// Disabled are APIs that are off in a project.
type Disabled struct {
	Project string   `yaml:"project"`
	APIs    []string `yaml:"apis"` // dns.googleapis.com
}

// apiTitles are the names by which the refusal of an API that is off calls it.
var apiTitles = map[string]string{
	"compute": "Compute Engine API", "dns": "Cloud DNS API", "vpcaccess": "Serverless VPC Access API",
	"run": "Cloud Run Admin API", "cloudfunctions": "Cloud Functions API", "appengine": "App Engine Admin API",
	"monitoring": "Cloud Monitoring API", "networkconnectivity": "Network Connectivity API",
	"cloudresourcemanager": "Cloud Resource Manager API", "serviceusage": "Service Usage API",
	"orgpolicy": "Organization Policy API",
}

// apiOf is the API that a call belongs to, by the prefix of its path.
func apiOf(prefix, call string) string {
	collection, _, _ := strings.Cut(call, ".")
	switch prefix {
	case "/compute/v1/":
		return "compute"
	case "/dns/v1/", "/dns/v1beta2/":
		return "dns"
	}
	for api, collections := range map[string][]string{
		"networkconnectivity": {"policyBasedRoutes"}, "appengine": {"apps"}, "cloudfunctions": {"functions"},
		"monitoring": {"timeSeries"}, "cloudresourcemanager": {"projects"}, "serviceusage": {"serviceusage"},
		"orgpolicy": {"orgpolicy"},
	} {
		if slices.Contains(collections, collection) {
			return api
		}
	}
	if prefix == "/v2/" {
		return "run"
	}
	return "vpcaccess"
}

// identity is who calls: the bearer token, which is taken for the account's address. A call without one is nobody's.
func (r *request) identity() string {
	token, _ := strings.CutPrefix(r.http.Header.Get("Authorization"), "Bearer ")
	return token
}

func (d *api) permits(identity, project, permission string) bool {
	limited, named := false, false
	holds := func(list []string) bool {
		return slices.ContainsFunc(list, func(p string) bool {
			prefix, wild := strings.CutSuffix(p, "*")
			return p == permission || wild && strings.HasPrefix(permission, prefix)
		})
	}
	for _, a := range d.access {
		if a.Identity != "*" && a.Identity != identity || a.Project != "" && a.Project != project {
			continue
		}
		if holds(a.Without) {
			return false
		}
		limited, named = limited || len(a.Only) > 0, named || holds(a.Only)
	}
	return named || !limited
}

// permitted refuses a call to an API that is off, and one of an identity that lacks a permission.
func (r *request) permitted(m method) *refusal {
	if r.project == "" {
		return nil
	}
	service := m.api + ".googleapis.com"
	for _, off := range r.disabled {
		if off.Project == r.project && slices.Contains(off.APIs, service) {
			return r.serviceDisabled(m.api, service)
		}
	}
	for _, p := range r.permissions(m) {
		granted := r.permits(r.identity(), r.project, p)
		r.tx.Needed(vendor, r.project, p, granted)
		if !granted {
			return r.denied(m, p)
		}
	}
	return nil
}

func (r *request) serviceDisabled(api, service string) *refusal {
	project, _ := r.get("projects", r.project)
	number := str(project, "number")
	link := fmt.Sprintf("https://console.developers.google.com/apis/api/%s/overview?project=%s", service, number)
	return &refusal{status: 403, reason: "accessNotConfigured", rpc: "PERMISSION_DENIED",
		message: fmt.Sprintf("%s has not been used in project %s before or it is disabled. Enable it by visiting %s "+
			"then "+
			"retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems "+
			"and retry.", apiTitles[api], number, link),
		details: []any{map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED",
			"domain": "googleapis.com", "metadata": map[string]any{"service": service,
				"consumer": "projects/" + number, "serviceTitle": apiTitles[api], "activationUrl": link}}}}
}

// denied is the refusal of one permission. guess: that Cloud DNS names it, too.
func (r *request) denied(m method, permission string) *refusal {
	f := &refusal{status: 403, reason: "forbidden", rpc: "PERMISSION_DENIED"}
	switch {
	case permission == actAs:
		f.message = fmt.Sprintf("Permission 'iam.serviceaccounts.actAs' denied on service account %s (or it may not "+
			"exist).", r.runtimeAccount())
	case m.style == computeStyle:
		f.message = fmt.Sprintf("Required '%s' permission for '%s'", permission, r.subject)
	case m.api == "run":
		f.message = fmt.Sprintf("Permission '%s' denied on resource '%s' (or resource may not exist).", permission,
			r.subject)
	default:
		f.message = fmt.Sprintf("Permission '%s' denied on resource '//%s.googleapis.com/%s' (or it may not exist).",
			permission, m.api, r.subject)
	}
	if m.style == rpcStyle {
		f.details = []any{map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
			"reason": "IAM_PERMISSION_DENIED", "domain": m.api + ".googleapis.com",
			"metadata": map[string]any{"permission": permission, "resource": r.subject}}}
	}
	return f
}

// runtimeAccount is the account that a service's revisions run as.
func (r *request) runtimeAccount() string {
	doc, _ := r.get(serviceKind, r.serviceName())
	return str(doc, "template", "serviceAccount")
}

func preflightMethods() []method {
	body := structSchema[cloudresourcemanager.TestIamPermissionsRequest]()
	return []method{
		{pattern: "POST projects/{name}", verb: "testIamPermissions", call: "projects.testIamPermissions", body: body,
			style: rpcStyle, run: testPermissions},
		{pattern: "GET projects/{project}/services/{name}", call: "serviceusage.services.get", style: rpcStyle,
			run: getAPI},
	}
}

// testPermissions answers which of the permissions the caller has.
func testPermissions(r *request) (world.Doc, *refusal) {
	project := r.projectID(r.name)
	if !r.tx.Has(vendor, "projects", project) {
		return nil, &refusal{
			status: 403, reason: "", rpc: "PERMISSION_DENIED", message: "The caller does not have permission",
		}
	}
	var has []any
	for _, p := range strs(r.body, "permissions") {
		if r.permits(r.identity(), project, p) {
			has = append(has, p)
		}
	}
	out := world.Doc{}
	if len(has) > 0 {
		out["permissions"] = has
	}
	return out, nil
}

// getAPI tells whether an API is on.
func getAPI(r *request) (world.Doc, *refusal) {
	project, _ := r.get("projects", r.project)
	state := "ENABLED"
	for _, off := range r.disabled {
		if off.Project == r.project && slices.Contains(off.APIs, r.name) {
			state = "DISABLED"
		}
	}
	parent := "projects/" + str(project, "number")
	return world.Doc{"name": parent + "/services/" + r.name, "parent": parent, "state": state,
		"config": map[string]any{"name": r.name}}, nil
}
