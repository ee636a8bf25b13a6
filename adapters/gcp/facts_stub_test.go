package gcp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// A vendor answers reads: what is not in it is an empty list. A key is a path, with "?" and a page's token where a list
// goes on; an answer begins with its status, 200 when there is none.
type vendor map[string]string

func (v vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.URL.Path
	if token := r.URL.Query().Get("pageToken"); token != "" {
		key += "?" + token
	}
	body, known := v[key]
	if !known {
		body = "{}"
	}
	w.Header().Set("Content-Type", "application/json")
	for text, status := range map[string]int{"403 ": 403, "500 ": 500, "503 ": 503, "404 ": 404, "401 ": 401,
		"429 ": 429} {
		if rest, ok := strings.CutPrefix(body, text); ok {
			w.WriteHeader(status)
			body = rest
		}
	}
	_, _ = io.WriteString(w, body) // the caller may be gone
}

const (
	home    = "/compute/v1/projects/p"
	inR     = home + "/regions/r"
	netN    = "projects/p/global/networks/n"
	netURL  = "https://www.googleapis.com/compute/v1/" + netN
	noRight = `403 {"error":{"code":403,"message":"Required 'compute.things.list' permission for 'projects/p'",` +
		`"errors":[{"reason":"forbidden"}]}}`
	switchedOff = `403 {"error":{"code":403,"status":"PERMISSION_DENIED","message":"The API has not been used",` +
		`"details":[{"reason":"SERVICE_DISABLED"}]}}`
	broken  = `503 {"error":{"code":503,"message":"backend is down"}}`
	limited = `429 {"error":{"code":429,"message":"too many"}}`
)

// on gives a driver that speaks to a vendor.
func on(t *testing.T, v vendor) *gcp.Client {
	t.Helper()
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	c, err := gcp.New(t.Context(), gcp.Options{Endpoint: server.URL, Now: noon})
	if err != nil {
		t.Fatalf("new client: %v", err)
	}
	return c
}

// facts reads network n of project p, region r.
func facts(t *testing.T, v vendor, projects ...string) reach.Network {
	t.Helper()
	if v[home+"/global/networks/n"] == "" {
		v[home+"/global/networks/n"] = `{"name":"n"}`
	}
	n, err := on(t, v).NetworkFacts().Network(context.WithoutCancel(t.Context()), observe.Scope{Network: netN,
		Regions: []string{"r"}, ConnectorProjects: projects})
	if err != nil {
		t.Fatalf("read network: %v", err)
	}
	return n
}

// A listed is what every list of a network has in common.
type listed struct {
	whole bool
	call  string
	at    time.Time
	gaps  []reach.Gap
}

func common[T any](l reach.Listing[T]) listed { return listed{l.Whole, l.Call, l.At, l.Gaps} }

// lists are all of a network by name.
func lists(n reach.Network) map[string]listed {
	f, s := n.Firewall, n.Names
	return map[string]listed{
		"hierarchical": common(f.Hierarchical), "system": common(f.System), "global": common(f.Global),
		"regional": common(f.Regional), "rules": common(f.Rules), "subnets": common(n.Subnets),
		"hidden": common(n.Hidden), "routes": common(n.Routes), "learned": common(n.Dynamic),
		"by policy": common(n.Policies), "endpoints": common(n.Endpoints), "nats": common(n.NATs),
		"interfaces": common(n.Interfaces), "tenants": common(n.Tenants),
		"servers": common(s.Servers), "responses": common(s.Responses),
		"zones": common(s.Zones),
	}
}
