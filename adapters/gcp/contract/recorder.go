package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A Recorder passes calls on to a transport and checks them. Safe for concurrent use.
type Recorder struct {
	next    http.RoundTripper
	methods []*method

	mu         sync.Mutex
	report     Report
	violations map[string]bool
}

var _ http.RoundTripper = (*Recorder)(nil)

// Report is what a Recorder has seen. Each violation is told once: "<method> request.<field>: <what is wrong>".
type Report struct {
	Requests, Answers int
	// Methods counts the requests by the API's own name of the method ("compute.routers.patch").
	Methods    map[string]int
	Violations []string
}

// Recorder makes a recorder in front of a transport; nil is [http.DefaultTransport].
func (d *Documents) Recorder(next http.RoundTripper) *Recorder {
	if next == nil {
		next = http.DefaultTransport
	}
	return &Recorder{
		next: next, methods: d.methods, report: Report{Methods: map[string]int{}}, violations: map[string]bool{},
	}
}

// Report tells what was seen until now.
func (r *Recorder) Report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.report
	out.Methods = maps.Clone(out.Methods)
	for v := range r.violations {
		out.Violations = append(out.Violations, v)
	}
	slices.Sort(out.Violations)
	return out
}

// RoundTrip checks the request, passes it on and checks the answer. The bodies stay readable.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	candidates := find(r.methods, req.Method, req.URL)
	sent, err := drain(&req.Body)
	if err != nil {
		return nil, fmt.Errorf("read request body: %w", err)
	}
	r.note(true, candidates, r.request(candidates, req, sent))
	res, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	got, err := drain(&res.Body)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	r.note(false, candidates, r.answer(candidates, req, res.StatusCode, got))
	return res, nil
}

// drain reads a body and puts an equal one in its place.
func drain(body *io.ReadCloser) ([]byte, error) {
	if *body == nil || *body == http.NoBody {
		return nil, nil
	}
	raw, err := io.ReadAll(*body)
	if err != nil {
		return nil, err
	}
	if err := (*body).Close(); err != nil {
		return nil, err
	}
	*body = io.NopCloser(bytes.NewReader(raw))
	return raw, nil
}

// name tells which method a call is; the first of several on one path speaks for them.
func name(candidates []*method) string {
	if len(candidates) == 0 {
		return "no method"
	}
	return candidates[0].ID
}

func (r *Recorder) note(request bool, candidates []*method, found []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if request {
		r.report.Requests++
		r.report.Methods[name(candidates)]++
	} else {
		r.report.Answers++
	}
	for _, v := range found {
		r.violations[v] = true
	}
}

// request checks a call against the methods it can be; it is right when it is right for one of them.
func (r *Recorder) request(candidates []*method, req *http.Request, body []byte) []string {
	if len(candidates) == 0 {
		return []string{fmt.Sprintf("%s %s: is no method of the APIs", req.Method, req.URL.Path)}
	}
	return fewest(candidates, func(m *method) []string {
		c := &check{doc: m.doc, method: m.ID}
		c.parameters(m, req)
		switch {
		case m.Request == nil && len(body) > 0:
			c.wrong("request", "has a body, and the method takes none")
		case m.Request != nil:
			c.json("request", body, m.Request)
		}
		return c.found
	})
}

func (r *Recorder) answer(candidates []*method, req *http.Request, status int, body []byte) []string {
	if len(candidates) == 0 {
		return nil
	}
	numbers := strings.Contains(req.URL.RawQuery, "enum-encoding=int") // net/url drops what holds a semicolon
	return fewest(candidates, func(m *method) []string {
		c := &check{doc: m.doc, numbers: numbers}
		switch {
		case status >= 300:
			c.refusal(status, body)
		case m.Response != nil:
			c.json("answer", body, m.Response)
		}
		return c.found
	})
}

// fewest gives the findings of the candidate that fits best, each with the method's name.
func fewest(candidates []*method, find func(*method) []string) []string {
	var best []string
	for i, m := range candidates {
		found := find(m)
		for j := range found {
			found[j] = m.ID + " " + found[j]
		}
		if i == 0 || len(found) < len(best) {
			best = found
		}
	}
	return best
}

// json decodes a body, empty for no fields, and checks it.
func (c *check) json(path string, body []byte, p *property) {
	var v any = map[string]any{}
	if len(bytes.TrimSpace(body)) > 0 {
		if err := json.Unmarshal(body, &v); err != nil {
			c.wrong(path, "is no JSON: %v", err)
			return
		}
	}
	c.value(path, v, p)
}

// refusal checks the shape of an error: {"error":{"code":<status>,"message":"…"}}.
func (c *check) refusal(status int, body []byte) {
	var e struct {
		Error *struct {
			Code    int
			Message string
		}
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Error == nil || e.Error.Code != status ||
		e.Error.Message == "" {
		c.wrong("answer", "status %d without an error of that code and a message: %.200s", status, body)
	}
}

// parameters checks the query and, where the document names them, the parts of the path.
func (c *check) parameters(m *method, req *http.Request) {
	query := req.URL.Query()
	for name, values := range query {
		c.given(m, strings.TrimPrefix(name, "$"), values) // $alt is alt
	}
	path, _ := cutVerb(strings.TrimPrefix(req.URL.Path, "/"))
	for name, p := range m.Parameters {
		if p.Location == "path" && p.Type == "string" {
			if v, ok := m.param(strings.Split(path, "/"), name); ok {
				c.text("request/"+name, v, p)
			}
		}
		if p.Location == "query" && p.Required && !query.Has(name) {
			c.wrong("request?"+name, "is required")
		}
	}
}

// given checks one parameter of the query.
func (c *check) given(m *method, name string, values []string) {
	p, ok := m.Parameters[name]
	if _, common := m.doc.Parameters[name]; common && !ok {
		return
	}
	if !ok || p.Location != "query" {
		c.wrong("request?"+name, "is no parameter of the method")
		return
	}
	if len(values) > 1 && !p.Repeated {
		c.wrong("request?"+name, "is given %d times", len(values))
	}
	if p.Type == "string" {
		c.text("request?"+name, values[0], p)
	}
}
