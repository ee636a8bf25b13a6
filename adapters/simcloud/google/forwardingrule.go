package google

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

const (
	endpointQuota   = "PSC_GOOGLE_APIS_FORWARDING_RULES_PER_NETWORK" // cannot be raised (documentation: VPC quotas)
	attachmentQuota = "PSC_INTERNAL_LB_FORWARDING_RULES"
)

var bundles = []string{"all-apis", "vpc-sc"}

func forwardingRules(global bool) collection {
	c := collection{
		kind: "forwardingRules", call: "forwardingRules", scope: "projects/{project}/regions/{region}",
		object: "compute#forwardingRule", singular: "forwarding rule", schema: structSchema[compute.ForwardingRule](),
		took:  durations{insert: 8 * time.Second, delete: 8 * time.Second, patch: 5 * time.Second},
		build: buildRegionalRule, inserted: connectEndpoint, patch: patchForwardingRule, labels: true,
		user: ruleUser,
	}
	if global {
		c.call, c.scope, c.build = "globalForwardingRules", "projects/{project}/global", buildBundleRule
		c.inserted, c.user = nil, nil
		c.insertType = func(world.Doc) string { return "createPSCServiceEndpoint" }
		c.deleteType = func(world.Doc) string { return "deletePscForwardingRule" }
	}
	return c
}

// checkEndpoint holds what both kinds of endpoint share.
func (r *request) checkEndpoint() *refusal {
	// The field must be sent and empty: left out, it means EXTERNAL.
	scheme, sent := r.body["loadBalancingScheme"].(string)
	if !sent {
		scheme = "EXTERNAL"
	}
	if scheme != "" {
		return invalid("resource.loadBalancingScheme", scheme,
			"Load balancing scheme must be empty for Private Service Connect forwarding rules.")
	}
	if len(obj(r.body, "labels")) > 0 {
		return invalid("resource.labels", "", "Labels are invalid in Private Service Connect Forwarding Rule.")
	}
	if str(r.body, "network") == "" {
		return invalid("resource.network", "", "The network is required for Private Service Connect forwarding rules.")
	}
	if str(r.body, "IPAddress") == "" {
		return invalid(
			"resource.IPAddress", "", "The address is required for Private Service Connect forwarding rules.",
		)
	}
	return nil
}

// buildBundleRule is an endpoint for Google APIs.
func buildBundleRule(r *request) (world.Doc, *refusal) {
	target := str(r.body, "target")
	if strings.Contains(target, "/serviceAttachments/") {
		return nil, invalid("resource.target", target, "A service attachment needs a regional forwarding rule.")
	}
	if !slices.Contains(bundles, target) {
		return nil, invalid(
			"resource.target", target, "The simulated world has global forwarding rules only for all-apis and vpc-sc.",
		)
	}
	if !bundleName.MatchString(r.name) {
		return nil, invalid("resource.name", r.name,
			"The name must be 1-20 characters of lowercase letters and digits and start with a letter for Google API "+
				"bundles.")
	}
	if bad := r.checkEndpoint(); bad != nil {
		return nil, bad
	}
	if bad := r.checkEndpointPolicy("GOOGLE_APIS"); bad != nil {
		return nil, bad
	}
	network, netDoc, bad := r.networkOf(str(r.body, "network"))
	if bad != nil {
		return nil, bad
	}
	ip, bad := r.reservedFor(network, "PRIVATE_SERVICE_CONNECT")
	if bad != nil {
		return nil, bad
	}
	if bad := r.checkBundleRule(network); bad != nil {
		return nil, bad
	}
	doc := r.newRule(network, ip)
	return doc, r.registerInDirectory(doc, network, netDoc)
}

func (r *request) checkBundleRule(network string) *refusal {
	n, limit := 0, r.quotas[endpointQuota]
	for e := range r.all("forwardingRules", "") {
		if relative(str(e.Doc, "network"), "") == network && slices.Contains(bundles, str(e.Doc, "target")) {
			n++
		}
	}
	if n >= limit {
		return quotaExceeded(endpointQuota, limit)
	}
	for e := range r.all("managedZones", "") {
		if str(e.Doc, "dnsName") == bundleZone && seenBy(e.Doc, network) {
			// guess: the documentation only says to delete an own zone of this name first.
			return badRequest("The private zone '%s' for p.googleapis.com. is visible to the network.", base(e.Name))
		}
	}
	return nil
}

// reservedFor returns the address that the body names, if it is reserved for this purpose on the network and free.
func (r *request) reservedFor(network, purpose string) (netip.Addr, *refusal) {
	given := str(r.body, "IPAddress")
	for e := range r.all("addresses", "") {
		if str(e.Doc, "purpose") != purpose || r.addressNetwork(e.Name, e.Doc) != network {
			continue
		}
		if str(e.Doc, "address") != given && e.Name != relative(given, r.project) {
			continue
		}
		ip := netip.MustParseAddr(str(e.Doc, "address"))
		if users := r.addressUsers(e.Name, e.Doc); len(users) > 0 {
			return ip, ipInUse(ip, relative(users[0].(string), ""))
		}
		if str(e.Doc, "status") == "RESERVING" {
			return ip, notReady(e.Name)
		}
		return ip, nil
	}
	return netip.Addr{}, invalid("resource.IPAddress", given,
		"There is no such address with purpose %s reserved on network '%s'.", purpose, network)
}

func (r *request) newRule(network string, ip netip.Addr) world.Doc {
	doc := without(r.body, "loadBalancingScheme")
	defaults(doc, map[string]any{"IPProtocol": "TCP", "networkTier": "PREMIUM"})
	doc["network"], doc["IPAddress"] = link(network), ip.String()
	doc["pscConnectionId"] = strconv.FormatUint(r.tx.ID(), 10)
	doc["labelFingerprint"] = fingerprint(doc["labels"])
	doc["fingerprint"] = fingerprint(doc)
	return doc
}

// buildRegionalRule is an endpoint for a service attachment, or a producer's internal load balancer.
func buildRegionalRule(r *request) (world.Doc, *refusal) {
	target := str(r.body, "target")
	if slices.Contains(bundles, target) {
		return nil, invalid("resource.target", target, "Google API bundles need a global forwarding rule.")
	}
	if !strings.Contains(target, "/serviceAttachments/") {
		return buildInternalRule(r)
	}
	if bad := r.checkEndpoint(); bad != nil {
		return nil, bad
	}
	if bad := r.checkEndpointPolicy("SERVICE_PRODUCERS"); bad != nil {
		return nil, bad
	}
	attachment := relative(target, r.project)
	if segment(attachment, "regions") != r.region {
		return nil, invalid("resource.target", target, "The service attachment is in another region.")
	}
	if !r.tx.Has(vendor, "serviceAttachments", attachment) {
		return nil, notFound(attachment)
	}
	network, _, bad := r.networkOf(str(r.body, "network"))
	if bad != nil {
		return nil, bad
	}
	ip, bad := r.reservedFor(network, "GCE_ENDPOINT")
	if bad != nil {
		return nil, bad
	}
	n, limit := 0, r.quotas[attachmentQuota]
	for e := range r.all("forwardingRules", "") {
		if strings.Contains(str(e.Doc, "target"), "/serviceAttachments/") && relative(str(e.Doc, "network"),
			"") == network {
			n++
		}
	}
	if n >= limit {
		return nil, quotaExceeded(attachmentQuota, limit)
	}
	doc := r.newRule(network, ip)
	doc["target"], doc["selfLinkWithId"] = link(attachment), link(r.scope()+"/forwardingRules/"+r.name)
	return doc, nil
}

func buildInternalRule(r *request) (world.Doc, *refusal) {
	if str(r.body, "loadBalancingScheme") != "INTERNAL" {
		return nil, invalid("resource.loadBalancingScheme", str(r.body, "loadBalancingScheme"),
			"The simulated world has only INTERNAL load balancers.")
	}
	backend := relative(str(r.body, "backendService"), r.project)
	if !r.tx.Has(vendor, "backendServices", backend) {
		return nil, notFound(backend)
	}
	subnet := relative(str(r.body, "subnetwork"), r.project)
	subnetDoc, ok := r.get("subnetworks", subnet)
	if !ok {
		return nil, notFound(subnet)
	}
	network := relative(str(subnetDoc, "network"), "")
	address := world.Doc{"subnetwork": subnet, "address": str(r.body, "IPAddress")}
	if str(address, "address") == "" {
		delete(address, "address")
	}
	picked, bad := subnetAddress(r, address)
	if bad != nil {
		return nil, bad
	}
	doc := r.newRule(network, netip.MustParseAddr(str(picked, "address")))
	doc["loadBalancingScheme"], doc["subnetwork"], doc["backendService"] = "INTERNAL", link(subnet), link(backend)
	doc["selfLinkWithId"] = link(r.scope() + "/forwardingRules/" + r.name)
	delete(doc, "pscConnectionId")
	delete(doc, "labels") // recorded: an insert does not keep them, setLabels does
	return doc, nil
}

// patchForwardingRule: allowPscGlobalAccess of an endpoint for an attachment can change, with the fingerprint.
func patchForwardingRule(r *request, old world.Doc) (world.Doc, *refusal) {
	if given := str(r.body, "fingerprint"); given != "" && given != str(old, "fingerprint") {
		return nil, staleFingerprint("Invalid fingerprint.")
	}
	for field := range r.body {
		if !slices.Contains([]string{"allowPscGlobalAccess", "allowGlobalAccess", "fingerprint", "name"}, field) {
			return nil, invalid("resource."+field, text(r.body[field]), "The field cannot be changed.")
		}
	}
	doc := mergePatch(old, r.body)
	doc["fingerprint"] = fingerprint(without(doc, "fingerprint"))
	return doc, nil
}

// ruleUser: a producer's forwarding rule is held by the attachments that target it.
func ruleUser(r *request, name string, _ world.Doc) string {
	for e := range r.all("serviceAttachments", "") {
		if relative(str(e.Doc, "targetService"), "") == name {
			return e.Name
		}
	}
	return ""
}
