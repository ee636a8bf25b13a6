package memory

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// maxFacts is the port's own bound.
const maxFacts = 512 << 10

// A Journal implements [saga.Journal] in memory. Every process of a test uses the same value; safe for concurrent use.
type Journal struct {
	now func() time.Time

	mu      sync.Mutex
	log     []*kept // by position, archived ones stay as nil
	byKey   map[events.Key]*connection
	growing chan struct{} // closed and replaced by every append
	// limit is how many bytes fit, zero for any number; used are those that are there.
	limit, used int
}

var _ saga.Journal = (*Journal)(nil)

// connection is one key's list.
type connection struct {
	version  uint64
	position saga.Position // of the newest record
	summary  saga.Summary
	changed  time.Time
	snapshot saga.Snapshot
	records  []*kept // by version, oldest first
}

type kept struct {
	saga.Record
	snapshot bool
}

// NewJournal makes an empty journal. now stamps records; nil means time.Now.
func NewJournal(now func() time.Time) *Journal {
	if now == nil {
		now = time.Now
	}
	return &Journal{now: now, byKey: map[events.Key]*connection{}, growing: make(chan struct{})}
}

// Limit bounds the bytes that fit; new work is refused from four fifths of them on.
func (j *Journal) Limit(bytes int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.limit = bytes
}

// Append implements [saga.Journal].
func (j *Journal) Append(ctx context.Context, appends []saga.Append) []saga.Result {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]saga.Result, len(appends))
	for i, a := range appends {
		if err := j.append(ctx, a); err != nil {
			out[i].Err = fmt.Errorf("append to %s after %d: %w", a.Key, a.After, err)
		} else {
			out[i].Version = a.After + 1
		}
	}
	close(j.growing)
	j.growing = make(chan struct{})
	return out
}

func (j *Journal) append(ctx context.Context, a saga.Append) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", saga.ErrUnknown, err)
	}
	if err := a.Key.Validate(); err != nil {
		return err
	}
	if len(a.Facts) > maxFacts {
		return fmt.Errorf("facts are %d bytes, at most %d fit", len(a.Facts), maxFacts)
	}
	c := j.byKey[a.Key]
	if c == nil {
		c = &connection{}
	}
	if c.version != a.After {
		return c.repeat(a)
	}
	if c.version >= c.snapshot.Version+saga.SnapshotEvery && a.Snapshot == nil {
		return fmt.Errorf("no snapshot after %d records without one", saga.SnapshotEvery)
	}
	size := len(a.Facts) + len(a.Snapshot)
	if j.limit > 0 && (j.used+size > j.limit || a.Admits && j.used >= j.limit/5*4) {
		return fmt.Errorf("%w: %d of %d bytes are used", saga.ErrFull, j.used, j.limit)
	}
	j.used += size
	j.land(c, a)
	return nil
}

// repeat tells whether an append on another version than the newest is a repeat of itself.
func (c *connection) repeat(a saga.Append) error {
	for _, r := range c.records {
		if r.Version == a.After+1 && r.ID == a.ID {
			return nil
		}
	}
	return saga.ErrConflict
}

func (j *Journal) land(c *connection, a saga.Append) {
	r := &kept{
		Record: saga.Record{
			Key: a.Key, Version: a.After + 1, ID: a.ID, Position: saga.Position(len(j.log) + 1), At: j.now(),
			Facts: slices.Clone(a.Facts),
		},
		snapshot: a.Snapshot != nil,
	}
	c.version, c.position, c.summary, c.changed = r.Version, r.Position, a.Summary, r.At
	c.records = append(c.records, r)
	if r.snapshot {
		c.snapshot = saga.Snapshot{Version: r.Version, State: slices.Clone(a.Snapshot)}
	}
	j.log = append(j.log, r)
	j.byKey[a.Key] = c
}

// Load implements [saga.Journal].
func (j *Journal) Load(ctx context.Context, k events.Key) (saga.Snapshot, []saga.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return saga.Snapshot{}, nil, fmt.Errorf("load %s: %w", k, err)
	}
	c := j.byKey[k]
	if c == nil {
		return saga.Snapshot{}, nil, nil
	}
	var records []saga.Record
	for _, r := range c.records {
		if r.Version > c.snapshot.Version {
			records = append(records, r.copy())
		}
	}
	return saga.Snapshot{Version: c.snapshot.Version, State: slices.Clone(c.snapshot.State)}, records, nil
}

func (r *kept) copy() saga.Record {
	out := r.Record
	out.Facts = slices.Clone(r.Facts)
	return out
}

// List implements [saga.Journal]. A page's Next is the position of its last item.
func (j *Journal) List(ctx context.Context, q saga.Query) (saga.Page, error) {
	if err := ctx.Err(); err != nil {
		return saga.Page{}, fmt.Errorf("list connections: %w", err)
	}
	before := uint64(1 << 63)
	if q.After != "" {
		var err error
		if before, err = strconv.ParseUint(q.After, 10, 64); err != nil {
			return saga.Page{}, fmt.Errorf("list connections: %q is not the Next of a page", q.After)
		}
	}
	limit := min(q.Limit, 1000)
	if limit <= 0 {
		limit = 100
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	type found struct {
		position saga.Position
		listed   saga.Listed
	}
	var all []found
	for k, c := range j.byKey {
		if uint64(c.position) < before && selects(q, k, c.summary) {
			all = append(
				all, found{c.position, saga.Listed{Key: k, Version: c.version, Changed: c.changed, Summary: c.summary}},
			)
		}
	}
	slices.SortFunc(all, func(a, b found) int { return int(b.position) - int(a.position) })
	var page saga.Page
	for i, f := range all {
		if i == limit {
			page.Next = strconv.FormatUint(uint64(all[i-1].position), 10)
			break
		}
		page.Items = append(page.Items, f.listed)
	}
	return page, nil
}

func selects(q saga.Query, k events.Key, s saga.Summary) bool {
	return (q.Status == "" || q.Status == s.Status) && (q.Kind == "" || q.Kind == s.Kind) &&
		(q.Name == "" || q.Name == k.Name)
}

// Follow implements [saga.Journal]. It ends without an error when ctx does.
func (j *Journal) Follow(ctx context.Context, after saga.Position) iter.Seq2[saga.Record, error] {
	return func(yield func(saga.Record, error) bool) {
		for at := after; ; {
			j.mu.Lock()
			growing, log := j.growing, j.log
			var r *kept
			for ; r == nil && int(at) < len(log); at++ {
				r = log[at]
			}
			j.mu.Unlock()
			if ctx.Err() != nil {
				return
			}
			if r != nil {
				if !yield(r.copy(), nil) {
					return
				}
				continue
			}
			select {
			case <-growing:
			case <-ctx.Done():
				return
			}
		}
	}
}

// Archive implements [saga.Journal]: it forgets what is before the newest snapshot before the version.
func (j *Journal) Archive(ctx context.Context, k events.Key, before uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.byKey[k]
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("archive %s: %w", k, err)
	}
	if c == nil {
		return nil
	}
	var first uint64
	for _, r := range c.records {
		if r.snapshot && r.Version < before {
			first = r.Version
		}
	}
	c.records = slices.DeleteFunc(c.records, func(r *kept) bool {
		if r.Version < first {
			j.log[r.Position-1] = nil
		}
		return r.Version < first
	})
	return nil
}
