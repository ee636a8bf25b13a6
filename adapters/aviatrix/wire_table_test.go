package aviatrix_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// A clientWrite is what some client of the vendor's sends with one changing call, to the releases from first to last
// (empty: open). Fields are all that it sends, each with the form of its values; CID and action are in every form.
type clientWrite struct {
	source      string
	first, last string
	fields      map[string]string
}

const (
	anyText   = `.+`
	cidrText  = `\d+\.\d+\.\d+\.\d+/\d+`
	ruleTexts = `\[(\{"fqdn":"[^"]+","proto":"(all|tcp|udp|icmp)","port":"[^"]+",` +
		`"verdict":"(Base Policy|Allow|Deny)"\},?)+\]`
)

// clientWrites are all changing calls of this package. The sources are files of goaviatrix (AviatrixSystems/
// terraform-provider-aviatrix) with the function and the releases at which it was read; "HEAD" is the 10.1 line.
var clientWrites = map[string]clientWrite{
	"edit_gateway_advertised_cidr": {source: "gateway.go EditGatewayAdvertisedCidr, v8.2.20 and HEAD",
		fields: map[string]string{"gateway_name": anyText, "cidr": "(" + cidrText + "(," + cidrText + ")*)?"}},

	"add_fqdn_filter_tag": {source: "fqdn.go CreateFQDN, v8.2.20", last: "8.2",
		fields: map[string]string{"tag_name": anyText}},
	"del_fqdn_filter_tag": {source: "fqdn.go DeleteFQDN, v8.2.20", last: "8.2",
		fields: map[string]string{"tag_name": anyText}},
	"set_fqdn_filter_tag_state": {source: "fqdn.go UpdateFQDNStatus, v8.2.20", last: "8.2",
		fields: map[string]string{"tag_name": anyText, "status": "enabled|disabled"}},
	"set_fqdn_filter_tag_color": {source: "fqdn.go UpdateFQDNMode, v8.2.20", last: "8.2",
		fields: map[string]string{"tag_name": anyText, "color": "white|black"}},
	"add_fqdn_policies_to_tag": {source: "fqdn.go AddFQDNTagRule, v8.2.20", last: "8.2",
		fields: map[string]string{"tag_name": anyText, "policies": ruleTexts}},
	"delete_fqdn_policies_to_tag": {source: "fqdn.go DeleteFQDNTagRule, v8.2.20", last: "8.2",
		fields: map[string]string{"tag_name": anyText, "policies": ruleTexts}},
	"attach_fqdn_filter_tag_to_gw": {source: "fqdn.go AttachTagToGw, v8.2.20", last: "8.2",
		fields: map[string]string{"tag_name": anyText, "gw_name": anyText}},
	"detach_fqdn_filter_tag_from_gw": {source: "fqdn.go DetachGws, v8.2.20", last: "8.2",
		fields: map[string]string{"tag_name": anyText, "gw_name": anyText}},
	"update_fqdn_filter_tag_source_ip_filters": {source: "fqdn.go UpdateSourceIPFilters, v8.2.20", last: "8.2",
		fields: map[string]string{"tag_name": anyText, "gateway_name": anyText,
			"source_ips": `\["` + cidrText + `"(,"` + cidrText + `")*\]`}},

	"POST app-domains": {source: "smart_group.go CreateSmartGroup, web_group.go CreateWebGroup, v8.2.20 and HEAD",
		first: "9.0", fields: groupFields},
	"PUT app-domains/ID": {source: "smart_group.go UpdateSmartGroup, web_group.go UpdateWebGroup, v8.2.20 and HEAD",
		first: "9.0", fields: groupFields},
	"DELETE app-domains/ID": {source: "smart_group.go DeleteSmartGroup, v8.2.20 and HEAD", first: "9.0"},
	"POST microseg/policy-list3": {source: "dcf_policy_list.go CreateDCFPolicyList, v9.0.0 to HEAD", first: "9.0",
		fields: map[string]string{"attach_to": `".+"`, "name": `".+"`, "policies": `(?s)\[.*\]`}},
	"PUT microseg/policy-list3/ID": {source: "dcf_policy_list.go UpdateDCFPolicyList, v9.0.0 to HEAD", first: "9.0",
		fields: map[string]string{"attach_to": `".+"`, "name": `".+"`, "policies": `(?s)\[.*\]`,
			"metadata": `\{.+\}`, "uuid": `".+"`, "system_resource": "true"}},
	"DELETE microseg/policy-list3/ID": {source: "dcf_policy_list.go DeleteDCFPolicyList, v9.0.0 to HEAD", first: "9.0"},
}

// groupFields are those of a group. A SmartGroup selects by one key here, a WebGroup by another; clients send each
// expression as an object within "all".
var groupFields = map[string]string{"name": `".+"`,
	"selector": `\{"any":\[(\{"all":\{"(cidr|snifilter)":"[^"]+"\}\},?)+\]\}`}

// ruleFields are the members of a rule that clients send to every release from 9.0 (dcf_policy_list.go DCFPolicy,
// v10.0.1; metadata from 10.0), and newRuleFields those that the 10.1 line adds.
var (
	ruleFields = map[string]string{"name": `".+"`, "action": `"(PERMIT|DENY|INTRUSION_DETECTION_PERMIT)"`,
		"priority": `\d+`, "protocol": `"(TCP|UDP|ICMP|PROTOCOL_UNSPECIFIED)"`, "src_ads": `\[".+"\]`,
		"dst_ads": `\[".+"\]`, "web_filters": `\[".+"\]`, "logging": "true", "watch": "true", "uuid": `".+"`,
		"port_ranges": `\[(\{("hi":[1-9]\d*,)?"lo":\d+(,"hi":[1-9]\d*)?\},?)+\]`, "system_resource": "true",
		"decrypt_policy": `".+"`, "exclude_sg_orchestration": "true", "flow_app_requirement": `".+"`,
		"tls_profile": `".+"`, "log_profile": `".+"`, "metadata": `\{.*\}`}
	newRuleFields = map[string]string{"enforcement": `"(MONITOR|DISABLE)"`, "egress_path": `".+"`}
)

// check fails when a call has what no client of the vendor's sends to the release.
func (s sent) check(t *testing.T) {
	t.Helper()
	known, ok := clientWrites[s.name]
	if !ok || older(s.release, known.first) || known.last != "" && older(known.last, s.release) {
		t.Errorf("%s: no client calls %s", s.release, s.name)
		return
	}
	if s.form != nil {
		for field, values := range s.form {
			if field != "CID" && field != "action" {
				s.fits(t, known.fields, field, values[0])
			}
		}
		return
	}
	body := map[string]json.RawMessage{}
	if len(s.body) > 0 {
		must(t, json.Unmarshal(s.body, &body))
	}
	for field, raw := range body {
		s.fits(t, known.fields, field, string(raw))
	}
	var rules []map[string]json.RawMessage
	if raw, has := body["policies"]; has {
		must(t, json.Unmarshal(raw, &rules))
	}
	for _, r := range rules {
		for field, raw := range r {
			if _, later := newRuleFields[field]; later && !older(s.release, "10.1") {
				s.fits(t, newRuleFields, field, string(raw))
				continue
			}
			s.fits(t, ruleFields, field, string(raw))
		}
		if _, both := r["watch"]; both && r["enforcement"] != nil {
			t.Errorf("%s: rule %s has both watch and enforcement", s.release, r["name"])
		}
		if string(r["dst_ads"]) != `["`+netGroup+`"]` && r["web_filters"] != nil {
			t.Errorf("%s: rule %s has web groups and goes to %s, not to the public internet", s.release, r["name"],
				r["dst_ads"])
		}
	}
}

// fits fails when a field is none that clients send, or has another form.
func (s sent) fits(t *testing.T, fields map[string]string, field, value string) {
	t.Helper()
	form, known := fields[field]
	if !known || !regexp.MustCompile(`^(?:`+form+`)$`).MatchString(value) {
		t.Errorf("%s: %s has %s=%s, which no client sends (%s)", s.release, s.name, field, value,
			clientWrites[s.name].source)
	}
}

// older compares releases such as "8.2"; an empty one is older than none.
func older(a, b string) bool {
	var x, y [2]int
	if _, err := fmt.Sscanf(b, "%d.%d", &y[0], &y[1]); err != nil {
		return false
	}
	_, err := fmt.Sscanf(a, "%d.%d", &x[0], &x[1])
	return err == nil && slices.Compare(x[:], y[:]) < 0
}

// TestWritesAreWhatClientsSend runs each driver through the life of its objects on each release, and holds every
// changing call against what the vendor's clients send there. Every line of the table is needed.
func TestWritesAreWhatClientsSend(t *testing.T) {
	var seen []string
	note := func(r *rig) {
		for _, one := range r.sent() {
			one.check(t)
			seen = append(seen, one.name)
		}
	}
	for _, release := range []string{"7.1", "8.2"} {
		r := newRigAt(t, map[string]string{old: release})
		r.liveWithTags()
		note(r)
	}
	for _, release := range []string{"9.0", "10.0", "10.1", "10.12", "11.0"} {
		r := newRigAt(t, map[string]string{newer: release})
		r.liveWithGroups()
		r.clean()
		note(r)
	}
	for name, write := range clientWrites {
		if !slices.Contains(seen, name) {
			t.Errorf("no driver makes the call %s", name)
		}
		if !strings.Contains(write.source, ".go ") {
			t.Errorf("%s: where is it from: %q", name, write.source)
		}
	}
}

func (r *rig) liveWithTags() {
	t := r.t
	must(t, r.client.Announcements().Write(t.Context(), uuid.New(), spoke("gcp-spoke-1"),
		routing.Announced{Custom: true, Entries: []string{"10.10.0.0/24", "10.200.0.5/32"}}))
	must(t, r.client.Announcements().Write(t.Context(), uuid.New(), spoke("gcp-spoke-1"), routing.Announced{}))
	f := tagFilter("gcp-spoke-1")
	must(t, r.client.FQDN().Put(t.Context(), uuid.New(), f))
	f.Rules = []policy.Rule{{FQDN: "other.example", Protocol: "tcp", Ports: []string{"443"}},
		{CIDR: "10.40.0.4/32", Protocol: "icmp"}, {FQDN: "all.example", Protocol: "all"}}
	must(t, r.client.FQDN().Put(t.Context(), uuid.New(), f))
	f.Default = "allow"
	must(t, r.client.FQDN().Put(t.Context(), uuid.New(), f))
	must(t, r.client.FQDN().Remove(t.Context(), uuid.New(), f))
}

// liveWithGroups has a filter beside the rules of others, changes it and takes it away; then the rules of every mode on
// a place that was empty.
func (r *rig) liveWithGroups() {
	t := r.t
	f := webFilter()
	r.inForce(f)
	f.Rules = []policy.Rule{{FQDN: "other.example", Protocol: "tcp", Ports: []string{"443"}},
		{CIDR: "10.40.0.0/16", Protocol: "icmp"}, {CIDR: "10.41.0.0/16", Protocol: "all"},
		{CIDR: "10.42.0.0/16", Protocol: "udp", Ports: []string{"53", "8000-8010"}}}
	r.inForce(f)
	r.removeWeb(f)
	alone := r.clientOn(laterSpot).WebGroups().Rules
	var lines []string
	for name, more := range map[string]string{"plain": "", "watched": `{"enforcement":"MONITOR"}`,
		"off": `{"enforcement":"DISABLE"}`, "on": `{"enforcement":"ENFORCE"}`, "old": `{"watch":true}`} {
		lines = append(lines, merged(`{"name":"`+name+`","action":"DENY","priority":5,"protocol":"ANY","src_ads":["`+
			allGroup+`"],"dst_ads":["`+allGroup+`"],"logging":false}`, more))
	}
	if older(r.releases[newer], "10.1") { // there a rule that is off only watches, and reads so
		lines = slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, "DISABLE") })
	}
	must(t, alone.Write(t.Context(), uuid.New(), newer, lines))
	must(t, alone.Write(t.Context(), uuid.New(), newer, nil))
}
