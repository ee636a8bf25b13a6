package world

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// The kinds of a record.
const (
	effectRecord  = "effect"  // a ledger line with the document after it (none after a delete)
	noteRecord    = "note"    // a ledger line whose change comes later
	quietRecord   = "quiet"   // the vendor's own change
	laterRecord   = "later"   // a change to come
	settledRecord = "settled" // it has come
)

// record is one line of effects.jsonl.
type record struct {
	Type    string    `json:"type"`
	At      time.Time `json:"at"`
	Vendor  string    `json:"vendor,omitempty"`
	Kind    string    `json:"kind,omitempty"`
	Name    string    `json:"name,omitempty"`
	Call    string    `json:"call,omitempty"`
	Owner   string    `json:"owner,omitempty"`
	Effect  string    `json:"effect,omitempty"`
	Doc     Doc       `json:"doc,omitempty"`
	Gone    bool      `json:"gone,omitempty"` // the document is (or will be) deleted
	Pending uint64    `json:"pending,omitempty"`
	Due     time.Time `json:"due,omitzero"`
	LastID  uint64    `json:"lastId"`
}

func (r record) of(ref Ref) record {
	r.Vendor, r.Kind, r.Name = ref.Vendor, ref.Kind, ref.Name
	return r
}

func (r record) ref() Ref { return Ref{r.Vendor, r.Kind, r.Name} }

// account adds a ledger line and its record. The scenario's own documents are no effects.
func (w *World) account(r record, e Effect, now time.Time) {
	if !w.live {
		return
	}
	r = r.of(e.ref())
	r.Call, r.Owner = e.Call, e.Owner
	w.enter(r)
	w.write(r, now)
}

func (w *World) enter(r record) {
	w.ledger = append(w.ledger, LedgerEntry{
		Seq: len(w.ledger) + 1, Vendor: r.Vendor, Call: r.Call, Kind: r.Kind, Name: r.Name, Owner: r.Owner,
		Effect: r.Effect,
	})
}

func (w *World) write(r record, now time.Time) {
	if w.log == nil || !w.live {
		return
	}
	r.At, r.LastID = now.UTC(), w.lastID
	line, err := json.Marshal(r)
	if err != nil {
		panic("write effect: " + err.Error()) // documents are JSON by construction
	}
	w.buffer = append(append(w.buffer, line...), '\n')
}

// flush hands the transaction's records to the operating system in one write.
func (w *World) flush() error {
	if len(w.buffer) == 0 {
		return nil
	}
	_, err := w.log.Write(w.buffer)
	w.buffer = w.buffer[:0]
	if err != nil {
		return fmt.Errorf("write effects: %w", err)
	}
	return nil
}

func (w *World) truncate() error {
	if w.log == nil {
		return nil
	}
	if err := w.log.Truncate(0); err != nil {
		return fmt.Errorf("clear effects: %w", err)
	}
	return nil
}

// replay reads effects.jsonl and leaves it open for appending. A torn last line (the machine stopped inside the write,
// so nobody was answered) is cut off; any other unreadable line is an error.
func (w *World) replay() error {
	if w.cfg.Dir == "" {
		return nil
	}
	file, err := os.OpenFile(filepath.Join(w.cfg.Dir, "effects.jsonl"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("open effects: %w", err)
	}
	good, err := w.readAll(file)
	if err == nil {
		err = file.Truncate(good)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("replay effects: %w", err), file.Close())
	}
	w.log = file
	return nil
}

// readAll applies every whole line and returns how many bytes they take.
func (w *World) readAll(file io.Reader) (int64, error) {
	lines := bufio.NewReaderSize(file, 1<<16)
	var good int64
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return good, nil
		}
		if err != nil {
			return good, err
		}
		var r record
		if err := json.Unmarshal(bytes.TrimSpace(line), &r); err != nil {
			return good, fmt.Errorf("at byte %d: %w", good, err)
		}
		w.redo(r)
		good += int64(len(line))
	}
}

func (w *World) redo(r record) {
	w.lastID = max(w.lastID, r.LastID)
	switch r.Type {
	case effectRecord, quietRecord:
		if r.Gone {
			w.docs.drop(r.ref())
		} else {
			w.docs.put(r.ref(), normalDoc(r.Doc))
		}
		if r.Type == effectRecord {
			w.enter(r)
		}
	case noteRecord:
		w.enter(r)
	case laterRecord:
		w.schedule(pending{ID: r.Pending, Due: r.Due, Change: Change{Ref: r.ref(), Set: r.Doc, Delete: r.Gone}})
	case settledRecord:
		if p, ok := w.take(r.Pending); ok {
			w.apply(p.Change)
		}
	}
}
