package gcp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/observe"
)

// A command reads a thing once, until it changes something, some time has passed, or the read failed.
func TestOneReadACommand(t *testing.T) {
	var reads atomic.Int32
	answer, now := `{"name":"z","dnsName":"z.example."}`, time.Unix(0, 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/dns/v1/projects/p/managedZones/z" {
			reads.Add(1)
			vendor{r.URL.Path: answer}.ServeHTTP(w, r)
			return
		}
		vendor{"/dns/v1/projects/p/managedZones/z/changes": `{"status":"done"}`,
			"/dns/v1/projects/p/managedZones/y/changes": `{"status":"done"}`}.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c, err := gcp.New(t.Context(), gcp.Options{Endpoint: server.URL, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	get := func(ctx context.Context, want int) {
		t.Helper()
		before := reads.Load()
		_, err := c.Names().Get(ctx, "p", "z")
		if bad := answer[0] != '{'; (err != nil) != bad || int(reads.Load()-before) != want {
			t.Errorf("%d reads, want %d; error %v", reads.Load()-before, want, err)
		}
	}
	ctx := workers.WithMemo(t.Context())
	get(ctx, 1)
	get(ctx, 0)
	get(workers.WithMemo(t.Context()), 1) // another command
	get(t.Context(), 1)                   // none
	zone := network.Zone{Project: "p", Name: "z", Host: "z", IP: "10.0.0.1"}
	if err := c.Names().Put(ctx, uuid.UUID{}, zone); err != nil {
		t.Fatal(err)
	}
	get(ctx, 1)
	zone.Name = "y" // another one, which says nothing of this one
	if err := c.Names().Put(ctx, uuid.UUID{}, zone); err != nil {
		t.Fatal(err)
	}
	get(ctx, 0)
	now = now.Add(5 * time.Second)
	get(ctx, 1)
	now, answer = now.Add(5*time.Second), `404 {"error":{"code":404,"message":"not found"}}`
	get(ctx, 1)
	get(ctx, 0)
	now, answer = now.Add(5*time.Second), broken
	get(ctx, 1)
	get(ctx, 1)
}

// The lists of some of the vendor's clients do not pass their context on: without help one would go on for ever here.
func TestAListEndsWithItsContext(t *testing.T) {
	for _, path := range []string{home + "/global/routes", home + "/aggregated/instances",
		"/v1/projects/p/locations/r/connectors"} {
		ctx, cancel := context.WithCancel(t.Context())
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("X-Culvert-End"); got != "" {
				t.Errorf("%s: a header of ours reached the vendor: %q", r.URL.Path, got)
			}
			if r.URL.Path == path {
				cancel()
				<-r.Context().Done()
				return
			}
			vendor{home + "/global/networks/n": `{"name":"n"}`}.ServeHTTP(w, r)
		}))
		c, err := gcp.New(ctx, gcp.Options{Endpoint: server.URL, Now: noon})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.NetworkFacts().Network(ctx, observe.Scope{Network: netN, Regions: []string{"r"}}); err == nil {
			t.Errorf("%s: an answer, although nobody waits any more", path)
		}
		server.Close()
	}
}
