package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
)

func TestShowByIDAndByName(t *testing.T) {
	r := start(t)
	r.status(r.submit("1", "orders"), events.SagaCompleted)
	second := r.submit("2", "orders")
	r.status(second, events.SagaCompleted)
	for _, path := range []string{second, "orders"} {
		v, err := r.client.Show(t.Context(), path)
		if err != nil || v.ID != "default_orders.2" || v.Connection != "orders" || v.Version != 2 ||
			v.Status != events.SagaCompleted || len(v.Steps) != 3 {
			t.Errorf("show %s: %+v %v", path, v, err)
		}
	}
	if v, err := r.client.Show(t.Context(), "default_orders.1"); err != nil || v.Version != 1 ||
		v.Status != events.SagaCompleted {
		t.Errorf("an earlier saga: %+v %v", v, err)
	}
	for _, id := range []string{"nobody", "default_orders.3", "default_nobody.1", "No-Name", "default_orders.0"} {
		if p := r.problem(r.ask("GET", "/v1/sagas/"+id, ""), http.StatusNotFound); !strings.Contains(p.Detail, id) {
			t.Errorf("show %s: %s", id, p.Detail)
		}
	}
}

// The fields of a saga as others script against them (design 9).
func TestTheShapeOfASaga(t *testing.T) {
	r := start(t)
	r.sticks()
	r.status(r.submit("1", "orders"), events.SagaStuck)
	var v map[string]any
	if err := json.Unmarshal(r.ask("GET", "/v1/sagas/orders", "").body, &v); err != nil {
		t.Fatal(err)
	}
	fields := []string{"id", "connection", "kind", "action", "version", "status", "reason", "startedAt", "endedAt",
		"retained", "steps", "why"}
	for _, f := range fields {
		if _, has := v[f]; !has {
			t.Errorf("a saga has no %s", f)
		}
	}
	if len(v) != len(fields) {
		t.Errorf("a saga has %d fields, the contract %d", len(v), len(fields))
	}
	if v["reason"] == "" || len(v["retained"].([]any)) != 0 || v["action"] != "apply" ||
		v["kind"] != "private-service" {
		t.Errorf("saga %v", v)
	}
	steps := v["steps"].([]any)
	names := []string{}
	for _, s := range steps {
		step := s.(map[string]any)
		names = append(names, step["name"].(string))
		for _, f := range []string{"name", "capability", "transition", "status", "attempts", "operation", "output",
			"error", "startedAt", "endedAt"} {
			if _, has := step[f]; !has {
				t.Errorf("step %s has no %s", step["name"], f)
			}
		}
	}
	if !slices.Equal(names, []string{"one", "two", "prove"}) {
		t.Errorf("steps %v", names)
	}
	stuck := steps[0].(map[string]any)
	because := stuck["error"].(map[string]any)
	if stuck["status"] != "stuck" || because["class"] != "refuse" || !strings.Contains(because["message"].(string),
		"somebody uses it") {
		t.Errorf("the stuck step is shown as %v", stuck)
	}
}

func TestList(t *testing.T) {
	r := start(t)
	if a := r.ask("GET", "/v1/sagas", ""); a.status != 200 || strings.TrimSpace(string(a.body)) != "[]" {
		t.Errorf("an empty listing is %d %s, want []", a.status, a.body)
	}
	r.answer("two", events.Do, events.Outcome{Class: events.Refuse, Reason: "quota", Message: "no more"})
	r.status(r.submit("1", "gone"), events.SagaCompensated)
	r.answer("two", events.Do, events.Outcome{Class: events.Done, Output: []byte(`{}`)})
	for i := range 5 {
		r.status(r.submit("1", fmt.Sprintf("orders-%d", i)), events.SagaCompleted)
	}
	for query, want := range map[string]int{
		"": 6, "status=compensated": 1, "status=completed": 5, "status=stuck": 0, "name=orders-3": 1, "name=orders": 0,
		"kind=private-service": 6, "kind=other": 0, "status=completed&name=gone": 0,
	} {
		q, _ := url.ParseQuery(query)
		eventually(t, "list "+query, func() bool { // a listing may lag
			all, err := r.client.List(t.Context(), q)
			return err == nil && len(all) == want
		})
	}
	var all []map[string]any
	if err := json.Unmarshal(r.ask("GET", "/v1/sagas?name=gone", "").body, &all); err != nil || len(all) != 1 {
		t.Fatalf("%d sagas: %v", len(all), err)
	}
	if _, has := all[0]["steps"]; has || all[0]["status"] != "compensated" || all[0]["reason"] == "" ||
		all[0]["id"] != "default_gone.1" {
		t.Errorf("listed %v: without steps, with its reason", all[0])
	}
	for _, bad := range []string{"status=done", "limit=1001", "limit=-1", "limit=x", "stauts=stuck"} {
		r.problem(r.ask("GET", "/v1/sagas?"+bad, ""), http.StatusUnprocessableEntity)
	}
}

func TestListInPages(t *testing.T) {
	r := start(t)
	for i := range 5 {
		r.status(r.submit("1", fmt.Sprintf("orders-%d", i)), events.SagaCompleted)
	}
	seen, after := []string{}, ""
	for pages := 1; ; pages++ {
		a := r.ask("GET", "/v1/sagas?limit=2&after="+url.QueryEscape(after), "")
		var page []events.Status
		if err := json.Unmarshal(a.body, &page); err != nil || len(page) > 2 {
			t.Fatalf("page %s: %v", a.body, err)
		}
		for _, v := range page {
			seen = append(seen, v.Connection)
		}
		if after = a.header.Get("Culvert-Next"); after == "" {
			if pages < 3 {
				t.Errorf("%d pages of two hold five", pages)
			}
			break
		}
	}
	slices.Sort(seen)
	if want := []string{"orders-0", "orders-1", "orders-2", "orders-3", "orders-4"}; !slices.Equal(seen, want) {
		t.Errorf("pages hold %v", seen)
	}
	all, err := r.client.List(t.Context(), url.Values{"limit": {"2"}})
	if err != nil || len(all) != 5 {
		t.Errorf("the client reads %d of 5 over all pages: %v", len(all), err)
	}
}

func TestTheStreamGoesToTheEnd(t *testing.T) {
	r := start(t)
	release := r.hold("two", events.Do)
	defer release()
	id := r.submit("1", "orders")
	statuses := []events.SagaStatus{}
	var last events.Status
	for v, err := range r.client.Watch(t.Context(), "orders") { // by name too
		if err != nil {
			t.Fatal(err)
		}
		statuses, last = append(statuses, v.Status), v
		if v.Status == events.SagaRunning {
			release()
		}
	}
	if last.ID != id || last.Status != events.SagaCompleted || len(statuses) < 2 {
		t.Errorf("stream %v ends with %+v", statuses, last)
	}
	eventually(t, "nobody watches any more", func() bool { return r.engine.watching.Load() == 0 })
	// A saga that has ended is one event.
	n := 0
	for v, err := range r.client.Watch(t.Context(), id) {
		if n++; err != nil || v.Status != events.SagaCompleted {
			t.Errorf("event %+v %v", v, err)
		}
	}
	if n != 1 {
		t.Errorf("%d events of a saga at rest", n)
	}
}

func TestTheStreamsForm(t *testing.T) {
	r := start(t)
	r.status(r.submit("1", "orders"), events.SagaCompleted)
	a := r.ask("GET", "/v1/sagas/orders/events", "")
	if a.status != 200 || a.header.Get("Content-Type") != "text/event-stream" ||
		a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, header %v", a.status, a.header)
	}
	lines := strings.Split(string(a.body), "\n")
	if len(lines) != 4 || lines[0] != "event: status" ||
		!strings.HasPrefix(lines[1], `data: {"id":"default_orders.1"`) || lines[2] != "" || lines[3] != "" {
		t.Errorf("stream %q", a.body)
	}
	r.problem(r.ask("GET", "/v1/sagas/nobody/events", ""), http.StatusNotFound)
	for v, err := range r.client.Watch(t.Context(), "nobody") {
		if err == nil {
			t.Errorf("watching nobody yields %+v", v)
		}
	}
}

// A reader that goes away frees what watched for it.
func TestABrokenReaderIsForgotten(t *testing.T) {
	r := start(t)
	release := r.hold("one", events.Do)
	defer release()
	id := r.submit("1", "orders")
	ctx, cancel := context.WithCancel(t.Context())
	for v, err := range r.client.Watch(ctx, id) {
		if err != nil {
			break // the reader's own end
		}
		if v.Status == events.SagaRunning {
			if n := r.engine.watching.Load(); n != 1 {
				t.Errorf("%d watch", n)
			}
			cancel()
		}
	}
	cancel()
	eventually(t, "nobody watches any more", func() bool { return r.engine.watching.Load() == 0 })
	for range r.client.Watch(t.Context(), id) {
		break // a reader that has seen enough
	}
	eventually(t, "nobody watches any more", func() bool { return r.engine.watching.Load() == 0 })
}

// In a cluster a read can be behind the change that was just told. A stream that sent what it read would never send the
// end.
func TestTheStreamReadsUntilItSeesWhatWasTold(t *testing.T) {
	r := start(t)
	release := r.hold("two", events.Do)
	defer release()
	id := r.submit("1", "orders")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var last events.Status
	for v, err := range r.client.Watch(ctx, id) {
		if err != nil {
			t.Fatalf("watch, last %+v: %v", last, err)
		}
		if last = v; v.Status != events.SagaRunning {
			continue
		}
		r.journal.behind.Store(20)
		release()
	}
	if last.Status != events.SagaCompleted {
		t.Errorf("the stream ends with %+v", last)
	}
}

// What is never told is seen all the same, and a stream without changes shows that it lives.
func TestTheStreamLooksItself(t *testing.T) {
	r := startWith(
		t, func(events.Intent) error { return nil }, func(o *httpapi.Options) { o.KeepAlive = 10 * time.Millisecond },
	)
	r.engine.deaf.Store(true)
	release := r.hold("two", events.Do)
	defer release()
	id := r.submit("1", "orders")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/v1/sagas/"+id+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines, last := bufio.NewScanner(resp.Body), ""
	for lines.Scan() {
		if lines.Text() == ": nothing new" {
			release()
		}
		if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
			last = data
		}
	}
	var v events.Status
	if err := errors.Join(lines.Err(), json.Unmarshal([]byte(last), &v)); err != nil ||
		v.Status != events.SagaCompleted {
		t.Errorf("the stream ends with %s: %v", last, err)
	}
}
