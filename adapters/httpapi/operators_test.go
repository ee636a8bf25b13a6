package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// bury publishes intents that nobody can use, and rejects them as the intake does.
func (r *rig) bury(n int) []events.DeadLetter {
	r.t.Helper()
	for i := range n {
		m := events.Message{Subject: events.IntentSubject("private-service"), Header: map[string]string{
			"ce-id": fmt.Sprint(i),
		}, Body: []byte(fmt.Sprintf("bad %d", i))}
		if err := r.bus.Publish(r.t.Context(), m); err != nil {
			r.t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	rejected := make(chan struct{}, n)
	ended := make(chan error, 1)
	go func() {
		ended <- r.bus.Consume(ctx, events.Subscription{Name: "intake", Subjects: []string{events.Intents.Subject}},
			func(context.Context, events.Delivery) events.Verdict {
				rejected <- struct{}{}
				return events.Reject("it is bad")
			})
	}()
	for range n {
		<-rejected
	}
	eventually(r.t, "the letters are there", func() bool {
		all, err := r.client.DeadLetters(r.t.Context())
		return err == nil && len(all) == n
	})
	cancel()
	if err := <-ended; err != nil {
		r.t.Fatal(err)
	}
	all, err := r.client.DeadLetters(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func TestDeadLetters(t *testing.T) {
	r := start(t)
	if a := r.ask("GET", "/v1/dead-letters", ""); strings.TrimSpace(string(a.body)) != "[]" {
		t.Errorf("no letters are %s, want []", a.body)
	}
	letters := r.bury(3)
	one, err := r.client.DeadLetter(t.Context(), letters[1].ID)
	if err != nil || one.Reason != "it is bad" || string(one.Body) != "bad 1" ||
		one.Subject != events.IntentSubject("private-service") || one.Header["ce-id"] != "1" {
		t.Errorf("letter %+v %v", one, err)
	}
	a := r.ask("GET", "/v1/dead-letters?limit=2", "")
	var page []events.DeadLetter
	if err := json.Unmarshal(a.body, &page); err != nil || len(page) != 2 ||
		a.header.Get("Culvert-Next") != letters[1].ID {
		t.Errorf("page of %d, next %q: %v", len(page), a.header.Get("Culvert-Next"), err)
	}
	if err := r.client.Discard(t.Context(), letters[0].ID); err != nil {
		t.Errorf("discard: %v", err)
	}
	if a := r.ask("POST", "/v1/dead-letters/"+letters[1].ID+"/requeue", ""); a.status != http.StatusAccepted {
		t.Errorf("requeue: %d %s", a.status, a.body)
	}
	again := make(chan events.Delivery, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = r.bus.Consume(ctx, events.Subscription{Name: "intake", Subjects: []string{events.Intents.Subject}},
		func(_ context.Context, d events.Delivery) events.Verdict {
			again <- d
			cancel()
			return events.Ack
		})
	if d := <-again; err != nil || string(d.Body) != "bad 1" || d.Header["ce-id"] != "1" {
		t.Errorf("published again: %+v %v", d, err)
	}
	left, err := r.client.DeadLetters(t.Context())
	if err != nil || len(left) != 1 || left[0].ID != letters[2].ID {
		t.Errorf("left %+v %v", left, err)
	}
	for _, ask := range [][2]string{{"GET", ""}, {"DELETE", ""}, {"POST", "/requeue"}} {
		r.problem(r.ask(ask[0], "/v1/dead-letters/"+letters[0].ID+ask[1], ""), http.StatusNotFound)
	}
}

func (r *rig) claim(resource string, holders ...string) {
	r.t.Helper()
	record := workers.Record{}
	for _, h := range holders {
		record.Holds = append(record.Holds, workers.Hold{Holder: h, Value: "v", Epoch: 1, Since: time.Unix(0, 0).UTC()})
	}
	if err := r.claims.Store(r.t.Context(), resource, record); err != nil {
		r.t.Fatal(err)
	}
}

func TestClaims(t *testing.T) {
	r := start(t)
	if a := r.ask("GET", "/v1/claims", ""); strings.TrimSpace(string(a.body)) != "[]" {
		t.Errorf("no claims are %s, want []", a.body)
	}
	r.claim("list/a", "default_x/one/1", "default_y/one/1")
	r.claim("list/b", "default_x/one/1")
	r.claim("pool/c", "default_x/one/1")
	for prefix, want := range map[string]int{"": 3, "list/": 2, "pool/c": 1, "nothing": 0} {
		if got, err := r.client.Claims(t.Context(), prefix); err != nil || len(got) != want {
			t.Errorf("claims of %q: %d, want %d: %v", prefix, len(got), want, err)
		}
	}
	a := r.ask("GET", "/v1/claims?limit=1", "")
	if next := a.header.Get("Culvert-Next"); next != "list/a" {
		t.Errorf("next %q", next)
	}
	r.problem(r.ask("POST", "/v1/claims/break", because+`,"resource":"list/a","holder":"default_z/one/1"}`),
		http.StatusNotFound)
	if a := r.ask("POST", "/v1/claims/break", because+`,"resource":"list/a","holder":"default_x/one/1"}`); a.status !=
		http.StatusAccepted {
		t.Errorf("break: %d %s", a.status, a.body)
	}
	record, err := r.claims.Load(t.Context(), "list/a")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range record.Holds {
		if h.Live() != (h.Holder == "default_y/one/1") {
			t.Errorf("hold %+v after the break of x's", h)
		}
	}
}

func TestInfoAndKinds(t *testing.T) {
	r := start(t)
	if info, err := r.client.Info(t.Context()); err != nil ||
		info != (httpapi.Info{Version: "1.2.3", NATS: "nats://here", World: "http://world"}) {
		t.Errorf("info %+v %v", info, err)
	}
	if k, err := r.client.Explain(t.Context(), "private-service", 0); err != nil || k.Diagram == "" ||
		k.Schemas["apply"] == nil {
		t.Errorf("kind %+v %v", k, err)
	}
	for version, diagram := range map[int]string{0: "flowchart TD\n", 1: "flowchart LR\n", 2: "flowchart TD\n"} {
		if k, err := r.client.Explain(t.Context(), "private-service", version); err != nil || k.Diagram != diagram ||
			k.Newest != 2 {
			t.Errorf("version %d: %+v %v", version, k, err)
		}
	}
	r.problem(r.ask("GET", "/v1/kinds/private-service?version=3", ""), http.StatusNotFound)
	r.problem(r.ask("GET", "/v1/kinds/other", ""), http.StatusNotFound)
	if a := r.ask("GET", "/healthz", ""); a.status != http.StatusNoContent || len(a.body) != 0 {
		t.Errorf("health %d %q", a.status, a.body)
	}
	r.problem(r.ask("GET", "/v2/sagas", ""), http.StatusNotFound)
	a := r.ask("PUT", "/v1/sagas", "")
	r.problem(a, http.StatusMethodNotAllowed)
	if allow := a.header.Get("Allow"); !strings.Contains(allow, "GET") {
		t.Errorf("allowed %q", allow)
	}
}

// failing is every port with one error.
type failing struct{ err error }

func (f failing) Act(context.Context, events.Action) (events.Receipt, error) {
	return events.Receipt{}, f.err
}
func (f failing) State(context.Context, events.Key) (saga.State, error) { return saga.State{}, f.err }
func (f failing) StateAt(context.Context, events.Key, uint64) (saga.State, error) {
	return saga.State{}, f.err
}
func (f failing) Watch(events.Key) (<-chan uint64, func())            { return nil, func() {} }
func (f failing) List(context.Context, saga.Query) (saga.Page, error) { return saga.Page{}, f.err }
func (f failing) Publish(context.Context, ...events.Message) error    { return f.err }
func (f failing) Rules() saga.Engine                                  { return saga.Engine{} }
func (f failing) CheckData(events.Intent) (json.RawMessage, error)    { return nil, f.err }

func (f failing) Accept(context.Context, string, map[string][]string, []byte) ([]events.Receipt, error) {
	return nil, f.err
}

func (f failing) QuietAt(context.Context) (time.Time, error)  { return time.Time{}, f.err }
func (f failing) Import(context.Context, []saga.Record) error { return f.err }
func (f failing) Held() saga.Held                             { return nil }

// letters and holds fail likewise; their methods have names that the others have too.
type letters struct{ err error }

func (l letters) List(context.Context, string, int) ([]events.DeadLetter, error) { return nil, l.err }
func (l letters) Get(context.Context, string) (events.DeadLetter, error) {
	return events.DeadLetter{}, l.err
}
func (l letters) Remove(context.Context, string) error { return l.err }

type holds struct{ err error }

func (h holds) Load(context.Context, string) (workers.Record, error) { return workers.Record{}, h.err }
func (h holds) Store(context.Context, string, workers.Record) error  { return h.err }
func (h holds) Find(context.Context, workers.ClaimQuery) (workers.ClaimPage, error) {
	return workers.ClaimPage{}, h.err
}

// Every operation answers every kind of error with its status, as a problem.
func TestErrorsHaveTheirStatus(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
	}{
		{
			events.NewRefusal("f", "r", "m"), 400,
		}, {events.NewConflict("f", "r", "m"), 409}, {fmt.Errorf("x: %w", events.ErrBusy), 429},
		{
			fmt.Errorf("x: %w", saga.ErrFull), 503,
		}, {fmt.Errorf("x: %w", saga.ErrUnavailable), 503}, {context.Canceled, 503},
		{context.DeadlineExceeded, 503}, {events.ErrNoDeadLetter, 404}, {errors.New("a mistake of ours"), 500},
	} {
		t.Run(fmt.Sprint(c.err), func(t *testing.T) {
			f := failing{c.err}
			h := httpapi.Handler(httpapi.Options{Engine: f, Intake: f, Listing: f, DeadLetters: letters{c.err},
				Publisher: f, Claims: holds{c.err}, Mover: f})
			for _, ask := range []struct{ method, path, body string }{
				{"POST", "/v1/intents", event("1", "a")}, {"GET", "/v1/sagas", ""}, {"GET", "/v1/sagas/a", ""},
				{"GET", "/v1/sagas/a/events", ""},
				{"POST", "/v1/sagas/a/cancel", because + "}"}, {"POST", "/v1/sagas/a/replay", because + "}"},
				{
					"POST", "/v1/sagas/a/resolve", because + `,"step":"a","resolution":"skip"}`,
				}, {"POST", "/v1/connections/a/pause", because + "}"},
				{"POST", "/v1/connections/a/resume", because + "}"}, {"POST", "/v1/engine/pause", because + "}"},
				{"POST", "/v1/engine/resume", because + "}"},
				{"GET", "/v1/dead-letters", ""}, {
					"GET", "/v1/dead-letters/1", "",
				}, {"DELETE", "/v1/dead-letters/1", ""}, {"POST", "/v1/dead-letters/1/requeue", ""},
				{"GET", "/v1/claims", ""}, {"POST", "/v1/claims/break", because + `,"resource":"a","holder":"b"}`},
			} {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(ask.method, ask.path, strings.NewReader(ask.body)))
				var p httpapi.Problem
				if w.Code != c.status || w.Header().Get("Content-Type") != "application/problem+json" ||
					json.Unmarshal(w.Body.Bytes(), &p) != nil || p.Status != c.status {
					t.Errorf("%s %s: %d %s, want problem %d", ask.method, ask.path, w.Code, w.Body, c.status)
				}
			}
		})
	}
}

// contested is a record that others change all the time.
type contested struct{ tries, succeeds int }

func (c *contested) Load(context.Context, string) (workers.Record, error) {
	return workers.Record{Version: 1, Holds: []workers.Hold{{Holder: "b", Epoch: 1}}}, nil
}

func (c *contested) Store(context.Context, string, workers.Record) error {
	c.tries++
	if c.tries == c.succeeds {
		return nil
	}
	return workers.ErrClaimConflict
}

func (c *contested) Find(context.Context, workers.ClaimQuery) (workers.ClaimPage, error) {
	return workers.ClaimPage{}, nil
}

func TestABreakTriesAgainForAWhile(t *testing.T) {
	for succeeds, want := range map[int]int{1: http.StatusAccepted, 10: http.StatusAccepted,
		11: http.StatusServiceUnavailable} {
		c := &contested{succeeds: succeeds}
		w := httptest.NewRecorder()
		httpapi.Handler(httpapi.Options{Claims: c}).ServeHTTP(w,
			httptest.NewRequest("POST", "/v1/claims/break", strings.NewReader(because+`,"resource":"a","holder":"b"}`)))
		if w.Code != want || c.tries != min(succeeds, 10) {
			t.Errorf("try %d would succeed: status %d after %d tries", succeeds, w.Code, c.tries)
		}
	}
}
