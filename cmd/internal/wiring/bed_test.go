package wiring

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/aviatrix"
	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/adapters/gobgp"
	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/examples"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/steptest"
)

// clock is a time that only a pause moves: the world's hours pass at once.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Pause lets time pass.
func (c *clock) Pause(_ context.Context, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// lab is one fresh simulated world with the real adapters on it, wired as the daemon wires them.
type lab struct {
	*drivers
	clock clock
	world *simcloud.Server
	wire  *wire
}

// wire carries every vendor call, and lets a test decide about those that change something.
type wire struct {
	next http.RoundTripper

	mu     sync.Mutex
	calls  int
	decide func(call int) steptest.Fate
}

// intercept replaces the decision and begins to count anew.
func (w *wire) intercept(f func(call int) steptest.Fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.decide = 0, f
}

// RoundTrip passes a call on, fails it before it has an effect, or loses its answer.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	changes, err := mutates(req)
	if err != nil {
		return nil, err
	}
	fate := steptest.Pass
	if changes {
		w.mu.Lock()
		w.calls++
		call, decide := w.calls, w.decide
		w.mu.Unlock()
		if decide != nil {
			fate = decide(call)
		}
	}
	if fate == steptest.Fail {
		return &http.Response{
			StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Content-Type": {"application/json"}},
			Request: req,
			Body:    io.NopCloser(strings.NewReader(`{"error":{"code":503,"message":"try again","status":"UNAVAILABLE","errors":[{"reason":"backendError"}]}}`)),
		}, nil
	}
	resp, err := w.next.RoundTrip(req)
	if fate == steptest.Lose && err == nil {
		_ = resp.Body.Close() // the effect is there, its answer is not
		return nil, io.ErrUnexpectedEOF
	}
	return resp, err
}

// asking are actions of an Aviatrix controller that are posted and change nothing.
var asking = []string{"login", "get_api_token", "check_task_status", "get_controller_feature"}

// mutates tells whether a call can change something at the vendor. It leaves the body readable.
func mutates(req *http.Request) (bool, error) {
	if req.Method == http.MethodGet || req.Body == nil {
		return req.Method != http.MethodGet, nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return false, err
	}
	_ = req.Body.Close()
	req.Body = io.NopCloser(bytes.NewReader(body))
	if !strings.HasPrefix(req.URL.Path, "/controllers/") {
		return true, nil
	}
	form, err := url.ParseQuery(string(body))
	asks := err == nil && slices.Contains(asking, form.Get("action"))
	return !asks && !bytes.Contains(body, []byte(`"action":"get_controller_feature"`)), nil
}

// labTimes are the clocks of claims at the vendors' own pace; the lab's clock jumps over them.
var labTimes = workers.ClaimTimes{
	Quiet: 2 * time.Second, Skew: time.Second, Lease: 20 * time.Second, Linger: 15 * time.Minute,
}

const labPace = 60

// patience bounds every wait of these tests; nothing needs a tenth of it.
const patience = 60 * time.Second

// pause is the time between two looks at something that cannot tell of its change.
func pause(ctx context.Context) {
	timer := time.NewTimer(20 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func newLab(t testing.TB) *lab {
	t.Helper()
	// The default world without its thousand spare services: most of a test's time would go into making them.
	return newLabIn(t, bytes.Replace(examples.World, []byte("count: 1000"), []byte("count: 3"), 1))
}

// newLabIn is a lab with a world of its own.
func newLabIn(t testing.TB, scenario []byte) *lab {
	t.Helper()
	carries := &http.Transport{}
	l := &lab{clock: clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}, wire: &wire{next: carries}}
	ctx := context.WithoutCancel(t.Context()) // what is looked at when a test ends still asks the world
	var err error
	l.world, err = simcloud.Start(ctx, simcloud.Options{
		World: world.Config{Speed: labPace, Now: l.clock.Now}, Scenario: scenario, BGP: simcloud.BGP{Off: true},
	})
	if err != nil {
		t.Fatalf("start world: %v", err)
	}
	l.drivers = &drivers{claims: memory.NewClaims(), pace: labPace, times: labTimes}
	carrier := &http.Client{Transport: l.wire}
	if l.google, err = gcp.New(ctx, gcp.Options{Endpoint: l.world.URL(), HTTPClient: carrier, Pace: labPace,
		Now: l.clock.Now}); err != nil {
		t.Fatalf("google: %v", err)
	}
	controllers := map[string]aviatrix.Controller{}
	for _, name := range []string{"avx-82", "avx-100"} {
		controllers[name] = aviatrix.Controller{
			URL: l.world.URL() + "/controllers/" + name, Username: "admin", Password: simulatedPassword,
		}
	}
	if l.aviatrix, err = aviatrix.New(aviatrix.Options{Controllers: controllers, HTTPClient: carrier, Pace: labPace,
		Now: l.clock.Now}); err != nil {
		t.Fatalf("aviatrix: %v", err)
	}
	if l.bgp, err = gobgp.New(gobgp.Options{}); err != nil {
		t.Fatalf("bgp: %v", err)
	}
	t.Cleanup(func() {
		carries.CloseIdleConnections()
		if err := l.bgp.Close(); err != nil {
			t.Errorf("close speakers' client: %v", err)
		}
		if err := l.world.Close(); err != nil {
			t.Errorf("close world: %v", err)
		}
	})
	return l
}

// state is everything that is not as the scenario says, in one text.
func (l *lab) state(testing.TB) string {
	var b strings.Builder
	for _, d := range l.world.World.Resources() {
		fmt.Fprintf(&b, "%s %s %s %s %s %s\n", d.Vendor, d.Kind, d.Name, d.Change, d.Owner, d.After)
	}
	return b.String()
}

// operations polls what the vendors go on with.
func (l *lab) operations() map[string]workers.Operations {
	return map[string]workers.Operations{"gcp": l.google.Operations(), "aviatrix": l.aviatrix.Operations()}
}

// bed is the lab as the suite of steps wants it, with the handlers of some kinds.
func (l *lab) bed(kinds []string) steptest.Bed {
	return steptest.Bed{
		Handlers: slices.DeleteFunc(
			l.handlers(Capabilities()), func(h workers.Handler) bool { return !slices.Contains(kinds, h.Kind()) },
		),
		Operations: l.operations(), Claims: l.claims, State: l.state, Intercept: l.wire.intercept, Pause: l.clock.Pause,
		Now:     l.clock.Now,
		Timeout: 30 * time.Second, Settle: labTimes.Lease + labTimes.Quiet + labTimes.Skew + time.Second,
	}
}
