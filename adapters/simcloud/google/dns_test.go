package google_test

import (
	"testing"
	"time"
)

const dnsRoot = "/dns/v1/projects/acme-net"

const host = "python-http-function-x5hfzvqk2q-ey.a.run.app."

func zone(name, dnsName string) obj {
	return obj{"name": name, "dnsName": dnsName, "visibility": "private", "description": "of a test",
		"privateVisibilityConfig": obj{
			"networks": []any{obj{"networkUrl": "https://www.googleapis.com/compute/v1/" + spoke}},
		}}
}

func record(ip string) obj {
	return obj{"name": host, "type": "A", "ttl": 60, "rrdatas": []any{ip}}
}

func TestZoneAndRecord(t *testing.T) {
	r := newRig(t)
	z := r.ok("POST", dnsRoot+"/managedZones", zone("py", host))
	if z["kind"] != "dns#managedZone" || len(z["nameServers"].([]any)) != 4 {
		t.Errorf("zone %v", z)
	}
	records := dnsRoot + "/managedZones/py/rrsets"
	if got := r.get(records)["rrsets"].([]any); len(got) != 2 || at(got, 0, "type") != "NS" {
		t.Errorf("records of a new zone %v", got)
	}
	r.ok("POST", records, record("10.200.0.1"))
	if got := at(r.get(records+"?type=A&name="+host), "rrsets", 0, "rrdatas", 0); got != "10.200.0.1" {
		t.Errorf("record %v", got)
	}
	r.refused(no{409, "alreadyExists"}, "POST", records, record("10.200.0.2"))
	r.refused(no{400, "containerNotEmpty"}, "DELETE", dnsRoot+"/managedZones/py", nil)
	r.ok("PATCH", records+"/"+host+"/A", obj{"rrdatas": []any{"10.200.0.3"}})
	if got := at(r.get(records+"/"+host+"/A"), "rrdatas", 0); got != "10.200.0.3" {
		t.Errorf("patched record %v", got)
	}
	r.ok("DELETE", records+"/"+host+"/A", nil)
	r.refused(no{404, "notFound"}, "DELETE", records+"/"+host+"/A", nil)
	r.refused(no{400, "invalid"}, "DELETE", records+"/"+host+"/SOA", nil)
	r.ok("DELETE", dnsRoot+"/managedZones/py", nil)
	r.refused(
		no{404, `managedZone "projects/acme-net/managedZones/py" not found`}, "DELETE", dnsRoot+"/managedZones/py", nil,
	)
	r.clean()
}

func TestZoneRefusals(t *testing.T) {
	r := newRig(t)
	zones := dnsRoot + "/managedZones"
	r.refused(no{409, "alreadyExists"}, "POST", zones, zone("corp-internal", host))
	r.refused(no{400, "already bound"}, "POST", zones, zone("other", "corp.acme.example."))
	r.refused(no{400, "dnsName"}, "POST", zones, zone("py", "no-dot.example"))
	r.refused(no{404, "notFound"}, "POST", dnsRoot+"/managedZones/nope/rrsets", record("10.200.0.1"))
	r.refused(no{400, "name"}, "POST", dnsRoot+"/managedZones/corp-internal/rrsets", record("10.200.0.1"))
}

func TestChangeIsAtomic(t *testing.T) {
	r := newRig(t)
	r.ok("POST", dnsRoot+"/managedZones", zone("py", host))
	changes, one := dnsRoot+"/managedZones/py/changes", dnsRoot+"/managedZones/py/rrsets/"+host+"/A"
	c := r.ok("POST", changes, obj{"additions": []any{record("10.200.0.1")}})
	if c["status"] != "pending" {
		t.Errorf("change %v", c)
	}
	r.pass(5 * time.Second)
	if got := r.get(changes + "/" + c["id"].(string)); got["status"] != "done" {
		t.Errorf("change after its time %v", got)
	}
	r.refused(no{409, "entity.change.additions[0]"}, "POST", changes, obj{"additions": []any{record("10.200.0.2")}})
	r.refused(no{412, "conditionNotMet"}, "POST", changes,
		obj{"deletions": []any{record("10.200.0.9")}, "additions": []any{record("10.200.0.2")}})
	if got := at(r.get(one), "rrdatas", 0); got != "10.200.0.1" {
		t.Errorf("a refused change left %v", got)
	}
	r.ok("POST", changes, obj{"deletions": []any{record("10.200.0.1")}, "additions": []any{record("10.200.0.2")}})
	r.ok("POST", changes, obj{"deletions": []any{record("10.200.0.2")}})
	r.refused(no{404, "notFound"}, "POST", changes, obj{"deletions": []any{record("10.200.0.2")}})
	r.ok("DELETE", dnsRoot+"/managedZones/py", nil)
	r.clean()
}

func TestPoliciesOfNames(t *testing.T) {
	r := newRig(t)
	if p := at(r.get(dnsRoot+"/policies"), "policies", 0); at(p, "enableInboundForwarding") != true ||
		at(p, "name") != "inbound" {
		t.Errorf("policy %v", p)
	}
	if p := at(r.get(dnsRoot+"/responsePolicies"), "responsePolicies", 0); at(p,
		"responsePolicyName") != "plain-overrides" {
		t.Errorf("response policy %v", p)
	}
	rules := r.get(dnsRoot + "/responsePolicies/plain-overrides/rules")
	if at(rules, "responsePolicyRules", 0, "dnsName") != "*.run.app." || rules["kind"] != nil {
		t.Errorf("rules %v", rules)
	}
	if got := len(r.get(dnsRoot + "/managedZones?dnsName=corp.acme.example.")["managedZones"].([]any)); got != 1 {
		t.Errorf("zones by name: %d", got)
	}
}

func TestZoneChangesVisibility(t *testing.T) {
	r := newRig(t)
	r.ok("POST", dnsRoot+"/managedZones", zone("py", host))
	op := r.ok("PATCH", dnsRoot+"/managedZones/py", obj{"description": "other"})
	if op["kind"] != "dns#operation" || at(op, "zoneContext", "newValue", "description") != "other" {
		t.Errorf("operation %v", op)
	}
	if got := r.get(dnsRoot + "/managedZones/py"); got["description"] != "other" ||
		got["privateVisibilityConfig"] == nil {
		t.Errorf("zone %v", got)
	}
	r.refused(no{400, "dnsName"}, "PATCH", dnsRoot+"/managedZones/py", obj{"dnsName": "else.example."})
}
