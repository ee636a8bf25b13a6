package google

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

const (
	recordKind = "resourceRecordSets"
	changeTime = 5 * time.Second // until a change is "done"
)

func recordName(zone, name, typ string) string { return zone + "/rrsets/" + name + "/" + typ }

func isApex(record world.Doc, dnsName string) bool {
	return str(record, "name") == dnsName && (str(record, "type") == "NS" || str(record, "type") == "SOA")
}

// zoneOf returns the zone of a call on records.
func (r *request) zoneOf() (string, world.Doc, *refusal) {
	name := r.zoneName(r.http.PathValue("zone"))
	doc, ok := r.get("managedZones", name)
	for _, e := range r.directoryZones() {
		if !ok && e.Name == name && r.http.Method == http.MethodGet { // nobody but the vendor writes into its own zone
			return name, e.Doc, nil
		}
	}
	if !ok {
		return "", nil, &refusal{status: 404, reason: "notFound", rpc: "NOT_FOUND",
			message: fmt.Sprintf("The 'parameters.managedZone' resource named '%s' does not exist.", base(name))}
	}
	return name, doc, nil
}

// checkRecord checks one record set of a body; where names it in the refusal.
func checkRecord(record map[string]any, zone world.Doc, where string) *refusal {
	name, dnsName := str(record, "name"), str(zone, "dnsName")
	if name != dnsName && !strings.HasSuffix(name, "."+dnsName) {
		return invalidDNS(where+".name", name)
	}
	if str(record, "type") == "" {
		return invalidDNS(where+".type", "")
	}
	if len(strs(record, "rrdatas")) == 0 && obj(record, "routingPolicy") == nil {
		return invalidDNS(where+".rrdata", "")
	}
	if ttl, ok := num(record, "ttl"); ok && ttl < 0 {
		return invalidDNS(where+".ttl", strconv.FormatInt(ttl, 10))
	}
	return nil
}

func existingRecord(where string, record map[string]any) *refusal {
	return &refusal{status: 409, reason: "alreadyExists", rpc: "ALREADY_EXISTS",
		message: fmt.Sprintf("The resource '%s' named '%s (%s)' already exists", where, str(record, "name"),
			str(record, "type"))}
}

func missingRecord(where, name, typ string) *refusal {
	return &refusal{status: 404, reason: "notFound", rpc: "NOT_FOUND",
		message: fmt.Sprintf("The '%s' resource named '%s (%s)' does not exist.",
			where, name, typ)}
}

func completeRecord(record map[string]any) world.Doc {
	doc := without(record)
	defaults(doc, map[string]any{"ttl": 0})
	doc["kind"] = "dns#resourceRecordSet"
	return doc
}

func createRecord(r *request) (world.Doc, *refusal) {
	zone, zoneDoc, bad := r.zoneOf()
	if bad != nil {
		return nil, bad
	}
	if bad := checkRecord(r.body, zoneDoc, "entity.rrset"); bad != nil {
		return nil, bad
	}
	name := recordName(zone, str(r.body, "name"), str(r.body, "type"))
	if r.tx.Has(vendor, recordKind, name) {
		return nil, existingRecord("entity.rrset", r.body)
	}
	doc := completeRecord(r.body)
	r.tx.Put(r.effect(recordKind, name, nil), doc)
	return doc, nil
}

func getRecord(r *request) (world.Doc, *refusal) {
	zone, _, bad := r.zoneOf()
	if bad != nil {
		return nil, bad
	}
	doc, ok := r.get(recordKind, recordName(zone, r.name, r.http.PathValue("type")))
	if !ok {
		return nil, missingRecord("parameters.name", r.name, r.http.PathValue("type"))
	}
	return doc, nil
}

func patchRecord(r *request) (world.Doc, *refusal) {
	old, bad := getRecord(r)
	if bad != nil {
		return nil, bad
	}
	zone, zoneDoc, _ := r.zoneOf()
	next := mergePatch(old, r.body)
	if bad := checkRecord(next, zoneDoc, "entity.rrset"); bad != nil {
		return nil, bad
	}
	r.tx.Put(r.effect(recordKind, recordName(zone, r.name, r.http.PathValue("type")), nil), next)
	return next, nil
}

func deleteRecord(r *request) (world.Doc, *refusal) {
	doc, bad := getRecord(r)
	if bad != nil {
		return nil, bad
	}
	zone, zoneDoc, _ := r.zoneOf()
	if isApex(doc, str(zoneDoc, "dnsName")) {
		return nil, invalidDNS("entity.rrset", str(doc, "type"))
	}
	r.tx.Delete(r.effect(recordKind, recordName(zone, r.name, r.http.PathValue("type")), nil))
	return world.Doc{}, nil
}

func listRecords(r *request) (world.Doc, *refusal) {
	zone, _, bad := r.zoneOf()
	if bad != nil {
		return nil, bad
	}
	var kept []world.Entry
	for e := range r.all(recordKind, zone+"/rrsets/") {
		name, typ := r.query.Get("name"), r.query.Get("type")
		if (name == "" || name == str(e.Doc, "name")) && (typ == "" || typ == str(e.Doc, "type")) {
			kept = append(kept, e)
		}
	}
	out := r.rpcList(listing{field: "rrsets", sizeParameter: "maxResults", size: 1000}, kept)
	out["kind"] = "dns#resourceRecordSetsListResponse"
	return out, nil
}

// createChange applies deletions and additions together or not at all. A deletion must name the record as it stands.
func createChange(r *request) (world.Doc, *refusal) {
	zone, zoneDoc, bad := r.zoneOf()
	if bad != nil {
		return nil, bad
	}
	deletions, additions := objs(r.body, "deletions"), objs(r.body, "additions")
	if len(deletions)+len(additions) == 0 {
		return nil, &refusal{
			status: 400, reason: "required", rpc: "INVALID_ARGUMENT",
			message: "The 'entity.change' parameter is required but was missing."}
	}
	gone := map[string]bool{}
	for i, record := range deletions {
		where, name := fmt.Sprintf("entity.change.deletions[%d]", i),
			recordName(zone, str(record, "name"), str(record, "type"))
		standing, ok := r.get(recordKind, name)
		if !ok {
			return nil, missingRecord(where, str(record, "name"), str(record, "type"))
		}
		if world.Text(completeRecord(record)) != world.Text(standing) {
			return nil, &refusal{
				status: 412, reason: "conditionNotMet", rpc: "FAILED_PRECONDITION",
				message: fmt.Sprintf("Precondition not met for '%s'", where)}
		}
		gone[name] = true
	}
	for i, record := range additions {
		where, name := fmt.Sprintf("entity.change.additions[%d]", i),
			recordName(zone, str(record, "name"), str(record, "type"))
		if bad := checkRecord(record, zoneDoc, where); bad != nil {
			return nil, bad
		}
		if r.tx.Has(vendor, recordKind, name) && !gone[name] {
			return nil, existingRecord(where, record)
		}
	}
	r.applyChange(zone, gone, additions)
	return r.recordChange(zone), nil
}

func (r *request) applyChange(zone string, gone map[string]bool, additions []map[string]any) {
	added := map[string]bool{}
	for _, record := range additions {
		name := recordName(zone, str(record, "name"), str(record, "type"))
		added[name] = true
		r.tx.Put(r.effect(recordKind, name, nil), completeRecord(record))
	}
	for _, name := range sortedKeys(gone) {
		if !added[name] {
			r.tx.Delete(r.effect(recordKind, name, nil))
		}
	}
}

func (r *request) recordChange(zone string) world.Doc {
	id := strconv.FormatUint(r.tx.ID(), 10)
	doc := without(r.body)
	doc["kind"], doc["id"], doc["startTime"], doc["status"] = "dns#change", id, r.now(), "pending"
	r.tx.QuietPut(vendor, "changes", zone+"/changes/"+id, doc)
	r.later(changeTime, "changes", zone+"/changes/"+id, world.Doc{"status": "done"})
	return doc
}

func getChange(r *request) (world.Doc, *refusal) {
	zone, _, bad := r.zoneOf()
	if bad != nil {
		return nil, bad
	}
	doc, ok := r.get("changes", zone+"/changes/"+r.name)
	if !ok {
		return nil, notFound(r.name)
	}
	return doc, nil
}
