package jetstream_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/jetstream"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
	"github.com/culvertnet/culvert/workers"
)

// unpack restores a folder that a release has left.
func unpack(t *testing.T, file, dir string) {
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
	for entries := tar.NewReader(unpacked); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.Clean("/"+entry.Name))
		if entry.Typeflag == tar.TypeDir {
			if err := os.MkdirAll(to, 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		content, err := io.ReadAll(entries)
		if err == nil {
			err = os.WriteFile(to, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// storedFacts are the records that the same release read from this store, by connection and version.
func storedFacts(t *testing.T, file string) map[events.Key]map[uint64]json.RawMessage {
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
	all := map[events.Key]map[uint64]json.RawMessage{}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var l struct {
			Record *struct {
				Key     events.Key      `json:"key"`
				Version uint64          `json:"version"`
				Facts   json.RawMessage `json:"facts"`
			} `json:"record"`
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Record == nil {
			continue
		}
		if all[l.Record.Key] == nil {
			all[l.Record.Key] = map[uint64]json.RawMessage{}
		}
		all[l.Record.Key][l.Record.Version] = l.Record.Facts
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatalf("%s has %d connections: %v", file, len(all), err)
	}
	return all
}

// TestStoresOfReleases opens the folder of an embedded server as the death of a release's daemon left it, in the middle
// of a saga. The journal is there record by record and byte by byte, the listing and the snapshots agree with it, the
// claims can be read, and it takes further records.
func TestStoresOfReleases(t *testing.T) {
	files, err := filepath.Glob("testdata/stores/*.tar.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stores: %v", err)
	}
	for _, file := range files {
		release := filepath.Base(file[:len(file)-len(".tar.gz")])
		t.Run(release, func(t *testing.T) {
			dir := t.TempDir()
			unpack(t, file, dir)
			e, err := jetstream.Embed(jetstream.EmbedOptions{Dir: filepath.Join(dir, "embedded", "nats")})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			})
			nc, err := e.Conn()
			if err != nil {
				t.Fatal(err)
			}
			store, err := jetstream.Open(t.Context(), nc, jetstream.Options{Synced: e.AssertSynced})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { store.Close(); nc.Close() })
			engine := saga.Engine{Kinds: map[string]saga.Kind{"private-service": {}}, Limits: saga.DefaultLimits(1)}
			report, err := audit.Run(t.Context(), engine, store.Journal(), nil)
			if err != nil || len(report.Findings) > 0 {
				t.Fatalf("audit: %+v, %v", report.Findings, err)
			}
			sameFacts(t, store.Journal(), report.Records,
				storedFacts(t, filepath.Join("../../saga/testdata/journals", release, "embedded.jsonl.gz")))
			claims, err := store.Claims().Find(t.Context(), workers.ClaimQuery{})
			if err != nil || len(claims.Items) == 0 {
				t.Errorf("%d claims, %v", len(claims.Items), err)
			}
			mustLand(t, store.Journal(), first(orders))
		})
	}
}

func sameFacts(t *testing.T, j saga.Journal, n int, want map[events.Key]map[uint64]json.RawMessage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	read := 0
	for r, err := range j.Follow(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(r.Facts, want[r.Key][r.Version]) {
			t.Fatalf("%s@%d is %s, its release read %s", r.Key, r.Version, r.Facts, want[r.Key][r.Version])
		}
		if read++; read == n {
			return
		}
	}
	t.Fatalf("%d records of %d", read, n)
}
