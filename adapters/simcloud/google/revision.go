package google

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

const (
	revisionKind = "revisions"
	revisionType = "type.googleapis.com/google.cloud.run.v2.Revision"
)

// ofServer are the fields of a revision that are not its template's.
var ofServer = []string{"name", "uid", "generation", "observedGeneration", "createTime", "updateTime", "service",
	"launchStage", "conditions", "etag", "reconciling"}

func revisionMethods() []method {
	const at = "projects/{project}/locations/{region}/services/{service}/revisions"
	return []method{
		{pattern: "GET " + at, call: "revisions.list", run: listRevisions},
		{pattern: "GET " + at + "/{name}", call: "revisions.get", run: getRevision},
		{pattern: "DELETE " + at + "/{name}", call: "revisions.delete", operation: true, run: deleteRevision},
	}
}

// revisionsAt begins the names of a service's revisions; the service "-" is every service of the region.
func (r *request) revisionsAt() string {
	at := "projects/" + r.project + "/locations/" + r.region + "/services/"
	if service := r.http.PathValue("service"); service != "-" {
		return at + service + "/revisions/"
	}
	return at
}

func listRevisions(r *request) (world.Doc, *refusal) {
	entries := slices.Collect(r.all(revisionKind, r.revisionsAt()))
	return r.rpcList(listing{field: "revisions", sizeParameter: "pageSize", size: 100, most: mostOfRun}, entries), nil
}

func getRevision(r *request) (world.Doc, *refusal) {
	doc, ok := r.get(revisionKind, r.revisionsAt()+r.name)
	if !ok {
		return nil, rpcNotFound("Resource '%s' of kind 'REVISION' in region '%s' in project '%s' does not exist.",
			r.name, r.region, r.project)
	}
	return doc, nil
}

// deleteRevision: one that serves cannot go. guess: the wording.
func deleteRevision(r *request) (world.Doc, *refusal) {
	doc, bad := getRevision(r)
	if bad != nil {
		return nil, bad
	}
	name := str(doc, "name")
	service, _ := r.get(serviceKind, segmentPath(name, "revisions"))
	if slices.Contains(serving(service), name) || str(service, "latestCreatedRevision") == name {
		return nil, &refusal{status: 400, reason: "", rpc: "FAILED_PRECONDITION",
			message: fmt.Sprintf("Revision '%s' cannot be deleted: it is serving traffic or the latest.", r.name)}
	}
	failed := r.inside()
	if failed == nil {
		r.tx.Note(r.effect(revisionKind, name, nil), "delete")
		r.laterDelete(serviceUpdate, revisionKind, name)
	}
	metadata, response := without(doc), without(doc)
	metadata["@type"], response["@type"] = revisionType, revisionType
	return r.start(lro{took: serviceUpdate, metadata: metadata, response: response, failed: failed}), nil
}

// segmentPath is a name up to the segment: segmentPath("a/b/revisions/c", "revisions") is "a/b".
func segmentPath(name, before string) string {
	path, _, _ := strings.Cut(name, "/"+before+"/")
	return path
}

// nextRevision is the revision that a service's template makes: the one that the template names, else a new one. The
// template of the latest revision makes none. A name that another template has is taken
// (hashicorp/terraform-provider-google#13410, #14569).
func (r *request) nextRevision(doc world.Doc) (string, bool, *refusal) {
	service := str(doc, "name")
	old, _ := r.get(serviceKind, service)
	content := world.Text(without(obj(doc, "template"), "revision"))
	wanted := str(doc, "template", "revision")
	latest := str(old, "latestCreatedRevision")
	if wanted != "" {
		full := service + "/revisions/" + wanted
		there, ok := r.get(revisionKind, full)
		if ok && world.Text(without(there, ofServer...)) != content {
			return "", false, &refusal{status: 409, reason: "", rpc: "ALREADY_EXISTS",
				message: fmt.Sprintf("Revision named '%s' with different configuration already exists.", wanted)}
		}
		return full, !ok, nil
	}
	failed, _ := r.get("serviceFailures", service)
	if latest != "" && str(old, "template", "revision") == "" && str(failed, "generation") != str(old, "generation") &&
		content == world.Text(obj(old, "template")) {
		return latest, false, nil
	}
	generation, _ := num(doc, "generation")
	return fmt.Sprintf("%s/revisions/%s-%05d-%s", service, base(service), generation+1,
		strconv.FormatUint(r.tx.ID()%46655, 36)), true, nil
}

// putRevision stores a copy of a service's template as a revision that has become ready, or failed.
func (r *request) putRevision(name string, template map[string]any, failed *failure) {
	doc := without(template, "revision")
	condition := map[string]any{"type": "Ready", "state": "CONDITION_SUCCEEDED", "lastTransitionTime": r.now()}
	if failed != nil {
		condition["state"], condition["message"] = "CONDITION_FAILED", failed.message
	}
	defaults(doc, map[string]any{
		"name": name, "uid": strconv.FormatUint(r.tx.ID(), 16), "generation": "1", "observedGeneration": "1",
		"createTime": r.now(), "updateTime": r.now(), "service": base(segmentPath(name, "revisions")),
		"launchStage": "GA", "conditions": []any{condition},
	})
	doc["etag"] = fingerprint(doc)
	r.tx.QuietPut(vendor, revisionKind, name, doc)
}

// serving names the revisions of a service that somebody can reach: by traffic, or by the address of a tag.
func serving(service world.Doc) []string {
	traffic := objs(service, "traffic")
	if len(traffic) == 0 {
		return []string{str(service, "latestReadyRevision")}
	}
	var out []string
	for _, t := range traffic {
		percent, _ := num(t, "percent")
		switch revision := str(t, "revision"); {
		case percent == 0 && str(t, "tag") == "":
		case revision != "":
			out = append(out, str(service, "name")+"/revisions/"+revision)
		default:
			out = append(out, str(service, "latestReadyRevision"))
		}
	}
	return out
}

// checkTraffic: the shares sum up to 100, and every revision is there. guess: the wording.
func (r *request) checkTraffic(doc world.Doc) *refusal {
	traffic, sum := objs(doc, "traffic"), int64(0)
	for _, t := range traffic {
		percent, _ := num(t, "percent")
		sum += percent
		revision := str(t, "revision")
		if revision != "" && revision != str(doc, "template", "revision") &&
			!r.tx.Has(vendor, revisionKind, str(doc, "name")+"/revisions/"+revision) {
			return rpcInvalid("traffic: Revision '%s' not found.", revision)
		}
	}
	if len(traffic) > 0 && sum != 100 {
		return rpcInvalid("traffic: the percent values sum to %d, must be 100.", sum)
	}
	return nil
}

// trafficStatuses is the traffic as it is served. A tag has an address of its own.
func trafficStatuses(service world.Doc) []any {
	out := []any{}
	for _, t := range objs(service, "traffic") {
		status := without(t)
		if tag := str(t, "tag"); tag != "" {
			status["uri"] = strings.Replace(str(service, "uri"), "https://", "https://"+tag+"---", 1)
		}
		out = append(out, map[string]any(status))
	}
	if len(out) == 0 {
		out = append(out, map[string]any{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100})
	}
	return out
}
