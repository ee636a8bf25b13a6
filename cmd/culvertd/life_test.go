package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/examples/examplestest"
)

// broker is a publisher's and subscriber's connection, as anybody outside has one.
func (d *daemon) broker() (*nats.Conn, jetstream.JetStream) {
	d.t.Helper()
	nc, err := nats.Connect(d.NATS)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		d.t.Fatal(err)
	}
	return nc, js
}

// binary is a structured event in CloudEvents' binary mode.
func binary(t *testing.T, structured []byte) *nats.Msg {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(structured, &event); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(event["data"])
	if err != nil {
		t.Fatal(err)
	}
	m := &nats.Msg{Subject: "culvert.intents.private-service", Header: nats.Header{}, Data: data}
	for name, value := range event {
		if name != "data" {
			m.Header.Set("ce-"+name, fmt.Sprint(value))
		}
	}
	return m
}

// statuses gathers status events.
type statuses struct {
	mu  sync.Mutex
	all []*nats.Msg
}

func (s *statuses) take(m *nats.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, m)
}

// of lists the statuses told of a saga, in order.
func (s *statuses) of(t *testing.T, saga string) []string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var told []string
	for _, m := range s.all {
		var v events.Status
		if err := json.Unmarshal(m.Data, &v); err != nil {
			t.Fatalf("status event %s: %v", m.Data, err)
		}
		if v.ID == saga {
			told = append(told, string(v.Status))
		}
	}
	return told
}

func TestTheWholeLifeOfAConnection(t *testing.T) {
	t.Run("everything in one process, with BGP", func(t *testing.T) {
		life(t, child(t))
	})
	t.Run("against a world elsewhere, without BGP", func(t *testing.T) {
		life(t, inProcess(t, "--world", worldAlone(t).World), examplestest.WithoutSpeakers)
	})
}

// life submits over HTTP and NATS, looks at the world, withdraws over both.
func life(t *testing.T, d *daemon, changes ...func(event, data map[string]any)) {
	if !strings.HasPrefix(d.HTTP, "http://127.0.0.1:") || !strings.HasPrefix(d.NATS, "nats://127.0.0.1:") ||
		!strings.HasPrefix(d.World, "http://127.0.0.1:") {
		t.Fatalf("addresses %+v", d.addresses)
	}
	nc, js := d.broker()
	var told statuses
	if _, err := nc.Subscribe("culvert.status.>", told.take); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	const first, second = "python-http-function", "over-nats"
	overHTTP := example(t, "private-service.yaml", changes...)
	if a := d.submit(overHTTP); a.Saga != "default_python-http-function.1" || a.Duplicate {
		t.Errorf("accepted %+v", a)
	}
	overNATS := example(t, "private-service.yaml", append(changes, func(event, data map[string]any) {
		event["subject"], event["id"] = second, "n1"
		data["service"] = map[string]any{
			"platform": "cloud-run", "project": "acme-prod", "region": "europe-west3", "name": "fn-0005",
		}
		throughConnector(event, data)
	})...)
	if _, err := js.PublishMsg(t.Context(), binary(t, overNATS)); err != nil {
		t.Fatalf("publish: %v", err)
	}
	d.ends(first, events.SagaCompleted)
	d.eventually(
		"the one over NATS is known", func() bool { _, err := d.api().Show(t.Context(), second); return err == nil },
	)
	d.ends(second, events.SagaCompleted)
	if a := d.submit(overNATS); a.Saga != "default_over-nats.1" || !a.Duplicate {
		t.Errorf("the same event over the other intake is %+v, want a duplicate", a)
	}
	built(t, d, len(changes) == 0)

	if _, err := js.Publish(t.Context(), "culvert.intents.private-service", withdrawal(first, "w1")); err != nil {
		t.Fatal(err)
	}
	d.submit(withdrawal(second, "w1"))
	d.eventually("the withdrawal over NATS is known", func() bool {
		v, err := d.api().Show(t.Context(), first)
		return err == nil && v.Version == 2
	})
	d.ends(first, events.SagaCompleted)
	d.ends(second, events.SagaCompleted)
	d.clean()
	for _, saga := range []string{"default_python-http-function.1", "default_python-http-function.2",
		"default_over-nats.1", "default_over-nats.2"} {
		d.eventually(
			"the end of "+saga+" is told", func() bool { return slices.Contains(told.of(t, saga), "completed") },
		)
		list := told.of(t, saga)
		if list[0] != "accepted" && list[0] != "running" || slices.Index(list, "completed") != len(list)-1 {
			t.Errorf("told of %s: %v", saga, list)
		}
	}
	told.check(t)
}

// built tells whether the world has what the two intents ask for.
func built(t *testing.T, d *daemon, bgp bool) {
	t.Helper()
	count := map[string]int{}
	list := d.resources()
	for _, r := range list {
		count[r.Vendor+" "+r.Kind+" "+r.Change]++
	}
	want := map[string]int{ // a function's binding shows at the Cloud Run service behind it too
		"gcp addresses added": 1, "gcp forwardingRules added": 1, "gcp connectors added": 1,
		"gcp functions.vpcAccess changed": 1,
		"gcp services.vpcAccess changed":  2, "gcp routers.advertisedIpRanges added": 1,
	}
	if bgp {
		want["bgp siteRoute added"] = 1
	}
	for what, n := range want {
		if count[what] != n {
			t.Errorf("%s: %d, want %d: the shared endpoint once, the rest for each\n%+v", what, count[what], n, list)
		}
	}
	if count["gcp firewallPolicies.rules added"] < 2 || count["gcp managedZones added"] < 2 {
		t.Errorf("rules and zones are missing: %v", count)
	}
}

var statusID = regexp.MustCompile(`^default_[a-z-]+/[0-9]+/[0-9]+$`)

// check holds every status event against the CloudEvents form; a repeat has the id of the first.
func (s *statuses) check(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	bodies := map[string]string{}
	for _, m := range s.all {
		var v events.Status
		if err := json.Unmarshal(m.Data, &v); err != nil {
			t.Fatal(err)
		}
		id := m.Header.Get("ce-id")
		if !statusID.MatchString(id) || m.Header.Get("ce-type") != "culvert.private-service.status.v1" ||
			m.Header.Get("ce-specversion") != "1.0" ||
			m.Header.Get("ce-subject") != v.Connection || m.Header.Get("ce-time") == "" ||
			m.Header.Get("ce-source") != "/culvert/default" {
			t.Errorf("header %v", m.Header)
		}
		if m.Subject != "culvert.status.private-service."+string(v.Status) || len(v.Steps) > 0 {
			t.Errorf("subject %s of %s", m.Subject, m.Data)
		}
		if other, again := bodies[id]; again && other != string(m.Data) {
			t.Errorf("id %s is of two events:\n%s\n%s", id, other, m.Data)
		}
		bodies[id] = string(m.Data)
	}
}

func TestWhatNobodyCanReadIsADeadLetter(t *testing.T) {
	d := inProcess(t, "--world", worldAlone(t).World)
	_, js := d.broker()
	good := example(t, "private-service-direct.yaml")
	for _, bad := range []*nats.Msg{
		{Subject: "culvert.intents.private-service", Data: []byte("{")},
		{Subject: "culvert.intents.other-kind",
			Data: []byte(strings.Replace(string(good), "private-service.apply", "other-kind.apply", 1))},
		{Subject: "culvert.intents.private-service", Data: []byte(strings.Replace(string(good), "fn-0002", "FN 2", 1))},
	} {
		if _, err := js.PublishMsg(t.Context(), bad); err != nil {
			t.Fatal(err)
		}
	}
	d.eventually("three letters", func() bool {
		letters, err := d.api().DeadLetters(t.Context())
		return err == nil && len(letters) == 3
	})
	letters, err := d.api().DeadLetters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, l := range letters {
		reasons = append(reasons, l.Reason)
	}
	all := strings.Join(reasons, "\n")
	for _, part := range []string{"json", "other-kind", "/data/service/name"} {
		if !strings.Contains(all, part) {
			t.Errorf("no reason names %q:\n%s", part, all)
		}
	}
	for _, l := range letters {
		if _, err := d.api().Post(t.Context(), "dead-letters/"+l.ID+"/requeue", struct{}{}); err != nil {
			t.Errorf("requeue %s: %v", l.ID, err)
		}
	}
	d.eventually("they are refused again, under new ids", func() bool {
		again, err := d.api().DeadLetters(t.Context())
		return err == nil && len(
			again,
		) == 3 && !slices.ContainsFunc(again, func(l events.DeadLetter) bool { return l.ID == letters[2].ID })
	})
}
