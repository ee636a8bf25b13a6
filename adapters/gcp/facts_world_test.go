package gcp_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/examples"
	"github.com/culvertnet/culvert/workers/observe"
)

var update = flag.Bool("update", false, "write the facts of the default world anew")

// noon is when all facts of these tests were read.
func noon() time.Time { return time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC) }

// A watched transport counts calls by method and path, and lists machines, which the simulated world cannot yet.
type watched struct {
	http.RoundTripper
	t  *testing.T
	mu sync.Mutex
	by map[string]int
}

func (w *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.by[r.Method+" "+r.URL.Path]++
	w.mu.Unlock()
	got, err := w.RoundTripper.RoundTrip(r)
	project, list := strings.CutSuffix(r.URL.Path, "/aggregated/instances")
	if err != nil || !list || got.StatusCode != http.StatusNotFound {
		return got, err
	}
	return w.machines(r, strings.TrimPrefix(project, "/compute/v1/projects/"))
}

// machines answers as the vendor does, from the machines that the world shows one by one.
func (w *watched) machines(r *http.Request, project string) (*http.Response, error) {
	var scenario struct {
		Google struct {
			Networks []struct {
				Project   string
				Instances []struct{ Name, Zone string }
			}
		}
	}
	if err := yaml.Unmarshal(examples.World, &scenario); err != nil {
		return nil, err
	}
	items := map[string]any{"regions/none": map[string]any{"warning": map[string]any{"code": "NO_RESULTS_ON_PAGE"}}}
	for _, n := range scenario.Google.Networks {
		for _, m := range n.Instances {
			if n.Project != project {
				continue
			}
			one := r.Clone(r.Context())
			one.URL.Path = "/compute/v1/projects/" + project + "/zones/" + m.Zone + "/instances/" + m.Name
			one.URL.RawQuery = ""
			got, err := w.RoundTripper.RoundTrip(one)
			if err != nil {
				return nil, err
			}
			doc := map[string]any{}
			if err := json.NewDecoder(got.Body).Decode(&doc); err != nil {
				return nil, err
			}
			scope, _ := items["zones/"+m.Zone].(map[string]any)
			if scope == nil {
				scope = map[string]any{}
				items["zones/"+m.Zone] = scope
			}
			known, _ := scope["instances"].([]any)
			scope["instances"] = append(known, doc)
		}
	}
	body, err := json.Marshal(map[string]any{"kind": "compute#instanceAggregatedList", "items": items})
	answer := httptest.NewRecorder()
	answer.Header().Set("Content-Type", "application/json")
	_, _ = answer.Write(body) // a recorder takes everything
	out := answer.Result()
	out.Request = r
	return out, err
}

// observed starts the default world and gives a driver on it, and the calls that it makes.
func observed(t *testing.T) (*gcp.Client, *watched) {
	t.Helper()
	world := start(t)
	w := &watched{RoundTripper: world.recorder, t: t, by: map[string]int{}}
	c, err := gcp.New(t.Context(), gcp.Options{Endpoint: world.url, HTTPClient: &http.Client{Transport: w}, Now: noon})
	must(t, "new client", err)
	return c, w
}

func scopeOf(network string) observe.Scope {
	return observe.Scope{Network: network, Regions: []string{region}, ConnectorProjects: []string{"acme-prod"}}
}

const (
	plain  = "projects/acme-net/global/networks/plain-vpc"
	shared = "projects/acme-shared/global/networks/shared-services"
	making = "projects/acme-producers/global/networks/producer-vpc"
)

// TestFactsOfTheDefaultWorld has the facts of each network as text, to be held against examples/world.yaml by eye.
func TestFactsOfTheDefaultWorld(t *testing.T) {
	c, _ := observed(t)
	for _, network := range []string{spoke, plain, shared, making} {
		n, err := c.NetworkFacts().Network(t.Context(), scopeOf(network))
		must(t, "read "+network, err)
		golden(t, filepath.Join("testdata", "facts", base(network)+".txt"), rendered(n))
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		must(t, "make folder", os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, "write facts", os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, "read facts", err)
	if !bytes.Equal(want, []byte(got)) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

// TestCallsOfOneReading is what the facts of one network cost: one call a list, one a router and one a zone.
func TestCallsOfOneReading(t *testing.T) {
	c, w := observed(t)
	_, err := c.NetworkFacts().Network(t.Context(), scopeOf(spoke))
	must(t, "read", err)
	var text strings.Builder
	sum := 0
	for _, call := range slices.Sorted(maps.Keys(w.by)) {
		fmt.Fprintf(&text, "%d %s\n", w.by[call], call)
		sum += w.by[call]
	}
	fmt.Fprintf(&text, "%d calls\n", sum)
	golden(t, filepath.Join("testdata", "facts", "calls.txt"), text.String())
}
