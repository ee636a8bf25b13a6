package bustest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/culvertnet/culvert/events"
)

var consumeCases = map[string]func(*testing.T, Harness){
	"ProcessesShareOneSubscription":   processesShare,
	"HandlersRunInParallel":           handlersRunInParallel,
	"ParallelZeroMeansOne":            parallelZeroMeansOne,
	"FiltersBySubject":                filtersBySubject,
	"SeveralSubjects":                 severalSubjects,
	"NamesHaveTheirOwnPlace":          namesHaveTheirOwnPlace,
	"AcknowledgedIsDealtWith":         acknowledgedIsDealtWith,
	"PlaceOutlivesItsConsumers":       placeOutlivesItsConsumers,
	"StopWaitsForRunningHandlers":     stopWaitsForHandlers,
	"HandlerContextEndsWithConsumers": handlerContextEnds,
	"UnfitSubscriptionIsAnError":      unfitSubscriptionIsAnError,
	"SubjectsMayChange":               subjectsMayChange,
}

// meeting blocks its callers until n of them are there; only handlers that run at the same time get through.
type meeting struct {
	n       int32
	arrived atomic.Int32
	open    chan struct{}
}

func newMeeting(n int32) *meeting { return &meeting{n: n, open: make(chan struct{})} }

func (m *meeting) join(ctx context.Context) error {
	if m.arrived.Add(1) == m.n {
		close(m.open)
	}
	select {
	case <-m.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func processesShare(t *testing.T, h Harness) {
	a, b := h.Join(t), h.Join(t)
	both := newMeeting(2)
	done := make(chan string, 16)
	handle := func(ctx context.Context, d events.Delivery) events.Verdict {
		if both.join(ctx) != nil {
			return events.Again
		}
		done <- string(d.Body)
		return events.Ack
	}
	consume(t, a, network, handle)
	consume(t, b, network, handle)
	publish(t, a, command("one"), command("two"))
	first, second := receive(t, done, "one of two"), receive(t, done, "two of two")
	if first == second {
		t.Errorf("%q was handled in both processes at once", first)
	}
}

func handlersRunInParallel(t *testing.T, h Harness) {
	p := h.Join(t)
	s := network
	s.Parallel = 3
	all := newMeeting(3)
	done := make(chan string, 16)
	consume(t, p, s, func(ctx context.Context, d events.Delivery) events.Verdict {
		if all.join(ctx) != nil {
			return events.Again
		}
		done <- string(d.Body)
		return events.Ack
	})
	publish(t, p, numbered(3)...)
	for range 3 {
		receive(t, done, "three handlers at once")
	}
}

func parallelZeroMeansOne(t *testing.T, h Harness) {
	p := h.Join(t)
	publish(t, p, numbered(20)...)
	var running atomic.Int32
	done := make(chan int32, 64)
	consume(t, p, network, func(context.Context, events.Delivery) events.Verdict {
		now := running.Add(1)
		defer running.Add(-1)
		done <- now
		return events.Ack
	})
	for range 20 {
		if now := receive(t, done, "a message"); now != 1 {
			t.Errorf("%d handlers ran at once", now)
		}
	}
}

func filtersBySubject(t *testing.T, h Harness) {
	p := h.Join(t)
	routing := events.Message{Subject: events.CommandSubject("routing"), Body: []byte("routing")}
	publish(t, p, routing, command("network"), routing, command("sentinel"))
	handle, got := collector(events.Ack)
	consume(t, p, network, handle)
	for range 2 {
		if d := receive(t, got, "commands for network"); d.Subject != events.CommandSubject("network") {
			t.Errorf("delivered %s", d.Subject)
		}
	}
}

func severalSubjects(t *testing.T, h Harness) {
	p := h.Join(t)
	s := events.Subscription{
		Name: "two", Subjects: []string{events.CommandSubject("network"), events.CommandSubject("egress")},
	}
	handle, got := collector(events.Ack)
	consume(t, p, s, handle)
	publish(t, p, command("a"), events.Message{Subject: events.CommandSubject("egress"), Body: []byte("b")},
		events.Message{Subject: events.CommandSubject("policy"), Body: []byte("c")})
	seen := map[string]bool{}
	for len(seen) < 2 {
		seen[string(receive(t, got, "both subjects").Body)] = true
	}
	if seen["c"] {
		t.Error("a subject outside of the filters was delivered")
	}
}

func namesHaveTheirOwnPlace(t *testing.T, h Harness) {
	p := h.Join(t)
	subject := events.StatusSubject("private-service", "completed")
	publish(t, p, events.Message{Subject: subject, Body: []byte("s")})
	for _, name := range []string{"console", "audit"} {
		handle, got := collector(events.Ack)
		stop := consume(t, p, events.Subscription{Name: name, Subjects: []string{events.Statuses.Subject}}, handle)
		if d := receive(t, got, name); string(d.Body) != "s" {
			t.Errorf("%s got %q", name, d.Body)
		}
		stop()
	}
}

func acknowledgedIsDealtWith(t *testing.T, h Harness) {
	p := h.Join(t)
	publish(t, p, numbered(30)...)
	handle, got := collector(events.Ack)
	s := network
	s.Parallel = 4
	stop := consume(t, p, s, handle)
	for range 30 {
		receive(t, got, "the messages")
	}
	stop()
	nothingLeft(t, h)
}

func placeOutlivesItsConsumers(t *testing.T, h Harness) {
	p := h.Join(t)
	handle, got := collector(events.Ack)
	stop := consume(t, p, network, handle)
	publish(t, p, command("first"))
	receive(t, got, "the first")
	stop()
	publish(t, h.Join(t), command("second"))
	consume(t, h.Join(t), network, handle)
	if d := receive(t, got, "the second"); string(d.Body) != "second" {
		t.Errorf("got %q", d.Body)
	}
}

func stopWaitsForHandlers(t *testing.T, h Harness) {
	p := h.Join(t)
	publish(t, p, command("long"))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started, release, returned := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var handled sync.Once
	go func() {
		returned <- p.Bus.Consume(ctx, network, func(context.Context, events.Delivery) events.Verdict {
			handled.Do(func() { close(started) })
			<-release
			return events.Ack
		})
	}()
	receive(t, started, "the handler")
	cancel()
	// A second consumer takes part meanwhile; when its message has come and gone, the first has had its chance to
	// return.
	other := h.Join(t)
	handle, got := collector(events.Ack)
	stop := consume(t, other, network, handle)
	publish(t, other, command("other"))
	receive(t, got, "the other consumer's message")
	stop()
	select {
	case err := <-returned:
		t.Fatalf("consume returned (%v) while its handler ran", err)
	default:
	}
	close(release)
	if err := receive(t, returned, "the end of consume"); err != nil {
		t.Errorf("consume: %v", err)
	}
	nothingLeft(t, h)
}

func handlerContextEnds(t *testing.T, h Harness) {
	p := h.Join(t)
	publish(t, p, command("patient"))
	started := make(chan struct{}, 8)
	stop := consume(t, p, network, func(ctx context.Context, _ events.Delivery) events.Verdict {
		started <- struct{}{}
		<-ctx.Done()
		return events.Ack
	})
	receive(t, started, "the handler")
	stop() // fails when the handler is never told
	nothingLeft(t, h)
}

func unfitSubscriptionIsAnError(t *testing.T, h Harness) {
	p := h.Join(t)
	handle, _ := collector(events.Ack)
	for why, s := range map[string]events.Subscription{
		"no name":            {Subjects: network.Subjects},
		"name with a dot":    {Name: "a.b", Subjects: network.Subjects},
		"upper case":         {Name: "Network", Subjects: network.Subjects},
		"no subject":         {Name: "none"},
		"no stream":          {Name: "lost", Subjects: []string{"culvert.nowhere.>"}},
		"subjects of two":    {Name: "both", Subjects: []string{events.Commands.Subject, events.Results.Subject}},
		"everything":         {Name: "all", Subjects: []string{">"}},
		"the journal":        {Name: "journal", Subjects: []string{events.Journal.Subject}},
		"negative limit":     {Name: "negative", Subjects: network.Subjects, MaxDeliver: -1},
		"negative parallels": {Name: "parallel", Subjects: network.Subjects, Parallel: -1},
	} {
		if err := p.Bus.Consume(patient(t), s, handle); err == nil {
			t.Errorf("%s: consume of %+v ended without an error", why, s)
		}
	}
}

func subjectsMayChange(t *testing.T, h Harness) {
	p := h.Join(t)
	s := events.Subscription{Name: "worker", Subjects: []string{events.CommandSubject("network")}}
	handle, got := collector(events.Ack)
	stop := consume(t, p, s, handle)
	// passed over by the old subject
	publish(t, p, events.Message{Subject: events.CommandSubject("egress"), Body: []byte("waits")})
	publish(t, p, command("old"))
	receive(t, got, "the old subject")
	stop()
	s.Subjects = append(s.Subjects, events.CommandSubject("egress"))
	s.Parallel = 2
	stop = consume(t, p, s, handle)
	publish(t, p, events.Message{Subject: events.CommandSubject("egress"), Body: []byte("new")})
	for missing := map[string]bool{"waits": true, "new": true}; len(missing) > 0; {
		d := receive(t, got, "the new subject")
		// whose acknowledgement may have been lost with the old place
		if !missing[string(d.Body)] && string(d.Body) != "old" {
			t.Errorf("got %q at attempt %d", d.Body, d.Attempt)
		}
		delete(missing, string(d.Body))
	}
	stop()
	if err := p.Bus.Publish(patient(t), command("after")); err != nil {
		t.Errorf("publish: %v", err)
	}
}
