package aviatrix_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/adapters/aviatrix"
	sim "github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/examples"
	"github.com/culvertnet/culvert/workers"
)

const (
	old   = "avx-82"  // FQDN tags
	newer = "avx-100" // WebGroups
)

// rig is the default scenario's two controllers behind HTTP, and a client of them. Vendor time moves only when told,
// and no answer takes real time.
type rig struct {
	t      *testing.T
	w      *world.World
	client *aviatrix.Client
	// wires note what goes out to each controller; releases are those of controllers that are not the scenario's.
	wires    []*recorder
	releases map[string]string

	mu  sync.Mutex
	now time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigAt(t, nil)
}

// newRigAt is a rig whose controllers, by name, have other releases.
func newRigAt(t *testing.T, releases map[string]string) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), releases: releases}
	r.open(world.Config{Speed: 1, Now: r.clock, Seed: 1, After: func(time.Duration) <-chan time.Time {
		done := make(chan time.Time, 1)
		done <- r.clock()
		return done
	}})
	return r
}

// newRealRig is a rig in which vendor time passes by itself, an hour in less than two seconds.
func newRealRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t}
	r.open(world.Config{Speed: 2000, Seed: 1})
	return r
}

func (r *rig) open(config world.Config) {
	t := r.t
	t.Helper()
	w, err := world.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	r.w = w
	t.Cleanup(func() { _ = w.Close() })
	var scenario struct {
		Aviatrix sim.Scenario `yaml:"aviatrix"`
	}
	if err := yaml.Unmarshal(examples.World, &scenario); err != nil {
		t.Fatal(err)
	}
	for i, c := range scenario.Aviatrix.Controllers {
		if release, other := r.releases[c.Name]; other {
			scenario.Aviatrix.Controllers[i].Version = release
		}
	}
	apis, err := sim.New(w, scenario.Aviatrix)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Baseline(); err != nil {
		t.Fatal(err)
	}
	o := aviatrix.Options{Controllers: map[string]aviatrix.Controller{}, Pace: 60, Now: config.Now}
	for _, c := range scenario.Aviatrix.Controllers {
		wire := &recorder{to: apis[c.Name], release: c.Version}
		r.wires = append(r.wires, wire)
		server := httptest.NewServer(wire)
		t.Cleanup(server.Close)
		o.Controllers[c.Name] = aviatrix.Controller{URL: server.URL, Username: c.Username, Password: secret(c.Password)}
	}
	if r.client, err = aviatrix.New(o); err != nil {
		t.Fatal(err)
	}
}

func secret(text string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return text, nil }
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// fault arms one fault; the test fails when it is never hit.
func (r *rig) fault(call, mode string) {
	r.t.Helper()
	f, err := r.w.AddFault(world.Fault{Vendor: sim.Vendor, Call: call, Mode: mode})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		for _, now := range r.w.Faults() {
			if now.ID == f.ID && now.Hits == 0 {
				r.t.Errorf("fault %s on %s was never hit", mode, call)
			}
		}
	})
}

// calls are the effects the world has seen, in order.
func (r *rig) calls() []string {
	out := []string{}
	for _, e := range r.w.Effects() {
		out = append(out, e.Call)
	}
	return out
}

// sent are the changing calls that went out, by controller.
func (r *rig) sent() (out []sent) {
	for _, wire := range r.wires {
		out = append(out, wire.sent...)
	}
	return out
}

// clean fails when the world differs from its baseline.
func (r *rig) clean() {
	r.t.Helper()
	if left := r.w.Resources(); len(left) > 0 {
		r.t.Errorf("left behind: %+v", left)
	}
}

// verdict asks the world what a gateway does with a flow.
func (r *rig) verdict(controller, gateway, source, target string) sim.Verdict {
	r.t.Helper()
	flow := sim.Flow{
		Controller: controller, Gateway: gateway, Source: netip.MustParsePrefix(source), Protocol: "tcp", Port: 443,
	}
	if a, err := netip.ParseAddr(target); err == nil {
		flow.Target = a
	} else {
		flow.FQDN = target
	}
	var v sim.Verdict
	if err := r.w.Do(func(tx *world.Tx) error { v = sim.Judge(tx, flow); return nil }); err != nil {
		r.t.Fatal(err)
	}
	return v
}

// wantClass fails when an error has not the wanted class, or class and reason ("refuse colour").
func wantClass(t *testing.T, what string, err error, want string) {
	t.Helper()
	class, reason, _ := strings.Cut(want, " ")
	var f *workers.Failure
	if !errors.As(err, &f) || string(f.Class) != class || (reason != "" && string(f.Reason) != reason) {
		t.Errorf("%s: got %v, want %s", what, err, want)
	}
}

var errNotFound = workers.ErrNotFound

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stub is a controller of a few lines: it answers each v2 action and each v2.5 path with a function.
type stub struct {
	mu      sync.Mutex
	logins  int
	answers map[string]func(r *http.Request) (int, string)
	seen    []string
}

func (s *stub) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	key := r.URL.Path
	if key == "/v2/api" {
		key = r.FormValue("action")
	}
	s.mu.Lock()
	s.seen = append(s.seen, key)
	cid := fmt.Sprintf("cid-%d", s.logins)
	if key == "login" {
		s.logins++
		cid = fmt.Sprintf("cid-%d", s.logins)
	}
	answer := s.answers[key]
	s.mu.Unlock()
	rw.Header().Set("Content-Type", "application/json")
	switch {
	case answer != nil:
		status, body := answer(r)
		rw.WriteHeader(status)
		fmt.Fprint(rw, body)
	case key == "get_api_token":
		fmt.Fprint(rw, `{"return":true,"results":{"api_token":"token-1"}}`)
	case key == "login":
		fmt.Fprintf(rw, `{"return":true,"results":"welcome","CID":%q}`, cid)
	default:
		fmt.Fprint(rw, `{"return":false,"reason":"Invalid action"}`)
	}
}

func (s *stub) count(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, k := range s.seen {
		if k == key {
			n++
		}
	}
	return n
}

// client of the recorded controller alone, under the name "c".
func (r *recorder) client(t *testing.T) *aviatrix.Client {
	t.Helper()
	return r.clientOn(t, "")
}

// clientOn is the same with the attachment point of the shared rule set.
func (r *recorder) clientOn(t *testing.T, point string) *aviatrix.Client {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	c, err := aviatrix.New(aviatrix.Options{Controllers: map[string]aviatrix.Controller{
		"c": {URL: server.URL, Username: "admin", Password: secret("hunter2"), AttachmentPoint: point},
	}})
	must(t, err)
	return c
}

// client of the stub alone, under the name "c".
func (s *stub) client(t *testing.T) *aviatrix.Client {
	t.Helper()
	return s.clientAt(t, time.Now)
}

func (s *stub) clientAt(t *testing.T, now func() time.Time) *aviatrix.Client {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := aviatrix.New(aviatrix.Options{Controllers: map[string]aviatrix.Controller{
		"c": {URL: server.URL, Username: "admin", Password: secret("hunter2")},
	}, Now: now})
	must(t, err)
	return c
}

func ok(results string) func(*http.Request) (int, string) {
	return func(*http.Request) (int, string) { return http.StatusOK, `{"return":true,"results":` + results + `}` }
}

func contains(list []string, wanted ...string) bool {
	return !slices.ContainsFunc(wanted, func(w string) bool { return !slices.Contains(list, w) })
}
