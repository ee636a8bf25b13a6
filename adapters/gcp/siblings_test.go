package gcp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
)

// A command takes from the commands beside it what was asked for after it was asked for itself, once, and until one of
// them writes; a check what another check has read. Nobody else takes anything.
func TestCommandsBesideEachOtherShareReads(t *testing.T) {
	early := time.Unix(100, 0)
	late := early.Add(time.Second)
	look := workers.Asking{Saga: "t_c.1", Step: "a", Due: early, Reads: true}
	check := workers.Asking{Saga: "t_c.1", Step: "a", Due: early, Reads: true, Check: true}
	with := func(a workers.Asking, change func(*workers.Asking)) workers.Asking {
		a.Step = "b"
		change(&a)
		return a
	}
	for _, c := range []struct {
		name   string
		first  workers.Asking
		second workers.Asking
		after  time.Duration
		write  bool
		reads  int32
	}{
		{name: "two looks of one time", first: look, second: with(look, func(*workers.Asking) {}), reads: 1},
		{name: "a look that was asked for earlier", first: with(look, func(a *workers.Asking) { a.Due = late }),
			second: look, reads: 1},
		{name: "a look that was asked for later", first: look,
			second: with(look, func(a *workers.Asking) { a.Due = late }), reads: 2},
		{name: "a check that was asked for later", first: check,
			second: with(check, func(a *workers.Asking) { a.Due = late }), reads: 1},
		{name: "a look after a check", first: check,
			second: with(look, func(a *workers.Asking) { a.Due = late }), reads: 2},
		{name: "the same step again", first: look, second: look, reads: 2},
		{name: "another saga", first: look, second: with(look, func(a *workers.Asking) { a.Saga = "t_c.2" }), reads: 2},
		{name: "a command that writes", first: look, second: with(look, func(a *workers.Asking) { a.Reads = false }),
			reads: 2},
		{name: "what a command that writes has read", first: with(look, func(a *workers.Asking) { a.Reads = false }),
			second: look, reads: 2},
		{name: "after a while", first: look, second: with(look, func(*workers.Asking) {}), after: 5 * time.Second,
			reads: 2},
		{name: "after a write of the saga", first: look, second: with(look, func(*workers.Asking) {}), write: true,
			reads: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			reads, now := atomic.Int32{}, early
			client := counting(t, &reads, &now)
			ask(t, client, c.first)
			now = now.Add(c.after)
			if c.write {
				writes := workers.WithAsking(workers.WithMemo(t.Context()),
					workers.Asking{Saga: c.first.Saga, Step: "w"})
				zone := network.Zone{Project: "p", Name: "y", Host: "y", IP: "10.0.0.1"}
				if err := client.Names().Put(writes, uuid.UUID{}, zone); err != nil {
					t.Fatal(err)
				}
			}
			ask(t, client, c.second)
			if got := reads.Load(); got != c.reads {
				t.Errorf("%d reads, want %d", got, c.reads)
			}
			ask(t, client, c.second) // again
			if got := reads.Load(); got != c.reads+1 {
				t.Errorf("%d reads after a repeat, want %d", got, c.reads+1)
			}
		})
	}
}

// Commands that ask at one moment make one call, and one whose call gets no answer leaves the others to ask.
func TestCommandsThatAskAtOnce(t *testing.T) {
	reads, now := atomic.Int32{}, time.Unix(100, 0)
	client := counting(t, &reads, &now)
	var all sync.WaitGroup
	for _, step := range []string{"a", "b", "c", "d"} {
		all.Go(func() { ask(t, client, workers.Asking{Saga: "t_c.1", Step: step, Due: now, Reads: true}) })
	}
	all.Wait()
	if got := reads.Load(); got != 1 {
		t.Errorf("%d reads, want 1", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	gone := workers.WithAsking(workers.WithMemo(ctx), workers.Asking{Saga: "t_c.2", Step: "a", Reads: true})
	if _, err := client.Names().Get(gone, "p", "z"); err == nil {
		t.Error("an answer, although nobody waits any more")
	}
	ask(t, client, workers.Asking{Saga: "t_c.2", Step: "b", Reads: true})
}

func ask(t *testing.T, c *gcp.Client, a workers.Asking) {
	t.Helper()
	if _, err := c.Names().Get(workers.WithAsking(workers.WithMemo(t.Context()), a), "p", "z"); err != nil {
		t.Error(err)
	}
}

// counting is a client of a vendor whose zone z counts how often it is read.
func counting(t *testing.T, reads *atomic.Int32, now *time.Time) *gcp.Client {
	t.Helper()
	const zones = "/dns/v1/projects/p/managedZones/"
	shown := vendor{zones + "z": `{"name":"z","dnsName":"z.example."}`, zones + "z/rrsets": `{}`,
		zones + "y": `{"name":"y","dnsName":"y."}`, zones + "y/changes": `{"status":"done"}`, zones + "y/rrsets": `{}`}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == zones+"z" {
			reads.Add(1)
		}
		shown.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c, err := gcp.New(t.Context(), gcp.Options{Endpoint: server.URL, Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
