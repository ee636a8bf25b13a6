package google

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

var labelSchema = structSchema[compute.RegionSetLabelsRequest]()

const networkDelete = 15 * time.Second

func networks() collection {
	return collection{
		kind: "networks", call: "networks", scope: "projects/{project}/global", object: "compute#network",
		singular: "network",
		schema:   structSchema[compute.Network](),
		took:     durations{insert: 15 * time.Second, delete: networkDelete, patch: 10 * time.Second},
		build:    buildNetwork, user: networkUser, usedLate: true, view: viewNetwork, patch: patchNetwork,
		inserted: func(r *request, name string, _ time.Duration) { r.autoSubnetworks(name) },
		deleted:  func(r *request, name string, _ world.Doc) { r.deleteAutoSubnetworks(name, networkDelete) },
	}
}

func buildNetwork(r *request) (world.Doc, *refusal) {
	doc := without(r.body)
	defaults(doc, map[string]any{
		"networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL", "autoCreateSubnetworks": true,
	})
	if routing := obj(doc, "routingConfig"); routing != nil {
		defaults(routing, map[string]any{"bgpBestPathSelectionMode": "LEGACY", "routingMode": "REGIONAL"})
	}
	doc["selfLinkWithId"] = link(r.scope() + "/networks/" + r.name)
	return doc, nil
}

// patchNetwork: routingConfig, mtu and the enforcement order can change (discovery document).
func patchNetwork(r *request, old world.Doc) (world.Doc, *refusal) {
	return mergePatch(old, r.body), nil
}

func viewNetwork(r *request, name string, doc world.Doc) {
	var links []any
	for e := range r.all("subnetworks", "") {
		if relative(str(e.Doc, "network"), "") == name {
			links = append(links, link(e.Name))
		}
	}
	if len(links) > 0 {
		doc["subnetworks"] = links
	}
}

// networkUser names one resource that keeps the network from being deleted. A connector that was deleted while services
// used it still does (documentation: delete the connector only after every service is detached).
func networkUser(r *request, name string, _ world.Doc) string {
	for _, kind := range []string{"subnetworks", "routers", "forwardingRules", "addresses", "routes", "firewalls",
		"connectorLeftovers"} {
		for e := range r.all(kind, "") {
			if relative(str(e.Doc, "network"), segment(e.Name, "projects")) != name {
				continue
			}
			if kind != "subnetworks" || !r.autoSubnetwork(e.Name, e.Doc) {
				return e.Name
			}
			// an auto mode network takes its own subnetworks along, not their users
			if by := subnetworkUser(r, e.Name, e.Doc); by != "" {
				return by
			}
		}
	}
	for e := range r.all("connectors", "") {
		if connectorNetwork(e.Name, e.Doc) == name {
			return e.Name
		}
	}
	return policyOf(r, name)
}

// policyOf names a firewall policy that is associated with a network.
func policyOf(r *request, name string) string {
	for e := range r.all("firewallPolicies", "") {
		for _, a := range objs(e.Doc, "associations") {
			if relative(str(a, "attachmentTarget"), "") == name {
				return e.Name
			}
		}
	}
	return ""
}

func subnetworks() collection {
	return collection{
		kind: "subnetworks", call: "subnetworks", scope: "projects/{project}/regions/{region}",
		object:   "compute#subnetwork",
		singular: "subnetwork", schema: structSchema[compute.Subnetwork](),
		took:  durations{insert: 15 * time.Second, delete: 15 * time.Second, patch: 10 * time.Second},
		build: buildSubnetwork, user: subnetworkUser, patch: patchSubnetwork, keep: keepAutoSubnetwork,
	}
}

func buildSubnetwork(r *request) (world.Doc, *refusal) {
	network, netDoc, bad := r.networkOf(str(r.body, "network"))
	if bad != nil {
		return nil, bad
	}
	prefix, err := netip.ParsePrefix(str(r.body, "ipCidrRange"))
	if err != nil || prefix.Masked() != prefix {
		return nil, invalid("resource.ipCidrRange", str(r.body, "ipCidrRange"), "Must be a CIDR address range.")
	}
	if t, hit := overlapping(r.taken(network, netDoc), prefix); hit {
		return nil, badRequest("Invalid IPCidrRange: %s conflicts with existing %s '%s' in region '%s'.",
			prefix, t.what, base(t.name), segment(t.name, "regions"))
	}
	doc := without(r.body)
	defaults(doc, map[string]any{
		"privateIpGoogleAccess": false, "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS", "purpose": "PRIVATE",
		"stackType": "IPV4_ONLY", "state": "READY", "logConfig": map[string]any{"enable": false},
	})
	completeFlowLogs(doc)
	giveV6(doc, r.name)
	doc["network"], doc["gatewayAddress"] = link(network), prefix.Addr().Next().String()
	doc["fingerprint"] = fingerprint(without(doc, "fingerprint"))
	return doc, nil
}

// giveV6 takes a range for a dual-stack subnetwork, as the vendor does. guess: which one.
func giveV6(subnet world.Doc, name string) {
	if str(subnet, "stackType") != "IPV4_IPV6" {
		return
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name + str(subnet, "ipCidrRange"))) // a hash never fails
	high, low := h.Sum32()>>16, h.Sum32()&0xffff
	defaults(subnet, map[string]any{"ipv6AccessType": "INTERNAL"})
	if str(subnet, "ipv6AccessType") == "EXTERNAL" {
		subnet["ipv6CidrRange"] = fmt.Sprintf("2600:1901:%x:%x::/64", high, low)
		return
	}
	subnet["ipv6CidrRange"] = fmt.Sprintf("fd20:1:%x:%x::/64", high, low)
}

func patchSubnetwork(r *request, old world.Doc) (world.Doc, *refusal) {
	if str(r.body, "fingerprint") == "" {
		return nil, badRequest("Required field 'resource.fingerprint' not specified")
	}
	if str(r.body, "fingerprint") != str(old, "fingerprint") {
		return nil, staleFingerprint("Invalid fingerprint.")
	}
	doc := mergePatch(old, r.body)
	completeFlowLogs(doc)
	doc["fingerprint"] = fingerprint(without(doc, "fingerprint"))
	return doc, nil
}

// completeFlowLogs sets what flow logs are when they are on (discovery document).
func completeFlowLogs(subnet world.Doc) {
	if logs := obj(subnet, "logConfig"); flag(logs, "enable") {
		defaults(logs, map[string]any{
			"aggregationInterval": "INTERVAL_5_SEC", "flowSampling": 0.5, "metadata": "EXCLUDE_ALL_METADATA",
		})
	}
}

// expandSubnetwork widens the primary range; it never gets narrower. guess: the wording.
func expandSubnetwork(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	name := r.scope() + "/subnetworks/" + r.name
	doc, ok := r.get("subnetworks", name)
	if !ok {
		return nil, notFound(name)
	}
	old := netip.MustParsePrefix(str(doc, "ipCidrRange"))
	wide, err := netip.ParsePrefix(str(r.body, "ipCidrRange"))
	if err != nil || wide.Masked() != wide || wide.Bits() >= old.Bits() || !wide.Contains(old.Addr()) {
		return nil, invalid("ipCidrRange", str(r.body, "ipCidrRange"),
			"Must be a CIDR address range that contains and is larger than %s.", old)
	}
	network, netDoc, bad := r.networkOf(str(doc, "network"))
	if bad != nil {
		return nil, bad
	}
	for _, t := range r.taken(network, netDoc) {
		if t.name != name && t.prefix.Overlaps(wide) {
			return nil, badRequest("Invalid IPCidrRange: %s conflicts with existing %s '%s' in region '%s'.",
				wide, t.what, base(t.name), segment(t.name, "regions"))
		}
	}
	const took = 10 * time.Second
	return r.accept(op{typ: "expandIpCidrRange", target: name, id: str(doc, "id"), took: took}, func() {
		doc["ipCidrRange"], doc["gatewayAddress"] = wide.String(), wide.Addr().Next().String()
		r.tx.Note(r.effect("subnetworks", name, doc), "update")
		r.later(took, "subnetworks", name, world.Doc{"ipCidrRange": doc["ipCidrRange"],
			"gatewayAddress": doc["gatewayAddress"],
			"fingerprint":    fingerprint(without(doc, "fingerprint"))})
	})
}

func subnetworkUser(r *request, name string, _ world.Doc) string {
	for _, kind := range []string{"addresses", "forwardingRules"} {
		for e := range r.all(kind, "") {
			if relative(str(e.Doc, "subnetwork"), segment(e.Name, "projects")) == name {
				return e.Name
			}
		}
	}
	for e := range r.all("serviceAttachments", "") {
		for _, nat := range strs(e.Doc, "natSubnets") {
			if relative(nat, "") == name {
				return e.Name
			}
		}
	}
	for e := range r.all("connectors", "") {
		if connectorSubnet(e.Name, e.Doc) == name {
			return e.Name
		}
	}
	return serviceIn(r, name)
}

// serviceIn names a service, or another workload, that has addresses of a subnetwork or keeps some.
func serviceIn(r *request, name string) string {
	for e := range r.all("keptAddresses", "") {
		if str(e.Doc, "subnetwork") == name {
			return str(e.Doc, "service")
		}
	}
	users := r.users(func(access map[string]any, of string) bool {
		return slices.ContainsFunc(objs(access, "networkInterfaces"), func(nic map[string]any) bool {
			return r.fullSubnetwork(str(nic, "subnetwork"), of) == name
		})
	})
	if len(users) == 0 {
		return ""
	}
	return users[0]
}

// setPrivateIpGoogleAccess takes effect when its operation is done.
func setPrivateIpGoogleAccess(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	name := r.scope() + "/subnetworks/" + r.name
	doc, ok := r.get("subnetworks", name)
	if !ok {
		return nil, notFound(name)
	}
	const took = 5 * time.Second
	return r.accept(op{typ: "setPrivateIpGoogleAccess", target: name, id: str(doc, "id"), took: took}, func() {
		doc["privateIpGoogleAccess"] = flag(r.body, "privateIpGoogleAccess")
		r.tx.Note(r.effect("subnetworks", name, doc), "update")
		r.later(took, "subnetworks", name, world.Doc{"privateIpGoogleAccess": doc["privateIpGoogleAccess"],
			"fingerprint": fingerprint(without(doc, "fingerprint"))})
	})
}
