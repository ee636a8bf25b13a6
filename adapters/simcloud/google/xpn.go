package google

import (
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// hostField is where a stored project has the Shared VPC host that it is attached to.
const hostField = "hostProject"

func sharedMethods() []method {
	return []method{
		{pattern: "GET projects/{project}/getXpnResources", call: "projects.getXpnResources", run: getXpnResources},
		{pattern: "GET projects/{project}/getXpnHost", call: "projects.getXpnHost", run: getXpnHost},
	}
}

// getXpnResources lists the projects that are attached to a Shared VPC host by their ids (discovery document:
// ProjectsGetXpnResources, XpnResourceId). guess: a project that is no host has none, and is not refused.
func getXpnResources(r *request) (world.Doc, *refusal) {
	attached := slices.DeleteFunc(slices.Collect(r.all("projects", "")), func(e world.Entry) bool {
		return str(e.Doc, hostField) != r.project
	})
	keep, bad := parseFilter(r.query.Get("filter"))
	if bad != nil {
		return nil, bad
	}
	var shown []world.Entry
	for _, e := range attached {
		if doc := (world.Doc{"id": e.Name, "type": "PROJECT"}); keep(doc) {
			shown = append(shown, world.Entry{Name: e.Name, Doc: doc})
		}
	}
	some, next := r.cut(shown, "maxResults", 500)
	out := world.Doc{"kind": "compute#projectsGetXpnResources"}
	if resources := documents(some); len(resources) > 0 {
		out["resources"] = resources
	}
	if next != "" {
		out["nextPageToken"] = next
	}
	return out, nil
}

// getXpnHost answers the host project that a project is attached to; "may be empty if no link exists" (discovery
// document).
func getXpnHost(r *request) (world.Doc, *refusal) {
	own, _ := r.get("projects", r.project)
	id := str(own, hostField)
	if id == "" {
		return world.Doc{}, nil
	}
	host, _ := r.get("projects", id)
	return world.Doc{"kind": "compute#project", "id": str(host, "number"), "name": id,
		"selfLink": link("projects/" + id), "xpnProjectStatus": str(host, "xpnProjectStatus"),
		"creationTimestamp": str(host, "creationTimestamp"), "defaultNetworkTier": "PREMIUM"}, nil
}

// checkHosts refuses a scenario whose projects are attached to what is no host: a host is not attached itself, and a
// project has one host (documentation: Shared VPC).
func (s Scenario) checkHosts() error {
	hosts := map[string]bool{}
	for _, p := range s.Projects {
		hosts[p.ID] = p.Host
	}
	for _, p := range s.Projects {
		if p.AttachedTo != "" && (!hosts[p.AttachedTo] || p.Host) {
			return fmt.Errorf("load project %s: attached to %s: want a host project, and none that is a host itself",
				p.ID, p.AttachedTo)
		}
	}
	return nil
}
