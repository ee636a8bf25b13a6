package jetstream_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/jetstream"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

var orders = events.Key{Tenant: events.DefaultTenant, Name: "orders"}

func first(k events.Key) saga.Append {
	return saga.Append{Key: k, ID: "first-" + k.Name, Facts: []byte("facts"), Summary: saga.Summary{
		Saga: k.Saga(1), Status: events.SagaRunning,
	}}
}

func mustLand(t testing.TB, j saga.Journal, appends ...saga.Append) {
	t.Helper()
	for i, r := range j.Append(t.Context(), appends) {
		if r.Err != nil {
			t.Fatalf("append %d: %v", i, r.Err)
		}
	}
}

// consumeOne waits for one delivery and gives it the verdict.
func consumeOne(t *testing.T, b events.Bus, s events.Subscription, verdict events.Verdict) events.Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var got events.Delivery
	err := b.Consume(ctx, s, func(_ context.Context, d events.Delivery) events.Verdict {
		got = d
		cancel()
		return verdict
	})
	if err != nil || got.Subject == "" {
		t.Fatalf("consume %s: %v, got %+v", s.Name, err, got)
	}
	return got
}

var (
	intents  = events.Subscription{Name: "intents", Subjects: []string{events.Intents.Subject}}
	commands = events.Subscription{Name: "network", Subjects: []string{events.CommandSubject("network")}}
)

// session runs a server on a folder, as one life of a process would, and closes everything.
func session(t *testing.T, dir string, live func(h *jetstream.Backend)) {
	t.Helper()
	e, err := jetstream.Embed(jetstream.EmbedOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := e.Conn()
	if err != nil {
		t.Fatal(err)
	}
	h, err := jetstream.Open(t.Context(), nc, jetstream.Options{Synced: e.AssertSynced, Lease: lease})
	if err != nil {
		t.Fatal(err)
	}
	live(h)
	h.Close()
	nc.Close()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRestartKeepsWhatMustLast(t *testing.T) {
	dir := t.TempDir()
	intent := events.Message{Subject: events.IntentSubject("private-service"), ID: "i-1", Body: []byte("intent")}
	session(t, dir, func(h *jetstream.Backend) {
		mustLand(t, h.Journal(), first(orders))
		if err := h.Claims().Store(t.Context(), "list/a", workers.Record{Wanted: 3}); err != nil {
			t.Fatal(err)
		}
		if err := h.Bus().Publish(t.Context(), events.Message{Subject: intent.Subject, Body: []byte("bad")}); err !=
			nil {
			t.Fatal(err)
		}
		consumeOne(t, h.Bus(), intents, events.Reject("no use"))
		if err := h.Bus().Publish(t.Context(), intent); err != nil {
			t.Fatal(err)
		}
		if err := h.Bus().Publish(t.Context(), events.Message{Subject: commands.Subjects[0],
			Body: []byte("command")}); err != nil {
			t.Fatal(err)
		}
	})
	session(t, dir, func(h *jetstream.Backend) {
		page, err := h.Journal().List(t.Context(), saga.Query{})
		if err != nil || len(page.Items) != 1 || page.Items[0].Version != 1 {
			t.Errorf("listed after restart: %+v, %v", page, err)
		}
		_, records, err := h.Journal().Load(t.Context(), orders)
		if err != nil || len(records) != 1 || string(records[0].Facts) != "facts" {
			t.Errorf("loaded after restart: %+v, %v", records, err)
		}
		mustLand(t, h.Journal(), first(orders)) // the same again is a repeat, not a conflict
		r, err := h.Claims().Load(t.Context(), "list/a")
		if err != nil || r.Wanted != 3 {
			t.Errorf("claims after restart: %+v, %v", r, err)
		}
		letters, err := h.DeadLetters().List(t.Context(), "", 10)
		if err != nil || len(letters) != 1 || string(letters[0].Body) != "bad" {
			t.Errorf("dead letters after restart: %+v, %v", letters, err)
		}
		if d := consumeOne(t, h.Bus(), intents, events.Ack); string(d.Body) != "intent" || d.ID != "i-1" {
			t.Errorf("intent after restart: %+v", d)
		}
		// Commands are in memory: the old one is gone, and the stream is there again for the next.
		if err := h.Bus().Publish(t.Context(), events.Message{Subject: commands.Subjects[0],
			Body: []byte("derived again")}); err != nil {
			t.Fatal(err)
		}
		if d := consumeOne(t, h.Bus(), commands, events.Ack); string(d.Body) != "derived again" {
			t.Errorf("command after restart: %q", d.Body)
		}
	})
}

// TestServerRestartUnderABackend is the life of a process whose server goes away and comes back on the same address:
// what it runs goes on by itself, streams in memory included.
func TestServerRestartUnderABackend(t *testing.T) {
	dir := t.TempDir()
	e, err := jetstream.Embed(jetstream.EmbedOptions{Dir: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(e.URL(), "nats://")
	nc, err := jetstream.Connect(t.Context(), e.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	h, err := jetstream.Open(t.Context(), nc, jetstream.Options{Synced: e.AssertSynced, Lease: lease})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	mustLand(t, h.Journal(), first(orders))

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	consumed, ended := make(chan string, 16), make(chan error, 1)
	go func() {
		ended <- h.Bus().Consume(ctx, commands, func(_ context.Context, d events.Delivery) events.Verdict {
			consumed <- string(d.Body)
			return events.Ack
		})
	}()
	followed, followEnded := versions(ctx, t, h.Journal())
	await(t, ctx, followed, 1)
	if err := h.Bus().Publish(ctx, events.Message{Subject: commands.Subjects[0], Body: []byte("before")}); err != nil {
		t.Fatal(err)
	}
	await(t, ctx, consumed, "before")

	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	embed(t, jetstream.EmbedOptions{Dir: dir, Listen: address})

	second := first(orders)
	second.After, second.ID = 1, "second"
	mustLand(t, h.Journal(), second) // waits for the server by itself
	await(t, ctx, followed, 2)
	for h.Bus().Publish(ctx, events.Message{Subject: commands.Subjects[0], Body: []byte("after")}) != nil &&
		ctx.Err() == nil {
	}
	await(t, ctx, consumed, "after")
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("consume: %v", err)
	}
	<-followEnded
}

// versions follows the journal in the background until ctx ends.
func versions(ctx context.Context, t *testing.T, j saga.Journal) (<-chan uint64, <-chan struct{}) {
	out, ended := make(chan uint64, 16), make(chan struct{})
	go func() {
		defer close(ended)
		for r, err := range j.Follow(ctx, 0) {
			if err != nil {
				t.Errorf("follow: %v", err)
				return
			}
			out <- r.Version
		}
	}()
	return out, ended
}

func await[T comparable](t *testing.T, ctx context.Context, from <-chan T, want T) {
	t.Helper()
	select {
	case got := <-from:
		if got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	case <-ctx.Done():
		t.Fatalf("%v did not come", want)
	}
}

func TestEmbedKeepsASecondProcessOut(t *testing.T) {
	dir := t.TempDir()
	embed(t, jetstream.EmbedOptions{Dir: dir})
	if _, err := jetstream.Embed(jetstream.EmbedOptions{Dir: dir}); err == nil || !strings.Contains(err.Error(),
		"another process") {
		t.Errorf("second server on one folder: %v", err)
	}
}

func TestEmbedRefusesWhatItCannotDo(t *testing.T) {
	for why, o := range map[string]jetstream.EmbedOptions{
		"no folder": {}, "no port": {
			Dir: t.TempDir(), Listen: "127.0.0.1",
		}, "bad port": {Dir: t.TempDir(), Listen: "127.0.0.1:x"},
	} {
		if e, err := jetstream.Embed(o); err == nil {
			t.Errorf("%s: a server started", why)
			_ = e.Close()
		}
	}
}

func TestEmbedWithoutListenerHasNoURL(t *testing.T) {
	var log bytes.Buffer
	e := embed(t, jetstream.EmbedOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if u := e.URL(); u != "" {
		t.Errorf("url %q", u)
	}
	open(t, e, jetstream.Options{})
}

// TestAnEndingConsumerTakesNothingAlong starts and ends consumers all the time while messages come. What was on its way
// to one that ended goes to the next, long before the lease of a process that died would have ended.
func TestAnEndingConsumerTakesNothingAlong(t *testing.T) {
	const messages = 2000
	e := embed(t, jetstream.EmbedOptions{})
	h, _ := open(t, e, jetstream.Options{Lease: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got := make(chan string, 2*messages)
	s := commands
	s.Parallel = 8
	var all sync.WaitGroup
	all.Go(func() {
		for i := range messages {
			m := events.Message{
				Subject: events.CommandSubject("network"), ID: fmt.Sprint(i), Body: []byte(fmt.Sprint(i)),
			}
			if err := h.Bus().Publish(ctx, m); err != nil && ctx.Err() == nil {
				t.Errorf("publish %d: %v", i, err)
			}
		}
	})
	seen := map[string]bool{}
	for ends := 0; len(seen) < messages; ends++ {
		if ctx.Err() != nil {
			t.Fatalf("after %d ends of consumers %d of %d messages have come", ends, len(seen), messages)
		}
		life, end := context.WithCancel(ctx)
		gone := make(chan error, 1)
		go func() {
			gone <- h.Bus().Consume(life, s, func(_ context.Context, d events.Delivery) events.Verdict {
				got <- string(d.Body)
				return events.Ack
			})
		}()
		for range 50 { // or as long as there is nothing, so that it ends idle, too
			select {
			case body := <-got:
				seen[body] = true
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
			}
		}
		end()
		if err := <-gone; err != nil {
			t.Fatal(err)
		}
		for len(got) > 0 {
			seen[<-got] = true
		}
	}
	all.Wait()
}
