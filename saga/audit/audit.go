// Package audit reads a whole journal and holds its chains, snapshots, listing and checkpoints against each other. It
// needs nothing but the port, so it is the same on every backend. It is the one place that looks at a journal as
// something that may be wrong.
package audit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// A Finding is one place where a journal is not what Culvert wrote.
type Finding struct {
	Key     events.Key `json:"key"`
	Version uint64     `json:"version,omitempty"`
	// What is a short stable word: edited, missing, order, snapshot, listing, checkpoint, unreadable.
	What   string `json:"what"`
	Detail string `json:"detail"`
}

// A Report is what an audit has read and found.
type Report struct {
	Connections int       `json:"connections"`
	Records     int       `json:"records"`
	Checkpoints int       `json:"checkpoints"`
	Findings    []Finding `json:"findings"`
	// Heads are where the journals end; kept elsewhere, a later audit can be held against them.
	Heads []saga.Head `json:"heads"`
}

// auditIdle is how long an audit waits for records that the listing has and that do not come.
const auditIdle = 5 * time.Second

// Run reads a whole journal and holds records, snapshots, the listing, the checkpoints and, when given, heads that were
// kept elsewhere against each other. It changes nothing, and runs beside the work: what is appended meanwhile is left
// out.
func Run(ctx context.Context, e saga.Engine, j saga.Journal, against []saga.Head) (Report, error) {
	a := &audit{engine: e, journal: j, read: map[events.Key]*audited{}, want: map[events.Key]saga.Listed{}}
	for q := (saga.Query{Limit: 1000}); ; {
		page, err := j.List(ctx, q)
		if err != nil {
			return Report{}, fmt.Errorf("audit journal: %w", err)
		}
		for _, item := range page.Items {
			a.want[item.Key] = item
		}
		if q.After = page.Next; page.Next == "" {
			break
		}
	}
	if err := a.follow(ctx); err != nil {
		return Report{}, fmt.Errorf("audit journal: %w", err)
	}
	for _, key := range slices.SortedFunc(maps.Keys(a.all()), byKey) {
		if err := a.compare(ctx, key); err != nil {
			return Report{}, fmt.Errorf("audit %s: %w", key, err)
		}
	}
	a.hold(a.checkpoints, "a checkpoint")
	a.hold(against, "the list of heads")
	slices.SortStableFunc(a.report.Findings, func(a, b Finding) int {
		return cmp.Or(byKey(a.Key, b.Key), cmp.Compare(a.Version, b.Version))
	})
	return a.report, nil
}

func byKey(a, b events.Key) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Name, b.Name))
}

// audit is one audit on its way.
type audit struct {
	engine      saga.Engine
	journal     saga.Journal
	want        map[events.Key]saga.Listed
	read        map[events.Key]*audited
	checkpoints []saga.Head
	report      Report
}

// audited is what was read of one connection.
type audited struct {
	state saga.State
	// broken says that the state is not known any more; hashes are the records' own, by version.
	broken bool
	hashes map[uint64]string
	// at is the state's encoding at each version that a snapshot may be of, for as long as it may be asked for.
	states map[uint64][]byte
	first  uint64
}

func (a *audit) found(k events.Key, version uint64, what, format string, args ...any) {
	a.report.Findings = append(
		a.report.Findings, Finding{Key: k, Version: version, What: what, Detail: fmt.Sprintf(format, args...)},
	)
}

func (a *audit) all() map[events.Key]bool {
	all := map[events.Key]bool{}
	for k := range a.want {
		all[k] = true
	}
	for k := range a.read {
		all[k] = true
	}
	return all
}

// follow reads the records up to what the listing has.
func (a *audit) follow(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	missing := 0
	for _, item := range a.want {
		if item.Version > 0 {
			missing++
		}
	}
	idle := time.AfterFunc(auditIdle, stop)
	defer idle.Stop()
	if missing == 0 {
		idle.Reset(auditIdle / 10)
	}
	for r, err := range a.journal.Follow(ctx, 0) {
		if err != nil {
			a.found(r.Key, r.Version, "unreadable", "the journal cannot be read from here on: %v", err)
			return nil
		}
		idle.Reset(auditIdle)
		item, listed := a.want[r.Key]
		if listed && r.Version > item.Version {
			continue // appended since
		}
		a.record(r)
		if listed && r.Version == item.Version {
			missing--
		}
		if missing <= 0 {
			idle.Reset(auditIdle / 10) // what is not listed at all comes soon or not
		}
	}
	return nil
}

// record holds one record against the one before.
func (a *audit) record(r saga.Record) {
	c := a.read[r.Key]
	if c == nil {
		c = &audited{
			state: saga.State{Key: r.Key}, hashes: map[uint64]string{}, states: map[uint64][]byte{}, first: r.Version,
		}
		a.read[r.Key] = c
		a.report.Connections++
		if r.Version > 1 {
			a.found(r.Key, 1, "missing", "it begins with version %d", r.Version)
			c.broken = true
			c.state.Version = r.Version - 1
		}
	}
	a.report.Records++
	switch {
	case r.Version <= c.state.Version:
		a.found(r.Key, r.Version, "order", "the record is repeated or late, after version %d", c.state.Version)
		return
	case r.Version > c.state.Version+1:
		a.found(r.Key, c.state.Version+1, "missing", "version %d follows version %d", r.Version, c.state.Version)
		c.broken, c.state.Version = true, r.Version-1
	}
	facts, prev, linked, err := saga.DecodeRecord(r.Facts)
	if err != nil {
		a.found(r.Key, r.Version, "unreadable", "%v", err)
		c.broken = true
	}
	if err == nil && r.Key == saga.CheckpointKey {
		a.checkpoint(facts)
	}
	if before := c.hashes[r.Version-1]; linked && before != "" && prev != before || !linked && err == nil &&
		c.state.Head != "" {
		a.found(r.Key, r.Version-1, "edited", "version %d was written after a different version %d", r.Version,
			r.Version-1)
		c.broken = true
	}
	head := ""
	if linked {
		head = saga.Place{Key: r.Key, Version: r.Version, ID: r.ID}.Hash(r.Facts)
	}
	c.hashes[r.Version] = head
	if c.broken {
		c.state.Version, c.state.Head = r.Version, head
		return
	}
	next, err := saga.Apply(c.state, facts)
	if err != nil {
		a.found(r.Key, r.Version, "edited", "%v", err)
		c.broken, c.state.Version, c.state.Head = true, r.Version, head
		return
	}
	next.Head = head
	c.state = next
	if r.Version%saga.SnapshotEvery == 0 {
		c.states[r.Version] = encodeState(next)
	}
}

func (a *audit) checkpoint(facts []saga.Fact) {
	for _, f := range facts {
		if c, is := f.(saga.CheckpointTaken); is {
			a.report.Checkpoints++
			a.checkpoints = append(a.checkpoints, c.Heads...)
		}
	}
}

// encodeState gives a state as a snapshot has it.
func encodeState(s saga.State) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return nil // a state is plain data; a snapshot that is none either will not be equal
	}
	return b
}

// compare holds a connection's snapshot and its place in the listing against its records.
func (a *audit) compare(ctx context.Context, key events.Key) error {
	item, listed := a.want[key]
	c := a.read[key]
	switch {
	case c == nil:
		a.found(key, item.Version, "missing", "it is listed at version %d and has no records", item.Version)
		return nil
	case !listed:
		a.found(key, c.state.Version, "listing", "it has %d versions and is not in the listing", c.state.Version)
		return nil
	case c.state.Version < item.Version:
		a.found(key, c.state.Version+1, "missing", "it is listed at version %d and ends with version %d", item.Version,
			c.state.Version)
	}
	a.report.Heads = append(
		a.report.Heads, saga.Head{Key: key, Version: c.state.Version, Hash: c.hashes[c.state.Version]},
	)
	snapshot, _, err := a.journal.Load(ctx, key)
	if err != nil {
		return err
	}
	if want, kept := c.states[snapshot.Version]; kept && !sameJSON(want, snapshot.State) {
		a.found(key, snapshot.Version, "snapshot", "it does not agree with the records up to there")
	}
	if c.broken || c.state.Version != item.Version {
		return nil
	}
	is, should := item.Summary, a.engine.Summarise(c.state, a.engine.Moves(&c.state, nil, nil))
	// The release that wrote the summary had its own patience and its own words, and what was paused then may be
	// resumed now.
	is.Due, should.Due = time.Time{}, time.Time{}
	is.Why, should.Why = nil, nil
	if is.Head == "" {
		should.Head = ""
	}
	if listed, made := encodeSummary(is), encodeSummary(should); !saga.IsEngines(key) && listed != made {
		a.found(key, item.Version, "listing", "it is listed as %s, its records make %s", listed, made)
	}
	return nil
}

func encodeSummary(s saga.Summary) string {
	b, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// sameJSON compares two documents by what they say, because a store may give other white space back.
func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return false
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}

// hold holds heads that were noted once against what is there now.
func (a *audit) hold(heads []saga.Head, by string) {
	told := map[events.Key]bool{}
	for _, h := range heads {
		c := a.read[h.Key]
		item, listed := a.want[h.Key]
		switch {
		case told[h.Key]:
		case c == nil && !listed:
			a.found(h.Key, h.Version, "missing", "%s has version %d, and the connection is not there", by, h.Version)
			told[h.Key] = true
		case c == nil || c.state.Version < h.Version:
			if listed && item.Version > h.Version {
				continue // told already
			}
			a.found(h.Key, h.Version, "missing", "%s has version %d, and the records end before it", by, h.Version)
			told[h.Key] = true
		case h.Version >= c.first && c.hashes[h.Version] != h.Hash:
			a.found(h.Key, h.Version, "edited", "%s has a different version %d", by, h.Version)
			told[h.Key] = true
		}
	}
}
