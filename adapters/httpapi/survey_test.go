package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// surveyed asks for a survey and waits for its end.
func (r *rig) surveyed(id, body string) events.Survey {
	r.t.Helper()
	r.order("sagas/"+id+"/survey", body)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		v, err := r.client.Survey(r.t.Context(), id)
		if err != nil {
			r.t.Fatal(err)
		}
		if v.Ended != "" {
			return v
		}
	}
	r.t.Fatalf("the survey of %s does not end", id)
	return events.Survey{}
}

func TestSurvey(t *testing.T) {
	r := start(t)
	r.problem(r.ask("GET", "/v1/sagas/orders/survey", ""), http.StatusNotFound)
	id := r.submit("1", "orders")
	r.status(id, events.SagaCompleted)
	r.problem(r.ask("GET", "/v1/sagas/"+id+"/survey", ""), http.StatusNotFound)
	r.answer(
		"one", events.Look, events.Outcome{Class: events.Done, Seen: events.Different, Message: "its label is another"},
	)
	v := r.surveyed(id, because+"}")
	if v.Saga != id || v.Ended != "done" || v.Actor != "ann" || v.Reason != "because" || len(v.Rows) != 2 {
		t.Fatalf("%+v", v)
	}
	if one := v.Rows[0]; one.Step != "one" || one.Seen != events.Different || one.Will != events.WillChange ||
		one.Detail != "its label is another" {
		t.Errorf("what has drifted: %+v", one)
	}
	if two := v.Rows[1]; two.Step != "two" || two.Seen != events.Present || two.Will != events.WillKeep {
		t.Errorf("what is as it should be: %+v", two)
	}
	edited := strings.Replace(data, "shared-1", "shared-9", 1)
	if v := r.surveyed(id, because+`,"input":`+edited+"}"); v.Rows[1].Will != events.WillChange {
		t.Errorf("with another input: %+v", v)
	}
	if got, err := r.client.Show(t.Context(), "orders"); err != nil || got.ID != id ||
		got.Status != events.SagaCompleted {
		t.Errorf("a survey has changed the saga: %+v %v", got, err)
	}
	release := r.hold("one", events.Do)
	defer release()
	second := r.submit("2", "orders")
	p := r.refusedOrder("sagas/"+second+"/survey", because+"}", http.StatusConflict)
	if p.Errors[0].Value != "busy" {
		t.Errorf("of a saga that runs: %+v", p)
	}
}

// A stuck saga whose steps nobody knows any more is not gone on with; the refusal says what to do.
func TestReplayOfWhatNobodyServes(t *testing.T) {
	r := start(t)
	r.sticks()
	id := r.submit("1", "orders")
	r.status(id, events.SagaStuck)
	r.lives("network", workers.Beat{Kinds: []string{"network.other"}})
	p := r.refusedOrder("sagas/"+id+"/replay", because+`,"from":"failed"}`, http.StatusConflict)
	if p.Errors[0].Value != "unserved" || !strings.Contains(p.Detail, "network.one") ||
		!strings.Contains(p.Detail, "withdraw") {
		t.Errorf("%+v", p)
	}
	r.works()
	r.lives("network", workers.Beat{Kinds: []string{"network.one", "network.other"}})
	r.order("sagas/"+id+"/replay", because+`,"from":"failed"}`)
	if v := r.status(id, events.SagaCompensated); slices.ContainsFunc(v.Why, func(events.Cause) bool { return true }) {
		t.Errorf("ended, and waits: %+v", v)
	}
}
