package google

import (
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// bundleZone is the name under which endpoints for Google APIs are registered. A network has the zone once, whoever
// made it.
const bundleZone = "p.googleapis.com."

// registerInDirectory completes a new endpoint for Google APIs with its Service Directory registration: the first
// endpoint of a network fixes namespace and region for all later ones (Terraform provider, issues 10873 and 12602).
// guess: the refusal's wording.
func (r *request) registerInDirectory(rule world.Doc, network string, netDoc world.Doc) *refusal {
	directory := map[string]any{"namespace": fmt.Sprintf("goog-psc-%s-%s", base(network), str(netDoc, "id")),
		"serviceDirectoryRegion": "us-central1"}
	fixed := false
	for e := range r.all("forwardingRules", "") {
		if standing := objs(e.Doc, "serviceDirectoryRegistrations"); len(standing) > 0 && isBundleRule(e.Doc, network) {
			directory, fixed = standing[0], true
		}
	}
	if given := objs(rule, "serviceDirectoryRegistrations"); len(given) > 0 {
		next := mergePatch(directory, given[0])
		if fixed && world.Text(next) != world.Text(directory) {
			return invalid("resource.serviceDirectoryRegistrations", world.Text(given[0]),
				"The endpoints of network '%s' are registered in namespace '%s' of region '%s'.", base(network),
				str(directory, "namespace"),
				str(directory, "serviceDirectoryRegion"))
		}
		directory = next
	}
	rule["serviceDirectoryRegistrations"] = []any{directory}
	return r.checkLocation(str(directory, "serviceDirectoryRegion"), r.subject)
}

func isBundleRule(rule world.Doc, network string) bool {
	return slices.Contains(bundles, str(rule, "target")) && relative(str(rule, "network"), "") == network
}

// directoryZones are the private zones p.googleapis.com that the vendor keeps by itself for each network of the project
// that has an endpoint for Google APIs (documentation: Access Google APIs through endpoints). They come and go with the
// endpoints, so they are computed when read and are no resources of anybody. guess: their names.
func (r *request) directoryZones() []world.Entry {
	var out []world.Entry
	seen := map[string]bool{}
	for e := range r.all("forwardingRules", "projects/"+r.project+"/global/") {
		network := relative(str(e.Doc, "network"), r.project)
		directory := objs(e.Doc, "serviceDirectoryRegistrations")
		if !isBundleRule(e.Doc, network) || flag(e.Doc, "noAutomateDnsZone") || len(directory) == 0 || seen[network] {
			continue
		}
		seen[network] = true
		name := str(directory[0], "namespace")
		doc := world.Doc{
			"kind": "dns#managedZone", "id": str(e.Doc, "pscConnectionId"), "name": name, "dnsName": bundleZone,
			"visibility":  "private",
			"description": "", "creationTime": str(e.Doc, "creationTimestamp"),
			"privateVisibilityConfig": map[string]any{"networks": []any{map[string]any{"networkUrl": link(network)}}},
			"serviceDirectoryConfig": map[string]any{"namespace": map[string]any{"namespaceUrl": fmt.Sprintf(
				"https://servicedirectory.googleapis.com/v1/projects/%s/locations/%s/namespaces/%s", r.project,
				str(directory[0], "serviceDirectoryRegion"), name)}},
		}
		out = append(out, world.Entry{Name: r.zoneName(name), Doc: doc})
	}
	return out
}
