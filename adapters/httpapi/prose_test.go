package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// sick is a listing in which connections wait for everything that there is to wait for. said words every text.
type sick struct{ said func(string) string }

// List gives one page: two connections for each reason, which say it in other words.
func (s sick) List(_ context.Context, q saga.Query) (saga.Page, error) {
	var p saga.Page
	add := func(status events.SagaStatus, r saga.Reason) {
		if q.Status != status {
			return
		}
		for _, again := range []string{"first", "second"} {
			r.Detail = s.said(string(r.Code) + " for the " + again + " time")
			name := fmt.Sprintf("c%d", len(p.Items))
			sum := saga.Summary{
				Saga: "default_" + name + ".1", Kind: "private-service", Status: status, Why: []saga.Reason{r},
			}
			p.Items = append(p.Items, saga.Listed{Key: events.Key{Tenant: "default", Name: name}, Summary: sum})
		}
	}
	for _, step := range []string{"one", "two"} {
		for _, code := range []events.CauseCode{
			events.CauseRetry, events.CauseWait, events.CauseClaim, events.CauseProof, events.CauseOperation,
			events.CauseQuiet,
		} {
			add(events.SagaRunning, saga.Reason{Cause: events.Cause{Code: code, Step: step, Kind: "network." + step}})
		}
		add(events.SagaStuck, saga.Reason{
			Cause: events.Cause{Code: events.CauseStuck, Step: step, Kind: "network." + step},
		})
		add(events.SagaRunning, saga.Reason{Cause: events.Cause{Code: events.CausePaused, By: step + "'s operator"}})
	}
	add(events.SagaRunning, saga.Reason{Cause: events.Cause{Code: events.CauseHeld, Step: "one", Kind: "network.one"}})
	add(events.SagaRunning, saga.Reason{Cause: events.Cause{Code: events.CauseNoPlan}})
	return p, nil
}

// findings is what the doctor finds, without its texts.
func (r *rig) findings(words func(string) string) []httpapi.Symptom {
	h := httpapi.Handler(httpapi.Options{
		Engine: r.engine, Listing: sick{words}, DeadLetters: r.bus.DeadLetters(), Claims: r.claims, Mover: r.engine,
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/doctor", nil))
	var d httpapi.Diagnosis
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || d.Healthy {
		r.t.Fatalf("%s: %v", w.Body, err)
	}
	for i := range d.Findings {
		d.Findings[i].Text = ""
	}
	return d.Findings
}

// The doctor groups by codes: it finds the same when every text is x.
func TestTheDoctorDoesNotReadTexts(t *testing.T) {
	r := start(t)
	want := r.findings(func(s string) string { return s })
	if len(want) < 14 {
		t.Errorf("only %d findings: %+v", len(want), want)
	}
	if diff := cmp.Diff(want, r.findings(func(string) string { return "x" })); diff != "" {
		t.Errorf("with every text replaced the doctor finds something else (-want +got):\n%s", diff)
	}
}

// Every problem says its code, also those that the framework makes.
func TestProblemsHaveCodes(t *testing.T) {
	r := start(t)
	for request, want := range map[string]events.ProblemCode{
		"GET /v1/sagas/default_nobody.1":         events.ProblemNotFound,
		"GET /v1/nothing":                        events.ProblemNotFound,
		"DELETE /v1/sagas":                       events.ProblemMethod,
		"GET /v1/sagas?color=red":                events.ProblemValidation,
		"GET /v1/export/records":                 events.ProblemNotHeld,
		"POST /v1/sagas/default_nobody.1/cancel": events.ProblemRequest,
	} {
		var method, path string
		if _, err := fmt.Sscan(request, &method, &path); err != nil {
			t.Fatal(err)
		}
		var p httpapi.Problem
		answer := r.ask(method, path, "")
		if err := json.Unmarshal([]byte(answer.body), &p); err != nil || p.Code() != want {
			t.Errorf("%s: %s (%v), want %s", request, answer.body, err, want)
		}
	}
}
