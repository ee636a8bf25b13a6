package google

import (
	"strings"
)

// actAs is the permission on a service's runtime account that every deployment needs.
const actAs = "iam.serviceAccounts.actAs"

// permissions are what a call needs, by the vendors' lists of permissions: collection and verb of the call, and what
// the parts of the request need besides.
func (r *request) permissions(m method) []string {
	collection, verb, _ := strings.Cut(m.call, ".")
	switch m.api {
	case "compute":
		return append([]string{r.computePermission(collection, verb)}, r.besides(m.call)...)
	case "dns":
		return append([]string{"dns." + collection + "." + updated(verb)}, r.recordPermissions(m.call)...)
	case "run":
		if collection == "workerPools" {
			collection = "workerpools"
		}
		if collection == "operations" && r.ofFunctions() { // one path for the two APIs here, and two hosts at Google's
			return []string{"cloudfunctions.operations." + verb}
		}
		out := []string{"run." + collection + "." + updated(verb)}
		if m.call == "services.create" || m.call == "services.patch" {
			out = append(out, actAs)
		}
		return out
	case "cloudfunctions":
		out := []string{"cloudfunctions.functions." + updated(verb)}
		if verb == "patch" {
			out = append(out, actAs)
		}
		return out
	case "appengine":
		return []string{
			"appengine." + strings.TrimPrefix(verb, strings.Repeat("services.", strings.Count(verb, ".")-1)),
		}
	case "orgpolicy":
		return []string{"orgpolicy.policy.get"}
	case "serviceusage":
		return []string{"serviceusage.services.get"}
	}
	return []string{m.api + "." + collection + "." + updated(verb)}
}

// ofFunctions tells whether the operation that a call is about is one of Cloud Functions.
func (r *request) ofFunctions() bool {
	doc, _ := r.get("lros", "projects/"+r.project+"/locations/"+r.region+"/operations/"+r.name)
	return strings.Contains(str(doc, "metadata", "@type"), "cloud.functions")
}

// updated is the permission of a verb: patch and update are one.
func updated(verb string) string {
	if verb == "patch" {
		return "update"
	}
	return verb
}

// computeResources are the names that permissions have for collections.
var computeResources = map[string]string{"networkFirewallPolicies": "firewallPolicies",
	"regionNetworkFirewallPolicies": "regionFirewallPolicies", "globalOrganizationOperations": "globalOperations"}

// computeVerbs are the verbs that permissions have for methods.
var computeVerbs = map[string]string{"insert": "create", "patch": "update", "addRule": "update", "patchRule": "update",
	"removeRule": "update", "addAssociation": "update", "removeAssociation": "update", "getRule": "get",
	"aggregatedList": "list", "getXpnHost": "get", "getXpnResources": "get",
	"getAssociation": "get", "getRouterStatus": "get", "wait": "get"}

func (r *request) computePermission(collection, verb string) string {
	if verb == "getEffectiveFirewalls" {
		if collection == "regionNetworkFirewallPolicies" {
			return "compute.networks.getRegionEffectiveFirewalls"
		}
		return "compute.networks.getEffectiveFirewalls"
	}
	internal := ""
	if collection == "addresses" || collection == "globalAddresses" {
		doc, _ := r.get("addresses", r.scope()+"/addresses/"+r.name)
		if str(r.body, "addressType") == "INTERNAL" || str(doc, "addressType") == "INTERNAL" {
			internal = map[string]string{"insert": "Internal", "delete": "Internal"}[verb]
		}
	}
	if named, ok := computeVerbs[verb]; ok {
		verb = named
	}
	if named, ok := computeResources[collection]; ok {
		collection = named
	}
	return "compute." + collection + "." + verb + internal
}

// besides is what a call of Compute needs of other resources.
func (r *request) besides(call string) []string {
	switch call {
	case "routes.insert", "routes.delete", "firewalls.insert", "firewalls.delete", "firewalls.patch":
		return []string{"compute.networks.updatePolicy"}
	case "globalAddresses.insert":
		return []string{"compute.networks.use"}
	case "addresses.insert":
		if str(r.body, "subnetwork") != "" {
			return []string{"compute.subnetworks.use"}
		}
	case "globalForwardingRules.insert":
		return []string{"compute.globalForwardingRules.pscCreate", "compute.globalAddresses.use",
			"compute.networks.use",
			"servicedirectory.services.create"}
	case "globalForwardingRules.delete":
		return []string{"compute.globalForwardingRules.pscDelete", "servicedirectory.services.delete"}
	case "forwardingRules.insert":
		if str(r.body, "target") != "" {
			return []string{"compute.forwardingRules.pscCreate", "compute.addresses.use", "compute.networks.use"}
		}
	case "forwardingRules.delete":
		return []string{"compute.forwardingRules.pscDelete"}
	case "networkFirewallPolicies.addAssociation", "networkFirewallPolicies.removeAssociation":
		return []string{"compute.networks.setFirewallPolicy"}
	}
	return nil
}

// recordPermissions are what zones and changes need besides (page "Roles and permissions" of Cloud DNS).
func (r *request) recordPermissions(call string) []string {
	switch call {
	case "managedZones.create", "managedZones.patch":
		return []string{"dns.networks.bindPrivateDNSZone"}
	case "changes.create":
		var out []string
		if len(list(r.body, "additions")) > 0 {
			out = append(out, "dns.resourceRecordSets.create")
		}
		if len(list(r.body, "deletions")) > 0 {
			out = append(out, "dns.resourceRecordSets.delete")
		}
		return out
	}
	return nil
}
