package google

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Vendor is this API's name in faults, ledger and resources.
const Vendor = vendor

// api holds what does not change: the world and the scenario's limits.
type api struct {
	w         *world.World
	quotas    map[string]int
	numbers   map[string]string // ids of projects by their numbers
	connected bool              // connectors show connectedProjects

	access      []Access
	disabled    []Disabled
	orgPolicies []OrgPolicy
	accounts    []string
	missing     []Missing
	counting    bool // subnetworks run out of addresses
}

// method is one call of an API.
type method struct {
	pattern   string // of http.ServeMux, without the API's version prefix
	verb      string // custom verb after the name: "setIamPolicy"
	call      string // the vendor's id without the API's name, as faults and the ledger say it
	body      schema // nil = the call has no body
	named     string // where a creating call has its name: "name" (a body field) or a query parameter
	style     style
	operation bool   // answers with an operation, so a fault can fail inside it
	api       string // compute, dns, run …; set by New
	run       handler
}

// handler answers a call inside a transaction: a document, or the vendor's refusal.
type handler func(*request) (world.Doc, *refusal)

// request is one call under way.
type request struct {
	*api
	tx      *world.Tx
	http    *http.Request
	call    string
	project string
	region  string // or location; "" for global things
	name    string // the last wildcard of the path: the object, "" for a collection's own calls
	query   url.Values
	body    world.Doc
	subject string    // relative name of what the call is about
	since   time.Time // instead of the transaction's time; set only while a scenario is loaded
}

// New loads the scenario into the world and returns the handler of all Google APIs. Call it before World.Baseline.
func New(w *world.World, s Scenario) (http.Handler, error) {
	d := &api{w: w, quotas: s.quotas(), numbers: map[string]string{}, connected: !s.NoConnectedProjects,
		access: s.Access, disabled: s.DisabledAPIs, orgPolicies: s.OrgPolicies, accounts: s.Accounts,
		missing: s.MissingRoles, counting: s.CountAddresses}
	for _, p := range s.Projects {
		d.numbers[p.Number] = p.ID
	}
	w.Register(vendor, project)
	if err := w.Do(func(tx *world.Tx) error { return s.load(d, tx) }); err != nil {
		return nil, fmt.Errorf("load google scenario: %w", err)
	}
	mux := http.NewServeMux()
	byPattern := map[string][]method{}
	for _, api := range []struct {
		prefixes []string
		methods  []method
	}{
		{[]string{"/compute/v1/"}, computeMethods()},
		{[]string{"/v1/", "/v1beta1/"}, slices.Concat(connectorMethods(), policyRouteMethods(), appMethods(),
			preflightMethods())},
		// the recordings speak v1beta1
		{[]string{"/dns/v1/", "/dns/v1beta2/"}, dnsMethods()},
		{[]string{"/v2/"}, append(serverlessMethods(), orgPolicyMethods()...)},
		{[]string{"/v3/"}, append(monitoringMethods(), preflightMethods()[:1]...)},
	} {
		for _, prefix := range api.prefixes {
			for _, m := range api.methods {
				m.api = apiOf(prefix, m.call)
				verb, path, _ := strings.Cut(m.pattern, " ")
				pattern := verb + " " + prefix + path
				byPattern[pattern] = append(byPattern[pattern], m)
			}
		}
	}
	for pattern, methods := range byPattern {
		mux.HandleFunc(pattern, d.serve(methods))
	}
	mux.HandleFunc("/", unknownMethod)
	return mux, nil
}

func unknownMethod(rw http.ResponseWriter, r *http.Request) {
	send(rw, refusal{status: 404, reason: "notFound", rpc: "NOT_FOUND",
		message: "no such method in the simulated world: " + r.Method + " " + r.URL.Path}.answer(dnsStyle))
}

// serve reads the call and hands it to the world, which carries out faults around it.
func (d *api) serve(methods []method) http.HandlerFunc {
	return func(rw http.ResponseWriter, hr *http.Request) {
		_, verb, _ := strings.Cut(hr.PathValue("name"), ":")
		i := slices.IndexFunc(methods, func(m method) bool { return m.verb == verb })
		if i < 0 {
			unknownMethod(rw, hr)
			return
		}
		d.answer(rw, hr, methods[i])
	}
}

func (d *api) answer(rw http.ResponseWriter, hr *http.Request, m method) {
	r, bad := d.read(m, hr)
	if bad != nil {
		send(rw, bad.answer(m.style))
		return
	}
	if strings.HasSuffix(m.call, "Operations.wait") {
		r.waitDone()
	}
	d.w.Serve(rw, hr, world.Guard{
		Call:   world.Call{Vendor: vendor, Name: r.call, Resource: r.subject},
		Shapes: r.shapes(m),
		Run: func(tx *world.Tx) world.Answer {
			r.tx = tx
			if tx.Fault != nil && tx.Fault.Mode == world.ExpireSession {
				return refusal{status: 401, reason: "authError", rpc: "UNAUTHENTICATED",
					message: "Request had invalid authentication credentials."}.answer(m.style)
			}
			if !tx.Has(vendor, "projects", r.project) && r.project != "" {
				return noProject(r).answer(m.style)
			}
			if bad := r.permitted(m); bad != nil {
				return bad.answer(m.style)
			}
			doc, refused := m.run(r)
			if refused != nil {
				return refused.answer(m.style)
			}
			return jsonAnswer(http.StatusOK, doc)
		},
	})
}

func noProject(r *request) *refusal {
	return &refusal{status: 403, reason: "forbidden", rpc: "PERMISSION_DENIED",
		message: fmt.Sprintf("Required '%s' permission for 'projects/%s' (or it may not exist)", r.call, r.project)}
}

func (d *api) read(m method, hr *http.Request) (*request, *refusal) {
	r := &request{api: d, http: hr, call: m.call, query: hr.URL.Query()}
	r.project, r.region = d.projectID(hr.PathValue("project")), hr.PathValue("region")
	r.name, _, _ = strings.Cut(hr.PathValue("name"), ":")
	path := hr.URL.Path
	if i := strings.Index(path, "/projects/"); i >= 0 {
		path = path[i+1:]
	} else if i := strings.Index(path, "/locations/"); i >= 0 {
		path = path[i+1:]
	}
	r.subject, _, _ = strings.Cut(d.byID(path), ":")
	if m.body != nil {
		body, bad := decode(hr.Body, m.body)
		if bad != nil {
			return nil, bad
		}
		r.body = body
		if m.style == computeStyle { // references come back as links with the project's id
			r.body, _ = d.withIDs(map[string]any(body)).(map[string]any)
		}
	}
	switch {
	case m.named == "name":
		r.name = str(r.body, "name")
	case m.named != "":
		r.name = r.query.Get(m.named)
	}
	if m.named != "" {
		r.subject += "/" + r.name
	}
	return r, nil
}

// decode reads a JSON object and checks it against the schema, as the vendor does: unknown fields are refused.
func decode(from io.Reader, s schema) (world.Doc, *refusal) {
	raw, err := io.ReadAll(io.LimitReader(from, 4<<20))
	if err != nil {
		return nil, badRequest("Request body cannot be read: %v", err)
	}
	doc := world.Doc{}
	if len(strings.TrimSpace(string(raw))) > 0 {
		if err := json.Unmarshal(raw, &doc); err != nil {
			return nil, &refusal{status: 400, reason: "parseError", rpc: "INVALID_ARGUMENT",
				message: "Invalid JSON payload received. " + syntax(err)}
		}
	}
	return s(doc)
}

func syntax(err error) string {
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) {
		return "Root element must be a message."
	}
	return "Parsing terminated before end of input."
}

func send(rw http.ResponseWriter, a world.Answer) {
	rw.Header().Set("Content-Type", "application/json; charset=UTF-8")
	rw.WriteHeader(a.Status)
	_, _ = rw.Write(a.Body) // the caller may be gone
}

func (r *request) get(kind, name string) (world.Doc, bool) { return r.tx.Get(vendor, kind, name) }

func (r *request) now() string {
	if !r.since.IsZero() {
		return stamp(r.since)
	}
	return stamp(r.tx.Now())
}

func (r *request) effect(kind, name string, doc world.Doc) world.Effect {
	return world.Effect{Vendor: vendor, Call: r.call, Kind: kind, Name: name, Owner: owner(doc)}
}

func (r *request) later(took time.Duration, kind, name string, set world.Doc) {
	r.tx.Later(took, world.Change{Ref: world.Ref{Vendor: vendor, Kind: kind, Name: name}, Set: set})
}

func (r *request) laterDelete(took time.Duration, kind, name string) {
	r.tx.Later(took, world.Change{Ref: world.Ref{Vendor: vendor, Kind: kind, Name: name}, Delete: true})
}

// all ranges over the documents of a kind without copying them.
func (r *request) all(kind, prefix string) iter.Seq[world.Entry] {
	return func(yield func(world.Entry) bool) {
		for name, doc := range r.tx.Scan(vendor, kind, prefix) {
			if !yield(world.Entry{Name: name, Doc: doc}) {
				return
			}
		}
	}
}
