package google_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// rig is the default world with a clock that the test drives: vendor time passes only in pass.
type rig struct {
	t     *testing.T
	s     *simcloud.Server
	clock *clock
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func newRig(t *testing.T) *rig { return openRig(t, "") }

func openRig(t *testing.T, dir string) *rig {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	s, err := simcloud.Start(context.Background(), simcloud.Options{
		World: world.Config{Now: c.Now, Speed: 1, Dir: dir}, BGP: simcloud.BGP{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t, s, c}
	t.Cleanup(r.close)
	return r
}

func (r *rig) close() {
	if err := r.s.Close(); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) pass(d time.Duration) {
	r.clock.mu.Lock()
	defer r.clock.mu.Unlock()
	r.clock.now = r.clock.now.Add(d)
}

// do makes one call and returns the status and the body; status 0 means that no answer came.
func (r *rig) do(method, path string, body any) (int, map[string]any) {
	r.t.Helper()
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			r.t.Fatal(err)
		}
	}
	req, err := http.NewRequest(method, r.s.URL()+path, &payload)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = resp.Body.Close() }()
	out := map[string]any{}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		r.t.Fatalf("%s %s: answer is not JSON: %v", method, path, err)
	}
	return resp.StatusCode, out
}

// ok makes a call that must succeed.
func (r *rig) ok(method, path string, body any) map[string]any {
	r.t.Helper()
	status, out := r.do(method, path, body)
	if status != http.StatusOK {
		r.t.Fatalf("%s %s: status %d: %v", method, path, status, out)
	}
	return out
}

// get reads; changed makes a change and lets its operation finish.
func (r *rig) get(path string) map[string]any { r.t.Helper(); return r.ok("GET", path, nil) }

func (r *rig) changed(method, path string, body any) map[string]any {
	r.t.Helper()
	out := r.ok(method, path, body)
	r.pass(5 * time.Minute)
	return out
}

// no is how a call must be refused: with this status and a body that has the text in it.
type no struct {
	status int
	text   string
}

// refused makes a call that must be refused and leave no effect.
func (r *rig) refused(want no, method, path string, body any) {
	r.t.Helper()
	before := len(r.s.World.Effects())
	got, out := r.do(method, path, body)
	if got != want.status || !strings.Contains(fmt.Sprint(out), want.text) {
		r.t.Errorf("%s %s: status %d %v, want %+v", method, path, got, out, want)
	}
	if after := len(r.s.World.Effects()); after != before {
		r.t.Errorf("%s %s: refused, but the ledger grew by %d", method, path, after-before)
	}
}

// usedInside makes a call whose operation says that somebody uses the thing, and that leaves no effect.
func (r *rig) usedInside(method, path, text string) {
	r.t.Helper()
	before := len(r.s.World.Effects())
	started := r.ok(method, path, nil)
	r.pass(5 * time.Minute)
	done := r.get(strings.TrimPrefix(started["selfLink"].(string), "https://www.googleapis.com"))
	if done["status"] != "DONE" || done["httpErrorStatusCode"] != 400.0 ||
		!strings.Contains(fmt.Sprint(done["error"]), "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE") ||
		!strings.Contains(fmt.Sprint(done["error"]), text) {
		r.t.Errorf("%s %s: the operation says %v, want %q", method, path, done, text)
	}
	r.get(path)
	if after := len(r.s.World.Effects()); after != before {
		r.t.Errorf("%s %s: refused, but the ledger grew by %d", method, path, after-before)
	}
}

// clean fails unless the world is as at its baseline.
func (r *rig) clean() {
	r.t.Helper()
	for _, d := range r.s.World.Resources() {
		r.t.Errorf("not as in the baseline: %+v", d)
	}
}

func (r *rig) fault(f world.Fault) {
	r.t.Helper()
	f.Vendor = "gcp"
	if _, err := r.s.World.AddFault(f); err != nil {
		r.t.Fatal(err)
	}
}

// at digs a value out of decoded JSON; numbers in the path index arrays.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

type obj = map[string]any

const (
	net1    = "/compute/v1/projects/acme-net"
	global  = net1 + "/global"
	west3   = net1 + "/regions/europe-west3"
	spoke   = "projects/acme-net/global/networks/spoke-vpc"
	runRoot = "/v2/projects/acme-prod/locations/europe-west3"
	vpcRoot = "/v1/projects/acme-net/locations/europe-west3"
)

func pscAddress(name, ip string) obj {
	return obj{
		"name": name, "address": ip, "addressType": "INTERNAL", "purpose": "PRIVATE_SERVICE_CONNECT", "network": spoke,
	}
}

func bundleRule(name, ip string) obj {
	return obj{"name": name, "IPAddress": ip, "network": spoke, "target": "all-apis", "loadBalancingScheme": "",
		"description": "of a test"}
}

func contains(s, part string) bool { return strings.Contains(s, part) }
