package google

import (
	"google.golang.org/api/compute/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

func computeMethods() []method {
	var out []method
	for _, c := range []collection{
		networks(), subnetworks(), addresses(true), addresses(false), forwardingRules(true), forwardingRules(false),
		serviceAttachments(), healthChecks(), backendServices(), firewalls(),
	} {
		out = append(out, c.methods()...)
	}
	out = append(out, routerMethods()...)
	out = append(out, routeMethods()...)
	out = append(out, firewallPolicyMethods()...)
	out = append(out, aggregatedMethods()...)
	out = append(out, sharedMethods()...)
	out = append(append(out, operationMethods()...), subnetworkPolicyMethods()...)
	subnet := structSchema[compute.SubnetworksSetPrivateIpGoogleAccessRequest]()
	return append(out,
		method{pattern: "POST projects/{project}/regions/{region}/subnetworks/{name}/setPrivateIpGoogleAccess",
			body: subnet,
			call: "subnetworks.setPrivateIpGoogleAccess", operation: true, run: setPrivateIpGoogleAccess},
		method{pattern: "POST projects/{project}/regions/{region}/subnetworks/{name}/expandIpCidrRange",
			body: structSchema[compute.SubnetworksExpandIpCidrRangeRequest](), call: "subnetworks.expandIpCidrRange",
			operation: true,
			run:       expandSubnetwork},
		method{pattern: "GET projects/{project}/global/networks/{name}/getEffectiveFirewalls",
			call: "networks.getEffectiveFirewalls",
			run:  effectiveFirewalls},
		method{pattern: "GET projects/{project}/global/networks/{name}/listPeeringRoutes",
			call: "networks.listPeeringRoutes", run: listPeeringRoutes},
		method{pattern: "GET projects/{project}", call: "projects.get", run: getProject},
		method{
			pattern: "GET projects/{project}/zones/{zone}/instances/{name}", call: "instances.get", run: getInstance,
		},
	)
}

// getProject answers the quotas that a private path counts against, with their present use.
func getProject(r *request) (world.Doc, *refusal) {
	doc, _ := r.get("projects", r.project)
	used := map[string]int{"GLOBAL_INTERNAL_ADDRESSES": r.countAddresses()}
	for e := range r.all("forwardingRules", "projects/"+r.project+"/") {
		if segment(e.Name, "regions") != "" && str(e.Doc, "target") != "" {
			used[attachmentQuota]++
		}
	}
	for kind, metric := range map[string]string{"networks": "NETWORKS", "routes": "ROUTES", "routers": "ROUTERS",
		"subnetworks": "SUBNETWORKS"} {
		for range r.all(kind, "projects/"+r.project+"/") {
			used[metric]++
		}
	}
	var quotas []any
	for _, metric := range sortedKeys(r.quotas) {
		if metric == endpointQuota { // of each network, see listTimeSeries
			continue
		}
		quotas = append(quotas, map[string]any{"metric": metric, "limit": r.quotas[metric], "usage": used[metric]})
	}
	return world.Doc{
		"kind": "compute#project", "id": str(doc, "number"), "name": r.project,
		"selfLink": link("projects/" + r.project),
		"quotas":   quotas, "xpnProjectStatus": str(doc, "xpnProjectStatus"), "defaultNetworkTier": "PREMIUM",
		"creationTimestamp": str(doc, "creationTimestamp"),
	}, nil
}

func getInstance(r *request) (world.Doc, *refusal) {
	name := "projects/" + r.project + "/zones/" + r.http.PathValue("zone") + "/instances/" + r.name
	doc, ok := r.get("instances", name)
	if !ok {
		return nil, notFound(name)
	}
	viewInstance(world.Entry{Name: name, Doc: doc})
	return doc, nil
}
