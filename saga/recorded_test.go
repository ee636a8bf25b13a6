package saga_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
)

// A recordedLine is one line of a recording of a release on one backend: a record as it was stored, or what the
// programs of that release said about it: the snapshots and the listing that they stored, the status of each saga as
// their API showed it, and the heads that their audit found.
type recordedLine struct {
	Record *struct {
		Key     events.Key      `json:"key"`
		Version uint64          `json:"version"`
		ID      string          `json:"id"`
		At      time.Time       `json:"at"`
		Facts   json.RawMessage `json:"facts"`
	} `json:"record"`
	Snapshot *struct {
		Key     events.Key      `json:"key"`
		Version uint64          `json:"version"`
		State   json.RawMessage `json:"state"`
	} `json:"snapshot"`
	Listed *saga.Listed    `json:"listed"`
	Status json.RawMessage `json:"status"`
	Audit  *struct {
		Records int         `json:"records"`
		Heads   []saga.Head `json:"heads"`
	} `json:"audit"`
}

// recorded is a recording. As a journal it has what the release stored, and is only read.
type recorded struct {
	records   []saga.Record
	snapshots map[events.Key]saga.Snapshot
	listed    []saga.Listed
	statuses  []json.RawMessage
	heads     []saga.Head
	audited   int
}

var _ saga.Journal = (*recorded)(nil)

func (r *recorded) Append(_ context.Context, all []saga.Append) []saga.Result {
	return slices.Repeat([]saga.Result{{Err: saga.ErrFull}}, len(all))
}

func (r *recorded) Load(_ context.Context, k events.Key) (saga.Snapshot, []saga.Record, error) {
	after := r.snapshots[k]
	var rest []saga.Record
	for _, record := range r.records {
		if record.Key == k && record.Version > after.Version {
			rest = append(rest, record)
		}
	}
	return after, rest, nil
}

func (r *recorded) List(context.Context, saga.Query) (saga.Page, error) {
	return saga.Page{Items: r.listed}, nil
}

func (r *recorded) Follow(ctx context.Context, _ saga.Position) iter.Seq2[saga.Record, error] {
	return func(yield func(saga.Record, error) bool) {
		for _, record := range r.records {
			if !yield(record, nil) {
				return
			}
		}
		<-ctx.Done()
	}
}

func (r *recorded) Archive(context.Context, events.Key, uint64) error { return nil }

// readRecording reads a recording. Records keep every byte: json.RawMessage has what stands in the file.
func readRecording(t *testing.T, file string) *recorded {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorded{snapshots: map[events.Key]saga.Snapshot{}}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var l recordedLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		switch {
		case l.Record != nil:
			r.records = append(r.records, saga.Record{
				Key: l.Record.Key, Version: l.Record.Version, ID: l.Record.ID, At: l.Record.At, Facts: l.Record.Facts,
				Position: saga.Position(len(r.records) + 1),
			})
		case l.Snapshot != nil:
			r.snapshots[l.Snapshot.Key] = saga.Snapshot{Version: l.Snapshot.Version, State: l.Snapshot.State}
		case l.Listed != nil:
			r.listed = append(r.listed, *l.Listed)
		case l.Status != nil:
			r.statuses = append(r.statuses, l.Status)
		case l.Audit != nil:
			r.heads, r.audited = l.Audit.Heads, l.Audit.Records
		}
	}
	if err := lines.Err(); err != nil || r.audited != len(r.records) || r.audited == 0 {
		t.Fatalf("%s has %d records, the audit of its release read %d: %v", file, len(r.records), r.audited, err)
	}
	return r
}

// TestRecordedStores replays what the programs of a release stored on each backend, for connections that completed,
// were changed, withdrawn, compensated, replayed, stuck, continued, resolved, held, interrupted by the death of every
// daemon, and cut off in the middle. Every record folds, and encodes to the very bytes that were stored; the chain ends
// in the heads that the release's audit found; the states are the ones that it stored as snapshots; each saga is what
// its API showed. A recording is made by the programs of a release (`record` of the proofs) and never written again.
func TestRecordedStores(t *testing.T) {
	files, err := filepath.Glob("testdata/journals/*/*.jsonl.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/journals/"), ".jsonl.gz")
		t.Run(name, func(t *testing.T) {
			r := readRecording(t, file)
			states := replayBytes(t, r)
			for _, h := range r.heads {
				if s := states[h.Key]; s.Version != h.Version || s.Head != h.Hash {
					t.Errorf("%s ends at version %d with %s; its release had %d and %s", h.Key, s.Version, s.Head,
						h.Version, h.Hash)
				}
			}
			sameStatuses(t, r, states)
			engine := saga.Engine{Kinds: map[string]saga.Kind{"private-service": {}}, Limits: saga.DefaultLimits(1)}
			report, err := audit.Run(t.Context(), engine, r, r.heads)
			if err != nil || len(report.Findings) > 0 || report.Records != len(r.records) {
				t.Errorf("audit: %d records of %d, findings %+v, %v", report.Records, len(r.records), report.Findings,
					err)
			}
		})
	}
}

// replayBytes folds every record, and holds what it encodes to against what was stored.
func replayBytes(t *testing.T, r *recorded) map[events.Key]saga.State {
	t.Helper()
	states := map[events.Key]saga.State{}
	for _, record := range r.records {
		before, known := states[record.Key]
		if !known {
			before = saga.State{Key: record.Key}
		}
		facts, _, _, err := saga.DecodeRecord(record.Facts)
		if err != nil {
			t.Fatalf("%s@%d: %v", record.Key, record.Version, err)
		}
		payload, head, err := saga.EncodeRecord(before, record.ID, facts)
		if err != nil || !bytes.Equal(payload, record.Facts) {
			t.Fatalf("%s@%d does not encode to its bytes (%v):\nstored  %s\nencoded %s", record.Key, record.Version,
				err, record.Facts, payload)
		}
		next, err := saga.ApplyRecord(before, record)
		if err != nil || next.Head != head {
			t.Fatalf("%s@%d: head %s, not %s: %v", record.Key, record.Version, next.Head, head, err)
		}
		if snapshot := r.snapshots[record.Key]; snapshot.Version == record.Version {
			sameSnapshot(t, snapshot, next)
		}
		states[record.Key] = next
	}
	return states
}

// sameSnapshot holds a stored snapshot against the state of the records up to there, in both directions.
func sameSnapshot(t *testing.T, stored saga.Snapshot, is saga.State) {
	t.Helper()
	text, err := json.Marshal(is)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, stored.State) {
		t.Errorf("snapshot of %s@%d:\nstored  %s\nencoded %s", is.Key, is.Version, stored.State, text)
	}
	read, err := saga.Rebuild(is.Key, stored, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(read)
	if err != nil || !bytes.Equal(again, text) {
		t.Errorf("snapshot of %s@%d reads as something else (%v): %s", is.Key, is.Version, err, again)
	}
}

// sameStatuses holds every saga against what the API of the release showed. Causes are compared by their codes and
// places: their texts may change, and the world around a daemon (workers, pauses) adds to them.
func sameStatuses(t *testing.T, r *recorded, states map[events.Key]saga.State) {
	t.Helper()
	if len(r.statuses) == 0 {
		t.Fatal("no statuses")
	}
	for _, line := range r.statuses {
		var was events.Status
		if err := json.Unmarshal(line, &was); err != nil {
			t.Fatal(err)
		}
		key, n, err := events.ParseSaga(was.ID)
		if err != nil {
			t.Fatal(err)
		}
		is, known := states[key].ViewOf(n)
		if !known {
			t.Errorf("%s is not known", was.ID)
			continue
		}
		was.Why, is.Why = nil, nil
		if a, b := statusText(t, was), statusText(t, is); a != b {
			t.Errorf("%s was\n%s\nand is\n%s", was.ID, a, b)
		}
	}
}

func statusText(t *testing.T, v events.Status) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(fmt.Errorf("encode status: %w", err))
	}
	return string(text)
}
