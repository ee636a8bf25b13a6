package google

import (
	"fmt"
	"maps"
	"slices"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/networkconnectivity/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Object is anything in the vendor's own words: the body of a call that makes it. It goes through the same checks.
type Object struct {
	// a collection; "global" before addresses and forwardingRules of the whole network
	Kind    string         `yaml:"kind"`
	Project string         `yaml:"project"`
	Region  string         `yaml:"region"` // or zone, of an instance
	Name    string         `yaml:"name"`
	Body    map[string]any `yaml:"body"`
}

// object makes one. Machines and policy-based routes have no creating call in this world: they are checked by their
// type and stored.
func (l loader) object(o Object) error {
	r := l.at(o.Project, o.Region, o.Name, world.Doc(o.Body))
	fail := func(bad *refusal) error { return fmt.Errorf("%s %s: %s", o.Kind, o.Name, bad.message) }
	for _, c := range []collection{subnetworks(), routes(), firewalls(), routers(), addresses(false),
		forwardingRules(false), backendServices(), serviceAttachments()} {
		if c.kind != o.Kind {
			continue
		}
		if _, bad := c.schema(r.body); bad != nil {
			return fail(bad)
		}
		return l.made(c, r)
	}
	switch o.Kind {
	case "globalAddresses":
		return l.made(addresses(true), r)
	case "globalForwardingRules":
		return l.made(forwardingRules(true), r)
	case policyKind, systemKind:
		return l.policyObject(r, o.Kind)
	case "managedZones":
		return l.zoneObject(r)
	case "instances":
		name := "projects/" + o.Project + "/zones/" + o.Region + "/instances/" + o.Name
		return l.stored(r, structSchema[compute.Instance](), name,
			world.Doc{"kind": "compute#instance", "name": o.Name, "selfLink": link(name)})
	case policyRouteKind:
		return l.stored(r, structSchema[networkconnectivity.PolicyBasedRoute](), r.policyRouteName(),
			world.Doc{"kind": "networkconnectivity#policyBasedRoute", "name": r.policyRouteName()})
	}
	return fmt.Errorf("%s %s: the world has no such kind of object", o.Kind, o.Name)
}

// stored puts an object with what the server gives it.
func (l loader) stored(r *request, s schema, name string, given world.Doc) error {
	doc, bad := s(r.body)
	if bad != nil {
		return fmt.Errorf("%s: %s", name, bad.message)
	}
	maps.Copy(doc, given)
	if segmentKind(name) == policyRouteKind {
		defaults(doc, map[string]any{"priority": defaultPolicyPriority})
	}
	l.tx.QuietPut(vendor, segmentKind(name), name, doc)
	return nil
}

// segmentKind is the collection that a name is in: the last but one segment.
func segmentKind(name string) string { return base(name[:len(name)-len(base(name))-1]) }

// made is insert with what follows it at once: a new endpoint is accepted or not, a new router announces.
func (l loader) made(c collection, r *request) error {
	if err := l.insert(c, r); err != nil {
		return err
	}
	name := c.full(r)
	doc, _ := l.tx.Get(vendor, c.kind, name)
	switch {
	case c.kind == "routers":
		l.tx.QuietPut(vendor, "announcements", name, world.Doc{"bgp": doc["bgp"], "bgpPeers": doc["bgpPeers"]})
	case c.kind == "forwardingRules" && str(doc, "target") != "" && r.region != "":
		attachment := relative(str(doc, "target"), "")
		attachmentDoc, _ := l.tx.Get(vendor, "serviceAttachments", attachment)
		doc["pscConnectionStatus"] = r.admission(attachmentDoc, r.project, relative(str(doc, "network"), ""), 0)
		l.tx.QuietPut(vendor, c.kind, name, doc)
	}
	return nil
}

// systemKind is a regional policy that Google has made for a service of its own. No call lists or changes it; only what
// is in force in a region shows it (discovery document: SYSTEM_REGIONAL).
const systemKind = "systemPolicies"

// policyObject makes a firewall policy with its rules and associations: of a network, of a region of it, of Google in a
// region, or without a project, of an organization or a folder.
func (l loader) policyObject(r *request, kind string) error {
	rules := append(implicitRules(), list(r.body, "rules")...)
	for _, rule := range objs(world.Doc{"rules": list(r.body, "rules")}, "rules") {
		if bad := checkObject(rule, typeOfRule, ""); bad != nil {
			return fmt.Errorf("firewall policy %s: %s", r.name, bad.message)
		}
		if bad := r.completeRule(rule); bad != nil {
			return fmt.Errorf("firewall policy %s: rule %v: %s", r.name, rule["priority"], bad.message)
		}
	}
	doc := world.Doc(world.Copy(world.Doc{"rules": rules, "associations": list(r.body, "associations")}))
	name := r.scope() + "/" + kind + "/" + r.name
	r.identify(doc, "compute#firewallPolicy", name)
	doc["rules"] = sortedRules(list(doc, "rules"))
	count(doc)
	doc["fingerprint"] = fingerprint(doc)
	l.tx.QuietPut(vendor, kind, name, doc)
	return nil
}

// zoneObject makes a zone of any kind: forwarding and peering zones have no records.
func (l loader) zoneObject(r *request) error {
	name := r.zoneName(r.name)
	r.body["name"] = r.name
	if bad := r.checkVisibility(name, r.body); bad != nil {
		return fmt.Errorf("zone %s: %s", r.name, bad.message)
	}
	doc := without(r.body)
	defaults(doc, map[string]any{"visibility": "private", "description": ""})
	r.completeZone(doc)
	l.tx.QuietPut(vendor, "managedZones", name, doc)
	r.apexRecords(name, str(doc, "dnsName"))
	return nil
}

const policyRouteKind = "policyBasedRoutes"

// defaultPolicyPriority is what a route without a priority has (discovery document).
const defaultPolicyPriority = 1000.0

func (r *request) policyRouteName() string {
	return "projects/" + r.project + "/locations/global/" + policyRouteKind + "/" + r.name
}

// policyRouteMethods read policy-based routes (Network Connectivity v1). Nobody makes them here but a scenario.
func policyRouteMethods() []method {
	const at = "projects/{project}/locations/global/" + policyRouteKind
	return []method{
		{pattern: "GET " + at, call: policyRouteKind + ".list", style: rpcStyle, run: listPolicyRoutes},
		{pattern: "GET " + at + "/{name}", call: policyRouteKind + ".get", style: rpcStyle, run: getPolicyRoute},
	}
}

func listPolicyRoutes(r *request) (world.Doc, *refusal) {
	entries := slices.Collect(r.all(policyRouteKind, "projects/"+r.project+"/"))
	return r.rpcList(listing{field: policyRouteKind, sizeParameter: "pageSize", size: 500}, entries), nil
}

func getPolicyRoute(r *request) (world.Doc, *refusal) {
	doc, ok := r.get(policyRouteKind, r.policyRouteName())
	if !ok {
		return nil, rpcNotFound("Resource '%s' was not found", r.policyRouteName())
	}
	return doc, nil
}
