package aviatrix_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// clock is the tests' time: it moves only when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rig is a world with controllers, served over HTTP.
type rig struct {
	t        *testing.T
	w        *world.World
	clock    *clock
	urls     map[string]string
	password string
	waits    chan time.Duration // every real wait the world was asked for
}

// newRig serves the controllers of testdata.
func newRig(t *testing.T, dir string) *rig {
	t.Helper()
	return serve(t, dir, testScenario(t))
}

// testScenario are the controllers of testdata.
func testScenario(t *testing.T) (s aviatrix.Scenario) {
	t.Helper()
	text, err := os.ReadFile("testdata/controllers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// serve starts the controllers of a scenario. Waits are over at once and noted, so no test takes vendor time.
func serve(t *testing.T, dir string, s aviatrix.Scenario) *rig {
	t.Helper()
	r := &rig{t: t, password: s.Controllers[0].Password, clock: &clock{
		now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
	}, urls: map[string]string{}, waits: make(chan time.Duration, 1000)}
	w,
		err := world.Open(world.Config{Speed: 60, Dir: dir, Now: r.clock.Now, Seed: 1,
		After: func(d time.Duration) <-chan time.Time {
			r.waits <- d
			done := make(chan time.Time, 1)
			done <- r.clock.Now()
			return done
		}})
	if err != nil {
		t.Fatal(err)
	}
	r.w = w
	t.Cleanup(func() { _ = w.Close() })
	handlers, err := aviatrix.New(w, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Baseline(); err != nil {
		t.Fatal(err)
	}
	for name, h := range handlers {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		r.urls[name] = server.URL
	}
	return r
}

// client is a logged-in caller of one controller, in plain net/http.
type client struct {
	r    *rig
	base string
	cid  string
}

func (r *rig) login(controller string) *client {
	r.t.Helper()
	c := &client{r: r, base: r.urls[controller]}
	token := c.form(url.Values{"action": {"get_api_token"}})
	req, _ := http.NewRequest("POST", c.base+"/v2/api", strings.NewReader(
		url.Values{"action": {"login"}, "username": {"admin"}, "password": {r.password}}.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Access-Key", token.object()["api_token"].(string))
	answer := c.do(req)
	if !answer.Return {
		r.t.Fatalf("login: %s", answer.Reason)
	}
	c.cid = answer.CID
	return c
}

type answer struct {
	Status  int             `json:"-"`
	Return  bool            `json:"return"`
	Results json.RawMessage `json:"results"`
	Reason  string          `json:"reason"`
	CID     string          `json:"CID"`
	Message string          `json:"message"`
	Body    []byte          `json:"-"`
	Err     error           `json:"-"`
}

func (a answer) object() map[string]any {
	var m map[string]any
	_ = json.Unmarshal(a.Results, &m)
	return m
}

func (a answer) rows() []map[string]any {
	var m []map[string]any
	_ = json.Unmarshal(a.Results, &m)
	return m
}

func (c *client) do(req *http.Request) answer {
	c.r.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{Err: err}
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	a := answer{Status: res.StatusCode, Body: body, Err: err}
	_ = json.Unmarshal(body, &a)
	return a
}

func (c *client) form(values url.Values) answer {
	c.r.t.Helper()
	if c.cid != "" {
		values.Set("CID", c.cid)
	}
	req, _ := http.NewRequest("POST", c.base+"/v2/api", strings.NewReader(values.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.do(req)
}

// call is a form POST from pairs of names and values.
func (c *client) call(action string, pairs ...string) answer {
	c.r.t.Helper()
	values := url.Values{"action": {action}}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return c.form(values)
}

// must is a call that has to work.
func (c *client) must(action string, pairs ...string) answer {
	c.r.t.Helper()
	a := c.call(action, pairs...)
	if a.Err != nil || !a.Return {
		c.r.t.Fatalf("%s %v: %v %s", action, pairs, a.Err, a.Reason)
	}
	return a
}

// refused is a call that has to be refused with a reason that contains the text, under HTTP 200.
func (c *client) refused(text, action string, pairs ...string) {
	c.r.t.Helper()
	a := c.call(action, pairs...)
	if a.Return || a.Status != http.StatusOK || !strings.Contains(a.Reason, text) {
		c.r.t.Errorf("%s %v: want HTTP 200 and a reason with %q, got HTTP %d %s", action, pairs, text, a.Status, a.Body)
	}
}

func (c *client) json(body map[string]any) answer {
	c.r.t.Helper()
	text, _ := json.Marshal(body)
	req, _ := http.NewRequest("POST", c.base+"/v2/api", bytes.NewReader(text))
	req.Header.Set("Content-Type", "application/json")
	return c.do(req)
}

func (c *client) rest(method, path string, body any) answer {
	c.r.t.Helper()
	var reader io.Reader
	if body != nil {
		text, _ := json.Marshal(body)
		reader = bytes.NewReader(text)
	}
	req, _ := http.NewRequest(method, c.base+"/v2.5/api/"+path, reader)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "cid "+c.cid)
	return c.do(req)
}

// mustREST is a v2.5 call that has to work; it returns the decoded object.
func (c *client) mustREST(method, path string, body any) map[string]any {
	c.r.t.Helper()
	a := c.rest(method, path, body)
	if a.Err != nil || a.Status/100 != 2 {
		c.r.t.Fatalf("%s %s: %v HTTP %d %s", method, path, a.Err, a.Status, a.Body)
	}
	var m map[string]any
	_ = json.Unmarshal(a.Body, &m)
	return m
}

func (r *rig) clean() {
	r.t.Helper()
	if left := r.w.Resources(); len(left) != 0 {
		r.t.Errorf("the world should be as in the baseline, but: %+v", left)
	}
}

func (r *rig) changed(want ...string) {
	r.t.Helper()
	got := map[string]bool{}
	for _, d := range r.w.Resources() {
		got[d.Change+" "+d.Kind+" "+d.Name] = true
	}
	for _, line := range want {
		if !got[line] {
			r.t.Errorf("no difference %q in %v", line, got)
		}
		delete(got, line)
	}
	if len(got) != 0 {
		r.t.Errorf("differences nobody expected: %v", got)
	}
}

func (r *rig) fault(f world.Fault) {
	r.t.Helper()
	f.Vendor = aviatrix.Vendor
	if _, err := r.w.AddFault(f); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		for _, f := range r.w.Faults() {
			if f.Hits == 0 {
				r.t.Errorf("fault %s on %s never fired", f.Mode, f.Call)
			}
		}
	})
}
