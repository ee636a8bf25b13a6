package aviatrix_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// A sent is one changing call as it went out.
type sent struct {
	name    string // the action, or method and path without ids
	release string // the controller's
	form    url.Values
	body    []byte
}

// A recorder notes the changing calls on their way to a controller.
type recorder struct {
	to      http.Handler
	release string
	mu      sync.Mutex
	sent    []sent
}

func (r *recorder) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(body))
	one := sent{release: r.release, body: body}
	if path, rest := strings.CutPrefix(req.URL.Path, "/v2.5/api/"); rest {
		parts := strings.Split(path, "/")
		if _, err := uuid.Parse(parts[len(parts)-1]); err == nil {
			parts[len(parts)-1] = "ID"
		}
		one.name = req.Method + " " + strings.Join(parts, "/")
	} else if req.Method == http.MethodPost {
		one.form, one.body = formOf(body), nil
		one.name = one.form.Get("action")
	}
	reads := []string{"", "login", "check_task_status", "get_controller_feature"}
	if !slices.Contains(reads, one.name) && !strings.HasPrefix(one.name, "GET ") {
		r.mu.Lock()
		r.sent = append(r.sent, one)
		r.mu.Unlock()
	}
	r.to.ServeHTTP(rw, req)
}

// formOf are the fields of an action, sent as a form or as one JSON object.
func formOf(body []byte) url.Values {
	var flat map[string]any
	if json.Unmarshal(body, &flat) != nil {
		form, _ := url.ParseQuery(string(body)) // a body that is neither has no action, and no line in the table
		return form
	}
	out := url.Values{}
	for field, value := range flat {
		out.Set(field, fmt.Sprint(value))
	}
	return out
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
	const watch = "enforced; off watch=true; old watch=true; plain; watched watch=true"
	const mode = "enforced; off enforcement=DISABLE; old enforcement=MONITOR; plain; watched enforcement=MONITOR"
	for release, want := range map[string]string{
		"9.0": watch, "10.0": watch, "10.1": mode, "10.12": mode, "11.0": mode,
	} {
		rec := &recorder{release: release, to: small().with(told{
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
		rec.sent[0].check(t)
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
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: got %s, want %s", release, strings.Join(got, "; "), want)
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
		"!400": "refuse refused", "!405": "refuse refused", "!409": "refuse refused", "!422": "refuse refused",
		"!418":      "unsure no-answer", // no word and no status that says what was done
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
		if _, words, _ := strings.Cut(answer, " "); !strings.Contains(err.Error(), words) {
			t.Errorf("%s: the words are lost: %v", answer, err)
		}
	}
}

// TestWhatCannotBeMade: a 404 to what is to be made is no sign that something is gone. It is refused with its words.
func TestWhatCannotBeMade(t *testing.T) {
	const path = "/v2.5/api/microseg/"
	a := small().with(told{path + "attachment-points?name=TERRAFORM_BEFORE_UI_MANAGED": `[{` +
		`"attachment_point_id":"p1","name":"TERRAFORM_BEFORE_UI_MANAGED"}]`})
	rec := &recorder{to: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path != "/v2/api" {
			rw.WriteHeader(http.StatusNotFound)
			_, _ = rw.Write([]byte(`{"message":"Attachment point p1 not found"}`))
			return
		}
		a.ServeHTTP(rw, r)
	})}
	err := rec.client(t).WebGroups().Rules.Write(t.Context(), uuid.New(), "c", []string{`{"name":"r"}`})
	wantClass(t, "a set on a place that went away", err, "refuse refused")
	if !strings.Contains(err.Error(), "Attachment point p1 not found") {
		t.Errorf("the words are lost: %v", err)
	}
}
