package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// lives puts a worker's sign of life into the claims, as a worker does.
func (r *rig) lives(capability string, b workers.Beat) {
	r.t.Helper()
	b.Capability, b.Worker, b.Until = capability, "worker-1", time.Now().Add(time.Hour)
	raw, err := json.Marshal(b)
	if err != nil {
		r.t.Fatal(err)
	}
	record, err := r.claims.Load(context.Background(), workers.FamilyPresence.Resource(capability))
	if err == nil {
		record.Note = map[string]string{b.Worker: string(raw)}
		err = r.claims.Store(context.Background(), workers.FamilyPresence.Resource(capability), record)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// shown asks for a saga until it is as wanted.
func (r *rig) shown(id string, want func(events.Status) bool) events.Status {
	r.t.Helper()
	var v events.Status
	for end := time.Now().Add(patience); time.Now().Before(end); {
		var err error
		if v, err = r.client.Show(r.t.Context(), id); err != nil {
			r.t.Fatal(err)
		}
		if want(v) {
			return v
		}
	}
	r.t.Fatalf("%s is not as wanted: %+v", id, v)
	return v
}

// hasCause waits until a saga, shown and listed, has a cause of this code, and gives its text.
func (r *rig) hasCause(id string, code events.CauseCode) string {
	r.t.Helper()
	in := func(v events.Status) *events.Cause {
		if i := slices.IndexFunc(v.Why, func(c events.Cause) bool { return c.Code == code }); i >= 0 {
			return &v.Why[i]
		}
		return nil
	}
	v := r.shown(id, func(v events.Status) bool { return in(v) != nil })
	all, err := r.client.List(r.t.Context(), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(v events.Status) bool { return v.ID == id })
	if i < 0 || in(all[i]) == nil {
		r.t.Errorf("%s is listed without %s: %+v", id, code, all)
	}
	return in(v).Text
}

func TestWhyIsShownListedAndDiagnosed(t *testing.T) {
	r := start(t)
	if d, err := r.client.Diagnose(t.Context()); err != nil || !d.Healthy || len(d.Findings) != 0 {
		t.Errorf("with nothing to do: %+v %v", d, err)
	}
	release := r.hold("one", events.Do)
	defer release()
	id := r.submit("1", "orders")
	if text := r.hasCause(id, events.CauseNoWorker); !strings.Contains(text, "network") {
		t.Errorf("no worker: %q", text)
	}
	d, err := r.client.Diagnose(t.Context())
	if err != nil || d.Healthy || len(d.Findings) != 1 || d.Findings[0].Code != events.CauseNoWorker ||
		d.Findings[0].Count != 1 || !slices.Equal(d.Findings[0].Sagas, []string{id}) {
		t.Errorf("without a worker: %+v %v", d, err)
	}
	command := events.Command{Connection: events.Key{Tenant: "default", Name: "orders"}, Step: "one", Generation: 1,
		Epoch: 1}.ID()
	r.lives("network", workers.Beat{Kinds: []string{"network.one"}, Running: 1, Runs: []string{command}})
	if text := r.shown(id, func(v events.Status) bool { return v.Why[0].Code == events.CauseCommand }).
		Why[0].Text; !strings.Contains(text, "executed by worker-1") {
		t.Errorf("with a worker: %q", text)
	}
	r.lives("network", workers.Beat{Kinds: []string{"network.other"}})
	r.hasCause(id, events.CauseUnserved)
	r.order("connections/orders/pause", because+"}")
	if text := r.hasCause(id, events.CausePaused); text != "paused by ann: because" {
		t.Errorf("paused: %q", text)
	}
	r.order("engine/pause", because+"}")
	if text := r.hasCause(r.submit("1", "other"), events.CauseHeld); !strings.Contains(text, "ann: because") {
		t.Errorf("held: %q", text)
	}
	if d, err := r.client.Diagnose(t.Context()); err != nil || d.Healthy || d.Findings[0].NeedsHands == false {
		t.Errorf("with holds: %+v %v", d, err)
	}
}

func TestSignalsAndMetrics(t *testing.T) {
	r := start(t)
	release := r.hold("one", events.Do)
	defer release()
	for _, name := range []string{"a", "b", "c"} {
		id := r.submit("1", name)
		r.until(id, func(v events.Status) bool { return v.Steps[0].Status == events.StepRequested })
	}
	r.submit("2", "a")
	r.lives("network", workers.Beat{Kinds: []string{"network.one"}, Running: 1})
	s, err := r.client.Signals(t.Context())
	if err != nil || len(s.Capabilities) != 1 || s.Queued != 1 || s.Sagas[events.SagaRunning] != 3 ||
		s.Sagas[events.SagaStuck] != 0 {
		t.Fatalf("%+v %v", s, err)
	}
	if c := s.Capabilities[0]; c.Capability != "network" || c.Open != 3 || c.Running != 1 || c.Backlog != 2 ||
		c.Workers != 1 || c.OldestSeconds < 0 {
		t.Errorf("%+v", c)
	}
	text := string(r.ask("GET", "/metrics", "").body)
	for _, line := range []string{
		`culvert_backlog{capability="network"} 2`, `culvert_running{capability="network"} 1`,
		`culvert_workers{capability="network"} 1`,
		`culvert_sagas{status="running"} 3`, `culvert_sagas{status="stuck"} 0`, "culvert_queued 1",
		"# TYPE culvert_oldest_seconds gauge",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("metrics have no %s:\n%s", line, text)
		}
	}
}

func TestWorkersAreListedAndAreNoClaims(t *testing.T) {
	r := start(t)
	r.lives("network", workers.Beat{Running: 2, Release: "1.2"})
	all, err := r.client.Workers(t.Context())
	if err != nil || len(all) != 1 || all[0].Worker != "worker-1" || all[0].Running != 2 || all[0].Release != "1.2" {
		t.Errorf("workers %+v %v", all, err)
	}
	if claims, err := r.client.Claims(t.Context(), ""); err != nil || len(claims) != 0 {
		t.Errorf("claims %+v %v", claims, err)
	}
}

// A store that is nearly full, and one that does not tell, are findings.
func TestTheStoreIsDiagnosed(t *testing.T) {
	r := start(t)
	for name, c := range map[string]struct {
		used, limit int64
		err         error
		healthy     bool
	}{
		"room": {79, 100, nil, true}, "no limit": {1 << 40, 0, nil, true}, "nearly full": {80, 100, nil, false},
		"silent": {0, 0, errors.New("no answer"), false},
	} {
		t.Run(name, func(t *testing.T) {
			h := httpapi.Handler(httpapi.Options{
				Engine: r.engine, Listing: r.journal, DeadLetters: r.bus.DeadLetters(), Claims: r.claims,
				Mover: r.engine,
				Room:  func(context.Context) (int64, int64, error) { return c.used, c.limit, c.err },
			})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/v1/doctor", nil))
			var d httpapi.Diagnosis
			if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || d.Healthy != c.healthy ||
				(len(d.Findings) == 0) != c.healthy {
				t.Errorf("%s: %v", w.Body, err)
			}
		})
	}
}

// A thousand stuck steps with a thousand errors are one finding.
func TestStuckOnesAreOneFinding(t *testing.T) {
	r := start(t)
	r.refuses()
	for _, name := range []string{"a", "b", "c"} {
		r.answer("one", events.Undo, events.Outcome{Class: events.Refuse, Message: name + " uses it"})
		r.status(r.submit("1", name), events.SagaStuck)
	}
	d, err := r.client.Diagnose(t.Context())
	if err != nil || len(d.Findings) != 1 || d.Findings[0].Code != events.CauseStuck || d.Findings[0].Count != 3 ||
		len(d.Findings[0].Sagas) != 3 {
		t.Errorf("%+v %v", d, err)
	}
	if text := d.Findings[0].Text; !strings.Contains(text, "one: ") || !strings.Contains(text, " uses it") ||
		strings.Contains(text, "resolve") {
		t.Errorf("text %q", text)
	}
}
