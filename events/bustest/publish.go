package bustest

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/culvertnet/culvert/events"
)

var publishCases = map[string]func(*testing.T, Harness){
	"ArrivesWhole":                   arrivesWhole,
	"EveryStreamCarries":             everyStreamCarries,
	"WaitsForItsFirstConsumer":       waitsForItsFirstConsumer,
	"UnknownSubjectIsAnError":        unknownSubjectIsAnError,
	"UnfitHeadersAreRefused":         unfitHeadersAreRefused,
	"ConcurrentPublishersLoseNone":   concurrentPublishersLoseNone,
	"ManyInOneCall":                  manyInOneCall,
	"NothingInOneCall":               nothingInOneCall,
	"EndsWithItsContext":             publishEndsWithItsContext,
	"MessagesAreNotKeptAfterReturn":  messagesAreNotKept,
	"TheSameIDMayBeDeliveredOnce":    sameIDArrivesAtLeastOnce,
	"AnotherProcessSeesWhatWasSaved": anotherProcessConsumes,
}

func arrivesWhole(t *testing.T, h Harness) {
	p := h.Join(t)
	sent := events.Message{
		Subject: events.CommandSubject("network"),
		ID:      "default_orders/step/1/2",
		Header: map[string]string{
			"ce-type": "culvert.private-service.apply.v1", "Mixed-Case": "grüße, 世界: a=b", "traceparent": "00-ab-cd-01",
		},
		Body: []byte{0, 1, 2, '\n', 0xff},
	}
	publish(t, p, sent)
	handle, got := collector(events.Ack)
	consume(t, p, network, handle)
	d := receive(t, got, "the message")
	if d.Subject != sent.Subject || d.ID != sent.ID || string(d.Body) != string(sent.Body) ||
		!maps.Equal(d.Header, sent.Header) {
		t.Errorf("sent %+v, got %+v", sent, d.Message)
	}
	if d.Attempt != 1 {
		t.Errorf("first delivery has attempt %d", d.Attempt)
	}
}

func everyStreamCarries(t *testing.T, h Harness) {
	p := h.Join(t)
	key := events.Key{Tenant: events.DefaultTenant, Name: "orders"}
	for stream, subject := range map[events.Stream]string{
		events.Intents:  events.IntentSubject("private-service"),
		events.Commands: events.CommandSubject("routing"),
		events.Results:  events.ResultSubject(key),
		events.Statuses: events.StatusSubject("private-service", "completed"),
	} {
		publish(t, p, events.Message{Subject: subject, Body: []byte(subject)})
		handle, got := collector(events.Ack)
		name := "all-" + events.Name("s", stream.Name)
		stop := consume(t, p, events.Subscription{Name: name, Subjects: []string{stream.Subject}}, handle)
		if d := receive(t, got, stream.Name); d.Subject != subject {
			t.Errorf("stream %s delivered %s, want %s", stream.Name, d.Subject, subject)
		}
		stop()
	}
}

func waitsForItsFirstConsumer(t *testing.T, h Harness) {
	p := h.Join(t)
	publish(t, p, command("early"))
	handle, got := collector(events.Ack)
	consume(t, h.Join(t), network, handle)
	if d := receive(t, got, "a message from before the first consumer"); string(d.Body) != "early" {
		t.Errorf("got %q", d.Body)
	}
}

func unknownSubjectIsAnError(t *testing.T, h Harness) {
	p := h.Join(t)
	for _, subject := range []string{
		"", "culvert", "culvert.nowhere.x", "elsewhere", "culvert.commands", "culvert.commands.", "culvert.commands.>",
		"culvert.commands.*", "culvert.commands.a b", "culvert.commands..x",
		events.JournalSubject(events.Key{Tenant: "default", Name: "orders"}),
	} {
		if err := p.Bus.Publish(patient(t), events.Message{Subject: subject, Body: []byte("x")}); err == nil {
			t.Errorf("publish to %q: no error, but no stream carries it", subject)
		}
	}
	if err := p.Bus.Publish(patient(t), command("good"), events.Message{Subject: "culvert.nowhere.x"}); err == nil {
		t.Error("publish of a good and a lost message: no error")
	}
}

func unfitHeadersAreRefused(t *testing.T, h Harness) {
	p := h.Join(t)
	for name, value := range map[string]string{"two-lines": "a\nb", "carriage": "a\rb", "": "x", "a b": "x",
		"colon:": "x"} {
		m := command("x")
		m.Header = map[string]string{name: value}
		if err := p.Bus.Publish(patient(t), m); err == nil {
			t.Errorf("header %q: %q was accepted", name, value)
		}
	}
}

func concurrentPublishersLoseNone(t *testing.T, h Harness) {
	const publishers, each = 8, 40
	processes := []Process{h.Join(t), h.Join(t)}
	var wg sync.WaitGroup
	for n := range publishers {
		wg.Go(func() {
			for i := range each {
				m := command(fmt.Sprintf("p%d-%d", n, i))
				if err := processes[n%2].Bus.Publish(patient(t), m); err != nil {
					t.Errorf("publish: %v", err)
				}
			}
		})
	}
	handle, got := collector(events.Ack)
	s := network
	s.Parallel = 4
	consume(t, processes[0], s, handle)
	seen := map[string]bool{}
	for len(seen) < publishers*each {
		seen[string(receive(t, got, fmt.Sprintf("message %d", len(seen))).Body)] = true
	}
	wg.Wait()
}

func manyInOneCall(t *testing.T, h Harness) {
	p := h.Join(t)
	publish(t, p, numbered(300)...)
	handle, got := collector(events.Ack)
	s := network
	s.Parallel = 8
	consume(t, p, s, handle)
	seen := map[string]bool{}
	for len(seen) < 300 {
		seen[string(receive(t, got, fmt.Sprintf("message %d", len(seen))).Body)] = true
	}
}

func nothingInOneCall(t *testing.T, h Harness) { publish(t, h.Join(t)) }

func publishEndsWithItsContext(t *testing.T, h Harness) {
	p := h.Join(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Bus.Publish(ctx, command("late")); !isContextError(err) {
		t.Errorf("publish with an ended context: %v", err)
	}
}

func messagesAreNotKept(t *testing.T, h Harness) {
	p := h.Join(t)
	m := command("before")
	m.Header = map[string]string{"k": "before"}
	publish(t, p, m)
	copy(m.Body, "after!")
	m.Header["k"] = "after"
	handle, got := collector(events.Ack)
	consume(t, p, network, handle)
	if d := receive(t, got, "the message"); string(d.Body) != "before" || d.Header["k"] != "before" {
		t.Errorf("the caller's later change shows: %q %v", d.Body, d.Header)
	}
}

func sameIDArrivesAtLeastOnce(t *testing.T, h Harness) {
	p := h.Join(t)
	publish(t, p, command("twice"))
	publish(t, p, command("twice"))
	handle, got := collector(events.Ack)
	consume(t, p, network, handle)
	if d := receive(t, got, "a repeated message"); string(d.Body) != "twice" {
		t.Errorf("got %q", d.Body)
	}
}

func anotherProcessConsumes(t *testing.T, h Harness) {
	first := h.Join(t)
	publish(t, first, command("legacy"))
	first.Kill()
	handle, got := collector(events.Ack)
	consume(t, h.Join(t), network, handle)
	if d := receive(t, got, "a message of a dead process"); string(d.Body) != "legacy" {
		t.Errorf("got %q", d.Body)
	}
}
