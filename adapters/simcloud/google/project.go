package google

import (
	"fmt"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// volatile are the fields that the vendor changes by itself or that only identify one life of an object.
var volatile = []string{"id", "creationTimestamp", "creationTime", "createTime", "updateTime", "fingerprint",
	"labelFingerprint", "etag", "uid",
	"selfLinkWithId", "status", "state", "pscConnectionId", "pscConnectionStatus", "connectedProjects",
	"ruleTupleCount", "generation",
	"observedGeneration", "latestCreatedRevision", "latestReadyRevision", "lastModifier", "users", "client",
	"clientVersion"}

// project takes a document apart into what `sim resources` compares: the object, and one item for each entry of a list
// that many share, each flag and each binding.
func project(kind, name string, doc world.Doc) []world.Item {
	switch kind {
	case "operations", "lros", "requests", "deletions", "mutations", "announcements", "learnedRoutes", "changes",
		"projects", "serviceFailures", "keptAddresses", revisionKind, "systemPolicies":
		return nil
	case recordKind:
		if typ := str(doc, "type"); typ == "SOA" || (typ == "NS" && vendorServers(doc)) {
			return nil // they come and go with their zone
		}
	case "routers":
		return projectRouter(name, doc)
	case policyKind:
		return projectPolicy(name, doc)
	case "subnetworks":
		return append(object(kind, name, doc, "privateIpGoogleAccess"),
			item(kind+".privateIpGoogleAccess", name, "", doc["privateIpGoogleAccess"]))
	case serviceKind:
		return projectService(name, doc)
	case functionKind:
		return projectFunction(name, doc)
	case policyDocs:
		return projectMembers(name, doc)
	}
	return object(kind, name, doc)
}

// vendorServers tells a zone's own name server record from a delegation that somebody made.
func vendorServers(doc world.Doc) bool {
	data := strs(doc, "rrdatas")
	return len(data) > 0 && data[0] == "ns-cloud-c1.googledomains.com."
}

func item(kind, name, owner string, v any) world.Item {
	return world.Item{Kind: kind, Name: name, Owner: owner, Value: world.Text(v)}
}

func object(kind, name string, doc world.Doc, listedApart ...string) []world.Item {
	return []world.Item{item(kind, name, owner(doc), without(without(doc, volatile...), listedApart...))}
}

func projectRouter(name string, doc world.Doc) []world.Item {
	rest := without(doc, "bgp", "bgpPeers")
	items := object("routers", name, rest)
	bgp := obj(doc, "bgp")
	items = append(items, item("routers.bgp", name, "", without(bgp, "advertisedIpRanges")))
	items = append(items, ranges("routers.advertisedIpRanges", name, bgp)...)
	for _, peer := range objs(doc, "bgpPeers") {
		of := name + "/" + str(peer, "name")
		items = append(items, item("routers.bgpPeers", of, "", without(peer, "advertisedIpRanges")))
		items = append(items, ranges("routers.bgpPeers.advertisedIpRanges", of, peer)...)
	}
	return items
}

func ranges(kind, of string, d map[string]any) []world.Item {
	var items []world.Item
	for _, entry := range objs(d, "advertisedIpRanges") {
		items = append(items, item(kind, of+"#"+str(entry, "range"), str(entry, "description"), entry))
	}
	return items
}

func projectPolicy(name string, doc world.Doc) []world.Item {
	items := object(policyKind, name, doc, "rules", "associations")
	for _, rule := range objs(doc, "rules") {
		priority, _ := num(rule, "priority")
		items = append(
			items, item(policyKind+".rules", fmt.Sprintf("%s#%d", name, priority), str(rule, "description"), rule),
		)
	}
	for _, a := range objs(doc, "associations") {
		items = append(items, item(policyKind+".associations", name+"#"+str(a, "name"), "", a))
	}
	return items
}

func projectService(name string, doc world.Doc) []world.Item {
	template := without(obj(doc, "template"), "vpcAccess", "revision")
	rest := without(doc, "template", "ingress", "invokerIamDisabled")
	rest["template"] = map[string]any(template)
	return append(object(serviceKind, name, rest),
		item("services.vpcAccess", name, "", obj(doc, "template", "vpcAccess")),
		item("services.ingress", name, "", doc["ingress"]),
		item("services.invokerIamDisabled", name, "", flag(doc, "invokerIamDisabled")))
}

func projectFunction(name string, doc world.Doc) []world.Item {
	network := []string{"vpcConnector", "vpcConnectorEgressSettings", "directVpcEgress", "directVpcNetworkInterface"}
	config := obj(doc, "serviceConfig")
	binding := map[string]any{}
	for _, field := range network {
		if v, ok := config[field]; ok {
			binding[field] = v
		}
	}
	rest := without(doc, "serviceConfig")
	rest["serviceConfig"] = map[string]any(without(config, append(network, "ingressSettings", "revision")...))
	return append(object(functionKind, name, rest),
		item("functions.vpcAccess", name, "", binding),
		item("functions.ingressSettings", name, "", config["ingressSettings"]))
}

func projectMembers(name string, doc world.Doc) []world.Item {
	var items []world.Item
	kind := "services.iamMembers"
	if segment(name, "subnetworks") != "" {
		kind = "subnetworks.iamMembers"
	}
	for _, b := range objs(doc, "bindings") {
		for _, member := range strs(b, "members") {
			grant := name + "#" + str(b, "role") + "#" + member
			if condition := obj(b, "condition"); condition != nil { // the same grant may stand without one, too
				grant += "#" + world.Text(condition)
			}
			items = append(items, item(kind, grant, "", b["condition"]))
		}
	}
	return items
}
