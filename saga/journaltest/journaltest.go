package journaltest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// A Harness is one journal, empty when the case begins.
type Harness struct {
	// Open gives another process's handle on the same journal. The harness cleans it up when the test ends.
	Open func(t *testing.T) saga.Journal
	// Limited gives a handle on the journal that has room for about so many bytes more.
	Limited func(t *testing.T, bytes int64) saga.Journal
}

// Test runs the whole suite; harness is called once for each case.
func Test(t *testing.T, harness func(t *testing.T) Harness) {
	themes := map[string]map[string]func(*testing.T, Harness){
		"Append":  appendCases,
		"Race":    raceCases,
		"Load":    loadCases,
		"List":    listCases,
		"Follow":  followCases,
		"Archive": archiveCases,
		"Full":    fullCases,
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

func key(name string) events.Key { return events.Key{Tenant: events.DefaultTenant, Name: name} }

// record is an append with an id, a summary and facts that tell it from every other.
func record(k events.Key, after uint64) saga.Append {
	id := fmt.Sprintf("%s-%d", k, after+1)
	return saga.Append{Key: k, After: after, ID: id, Facts: []byte("facts of " + id), Summary: saga.Summary{
		Saga: k.Saga(1), Kind: "private-service", Want: events.Apply, Status: events.SagaRunning, Version: 1,
	}}
}

func withSnapshot(a saga.Append) saga.Append {
	a.Snapshot = []byte("state of " + a.ID)
	return a
}

// land appends and fails the test for every append that does not land on After+1.
func land(t *testing.T, j saga.Journal, appends ...saga.Append) {
	t.Helper()
	results := j.Append(patient(t), appends)
	if len(results) != len(appends) {
		t.Fatalf("%d results of %d appends", len(results), len(appends))
	}
	for i, r := range results {
		if r.Err != nil || r.Version != appends[i].After+1 {
			t.Fatalf("append %s after %d: version %d, %v", appends[i].Key, appends[i].After, r.Version, r.Err)
		}
	}
}

// grow appends n plain records to a connection that has the given version.
func grow(t *testing.T, j saga.Journal, k events.Key, after uint64, n int) {
	t.Helper()
	for i := range uint64(n) {
		land(t, j, record(k, after+i))
	}
}

// one appends one and gives its error.
func one(t *testing.T, j saga.Journal, a saga.Append) error {
	t.Helper()
	return j.Append(patient(t), []saga.Append{a})[0].Err
}

func load(t *testing.T, j saga.Journal, k events.Key) (saga.Snapshot, []saga.Record) {
	t.Helper()
	s, records, err := j.Load(patient(t), k)
	if err != nil {
		t.Fatalf("load %s: %v", k, err)
	}
	return s, records
}

// expect fails when the connection is not exactly these versions, in this order, each with its own facts.
func expect(t *testing.T, j saga.Journal, k events.Key, snapshot uint64, versions ...uint64) {
	t.Helper()
	s, records := load(t, j, k)
	if s.Version != snapshot {
		t.Errorf("load %s: snapshot of version %d, want %d", k, s.Version, snapshot)
	}
	if want := "state of " + record(k, s.Version-1).ID; s.Version > 0 && string(s.State) != want {
		t.Errorf("load %s: snapshot %q, want %q", k, s.State, want)
	}
	got := []uint64{}
	for _, r := range records {
		got = append(got, r.Version)
		checkRecord(t, r, k)
	}
	if !slices.Equal(got, versions) {
		t.Errorf("load %s: versions %v, want %v", k, got, versions)
	}
}

func checkRecord(t *testing.T, r saga.Record, k events.Key) {
	t.Helper()
	want := record(k, r.Version-1)
	if r.Key != k || r.ID != want.ID || string(r.Facts) != string(want.Facts) || r.Position == 0 || r.At.IsZero() {
		t.Errorf("record %+v of %s is not what was appended: %+v", r, k, want)
	}
}

// span is the numbers from first to last.
func span(first, last uint64) []uint64 {
	out := []uint64{}
	for v := first; v <= last; v++ {
		out = append(out, v)
	}
	return out
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
