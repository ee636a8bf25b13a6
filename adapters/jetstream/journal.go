package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// Journal implements [saga.Journal]: one stream, one subject a connection, one message a record. Safe for concurrent
// use.
type Journal struct {
	h     *Backend
	alive context.Context // ends when the backend closes
	index *index

	// batch is held by the one atomic batch of this process that is under way; a server takes 50 a stream. batchName
	// and batches make their ids unique.
	batch     chan struct{}
	batchName string
	batches   atomic.Uint64
	gauge     gauge
}

var _ saga.Journal = (*Journal)(nil)

func newJournal(h *Backend, alive context.Context) *Journal {
	return &Journal{
		h: h, alive: alive, index: newIndex(), batch: make(chan struct{}, 1),
		batchName: strings.TrimPrefix(h.nc.NewInbox(), "_INBOX."),
	}
}

// newest reads a connection's newest record from the stream's leader, and teaches the index. errNone says there is
// none.
func (j *Journal) newest(ctx context.Context, k events.Key) (head, stored, error) {
	m, err := leaderGet(ctx, j.h.nc, events.Journal.Name, get{Last: events.JournalSubject(k)})
	if err != nil {
		return head{}, m, err
	}
	_, h, err := readHead(m)
	if err != nil {
		return head{}, m, err
	}
	j.index.learn(k, h)
	return h, m, nil
}

// loadTries is how often Load begins again when an Archive has overtaken it.
const loadTries = 3

// Load implements [saga.Journal]: the newest record from the leader, which tells where the newest snapshot is, then
// everything in between in one request to any replica.
func (j *Journal) Load(ctx context.Context, k events.Key) (saga.Snapshot, []saga.Record, error) {
	var err error
	for range loadTries {
		var s saga.Snapshot
		var records []saga.Record
		s, records, err = j.load(ctx, k)
		if err == nil {
			return s, records, nil
		}
		if !errors.Is(err, errGap) {
			break
		}
	}
	return saga.Snapshot{}, nil, fmt.Errorf("load %s: %w", k, err)
}

// errGap says that a record between the snapshot and the newest record is not where it should be.
var errGap = errors.New("records are missing")

func (j *Journal) load(ctx context.Context, k events.Key) (saga.Snapshot, []saga.Record, error) {
	if k.Validate() != nil {
		return saga.Snapshot{}, nil, nil // no such connection can be
	}
	last, m, err := j.newest(ctx, k)
	if errors.Is(err, errNone) {
		return saga.Snapshot{}, nil, nil
	}
	if err != nil {
		return saga.Snapshot{}, nil, err
	}
	var b builder
	if next := last.snapshot.version + 1; last.snapshot == last.place || next == last.version &&
		last.snapshot.version == 0 {
		b.next = last.version
	} else if err := j.between(ctx, k, last, &b); err != nil {
		return saga.Snapshot{}, nil, err
	}
	if err := b.add(m); err != nil {
		return saga.Snapshot{}, nil, err
	}
	return b.snapshot, b.records, nil
}

// between adds the records from the newest snapshot, or the beginning, up to the newest record. What a replica does not
// have yet is read from the leader.
func (j *Journal) between(ctx context.Context, k events.Key, last head, b *builder) error {
	b.next = max(1, last.snapshot.version)
	from := get{Next: events.JournalSubject(k), Sequence: max(1, last.snapshot.sequence), Batch: saga.SnapshotEvery + 2}
	var bad error
	err := walk(ctx, j.h.nc, events.Journal.Name, from, func(m stored) bool {
		if m.sequence >= last.sequence {
			return false
		}
		bad = b.add(m)
		return bad == nil
	})
	if err := errors.Join(err, bad); err != nil {
		return err
	}
	for b.next < last.version {
		m, err := leaderGet(
			ctx, j.h.nc, events.Journal.Name, get{Next: from.Next, Sequence: max(from.Sequence, b.sequence+1)},
		)
		if errors.Is(err, errNone) {
			return errGap
		}
		if err != nil {
			return err
		}
		if err := b.add(m); err != nil {
			return err
		}
	}
	return nil
}

// builder puts a snapshot and the records after it together, in order and without a gap.
type builder struct {
	snapshot saga.Snapshot
	records  []saga.Record
	next     uint64 // the version that is due
	sequence uint64 // of the last record
}

func (b *builder) add(m stored) error {
	r, snapshot, err := readRecord(m)
	if err != nil {
		return err
	}
	if r.Version != b.next {
		return fmt.Errorf("%w: version %d where %d is due", errGap, r.Version, b.next)
	}
	b.next, b.sequence = r.Version+1, m.sequence
	if snapshot != nil {
		b.snapshot, b.records = saga.Snapshot{Version: r.Version, State: snapshot}, nil
		return nil
	}
	b.records = append(b.records, r)
	return nil
}

// List implements [saga.Journal] from the index in memory.
func (j *Journal) List(ctx context.Context, q saga.Query) (saga.Page, error) {
	if err := j.index.wait(ctx); err != nil {
		return saga.Page{}, fmt.Errorf("list connections: %w", err)
	}
	return j.index.list(q)
}

// Archive implements [saga.Journal]: it purges what is before the newest record before the version that has a snapshot.
// Each record tells where the snapshot before it is, so the way back is short.
func (j *Journal) Archive(ctx context.Context, k events.Key, before uint64) error {
	if k.Validate() != nil {
		return nil // no such connection can be
	}
	last, _, err := j.newest(ctx, k)
	if errors.Is(err, errNone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("archive %s: %w", k, err)
	}
	keep := last.snapshot
	for keep.version >= before && keep.version > 0 {
		m, err := leaderGet(ctx, j.h.nc, events.Journal.Name, get{Sequence: keep.sequence})
		if errors.Is(err, errNone) {
			return nil // archived before
		}
		if err != nil {
			return fmt.Errorf("archive %s: %w", k, err)
		}
		_, h, err := readHead(m)
		if err != nil {
			return fmt.Errorf("archive %s: %w", k, err)
		}
		keep = h.before
	}
	if keep.version == 0 {
		return nil
	}
	stream, err := j.h.js.Stream(ctx, events.Journal.Name)
	if err == nil {
		err = stream.Purge(ctx, js.WithPurgeSubject(events.JournalSubject(k)), js.WithPurgeSequence(keep.sequence))
	}
	if err != nil {
		return fmt.Errorf("archive %s before sequence %s: %w", k, strconv.FormatUint(keep.sequence, 10), err)
	}
	return nil
}
