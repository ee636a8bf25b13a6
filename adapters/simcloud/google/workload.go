package google

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Workloads that are no services and send into networks all the same: Cloud Run's jobs, worker pools and instances, and
// versions of App Engine. They are listed and deleted; nobody deploys them in this world.
const (
	jobKind      = "jobs"
	poolKind     = "workerPools"
	instanceKind = "runInstances"
	appKind      = "appVersions"

	workloadDelete = 10 * time.Second // guess
)

// workload is one of Cloud Run's kinds; template is where its document has the access to a network.
type workload struct {
	kind, collection, typ string
	template              []string
}

var runWorkloads = []workload{
	{jobKind, "jobs", "Job", []string{"template", "template"}},
	{poolKind, "workerPools", "WorkerPool", []string{"template"}},
	{instanceKind, "instances", "Instance", nil},
}

func workloadMethods() []method {
	var out []method
	for _, w := range runWorkloads {
		at := "projects/{project}/locations/{region}/" + w.collection
		out = append(out,
			method{pattern: "GET " + at, call: w.collection + ".list", run: listWorkloads(w.kind, w.collection)},
			method{pattern: "GET " + at + "/{name}", call: w.collection + ".get",
				run: getWorkload(w.kind, w.collection)},
			method{pattern: "DELETE " + at + "/{name}", call: w.collection + ".delete", operation: true,
				run: deleteWorkload(w.kind, w.collection, w.typ)},
		)
	}
	return out
}

func listWorkloads(kind, collection string) handler {
	return func(r *request) (world.Doc, *refusal) {
		at := "projects/" + r.project + "/locations/" + r.region + "/" + collection + "/"
		entries := slices.Collect(r.all(kind, at))
		of := listing{field: collection, sizeParameter: "pageSize", size: 100, most: mostOfRun}
		return r.rpcList(of, entries), nil
	}
}

func getWorkload(kind, collection string) handler {
	return func(r *request) (world.Doc, *refusal) {
		doc, ok := r.get(kind, "projects/"+r.project+"/locations/"+r.region+"/"+collection+"/"+r.name)
		if !ok {
			return nil, rpcNotFound("Resource '%s' of kind '%s' in region '%s' in project '%s' does not exist.", r.name,
				strings.ToUpper(strings.TrimSuffix(collection, "s")), r.region, r.project)
		}
		return doc, nil
	}
}

func deleteWorkload(kind, collection, typ string) handler {
	get := getWorkload(kind, collection)
	return func(r *request) (world.Doc, *refusal) {
		doc, bad := get(r)
		if bad != nil {
			return nil, bad
		}
		failed := r.inside()
		if failed == nil {
			r.tx.Note(r.effect(kind, str(doc, "name"), nil), "delete")
			r.laterDelete(workloadDelete, kind, str(doc, "name"))
		}
		response := without(doc)
		response["@type"] = "type.googleapis.com/google.cloud.run.v2." + typ
		return r.start(lro{took: workloadDelete, metadata: map[string]any(response), response: response,
			failed: failed}), nil
	}
}

// accessOf is how a workload sends into a network.
func accessOf(kind string, doc world.Doc) map[string]any {
	if kind == appKind {
		return map[string]any{"connector": str(doc, "vpcAccessConnector", "name")}
	}
	var path []string // a revision, an instance: in the document itself
	for _, w := range runWorkloads {
		if w.kind == kind {
			path = w.template
		}
	}
	return obj(doc, append(slices.Clone(path), "vpcAccess")...)
}

func appMethods() []method {
	const at = "apps/{project}/services"
	out := []method{
		{pattern: "GET " + at, call: "apps.services.list", run: listApps},
		{pattern: "GET " + at + "/{service}/versions", call: "apps.services.versions.list", run: listVersions},
		{pattern: "GET " + at + "/{service}/versions/{name}", call: "apps.services.versions.get", run: getVersion},
		{pattern: "DELETE " + at + "/{service}/versions/{name}", call: "apps.services.versions.delete", operation: true,
			run: deleteVersion},
	}
	for i := range out {
		out[i].style = rpcStyle
	}
	return out
}

func listApps(r *request) (world.Doc, *refusal) {
	var services []any
	for e := range r.all(appKind, "apps/"+r.project+"/services/") {
		name := segmentPath(e.Name, "versions")
		if n := len(services); n == 0 || str(services[n-1].(map[string]any), "name") != name {
			services = append(services, map[string]any{"name": name, "id": base(name)})
		}
	}
	out := world.Doc{}
	if len(services) > 0 {
		out["services"] = services
	}
	return out, nil
}

// listVersions: only the view FULL shows details of the deployment (discovery document); that the connector is one of
// them is a guess.
func listVersions(r *request) (world.Doc, *refusal) {
	entries := slices.Collect(r.all(appKind, "apps/"+r.project+"/services/"+r.http.PathValue("service")+"/versions/"))
	view := func(_ string, doc world.Doc) { r.basic(doc) }
	return r.rpcList(listing{field: "versions", sizeParameter: "pageSize", size: 100, view: view}, entries), nil
}

func (r *request) basic(doc world.Doc) {
	if r.query.Get("view") != "FULL" {
		delete(doc, "vpcAccessConnector")
	}
}

func (r *request) version() (world.Doc, *refusal) {
	name := "apps/" + r.project + "/services/" + r.http.PathValue("service") + "/versions/" + r.name
	doc, ok := r.get(appKind, name)
	if !ok {
		return nil, rpcNotFound("Version not found.")
	}
	return doc, nil
}

func getVersion(r *request) (world.Doc, *refusal) {
	doc, bad := r.version()
	if bad != nil {
		return nil, bad
	}
	r.basic(doc)
	return doc, nil
}

func deleteVersion(r *request) (world.Doc, *refusal) {
	doc, bad := r.version()
	if bad != nil {
		return nil, bad
	}
	r.tx.Note(r.effect(appKind, str(doc, "name"), nil), "delete")
	r.laterDelete(workloadDelete, appKind, str(doc, "name"))
	return world.Doc{"name": fmt.Sprintf("apps/%s/operations/%x", r.project, r.tx.ID()), "done": false}, nil
}

// users names everything that sends into a network and is chosen: services by their template and by every revision
// that serves, and the workloads above.
func (r *request) users(chosen func(access map[string]any, of string) bool) []string {
	var out []string
	served := map[string]bool{}
	for e := range r.all(serviceKind, "") {
		if chosen(obj(e.Doc, "template", "vpcAccess"), e.Name) {
			out = append(out, e.Name)
		}
		for _, revision := range serving(e.Doc) {
			served[revision] = true
		}
	}
	for _, kind := range []string{revisionKind, jobKind, poolKind, instanceKind, appKind} {
		for e := range r.all(kind, "") {
			if (kind != revisionKind || served[e.Name] && !slices.Contains(out, segmentPath(e.Name, "revisions"))) &&
				chosen(accessOf(kind, e.Doc), e.Name) {
				out = append(out, e.Name)
			}
		}
	}
	return out
}

// projectOf is the project of a user's name.
func projectOf(user string) string {
	if app, ok := strings.CutPrefix(user, "apps/"); ok {
		return app[:strings.Index(app, "/")]
	}
	return segment(user, "projects")
}

// fullConnector is a reference to a connector as the name that the world stores it by: with the project's id, in the
// project and region of who refers to it where those are left out.
func (r *request) fullConnector(ref, of string) string {
	if ref == "" {
		return ""
	}
	if !strings.Contains(ref, "/") {
		return "projects/" + projectOf(of) + "/locations/" + segment(of, "locations") + "/connectors/" + ref
	}
	return r.byID(ref)
}

// fullSubnetwork is a reference to a subnetwork as the name that the world stores it by.
func (r *request) fullSubnetwork(ref, of string) string {
	project := projectOf(of)
	if ref != "" && !strings.Contains(ref, "/") {
		return "projects/" + project + "/regions/" + segment(of, "locations") + "/subnetworks/" + ref
	}
	return r.byID(relative(ref, project))
}
