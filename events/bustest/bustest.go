package bustest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
)

// A Harness is one broker, empty when the case begins. The adapter makes a broker's lease as short as it can bear
// (hundreds of milliseconds), because two cases wait until leases have run out.
type Harness struct {
	// Join gives another process's handle on the same broker. The harness cleans it up when the test ends.
	Join func(t *testing.T) Process
}

// A Process is what one process holds of a broker.
type Process struct {
	Bus         events.Bus
	DeadLetters events.DeadLetters
	// Kill ends the handle as the death of its process would: at once and without a word. Nothing that its handlers
	// still do reaches the broker.
	Kill func()
}

// Test runs the whole suite; harness is called once for each case.
func Test(t *testing.T, harness func(t *testing.T) Harness) {
	themes := map[string]map[string]func(*testing.T, Harness){
		"Publish":     publishCases,
		"Consume":     consumeCases,
		"Verdict":     verdictCases,
		"Lease":       leaseCases,
		"DeadLetters": deadLetterCases,
	}
	for theme, cases := range themes {
		for name, run := range cases {
			t.Run(theme+"/"+name, func(t *testing.T) { run(t, harness(t)) })
		}
	}
}

// patience bounds every wait; a case that needs it has failed.
const patience = 30 * time.Second

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func publish(t *testing.T, p Process, messages ...events.Message) {
	t.Helper()
	if err := p.Bus.Publish(patient(t), messages...); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

// command is a message for the workers of the capability "network".
func command(body string) events.Message {
	return events.Message{Subject: events.CommandSubject("network"), ID: body, Body: []byte(body)}
}

func numbered(n int) []events.Message {
	out := make([]events.Message, n)
	for i := range out {
		out[i] = command(fmt.Sprintf("m%d", i))
	}
	return out
}

var network = events.Subscription{Name: "network", Subjects: []string{events.CommandSubject("network")}}

// handler is what Consume takes.
type handler = func(context.Context, events.Delivery) events.Verdict

// consume starts a consumer and gives a func that stops it and waits for its end. A consumer that ends with an error
// fails the test.
func consume(t *testing.T, p Process, s events.Subscription, h handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Bus.Consume(ctx, s, h) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("consume %s: %v", s.Name, err)
				}
			case <-time.After(patience):
				t.Errorf("consume %s: has not returned %v after its context ended", s.Name, patience)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// collector hands every delivery to the test and answers with a fixed verdict.
func collector(verdict events.Verdict) (handler, <-chan events.Delivery) {
	got := make(chan events.Delivery, 4096)
	return func(_ context.Context, d events.Delivery) events.Verdict {
		got <- d
		return verdict
	}, got
}

// receive waits for one value.
func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: nothing came in %v", what, patience)
		panic("unreachable")
	}
}

// letters waits until there are n dead letters and gives them.
func letters(t *testing.T, p Process, n int) []events.DeadLetter {
	t.Helper()
	ctx := patient(t)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := p.DeadLetters.List(ctx, "", 1000)
		if err != nil {
			t.Fatalf("list dead letters: %v", err)
		}
		if len(got) >= n {
			return got
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("want %d dead letters, have %d", n, len(got))
		}
	}
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
