package jetstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// A record of the journal is one message on its connection's subject. The body is the facts, then the snapshot if there
// is one; everything that List, the fence and the repeat rule need is in headers, so that the index reads no bodies.
const (
	headerVersion  = "Culvert-Version"
	headerRecordID = "Culvert-Id" // quoted
	headerSummary  = "Culvert-Summary"
	// headerSnapshot is the number of snapshot bytes at the body's end; absent without a snapshot.
	headerSnapshot = "Culvert-Snapshot"
	// headerBefore is "<version>/<sequence>" of the newest record before this one that has a snapshot.
	headerBefore = "Culvert-Snapshot-Before"
	headerBatch  = "Nats-Batch-Id"
)

// The port's own bound, and one that keeps the header block far below the server's 64 KiB.
const (
	maxFacts   = 512 << 10
	maxSummary = 32 << 10
)

// place is where a record is: its version and its sequence in the stream. Zero is nowhere.
type place struct{ version, sequence uint64 }

// head is what is known of a connection without reading bodies: its newest record.
type head struct {
	place
	id      string
	changed time.Time
	summary saga.Summary
	// snapshot is the newest record with a snapshot, this one included; before is the one before this record.
	snapshot, before place
}

// check refuses what the server would refuse later, or what would break the port's promises.
func check(a saga.Append, payload int64) error {
	if err := a.Key.Validate(); err != nil {
		return err
	}
	if len(a.Facts) > maxFacts {
		return fmt.Errorf("facts are %d bytes, at most %d fit", len(a.Facts), maxFacts)
	}
	if room := payload - 64<<10; int64(len(a.Facts)+len(a.Snapshot)) > room {
		return fmt.Errorf("facts and snapshot are %d bytes, the server's max_payload leaves room for %d",
			len(a.Facts)+len(a.Snapshot), room)
	}
	return nil
}

// message renders an append that is to follow a connection's newest record.
func message(a saga.Append, after head) (*nats.Msg, error) {
	summary, err := json.Marshal(a.Summary)
	if err != nil {
		return nil, fmt.Errorf("encode summary: %w", err)
	}
	id := strconv.QuoteToASCII(a.ID)
	if len(summary)+len(id) > maxSummary {
		return nil, fmt.Errorf("id and summary are %d bytes, at most %d fit", len(summary)+len(id), maxSummary)
	}
	m := nats.NewMsg(events.JournalSubject(a.Key))
	m.Header.Set(headerVersion, strconv.FormatUint(a.After+1, 10))
	m.Header.Set(headerRecordID, id)
	m.Header.Set(headerSummary, string(summary))
	m.Header.Set(headerBefore, fmt.Sprintf("%d/%d", after.snapshot.version, after.snapshot.sequence))
	m.Header.Set(js.ExpectedLastSubjSeqHeader, strconv.FormatUint(after.sequence, 10))
	m.Data = a.Facts
	if a.Snapshot != nil {
		m.Header.Set(headerSnapshot, strconv.Itoa(len(a.Snapshot)))
		m.Data = append(append(make([]byte, 0, len(a.Facts)+len(a.Snapshot)), a.Facts...), a.Snapshot...)
	}
	return m, nil
}

// landed is the head that an append has become.
func landed(a saga.Append, after head, sequence uint64, now time.Time) head {
	h := head{
		place: place{a.After + 1, sequence}, id: a.ID, changed: now, summary: a.Summary, before: after.snapshot,
		snapshot: after.snapshot,
	}
	if a.Snapshot != nil {
		h.snapshot = h.place
	}
	return h
}

// readHead decodes the headers of a record.
func readHead(m stored) (events.Key, head, error) {
	var h head
	key, err := events.KeyOfJournal(m.subject)
	if err != nil {
		return key, h, fmt.Errorf("decode record %d: %w", m.sequence, err)
	}
	version, errVersion := strconv.ParseUint(m.header.Get(headerVersion), 10, 64)
	id, errID := strconv.Unquote(m.header.Get(headerRecordID))
	errSummary := json.Unmarshal([]byte(m.header.Get(headerSummary)), &h.summary)
	_, errBefore := fmt.Sscanf(m.header.Get(headerBefore), "%d/%d", &h.before.version, &h.before.sequence)
	if err := errors.Join(errVersion, errID, errSummary, errBefore); err != nil {
		return key, h, fmt.Errorf("decode record %d of %s: %w", m.sequence, key, err)
	}
	h.place, h.id, h.changed, h.snapshot = place{version, m.sequence}, id, m.at, h.before
	if m.header.Get(headerSnapshot) != "" {
		h.snapshot = h.place
	}
	return key, h, nil
}

// readRecord decodes a whole record. The snapshot is nil when it has none.
func readRecord(m stored) (saga.Record, []byte, error) {
	key, h, err := readHead(m)
	if err != nil {
		return saga.Record{}, nil, err
	}
	facts, snapshot := m.body, []byte(nil)
	if text := m.header.Get(headerSnapshot); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > len(m.body) {
			return saga.Record{}, nil, fmt.Errorf("decode record %d of %s: %q bytes of snapshot in a body of %d",
				m.sequence, key, text, len(m.body))
		}
		facts, snapshot = m.body[:len(m.body)-n:len(m.body)-n], m.body[len(m.body)-n:]
	}
	return saga.Record{
		Key: key, Version: h.version, ID: h.id, Position: saga.Position(m.sequence), At: m.at, Facts: facts,
	}, snapshot, nil
}
