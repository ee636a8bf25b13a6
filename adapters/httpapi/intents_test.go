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
	"github.com/culvertnet/culvert/events/intake"
)

const (
	structured = "application/cloudevents+json"
	batched    = "application/cloudevents-batch+json"
)

func accepted(t *testing.T, a answered) []httpapi.Accepted {
	t.Helper()
	var list []httpapi.Accepted
	if a.status != http.StatusAccepted || json.Unmarshal(a.body, &list) != nil {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	return list
}

func TestIntentsInEveryMode(t *testing.T) {
	r := start(t)
	got := accepted(t, r.ask("POST", "/v1/intents", event("1", "structured"), "Content-Type", structured))
	if len(got) != 1 || got[0] != (httpapi.Accepted{Saga: "default_structured.1"}) {
		t.Errorf("structured: %+v", got)
	}
	got = accepted(t, r.ask("POST", "/v1/intents", event("1", "untyped")))
	if len(got) != 1 || got[0].Saga != "default_untyped.1" {
		t.Errorf("without a content type: %+v", got)
	}
	got = accepted(t, r.ask("POST", "/v1/intents", "["+event("1", "batch-a")+","+event("2", "batch-b")+"]",
		"Content-Type", batched))
	if len(got) != 2 || got[0].Saga != "default_batch-a.1" || got[1].Saga != "default_batch-b.1" {
		t.Errorf("batch: %+v", got)
	}
	got = accepted(t, r.ask("POST", "/v1/intents", data, "Content-Type", "application/json", "ce-specversion", "1.0",
		"CE-ID", "1",
		"Ce-Source", "/test", "ce-type", "culvert.private-service.apply.v1", "ce-subject", "binary"))
	if len(got) != 1 || got[0].Saga != "default_binary.1" {
		t.Errorf("binary: %+v", got)
	}
	for _, name := range []string{"structured", "untyped", "batch-a", "batch-b", "binary"} {
		r.status(name, events.SagaCompleted)
	}
}

func TestTheSameEventAgain(t *testing.T) {
	r := start(t)
	first := accepted(t, r.ask("POST", "/v1/intents", event("1", "orders"), "Content-Type", structured))
	again := accepted(t, r.ask("POST", "/v1/intents", event("1", "orders"), "Content-Type", structured))
	if again[0].Saga != first[0].Saga || !again[0].Duplicate || first[0].Duplicate {
		t.Errorf("first %+v, again %+v", first, again)
	}
	other := strings.Replace(event("1", "orders"), "shared-1", "shared-2", 1)
	p := r.problem(r.ask("POST", "/v1/intents", other, "Content-Type", structured), http.StatusConflict)
	if len(p.Errors) != 1 || p.Errors[0].Location != "id" || p.Errors[0].Value != "same-id" {
		t.Errorf("another event of the same id: %+v", p)
	}
	stale := strings.Replace(event("2", "orders"), `"data":`, `"ifversion":7,"data":`, 1)
	p = r.problem(r.ask("POST", "/v1/intents", stale, "Content-Type", structured), http.StatusConflict)
	if len(p.Errors) != 1 || p.Errors[0].Location != "ifversion" {
		t.Errorf("a publisher that knows another version: %+v", p)
	}
}

func TestBadIntentsNameFieldAndRule(t *testing.T) {
	r := startWith(t, func(events.Intent) error {
		return &events.Refusal{Violations: []events.Violation{
			{Field: "/data/a", Rule: "one", Message: "m1"}, {Field: "/data/b", Rule: "two", Message: "m2"},
		}}
	})
	for name, c := range map[string]struct {
		body        string
		header      []string
		field, rule string
	}{
		"admission": {event("1", "orders"), nil, "/data/a", "one"},
		"a batch's place": {
			"[" + event("1", "orders") + "]", []string{"Content-Type", batched}, "/0/data/a", "one",
		},
		"empty":   {"", []string{"Content-Type", structured}, "", "json"},
		"no JSON": {"{", []string{"Content-Type", structured}, "", "json"},
		"unknown field of data": {strings.Replace(event("1", "o"), `"network"`, `"colour":"red","network"`, 1), nil,
			"/data/colour", "schema-additionalProperties"},
		"unknown type":         {strings.Replace(event("1", "o"), "apply.v1", "apply.v9", 1), nil, "type", "type"},
		"name":                 {event("1", "Orders"), nil, "subject", "schema-pattern"},
		"another content type": {"<xml/>", []string{"Content-Type", "text/xml"}, "datacontenttype", "content-type"},
		"attribute twice": {
			data, []string{"Content-Type", "application/json", "ce-id", "1", "ce-id", "2"}, "id", "duplicate-attribute",
		},
		"larger than an event": {strings.Replace(
			event("1", "o"), `"/test"`, `"/`+strings.Repeat("x", intake.MaxEvent)+`"`, 1,
		), nil, "", "too-large"},
	} {
		t.Run(name, func(t *testing.T) {
			p := r.problem(r.ask("POST", "/v1/intents", c.body, c.header...), http.StatusBadRequest)
			if len(p.Errors) == 0 || p.Errors[0].Location != c.field || p.Errors[0].Value != c.rule ||
				p.Errors[0].Message == "" {
				t.Errorf("problem %+v, want %s at %q", p, c.rule, c.field)
			}
		})
	}
	p := r.problem(r.ask("POST", "/v1/intents", event("1", "orders")), http.StatusBadRequest)
	if len(p.Errors) != 2 {
		t.Errorf("%d violations are told, want both: %+v", len(p.Errors), p)
	}
	p = r.problem(r.ask("POST", "/v1/intents", strings.Repeat(" ", 8<<20+1)), http.StatusRequestEntityTooLarge)
	if !strings.Contains(p.Detail, "too large") {
		t.Errorf("problem %+v", p)
	}
	page, err := r.client.List(t.Context(), nil)
	if err != nil || len(page) != 0 {
		t.Errorf("something bad was accepted: %+v %v", page, err)
	}
}

func TestABusyConnectionTurnsIntentsAway(t *testing.T) {
	r := start(t)
	release := r.hold("one", events.Do)
	defer release()
	id := r.submit("0", "orders")
	r.status(id, events.SagaRunning)
	busy := answered{}
	for i := 1; busy.status == 0 && i < 40; i++ {
		if a := r.ask("POST", "/v1/intents", event(fmt.Sprint(i), "orders")); a.status != http.StatusAccepted {
			busy = a
			if i != 17 {
				t.Errorf("intent %d behind the running one is turned away; 16 wait", i)
			}
		}
	}
	r.problem(busy, http.StatusTooManyRequests)
	_, err := r.client.Submit(t.Context(), structured, []byte(event("99", "orders")))
	var p *httpapi.Problem
	if !errors.As(err, &p) || p.Status != http.StatusTooManyRequests {
		t.Errorf("the client hears %v", err)
	}
}
