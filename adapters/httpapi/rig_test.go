package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/plans"
	"github.com/culvertnet/culvert/saga/plans/kind"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests; nothing needs a tenth of it.
const patience = 20 * time.Second

// rig is a server over a real engine, with the ports in memory and workers that do as a test tells.
type rig struct {
	t       *testing.T
	url     string
	client  httpapi.Client
	engine  *engine
	bus     *memory.Bus
	claims  *memory.Claims
	journal *journal

	mu      sync.Mutex
	answers map[string]events.Outcome // by "<step> <verb>"
	held    map[string]chan struct{}
}

// engine is the orchestrator, whose watchers a test can count.
type engine struct {
	*orchestrator.Orchestrator
	watching atomic.Int32
	deaf     atomic.Bool // whether changes are not told
}

// Watch counts who watches.
func (e *engine) Watch(key events.Key) (<-chan uint64, func()) {
	e.watching.Add(1)
	changed, stop := e.Orchestrator.Watch(key)
	if e.deaf.Load() {
		changed = nil
	}
	return changed, func() { e.watching.Add(-1); stop() }
}

// journal is one whose next reads can be behind by a record, as in a cluster.
type journal struct {
	*memory.Journal
	behind atomic.Int64
}

// Load may miss the newest record.
func (j *journal) Load(ctx context.Context, k events.Key) (saga.Snapshot, []saga.Record, error) {
	snapshot, records, err := j.Journal.Load(ctx, k)
	if j.behind.Add(-1) >= 0 && len(records) > 0 {
		records = records[:len(records)-1]
	}
	return snapshot, records, err
}

type cursor struct{ p atomic.Uint64 }

// Load and Save make it a orchestrator.Cursor.
func (c *cursor) Load(context.Context) (saga.Position, error) { return saga.Position(c.p.Load()), nil }

// Save keeps the position.
func (c *cursor) Save(_ context.Context, p saga.Position) error { c.p.Store(uint64(p)); return nil }

// limits are short, so that what gives up gives up soon.
var limits = saga.Limits{
	Deadline: 5 * time.Second, Quiet: time.Millisecond, Skew: time.Millisecond, Tries: 2, Budget: 5 * time.Second,
	UndoTries:  2,
	UndoBudget: 5 * time.Second, ProveBudget: time.Second, RetryBase: time.Millisecond, RetryCap: time.Millisecond,
}

// chain is a short chain of steps under the name that the schemas know; what it admits a test can choose.
func chain(admit func(events.Intent) error) plans.Catalogue {
	plan := func(p saga.Planning) (saga.Plan, error) {
		b := saga.NewBuilder("private-service", 1)
		if p.Intent.Want == events.Withdraw {
			return b.Build()
		}
		in := struct {
			Data json.RawMessage `json:"data"`
		}{p.Intent.Data}
		one := saga.Add[struct{}](b, saga.Spec{Name: "one", Kind: "network.one", Prefix: "one"}, &in)
		saga.Add[struct{}](b, saga.Spec{Name: "two", Kind: "egress.two", Prefix: "two", After: []string{one.Name()}},
			&in)
		return b.Build()
	}
	same := func(data json.RawMessage) (json.RawMessage, error) { return data, nil }
	versions := map[int]kind.Version{
		1: {
			Admit: admit, Upgrade: same, Example: json.RawMessage("{}"),
		}, 2: {Admit: admit, Example: json.RawMessage("{}")},
	}
	return plans.Of(kind.Entry{
		Name: "private-service", Versions: versions, Plan: plan, Postconditions: func(saga.Outputs) []string {
			return nil
		},
	})
}

func start(t *testing.T) *rig {
	t.Helper()
	return startWith(t, func(events.Intent) error { return nil })
}

func startWith(t *testing.T, admit func(events.Intent) error, options ...func(*httpapi.Options)) *rig {
	t.Helper()
	r := &rig{t: t, bus: memory.NewBus(nil), claims: memory.NewClaims(), journal: &journal{
		Journal: memory.NewJournal(nil),
	}, answers: map[string]events.Outcome{}, held: map[string]chan struct{}{}}
	catalogue := chain(admit)
	var ids atomic.Int64
	o := orchestrator.New(orchestrator.Options{
		Engine: saga.Engine{Kinds: catalogue.Kinds(), Limits: limits}, Journal: r.journal, Bus: r.bus,
		Cursor: &cursor{}, Now: time.Now,
		ID: func() string { return strconv.FormatInt(ids.Add(1), 10) }, Name: "test", SweepEvery: 20 * time.Millisecond,
	})
	r.engine = &engine{Orchestrator: o}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := o.Run(ctx); err != nil {
			t.Errorf("run orchestrator: %v", err)
		}
	})
	for _, capability := range []string{"network", "egress"} {
		running.Go(func() {
			s := events.Subscription{
				Name: "workers-" + capability, Subjects: []string{events.CommandSubject(capability)}, Parallel: 8,
			}
			if err := r.bus.Consume(ctx, s, r.work); err != nil {
				t.Errorf("consume commands: %v", err)
			}
		})
	}
	opts := httpapi.Options{
		Engine: r.engine, Intake: intake.Intake{Kinds: catalogue, Engine: o, Now: time.Now}, Listing: r.journal,
		Mover:       o,
		DeadLetters: r.bus.DeadLetters(), Publisher: r.bus, Claims: r.claims, Version: "1.2.3", NATS: "nats://here",
		World: "http://world",
		Kinds: map[string][]httpapi.KindInfo{"private-service": {
			{Kind: "private-service", Version: 1, Newest: 2, Schemas: map[string]any{
				"apply": map[string]any{"type": "object"},
			}, Diagram: "flowchart LR\n"},
			{Kind: "private-service", Version: 2, Newest: 2, Schemas: map[string]any{
				"apply": map[string]any{"type": "object"},
			}, Diagram: "flowchart TD\n"},
		}},
		Capabilities: []string{"network", "egress", "routing", "policy"},
	}
	for _, set := range options {
		set(&opts)
	}
	server := httptest.NewUnstartedServer(httpapi.Handler(opts))
	server.Start()
	r.url = server.URL
	transport := &http.Transport{}
	r.client = httpapi.Client{URL: r.url, HTTP: &http.Client{Transport: transport}}
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
		cancel()
		running.Wait()
	})
	return r
}

// work is every worker: it answers as the test has said, else that it is done and seen as wanted.
func (r *rig) work(ctx context.Context, d events.Delivery) events.Verdict {
	c, err := events.DecodeCommand(d.Body)
	if err != nil {
		return events.Reject(err.Error())
	}
	key := c.Step + " " + string(c.Verb)
	r.mu.Lock()
	o, told := r.answers[key]
	held := r.held[key]
	r.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
			return events.Again
		}
	}
	if !told {
		o = events.Outcome{Class: events.Done, Output: json.RawMessage(`{}`)}
		if c.Verb == events.Look {
			o.Seen = events.Present
			if c.Purpose != "" {
				o.Seen = events.Absent
			}
		}
	}
	b, err := events.EncodeResult(c.Answer(o, "test", time.Now()))
	if err != nil {
		r.t.Errorf("encode result: %v", err)
		return events.Ack
	}
	if r.bus.Publish(ctx, events.Message{Subject: events.ResultSubject(c.Connection), ID: c.ID(), Body: b}) != nil {
		return events.Again
	}
	return events.Ack
}

// answer tells the workers what comes of a verb of a step from now on.
func (r *rig) answer(step string, verb events.Verb, o events.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[step+" "+string(verb)] = o
}

// hold keeps a verb of a step from ending until it is released.
func (r *rig) hold(step string, verb events.Verb) (release func()) {
	gate := make(chan struct{})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[step+" "+string(verb)] = gate
	return sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.held, step+" "+string(verb))
		close(gate)
	})
}

// event is an apply of a connection.
func event(id, name string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/test","type":"culvert.private-service.apply.v1","subject":%q,"datacontenttype":"application/json","data":%s}`, id, name, data)
}

const data = `{"service":{"platform":"cloud-run","project":"acme-prod","region":"europe-west3","name":"fn-0001"},"network":"projects/acme-net/global/networks/spoke-vpc","egress":{"connector":{"existing":"shared-1"}}}`

// answered is what came back of a raw request.
type answered struct {
	status int
	header http.Header
	body   []byte
}

// ask makes a raw request; header are pairs.
func (r *rig) ask(method, path, body string, header ...string) answered {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := r.client.HTTP.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if bytes.Contains(b, []byte(`"$schema"`)) && path != "/openapi.json" {
		r.t.Errorf("%s %s: the body has $schema: %s", method, path, b)
	}
	return answered{resp.StatusCode, resp.Header, b}
}

// problem reads an answer that must be a problem of this status.
func (r *rig) problem(a answered, status int) httpapi.Problem {
	r.t.Helper()
	var p httpapi.Problem
	if a.status != status || a.header.Get("Content-Type") != "application/problem+json" {
		r.t.Fatalf("status %d (%s): %s; want problem %d", a.status, a.header.Get("Content-Type"), a.body, status)
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		r.t.Fatalf("problem %s: %v", a.body, err)
	}
	if p.Status != status || p.Title == "" || p.Detail == "" {
		r.t.Errorf("problem %s: RFC 9457 has a status, a title and a detail", a.body)
	}
	return p
}

// submit posts an apply that must be accepted.
func (r *rig) submit(id, name string) string {
	r.t.Helper()
	accepted, err := r.client.Submit(r.t.Context(), "application/cloudevents+json", []byte(event(id, name)))
	if err != nil {
		r.t.Fatalf("submit %s: %v", name, err)
	}
	return accepted[0].Saga
}

// until follows a saga until it is as wanted.
func (r *rig) until(id string, want func(events.Status) bool) events.Status {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	var last events.Status
	for ctx.Err() == nil {
		for v, err := range r.client.Watch(ctx, id) {
			if err != nil {
				break
			}
			if last = v; want(v) {
				return v
			}
		}
		if last.Status.Ended() {
			break
		}
	}
	r.t.Fatalf("%s is not as wanted: %+v", id, last)
	return last
}

// status waits for a status.
func (r *rig) status(id string, want events.SagaStatus) events.Status {
	r.t.Helper()
	return r.until(id, func(v events.Status) bool { return v.Status == want })
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}
