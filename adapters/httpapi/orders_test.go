package httpapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
)

const because = `{"actor":"ann","reason":"because"`

// refused makes the next sagas end compensated, stuck makes them stick on their way back.
func (r *rig) refuses() {
	r.answer("two", events.Do, events.Outcome{Class: events.Refuse, Reason: "quota", Message: "no more"})
}

func (r *rig) sticks() {
	r.refuses()
	r.answer("one", events.Undo, events.Outcome{Class: events.Refuse, Reason: "in-use", Message: "somebody uses it"})
}

func (r *rig) works() {
	done := events.Outcome{Class: events.Done, Output: []byte(`{}`)}
	r.answer("two", events.Do, done)
	r.answer("one", events.Undo, events.Outcome{Class: events.Done})
}

// order posts an order that must be taken.
func (r *rig) order(path, body string) httpapi.Accepted {
	r.t.Helper()
	a := r.ask("POST", "/v1/"+path, body, "Content-Type", "application/json")
	var got httpapi.Accepted
	if a.status != http.StatusAccepted || json.Unmarshal(a.body, &got) != nil {
		r.t.Fatalf("%s: status %d: %s", path, a.status, a.body)
	}
	return got
}

func (r *rig) refusedOrder(path, body string, status int) httpapi.Problem {
	r.t.Helper()
	return r.problem(r.ask("POST", "/v1/"+path, body, "Content-Type", "application/json"), status)
}

func TestCancel(t *testing.T) {
	r := start(t)
	release := r.hold("two", events.Do)
	defer release()
	id := r.submit("1", "orders")
	r.until(id, func(v events.Status) bool { return len(v.Steps) > 1 && v.Steps[1].Status == events.StepRequested })
	queued := r.submit("2", "orders")
	if got := r.order("sagas/"+queued+"/cancel", because+"}"); got.Saga != queued {
		t.Errorf("cancelled %+v, want the queued one", got)
	}
	if v := r.status(queued, events.SagaCompensated); len(v.Steps) != 0 {
		t.Errorf("a queued saga that is cancelled had steps: %+v", v)
	}
	r.order("sagas/"+id+"/cancel", because+"}")
	release()
	if v := r.status(id, events.SagaCompensated); !strings.Contains(v.Reason, "ann") ||
		!strings.Contains(v.Reason, "because") {
		t.Errorf("reason %q: it says who and why", v.Reason)
	}
	p := r.refusedOrder("sagas/"+id+"/cancel", because+"}", http.StatusConflict)
	if len(p.Errors) != 1 || p.Errors[0].Value != "ended" {
		t.Errorf("cancelling what has ended: %+v", p)
	}
}

func TestReplayInputIsAdmittedLikeAnIntent(t *testing.T) {
	r := startWith(t, func(in events.Intent) error {
		if strings.Contains(string(in.Data), "fn-0002") {
			return events.NewRefusal("/data/service/name", "not-yours", "fn-0002 is another team's")
		}
		return nil
	})
	r.status(r.submit("1", "orders"), events.SagaCompleted)
	other := strings.Replace(data, "fn-0001", "fn-0002", 1)
	p := r.refusedOrder("sagas/orders/replay", because+`,"input":`+other+`}`, http.StatusBadRequest)
	if len(p.Errors) != 1 || p.Errors[0].Value != "not-yours" {
		t.Errorf("refused by %+v, want the admission rule", p.Errors)
	}
}

// judging is an intake that remembers what data it was asked to judge.
type judging struct {
	httpapi.Intake
	asked []events.Intent
}

func (j *judging) CheckData(in events.Intent) (json.RawMessage, error) {
	j.asked = append(j.asked, in)
	return in.Data, nil
}

// Data that replaces an intent's is judged as data of the version that the intent has, whichever the newest is.
func TestReplayInputIsJudgedInTheVersionOfTheIntent(t *testing.T) {
	judge := &judging{}
	r := startWith(t, func(events.Intent) error {
		return nil
	}, func(o *httpapi.Options) { judge.Intake, o.Intake = o.Intake, judge })
	for version := 1; version <= 2; version++ {
		in := events.Intent{
			Connection: events.Key{Tenant: events.DefaultTenant, Name: fmt.Sprintf("orders-%d", version)},
			Source:     "/test", ID: "1",
			Kind: "private-service", Want: events.Apply, Version: version, Digest: "1", Data: json.RawMessage(data),
		}
		if _, err := r.engine.Submit(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		r.status(in.Connection.Saga(1), events.SagaCompleted)
		// it has not failed
		r.refusedOrder("sagas/"+in.Connection.Name+"/replay", because+`,"input":{"new":true}}`, http.StatusConflict)
		last := judge.asked[len(judge.asked)-1]
		if len(judge.asked) != version || last.Version != version || string(last.Data) != `{"new":true}` ||
			last.Connection != in.Connection {
			t.Errorf("of version %d was judged: %+v", version, judge.asked)
		}
	}
}

func TestOrdersThatSayTooLittle(t *testing.T) {
	r := start(t)
	r.status(r.submit("1", "orders"), events.SagaCompleted)
	for name, c := range map[string]struct {
		path, body, field string
		status            int
	}{
		"no body":       {"sagas/orders/cancel", "", "", 400},
		"no JSON":       {"sagas/orders/cancel", "{", "", 400},
		"no reason":     {"sagas/orders/cancel", "{}", "body", 422},
		"empty reason":  {"sagas/orders/replay", `{"reason":""}`, "body.reason", 422},
		"blank reason":  {"sagas/orders/replay", `{"reason":"  "}`, "/reason", 400},
		"unknown field": {"sagas/orders/replay", because + `,"form":"start"}`, "body.form", 422},
		"unknown from":  {"sagas/orders/replay", because + `,"from":"middle"}`, "body.from", 422},
		"unknown resolution": {
			"sagas/orders/resolve", because + `,"step":"one","resolution":"ignore"}`, "body.resolution", 422,
		},
		"no step": {"sagas/orders/resolve", because + `,"resolution":"skip"}`, "body", 422},
		"no step's name": {
			"sagas/orders/resolve", because + `,"step":"No Step","resolution":"skip"}`, "/step", 400,
		},
		"unknown capability": {"engine/pause", because + `,"capability":"storage"}`, "body.capability", 422},
		"unknown saga":       {"sagas/nobody/cancel", because + "}", "", 404},
		"no connection":      {"connections/No-Name/pause", because + "}", "", 404},
		"input and continue": {
			"sagas/orders/replay", because + `,"from":"failed","input":` + data + `}`, "/input", 400,
		},
		"input of other form": {"sagas/orders/replay", because + `,"input":{"colour":"red"}}`, "/data/colour", 400},
		"not to be replayed":  {"sagas/orders/replay", because + "}", "saga", 409},
		"not stuck":           {"sagas/orders/resolve", because + `,"step":"one","resolution":"skip"}`, "saga", 409},
	} {
		t.Run(name, func(t *testing.T) {
			p := r.refusedOrder(c.path, c.body, c.status)
			if c.field == "" {
				return
			}
			fields := []string{}
			for _, e := range p.Errors {
				fields = append(fields, e.Location)
			}
			if !strings.Contains(strings.Join(fields, " "), c.field) {
				t.Errorf("problem %+v does not name %s", p, c.field)
			}
		})
	}
}

func TestReplay(t *testing.T) {
	r := start(t)
	r.refuses()
	first := r.submit("1", "orders")
	r.status(first, events.SagaCompensated)
	p := r.refusedOrder("sagas/"+first+"/replay", because+`,"from":"failed"}`, http.StatusConflict)
	if p.Errors[0].Value != "not-stuck" {
		t.Errorf("going on with what was put back: %+v", p)
	}
	r.works()
	second := r.order("sagas/"+first+"/replay", because+"}").Saga
	if second != "default_orders.2" {
		t.Fatalf("replayed as %s", second)
	}
	r.status(second, events.SagaCompleted)
	p = r.refusedOrder("sagas/"+first+"/replay", because+"}", http.StatusConflict)
	if p.Errors[0].Value != "superseded" {
		t.Errorf("replaying an older saga: %+v", p)
	}
}

func TestReplayWithAnotherInput(t *testing.T) {
	r := start(t)
	r.refuses()
	r.status(r.submit("1", "orders"), events.SagaCompensated)
	r.works()
	edited := strings.Replace(data, "shared-1", "shared-9", 1)
	id := r.order("sagas/orders/replay", because+`,"from":"start","input":`+edited+"}").Saga
	r.status(id, events.SagaCompleted)
	s, err := r.engine.State(t.Context(), events.Key{Tenant: "default", Name: "orders"})
	if err != nil || !strings.Contains(string(s.Saga.Intent.Data), "shared-9") ||
		s.Saga.ReplayOf != "default_orders.1" {
		t.Errorf("replayed %s of %s: %v", s.Saga.Intent.Data, s.Saga.ReplayOf, err)
	}
}

func TestResolve(t *testing.T) {
	for resolution, want := range map[string]string{"retry": "", "mark-undone": "", "skip": "one"} {
		t.Run(resolution, func(t *testing.T) {
			r := start(t)
			r.sticks()
			id := r.submit("1", "orders")
			if v := r.status(id, events.SagaStuck); v.Reason == "" {
				t.Errorf("stuck without a reason: %+v", v)
			}
			p := r.refusedOrder(
				"sagas/"+id+"/resolve", because+`,"step":"two","resolution":"retry"}`, http.StatusConflict,
			)
			if p.Errors[0].Location != "step" {
				t.Errorf("resolving a step that is not stuck: %+v", p)
			}
			r.works()
			if got := r.order("sagas/"+id+"/resolve",
				because+`,"step":"one","resolution":"`+resolution+`"}`); got.Saga != id {
				t.Errorf("resolved %+v", got)
			}
			v := r.status(id, events.SagaCompensated)
			if got := strings.Join(v.Retained, " "); (got != "") != (want != "") || !strings.Contains(got, want) {
				t.Errorf("retained %q, want %q", got, want)
			}
		})
	}
}

func TestAStuckSagaGoesOn(t *testing.T) {
	r := start(t)
	r.sticks()
	id := r.submit("1", "orders")
	r.status(id, events.SagaStuck)
	r.works()
	if got := r.order("sagas/"+id+"/replay", because+`,"from":"failed"}`); got.Saga != id {
		t.Errorf("went on as %+v, want the same saga", got)
	}
	r.status(id, events.SagaCompensated)
}

func TestPauseAndResume(t *testing.T) {
	for name, c := range map[string]struct{ path, body string }{
		"connection": {"connections/orders/", because + "}"},
		"capability": {"engine/", because + `,"capability":"egress"}`},
		"engine":     {"engine/", because + "}"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			release := r.hold("one", events.Do)
			defer release()
			id := r.submit("1", "orders")
			r.status(id, events.SagaRunning)
			r.order(c.path+"pause", c.body)
			if name != "connection" { // a hold of the engine is learnt by following the journal
				eventually(t, "the engine holds", func() bool { h := r.engine.Held(); return h.Holds("egress.x") })
			}
			release()
			v := r.until(id, func(v events.Status) bool { return v.Steps[0].Status == events.StepDone })
			if v.Steps[1].Status != events.StepPending {
				t.Errorf("the next step is %s although it is held", v.Steps[1].Status)
			}
			r.order(c.path+"resume", c.body)
			r.status(id, events.SagaCompleted)
			all, err := r.client.List(t.Context(), nil)
			if err != nil || len(all) != 1 {
				t.Errorf("the engine's own keys are listed: %+v %v", all, err)
			}
		})
	}
}

func TestTheClientTellsWhatTheServerSays(t *testing.T) {
	r := start(t)
	_, err := r.client.Post(t.Context(), "sagas/nobody/cancel", httpapi.Order{Reason: "because"})
	var p *httpapi.Problem
	if !errors.As(err, &p) || p.Status != 404 || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("error %v", err)
	}
	if text := (&httpapi.Problem{Status: 502, Title: "Bad Gateway"}).Error(); !strings.Contains(text, "502") {
		t.Errorf("a problem without detail says %q", text)
	}
	r.refuses()
	r.status(r.submit("1", "orders"), events.SagaCompensated)
	r.works()
	got, err := r.client.Post(t.Context(), "sagas/orders/replay", httpapi.ReplayOrder{
		Order: httpapi.Order{Reason: "because"}, Input: json.RawMessage(data),
	})
	if err != nil || got.Saga != "default_orders.2" {
		t.Errorf("replay: %+v %v", got, err)
	}
	r.status(got.Saga, events.SagaCompleted)
	if _, err := (httpapi.Client{URL: "http://127.0.0.1:1"}).Info(t.Context()); err == nil {
		t.Error("nobody answers, and that is no error")
	}
}
