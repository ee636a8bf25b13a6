package aviatrix_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// A sent is one changing call as it went out.
type sent struct {
	name string // the action, or method and path without ids
	form url.Values
	body []byte
}

// A recorder notes the changing calls on their way to a controller.
type recorder struct {
	to   http.Handler
	mu   sync.Mutex
	sent []sent
}

func (r *recorder) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(body))
	one := sent{body: body}
	if path, rest := strings.CutPrefix(req.URL.Path, "/v2.5/api/"); rest {
		parts := strings.Split(path, "/")
		if _, err := uuid.Parse(parts[len(parts)-1]); err == nil {
			parts[len(parts)-1] = "ID"
		}
		one.name = req.Method + " " + strings.Join(parts, "/")
	} else if form, err := url.ParseQuery(string(body)); err == nil && req.Method == http.MethodPost {
		one.name, one.form, one.body = form.Get("action"), form, nil
	}
	reads := []string{"", "login", "check_task_status"}
	if !slices.Contains(reads, one.name) && !strings.HasPrefix(one.name, "GET ") && !strings.HasPrefix(one.name, "{") {
		r.mu.Lock()
		r.sent = append(r.sent, one)
		r.mu.Unlock()
	}
	r.to.ServeHTTP(rw, req)
}

// vendorForms are the fields with which the vendor's client sends each action that this package uses (goaviatrix at
// v8.2.20: gateway.go, fqdn.go); each has CID and action too.
var vendorForms = map[string][]string{
	"edit_gateway_advertised_cidr":             {"gateway_name", "cidr"},
	"add_fqdn_filter_tag":                      {"tag_name"},
	"del_fqdn_filter_tag":                      {"tag_name"},
	"set_fqdn_filter_tag_state":                {"tag_name", "status"},
	"set_fqdn_filter_tag_color":                {"tag_name", "color"},
	"add_fqdn_policies_to_tag":                 {"tag_name", "policies"},
	"delete_fqdn_policies_to_tag":              {"tag_name", "policies"},
	"attach_fqdn_filter_tag_to_gw":             {"tag_name", "gw_name"},
	"detach_fqdn_filter_tag_from_gw":           {"tag_name", "gw_name"},
	"update_fqdn_filter_tag_source_ip_filters": {"tag_name", "gateway_name", "source_ips"},
}

// vendorBodies are the members of each body of v2.5 (goaviatrix: smart_group.go, web_group.go, dcf_policy_list.go).
var vendorBodies = map[string][]string{
	"POST app-domains":                {"name", "selector"},
	"PUT app-domains/ID":              {"name", "selector"},
	"DELETE app-domains/ID":           {},
	"POST microseg/policy-list3":      {"attach_to", "name", "policies", "metadata"},
	"PUT microseg/policy-list3/ID":    {"attach_to", "name", "policies", "metadata", "uuid", "system_resource"},
	"DELETE microseg/policy-list3/ID": {},
}

// vendorRule are the members of a rule (goaviatrix: DCFPolicy at v10.0.1, and what the 10.1 line adds).
var (
	vendorRule = []string{"action", "decrypt_policy", "dst_ads", "exclude_sg_orchestration", "flow_app_requirement",
		"log_profile", "logging", "metadata", "name", "port_ranges", "priority", "protocol", "src_ads",
		"system_resource", "tls_profile", "uuid", "watch", "web_filters"}
	vendorRule101 = append(slices.Clone(vendorRule), "enforcement", "egress_path")
)

// check fails when a call has what no client of the vendor sends to the release.
func (s sent) check(t *testing.T, rule []string) {
	t.Helper()
	if s.form != nil {
		known, ok := vendorForms[s.name]
		for field := range s.form {
			if !ok || !slices.Contains(append([]string{"CID", "action"}, known...), field) {
				t.Errorf("%s has the field %s, which no client sends", s.name, field)
			}
		}
		if text := s.form.Get("policies"); text != "" {
			var entries []map[string]string
			must(t, json.Unmarshal([]byte(text), &entries))
			for _, e := range entries {
				only(t, s.name, keysOf(e), []string{"fqdn", "proto", "port", "verdict"})
			}
		}
		return
	}
	known, ok := vendorBodies[s.name]
	body := map[string]json.RawMessage{}
	if len(s.body) > 0 {
		must(t, json.Unmarshal(s.body, &body))
	}
	if !ok {
		t.Errorf("no client of the vendor calls %s", s.name)
	}
	only(t, s.name, keysOf(body), known)
	var rules []map[string]any
	if raw, has := body["policies"]; has {
		must(t, json.Unmarshal(raw, &rules))
	}
	for _, r := range rules {
		checkRule(t, r, rule)
	}
}

func checkRule(t *testing.T, r map[string]any, known []string) {
	t.Helper()
	only(t, "a rule", keysOf(r), known)
	if p, has := r["protocol"]; has && !slices.Contains([]any{"TCP", "UDP", "ICMP", "PROTOCOL_UNSPECIFIED"}, p) {
		t.Errorf("rule %v has protocol %v, which no client sends", r["name"], p)
	}
	if e, has := r["enforcement"]; has && e != "MONITOR" && e != "DISABLE" {
		t.Errorf("rule %v has enforcement %v: the default is left out", r["name"], e)
	}
	if w, has := r["watch"]; has && w != true {
		t.Errorf("rule %v has watch %v: the default is left out", r["name"], w)
	}
	public := []any{"def000ad-0000-0000-0000-000000000001"}
	if webs, _ := r["web_filters"].([]any); len(webs) > 0 && !slices.Equal(r["dst_ads"].([]any), public) {
		t.Errorf("rule %v has web groups and the destination %v, not the public internet", r["name"], r["dst_ads"])
	}
}

func only(t *testing.T, what string, got, known []string) {
	t.Helper()
	for _, key := range got {
		if !slices.Contains(known, key) {
			t.Errorf("%s has %s, which no client sends", what, key)
		}
	}
}

func keysOf[V any](m map[string]V) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// TestWritesAreWhatClientsSend runs each driver through the life of its objects, and holds every changing call against
// what the vendor's clients send.
func TestWritesAreWhatClientsSend(t *testing.T) {
	r := newRig(t)
	must(t, r.client.Announcements().Write(t.Context(), uuid.New(), spoke("gcp-spoke-1"),
		routing.Announced{Custom: true, Entries: []string{"10.10.0.0/24", "10.200.0.5/32"}}))
	must(t, r.client.Announcements().Write(t.Context(), uuid.New(), spoke("gcp-spoke-1"), routing.Announced{}))
	f := tagFilter("gcp-spoke-1")
	must(t, r.client.FQDN().Put(t.Context(), uuid.New(), f))
	f.Rules = []policy.Rule{{FQDN: "other.example", Protocol: "tcp", Ports: []string{"443"}}}
	must(t, r.client.FQDN().Put(t.Context(), uuid.New(), f))
	f.Default = "allow"
	must(t, r.client.FQDN().Put(t.Context(), uuid.New(), f))
	must(t, r.client.FQDN().Remove(t.Context(), uuid.New(), f))
	w := webFilter()
	r.inForce(w)
	w.Rules = []policy.Rule{{FQDN: "other.example", Protocol: "tcp", Ports: []string{"443"}},
		{CIDR: "10.40.0.0/16", Protocol: "icmp"}, {CIDR: "10.41.0.0/16", Protocol: "all"}}
	r.inForce(w)
	r.removeWeb(w)
	must(t, r.client.WebGroups().Rules.Write(t.Context(), uuid.New(), newer, nil))
	var names []string
	for _, one := range r.sent() {
		names = append(names, one.name)
		one.check(t, vendorRule)
	}
	for _, name := range slices.Concat(keysOf(vendorForms), keysOf(vendorBodies)) {
		// A set of our own is made on an empty place only, and no test of this world has one.
		if !slices.Contains(names, name) && name != "POST microseg/policy-list3" &&
			name != "DELETE microseg/policy-list3/ID" {
			t.Errorf("no write made the call %s", name)
		}
	}
}

// TestRulesByRelease: how a rule is written that only watches, that is off, and that is enforced.
func TestRulesByRelease(t *testing.T) {
	const path = "/v2.5/api/microseg/"
	line := func(name, more string) string {
		return merged(`{"name":"`+name+`","action":"DENY","priority":5,"protocol":"ANY","src_ads":["a"],`+
			`"dst_ads":["b"],"logging":false}`, more)
	}
	lines := []string{line("enforced", `{"enforcement":"ENFORCE"}`), line("plain", ``),
		line("watched", `{"enforcement":"MONITOR"}`), line("old", `{"watch":true}`), line("off",
			`{"enforcement":"DISABLE"}`)}
	for release, c := range map[string]struct {
		known []string
		want  string
	}{
		"9.0":  {vendorRule, "enforced; off watch=true; old watch=true; plain; watched watch=true"},
		"10.0": {vendorRule, "enforced; off watch=true; old watch=true; plain; watched watch=true"},
		"10.1": {vendorRule101,
			"enforced; off enforcement=DISABLE; old enforcement=MONITOR; plain; watched enforcement=MONITOR"},
		"10.12": {vendorRule101,
			"enforced; off enforcement=DISABLE; old enforcement=MONITOR; plain; watched enforcement=MONITOR"},
		"11.0": {vendorRule101,
			"enforced; off enforcement=DISABLE; old enforcement=MONITOR; plain; watched enforcement=MONITOR"},
	} {
		rec := &recorder{to: small().with(told{
			"list_version_info": `{"current_version":"UserConnect-` + release + `"}`,
			path + "attachment-points?name=TERRAFORM_BEFORE_UI_MANAGED": `[{"attachment_point_id":"p1",` +
				`"name":"TERRAFORM_BEFORE_UI_MANAGED"}]`,
		})}
		// The controller takes the set and shows none of it: only what went out is asked.
		err := rec.client(t).WebGroups().Rules.Write(t.Context(), uuid.New(), "c", lines)
		wantClass(t, release, err, "unsure read-back")
		if len(rec.sent) != 1 || rec.sent[0].name != "POST microseg/policy-list3" {
			t.Fatalf("%s: sent %+v", release, rec.sent)
		}
		rec.sent[0].check(t, c.known)
		var body struct {
			Policies []struct {
				Name        string
				Watch       *bool
				Enforcement *string
				Protocol    *string
			}
		}
		must(t, json.Unmarshal(rec.sent[0].body, &body))
		var got []string
		for _, p := range body.Policies {
			text := p.Name
			if p.Watch != nil {
				text += " watch=true"
			}
			if p.Enforcement != nil {
				text += " enforcement=" + *p.Enforcement
			}
			got = append(got, text)
		}
		slices.Sort(got)
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: got %s, want %s", release, strings.Join(got, "; "), c.want)
		}
	}
}

// TestRefusalsOfTheNewerPath: a status of v2.5 below 500 is a refusal with the controller's words, whatever they are;
// what may pass is not.
func TestRefusalsOfTheNewerPath(t *testing.T) {
	for answer, want := range map[string]string{
		"!400 Policy list is wrong somehow": "refuse refused", "!405 no": "refuse refused",
		"!409 Policy list changed under you": "refuse refused", "!422 attach_to is missing": "refuse refused",
		"!403 Only an owner may do so": "refuse permission", "!401 who are you": "refuse permission",
		"!404 gone": "retry changed", "!409 Policy list already exists": "retry changed",
		"!400 app domain is referenced": "retry in-use", "!429 slower": "retry throttled",
		"!500 broken": "unsure no-answer",
		"!503 broken": "unsure no-answer",
	} {
		const path = "/v2.5/api/microseg/"
		a := small().with(told{
			path + "attachment-points?name=TERRAFORM_BEFORE_UI_MANAGED": `[{"attachment_point_id":"p1",` +
				`"name":"TERRAFORM_BEFORE_UI_MANAGED"}]`,
			path + "policy-list3":   `{"dcf_policies":[{"uuid":"s","name":"other","attach_to":"p1","policies":[]}]}`,
			path + "policy-list3/s": answer,
		})
		rec := &recorder{to: a}
		err := rec.client(t).WebGroups().Rules.Write(t.Context(), uuid.New(), "c", []string{`{"name":"r"}`})
		wantClass(t, answer, err, want)
		if _, words, _ := strings.Cut(answer, " "); want == "refuse refused" && !strings.Contains(err.Error(), words) {
			t.Errorf("%s: the words are lost: %v", answer, err)
		}
	}
}
