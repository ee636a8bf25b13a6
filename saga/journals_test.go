package saga_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// storedLine is one line of a stored journal: a record, or at the end what the records come to.
type storedLine struct {
	Version uint64          `json:"version,omitempty"`
	ID      string          `json:"id,omitempty"`
	At      time.Time       `json:"at,omitzero"`
	Facts   json.RawMessage `json:"facts,omitempty"`
	Outline string          `json:"outline,omitempty"`
}

// TestStoredJournals replays the journals that releases have left in testdata/journals: what a release has written,
// every later one must read, and understand as the same. `make golden` adds the journals of stories that have none yet;
// a file that is there is never written again.
func TestStoredJournals(t *testing.T) {
	if *update {
		storeJournals(t)
	}
	files, err := filepath.Glob("testdata/journals/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no journals: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".jsonl"), func(t *testing.T) {
			records, want := readJournal(t, file)
			writesTheSame(t, records)
			s, err := saga.Rebuild(sagatest.Key, saga.Snapshot{}, records)
			if err != nil {
				t.Fatal(err)
			}
			got, err := sagatest.OutlineHash(s)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				text, _ := sagatest.Outline(s)
				t.Errorf("it comes to %s, not %s as in the release that wrote it:\n%s", got, want, text)
			}
		})
	}
}

// writesTheSame reads the facts of stored records and writes them again: that must give the same bytes.
func writesTheSame(t *testing.T, records []saga.Record) {
	t.Helper()
	for _, r := range records {
		facts, _, linked, err := saga.DecodeRecord(r.Facts)
		if err != nil {
			t.Fatal(err)
		}
		got, err := saga.EncodeFacts(facts)
		if err != nil {
			t.Fatal(err)
		}
		want := []byte(r.Facts)
		if linked {
			var payload struct{ Facts json.RawMessage }
			if err := json.Unmarshal(r.Facts, &payload); err != nil {
				t.Fatal(err)
			}
			want = payload.Facts
		}
		if !bytes.Equal(got, want) {
			t.Errorf("version %d is written again as\n%s\nnot as it was\n%s", r.Version, got, want)
		}
	}
}

func readJournal(t *testing.T, file string) (records []saga.Record, outline string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l storedLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Outline != "" {
			return records, l.Outline
		}
		records = append(
			records, saga.Record{Key: sagatest.Key, Version: l.Version, ID: l.ID, At: l.At, Facts: l.Facts},
		)
	}
	t.Fatalf("%s has no end: %v", file, lines.Err())
	return nil, ""
}

// journalFormat is the present form of records: those of 0.1 had no chain and no suffix.
const journalFormat = "chained"

// storeJournals writes the journal of every story that has none.
func storeJournals(t *testing.T) {
	t.Helper()
	scripts, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range scripts {
		to := filepath.Join(
			"testdata/journals", strings.TrimSuffix(filepath.Base(file), ".txt")+"."+journalFormat+".jsonl",
		)
		if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		script, err := sagatest.ParseScript(string(text))
		if err != nil {
			t.Fatal(err)
		}
		m := sagatest.NewMachine()
		if _, err := script.Run(m); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		for _, r := range m.Records {
			if err := enc.Encode(storedLine{Version: r.Version, ID: r.ID, At: r.At, Facts: r.Facts}); err != nil {
				t.Fatal(err)
			}
		}
		hash, err := sagatest.OutlineHash(m.State)
		if err != nil {
			t.Fatal(err)
		}
		if err := enc.Encode(storedLine{Outline: hash}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
