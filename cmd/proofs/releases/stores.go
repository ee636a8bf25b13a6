package releases

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// A recordedLine is one line of a recording: a record as it is stored, or what the release that wrote it said about it.
type recordedLine struct {
	Recorded *recording    `json:"recorded,omitempty"`
	Record   *storedRecord `json:"record,omitempty"`
	Snapshot *snapshotAt   `json:"snapshot,omitempty"`
	Listed   *saga.Listed  `json:"listed,omitempty"`
	Status   events.Status `json:"status,omitzero"`
	Audit    *auditSaid    `json:"audit,omitempty"`
}

type recording struct {
	Release string    `json:"release"`
	Backend string    `json:"backend"`
	At      time.Time `json:"at"`
}

type storedRecord struct {
	Key     events.Key      `json:"key"`
	Version uint64          `json:"version"`
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Facts   json.RawMessage `json:"facts"`
}

type snapshotAt struct {
	Key     events.Key      `json:"key"`
	Version uint64          `json:"version"`
	State   json.RawMessage `json:"state"`
}

type auditSaid struct {
	Records  int         `json:"records"`
	Findings int         `json:"findings"`
	Heads    []saga.Head `json:"heads"`
}

// stores tells every story on every backend, and keeps what is stored then in files that later releases replay: the
// journals' records byte by byte, snapshots, the listing, and every saga as the API shows it. On the embedded one
// also the folder. Such files are made by the programs of a release, before the next one begins, and are never
// written again.
func stores(ctx context.Context, s lab.Settings) error {
	if s.To == "" {
		return errors.New("stores needs --to, the folder that takes the files")
	}
	for _, backend := range []string{"embedded", "nats", "r3", "google"} {
		if !strings.Contains(backend, s.Only) {
			continue
		}
		if err := recordOn(ctx, s, backend); err != nil {
			return fmt.Errorf("record on %s: %w", backend, err)
		}
	}
	return nil
}

func recordOn(ctx context.Context, s lab.Settings, backend string) (err error) {
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	st, err := newStage(ctx, l, backend)
	if err != nil {
		return err
	}
	st.flags = []string{"--checkpoint-every", "10s"}
	if err := st.up(ctx); err != nil {
		return err
	}
	if err := st.tellStories(ctx); err != nil {
		return err
	}
	if backend == "embedded" {
		if err := st.pack(ctx); err != nil {
			return err
		}
	}
	// Held, the daemon tells how things are and changes nothing, but for the note that it is held.
	if err := st.up(ctx, "--held"); err != nil {
		return err
	}
	if err := st.write(ctx); err != nil {
		return err
	}
	return st.down()
}

// pack keeps the folders of the embedded store and of the world as they were left by the death of the daemon.
func (s *stage) pack(ctx context.Context) error {
	file := filepath.Join(s.Settings.To, s.name+".tar.gz")
	out, err := exec.CommandContext(ctx, "tar", "-C", s.Dir, "-czf", file, "embedded", "world").CombinedOutput()
	if err != nil {
		return fmt.Errorf("pack the store: %w: %s", err, out)
	}
	return nil
}

func (s *stage) write(ctx context.Context) (err error) {
	said, err := s.API().Audit(ctx, nil)
	if err != nil {
		return err
	}
	if len(said.Findings) > 0 {
		return fmt.Errorf("findings in a sound journal: %+v", said.Findings)
	}
	k, err := s.keeps(ctx)
	if err != nil {
		return err
	}
	defer k.close()
	info, err := s.API().Info(ctx)
	if err != nil {
		return err
	}
	made := recording{Release: info.Version, Backend: s.name, At: time.Now().UTC().Truncate(time.Second)}
	lines := []recordedLine{{Recorded: &made}}
	listed, err := listing(ctx, k.journal)
	if err != nil {
		return err
	}
	records, err := everything(ctx, k.journal, said.Records)
	if err != nil {
		return err
	}
	for _, r := range records {
		stored := storedRecord{Key: r.Key, Version: r.Version, ID: r.ID, At: r.At, Facts: r.Facts}
		lines = append(lines, recordedLine{Record: &stored})
	}
	for _, item := range listed {
		lines = append(lines, recordedLine{Listed: &item})
		snapshot, _, err := k.journal.Load(ctx, item.Key)
		if err != nil {
			return err
		}
		if snapshot.Version > 0 && !saga.IsEngines(item.Key) {
			at := snapshotAt{Key: item.Key, Version: snapshot.Version, State: snapshot.State}
			lines = append(lines, recordedLine{Snapshot: &at})
		}
		statuses, err := s.statuses(ctx, item.Key)
		if err != nil {
			return err
		}
		lines = append(lines, statuses...)
	}
	lines = append(lines, recordedLine{Audit: &auditSaid{Records: said.Records, Heads: said.Heads}})
	return writeLines(filepath.Join(s.Settings.To, s.name+".jsonl.gz"), lines, records)
}

// statuses are all sagas of a connection, as the API shows them.
func (s *stage) statuses(ctx context.Context, key events.Key) (lines []recordedLine, err error) {
	for n := uint64(1); !saga.IsEngines(key); n++ {
		v, err := s.API().Show(ctx, saga.State{Key: key}.SagaID(n))
		if err != nil {
			break // there are no more
		}
		lines = append(lines, recordedLine{Status: v})
	}
	return lines, nil
}

func listing(ctx context.Context, j saga.Journal) ([]saga.Listed, error) {
	page, err := j.List(ctx, saga.Query{Limit: 1000})
	slices.SortFunc(page.Items, func(a, b saga.Listed) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	return page.Items, err
}

// everything is the first n records of a journal, in its order.
func everything(ctx context.Context, j saga.Journal, n int) (all []saga.Record, err error) {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	for r, err := range j.Follow(ctx, 0) {
		if err != nil {
			return nil, err
		}
		if all = append(all, r); len(all) == n {
			return all, nil
		}
	}
	return nil, fmt.Errorf("the journal has %d records, not %d", len(all), n)
}

// writeLines writes a recording, and reads it again: not one byte of a record may have changed on the way.
func writeLines(file string, lines []recordedLine, records []saga.Record) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	again, n := bufio.NewScanner(bytes.NewReader(b.Bytes())), 0
	again.Buffer(nil, 4<<20)
	for again.Scan() {
		var l recordedLine
		if err := json.Unmarshal(again.Bytes(), &l); err != nil {
			return err
		}
		if l.Record == nil {
			continue
		}
		if !bytes.Equal(l.Record.Facts, records[n].Facts) {
			return fmt.Errorf("record %d of %s is not the same when it is read again", n, file)
		}
		n++
	}
	if n != len(records) {
		return fmt.Errorf("%s has %d records, not %d", file, n, len(records))
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	return os.WriteFile(file, packed.Bytes(), 0o644)
}
