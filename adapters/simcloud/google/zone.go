package google

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/api/dns/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

func dnsMethods() []method {
	const zones, records = "projects/{project}/managedZones", "projects/{project}/managedZones/{zone}/rrsets"
	zone, record := structSchema[dns.ManagedZone](), structSchema[dns.ResourceRecordSet]()
	out := []method{
		{pattern: "POST " + zones, call: "managedZones.create", body: zone, named: "name", run: createZone},
		{pattern: "GET " + zones, call: "managedZones.list", run: listZones},
		{pattern: "GET " + zones + "/{name}", call: "managedZones.get", run: getZone},
		{pattern: "PATCH " + zones + "/{name}", call: "managedZones.patch", body: zone, run: patchZone},
		{pattern: "PUT " + zones + "/{name}", call: "managedZones.update", body: zone, run: patchZone},
		{pattern: "DELETE " + zones + "/{name}", call: "managedZones.delete", run: deleteZone},
		{pattern: "POST " + records, call: "resourceRecordSets.create", body: record, named: "name", run: createRecord},
		{pattern: "GET " + records, call: "resourceRecordSets.list", run: listRecords},
		{pattern: "GET " + records + "/{name}/{type}", call: "resourceRecordSets.get", run: getRecord},
		{pattern: "PATCH " + records + "/{name}/{type}", call: "resourceRecordSets.patch", body: record,
			run: patchRecord},
		{pattern: "DELETE " + records + "/{name}/{type}", call: "resourceRecordSets.delete", run: deleteRecord},
		{pattern: "POST " + zones + "/{zone}/changes", call: "changes.create", body: structSchema[dns.Change](),
			run: createChange},
		{pattern: "GET " + zones + "/{zone}/changes/{name}", call: "changes.get", run: getChange},
		{pattern: "GET projects/{project}/policies", call: "policies.list",
			run: listOf("dnsPolicies", "policies", "dns#policiesListResponse")},
		{pattern: "GET projects/{project}/responsePolicies", call: "responsePolicies.list",
			run: listOf("responsePolicies", "responsePolicies", "")},
		{pattern: "GET projects/{project}/responsePolicies/{policy}/rules", call: "responsePolicyRules.list",
			run: listResponseRules},
	}
	for i := range out {
		out[i].style = dnsStyle
	}
	return out
}

func (r *request) zoneName(name string) string {
	return "projects/" + r.project + "/managedZones/" + name
}

func missingZone(name string) *refusal {
	return &refusal{
		status: 404, reason: "notFound", rpc: "NOT_FOUND", message: fmt.Sprintf("managedZone %q not found", name),
	}
}

func createZone(r *request) (world.Doc, *refusal) {
	if !computeName.MatchString(r.name) {
		return nil, invalidDNS("entity.managedZone.name", r.name)
	}
	name := r.zoneName(r.name)
	if r.tx.Has(vendor, "managedZones", name) {
		return nil, &refusal{status: 409, reason: "alreadyExists", rpc: "ALREADY_EXISTS",
			message: fmt.Sprintf("The resource 'entity.managedZone' named '%s' already exists", r.name)}
	}
	if dnsName := str(r.body, "dnsName"); !strings.HasSuffix(dnsName, ".") || dnsName == "." {
		return nil, invalidDNS("entity.managedZone.dnsName", dnsName)
	}
	doc := without(r.body)
	defaults(doc, map[string]any{"visibility": "public", "description": ""})
	if bad := r.checkVisibility(name, doc); bad != nil {
		return nil, bad
	}
	r.completeZone(doc)
	r.tx.Put(r.effect("managedZones", name, doc), doc)
	r.apexRecords(name, str(doc, "dnsName"))
	return doc, nil
}

// completeZone sets what the server gives a new zone, as recorded for private zones too.
func (r *request) completeZone(doc world.Doc) {
	doc["kind"], doc["id"], doc["creationTime"] = "dns#managedZone", strconv.FormatUint(r.tx.ID(), 10), r.now()
	doc["cloudLoggingConfig"] = map[string]any{"kind": "dns#managedZoneCloudLoggingConfig"}
	var servers []any
	for i := 1; i <= 4; i++ {
		servers = append(servers, fmt.Sprintf("ns-cloud-a%d.googledomains.com.", i))
	}
	doc["nameServers"] = servers
	if dnssec := obj(doc, "dnssecConfig"); str(dnssec, "state") == "on" {
		defaults(dnssec, map[string]any{
			"kind": "dns#managedZoneDnsSecConfig", "nonExistence": "nsec3", "defaultKeySpecs": defaultKeySpecs(),
		})
	}
	if config := obj(doc, "privateVisibilityConfig"); config != nil && len(list(config, "networks")) == 0 {
		delete(config, "networks")
	}
}

// defaultKeySpecs are the keys of a signed zone that names none (documentation: DNSSEC, default algorithms).
func defaultKeySpecs() []any {
	spec := func(use string, bits int) any {
		return map[string]any{"kind": "dns#dnsKeySpec", "algorithm": "rsasha256", "keyType": use, "keyLength": bits}
	}
	return []any{spec("keySigning", 2048), spec("zoneSigning", 1024)}
}

func (r *request) apexRecords(zone, dnsName string) {
	var servers []any
	for i := 1; i <= 4; i++ {
		servers = append(servers, fmt.Sprintf("ns-cloud-c%d.googledomains.com.", i))
	}
	soa := "ns-cloud-c1.googledomains.com. cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300"
	for typ, data := range map[string][]any{"NS": servers, "SOA": {soa}} {
		r.tx.QuietPut(vendor, recordKind, recordName(zone, dnsName, typ), world.Doc{
			"kind": "dns#resourceRecordSet", "name": dnsName, "type": typ, "ttl": 21600, "rrdatas": data})
	}
}

// checkVisibility: a private zone's networks exist, and none of them sees another zone of the same name. guess: the
// wording.
func (r *request) checkVisibility(name string, doc world.Doc) *refusal {
	if str(doc, "visibility") != "private" {
		return nil
	}
	for _, network := range objs(doc, "privateVisibilityConfig", "networks") {
		full := relative(str(network, "networkUrl"), r.project)
		if !r.tx.Has(vendor, "networks", full) {
			return notFound(full)
		}
		for _, e := range append(slices.Collect(r.all("managedZones", "")), r.directoryZones()...) {
			if e.Name != name && str(e.Doc, "dnsName") == str(doc, "dnsName") && seenBy(e.Doc, full) {
				return &refusal{status: 400, reason: "networkBoundToZoneWithSameName", rpc: "FAILED_PRECONDITION",
					message: fmt.Sprintf("Network '%s' is already bound to the zone '%s' with the same DNS name '%s'",
						base(full), base(e.Name), str(doc, "dnsName"))}
			}
		}
	}
	return nil
}

// seenBy tells whether a network sees a private zone (or a policy, which lists its networks at the top).
func seenBy(zone world.Doc, network string) bool {
	for _, entry := range append(objs(zone, "privateVisibilityConfig", "networks"), objs(zone, "networks")...) {
		if relative(str(entry, "networkUrl"), "") == network {
			return true
		}
	}
	return false
}

func invalidDNS(parameter, val string) *refusal {
	return &refusal{status: 400, reason: "invalid", rpc: "INVALID_ARGUMENT",
		message: fmt.Sprintf("Invalid value for '%s': '%s'", parameter, val)}
}

func getZone(r *request) (world.Doc, *refusal) {
	if doc, ok := r.get("managedZones", r.zoneName(r.name)); ok {
		return doc, nil
	}
	for _, e := range r.directoryZones() {
		if e.Name == r.zoneName(r.name) {
			return e.Doc, nil
		}
	}
	return nil, missingZone(r.zoneName(r.name))
}

func listZones(r *request) (world.Doc, *refusal) {
	var kept []world.Entry
	for _, e := range append(slices.Collect(r.all("managedZones", r.zoneName(""))), r.directoryZones()...) {
		if asked := r.query.Get("dnsName"); asked == "" || asked == str(e.Doc, "dnsName") {
			kept = append(kept, e)
		}
	}
	slices.SortFunc(kept, func(a, b world.Entry) int { return strings.Compare(a.Name, b.Name) })
	out := r.rpcList(listing{field: "managedZones", sizeParameter: "maxResults", size: 1000}, kept)
	out["kind"] = "dns#managedZonesListResponse"
	return out, nil
}

// patchZone serves PATCH (merge) and PUT (replace); both answer an operation that is done at once (recorded).
func patchZone(r *request) (world.Doc, *refusal) {
	name := r.zoneName(r.name)
	old, ok := r.get("managedZones", name)
	if !ok {
		return nil, missingZone(name)
	}
	next := mergePatch(old, r.body)
	if r.call == "managedZones.update" {
		next = without(r.body)
		for _, field := range []string{"kind", "id", "creationTime", "nameServers", "cloudLoggingConfig", "name",
			"dnsName", "visibility"} {
			next[field] = old[field]
		}
	}
	if str(next, "dnsName") != str(old, "dnsName") || str(next, "name") != str(old, "name") {
		return nil, invalidDNS("entity.managedZone.dnsName", str(next, "dnsName"))
	}
	if bad := r.checkVisibility(name, next); bad != nil {
		return nil, bad
	}
	r.tx.Put(r.effect("managedZones", name, next), next)
	return world.Doc{
		"kind": "dns#operation", "id": strconv.FormatUint(r.tx.ID(), 10), "startTime": r.now(), "status": "done",
		"type": "UPDATE",
		"user": "user@example.com", "zoneContext": map[string]any{
			"oldValue": map[string]any(old), "newValue": map[string]any(next),
		},
	}, nil
}

// deleteZone refuses a zone that holds more than its apex NS and SOA.
func deleteZone(r *request) (world.Doc, *refusal) {
	name := r.zoneName(r.name)
	doc, ok := r.get("managedZones", name)
	if !ok {
		return nil, missingZone(name)
	}
	apex := str(doc, "dnsName")
	var own []string
	for e := range r.all(recordKind, name+"/rrsets/") {
		if !isApex(e.Doc, apex) {
			return nil,
				&refusal{status: 400, reason: "containerNotEmpty", rpc: "FAILED_PRECONDITION", message: fmt.Sprintf(
					"The resource named '%s' cannot be deleted because it contains one or more 'resource records'.",
					r.name)}
		}
		own = append(own, e.Name)
	}
	r.tx.Delete(r.effect("managedZones", name, doc))
	for _, record := range own {
		r.tx.QuietDelete(vendor, recordKind, record)
	}
	return world.Doc{}, nil
}

// listOf lists documents of one kind of the project in the DNS API's form. The lists of response policies say no kind
// of their own (discovery document), the others do.
func listOf(kind, field, object string) handler {
	return func(r *request) (world.Doc, *refusal) {
		entries := slices.Collect(r.all(kind, "projects/"+r.project+"/"))
		out := r.rpcList(listing{field: field, sizeParameter: "maxResults", size: 1000}, entries)
		if object != "" {
			out["kind"] = object
		}
		return out, nil
	}
}

func listResponseRules(r *request) (world.Doc, *refusal) {
	name := "projects/" + r.project + "/responsePolicies/" + r.http.PathValue("policy")
	doc, ok := r.get("responsePolicies", name)
	if !ok {
		return nil, notFound(name)
	}
	rules, _ := r.get("responsePolicyRules", name)
	out := world.Doc{}
	if items := list(rules, "rules"); len(items) > 0 && doc != nil {
		out["responsePolicyRules"] = items
	}
	return out, nil
}
