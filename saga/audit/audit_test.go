package audit_test

import (
	"context"
	"encoding/json"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// forged is a journal that somebody else has changed.
type forged struct {
	saga.Journal
	records func([]saga.Record) []saga.Record
}

// Follow yields the changed records.
func (j forged) Follow(ctx context.Context, after saga.Position) iter.Seq2[saga.Record, error] {
	return func(yield func(saga.Record, error) bool) {
		var all []saga.Record
		within, stop := context.WithTimeout(ctx, 100*time.Millisecond)
		for r, err := range j.Journal.Follow(within, after) {
			if err == nil {
				all = append(all, r)
			}
		}
		stop()
		for _, r := range j.records(all) {
			if !yield(r, nil) {
				return
			}
		}
		<-ctx.Done()
	}
}

// readJournal reads a stored journal of package saga.
func readJournal(t *testing.T, file string) (records []saga.Record) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var l struct {
			Version uint64          `json:"version"`
			ID      string          `json:"id"`
			At      time.Time       `json:"at"`
			Facts   json.RawMessage `json:"facts"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Version > 0 {
			records = append(
				records, saga.Record{Key: sagatest.Key, Version: l.Version, ID: l.ID, At: l.At, Facts: l.Facts},
			)
		}
	}
	return records
}

// stories fills a journal with the records of a story under its own key.
func stories(t *testing.T, file string) (saga.Engine, *memory.Journal) {
	t.Helper()
	j := memory.NewJournal(nil)
	e := sagatest.NewMachine().Engine
	fill(t, e, j, readJournal(t, file))
	return e, j
}

// fill appends a connection's whole history.
func fill(t *testing.T, e saga.Engine, j *memory.Journal, records []saga.Record) {
	t.Helper()
	fillHeld(t, e, j, records, nil)
}

// fillHeld is fill with what was held.
func fillHeld(t *testing.T, e saga.Engine, j *memory.Journal, records []saga.Record, held saga.Held) {
	t.Helper()
	s := saga.State{Key: records[0].Key}
	for _, r := range records {
		next, err := saga.ApplyRecord(s, r)
		if err != nil {
			t.Fatal(err)
		}
		a := saga.Append{Key: r.Key, After: s.Version, ID: r.ID, Facts: r.Facts,
			Summary: e.Summarise(next, e.Moves(&next, held, nil))}
		if res := j.Append(t.Context(), []saga.Append{a}); res[0].Err != nil {
			t.Fatal(res[0].Err)
		}
		s = next
	}
}

// A tail that was cut off, its listing included, shows against the checkpoint that knew it.
func TestCheckpointShowsWhatWasCutOff(t *testing.T) {
	const file = "../testdata/journals/apply_happy_path.chained.jsonl"
	e, whole := stories(t, file)
	o := orchestrator.New(orchestrator.Options{
		Engine: e, Journal: whole, Bus: memory.NewBus(nil), Now: time.Now, ID: func() string { return "checkpoint" },
		Name: "test",
	})
	for range 2 { // the second has nothing to say
		if err := o.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_, checkpoints, err := whole.Load(t.Context(), saga.CheckpointKey)
	if err != nil || len(checkpoints) != 1 {
		t.Fatalf("%d checkpoints (%v), want one", len(checkpoints), err)
	}
	report, err := audit.Run(t.Context(), e, whole, nil)
	if err != nil || len(report.Findings) != 0 || report.Checkpoints != 1 {
		t.Fatalf("a sound journal: %+v, %v", report, err)
	}
	records := readJournal(t, file)
	cut := memory.NewJournal(nil)
	fill(t, e, cut, records[:len(records)-1])
	fill(t, e, cut, checkpoints)
	if report, err = audit.Run(t.Context(), e, cut, nil); err != nil {
		t.Fatal(err)
	}
	last := records[len(records)-1].Version
	if len(report.Findings) != 1 || report.Findings[0].What != "missing" || report.Findings[0].Version != last {
		t.Errorf("found %+v, want version %d missing", report.Findings, last)
	}
}

// A summary says what a saga waited for at its last change: what was paused then may be resumed now, and that is no
// damage.
func TestAPauseIsNoDamage(t *testing.T) {
	records := readJournal(t, "../testdata/journals/held_engine.chained.jsonl")
	const noted = 7 // the version that notes the pause
	j := memory.NewJournal(nil)
	e := sagatest.NewMachine().Engine
	fillHeld(t, e, j, records[:noted], saga.Held{"": {}})
	report, err := audit.Run(t.Context(), e, j, nil)
	if err != nil || len(report.Findings) != 0 {
		t.Errorf("findings %+v, %v", report.Findings, err)
	}
}

// rechain writes a history anew, as somebody does who knows how chains are made.
func rechain(t *testing.T, records []saga.Record, change func([]saga.Fact) []saga.Fact) []saga.Record {
	t.Helper()
	s := saga.State{Key: sagatest.Key}
	out := slices.Clone(records)
	for i, r := range out {
		facts, _, _, err := saga.DecodeRecord(r.Facts)
		if err != nil {
			t.Fatal(err)
		}
		if out[i].Facts, _, err = saga.EncodeRecord(s, r.ID, change(facts)); err != nil {
			t.Fatal(err)
		}
		if s, err = saga.ApplyRecord(s, out[i]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestAuditFindsWhatWasChanged(t *testing.T) {
	const file = "../testdata/journals/apply_happy_path.chained.jsonl"
	e, sound := stories(t, file)
	report, err := audit.Run(t.Context(), e, sound, nil)
	if err != nil || len(report.Findings) != 0 || report.Records == 0 || len(report.Heads) != 1 {
		t.Fatalf("a sound journal: %+v, %v", report, err)
	}
	heads := report.Heads
	for name, c := range map[string]struct {
		records func([]saga.Record) []saga.Record
		against []saga.Head
		what    string
		version uint64
	}{
		"edited": {what: "edited", version: 3, records: func(r []saga.Record) []saga.Record {
			r[2].Facts = append(slices.Clone(r[2].Facts[:len(r[2].Facts)-1]), ' ', '}')
			return r
		}},
		"removed": {
			what: "missing", version: 4, records: func(r []saga.Record) []saga.Record { return slices.Delete(r, 3, 4) },
		},
		"reordered": {what: "missing", version: 3, records: func(r []saga.Record) []saga.Record {
			r[2], r[3] = r[3],
				r[2]
			return r
		}},
		"twice": {what: "order", version: 2, records: func(r []saga.Record) []saga.Record {
			return slices.Insert(r, 2, r[1])
		}},
		"unreadable": {what: "unreadable", version: 2, records: func(r []saga.Record) []saga.Record {
			r[1].Facts = []byte("{}x")
			return r
		}},
		"first gone": {what: "missing", version: 1, records: func(r []saga.Record) []saga.Record { return r[1:] }},
		"written anew": {what: "edited", version: heads[0].Version, against: heads,
			records: func(r []saga.Record) []saga.Record {
				return rechain(t, r, func(facts []saga.Fact) []saga.Fact {
					for i, f := range facts {
						if a, is := f.(saga.IntentAccepted); is {
							a.Intent.Source = "somebody else"
							facts[i] = a
						}
					}
					return facts
				})
			}},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := audit.Run(t.Context(), e, forged{Journal: sound, records: c.records}, c.against)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(report.Findings,
				func(f audit.Finding) bool { return f.What == c.what && f.Version == c.version }) {
				t.Errorf("%s at version %d is not among %+v", c.what, c.version, report.Findings)
			}
		})
	}
}

// Nothing is decided on a journal whose records do not follow from one another.
func TestBrokenJournalIsNotDecidedUpon(t *testing.T) {
	records := readJournal(t, "../testdata/journals/apply_happy_path.chained.jsonl")
	records[2].ID = "forged"
	_, err := saga.Rebuild(sagatest.Key, saga.Snapshot{}, records)
	if err == nil {
		t.Fatal("a broken journal was rebuilt")
	}
}
