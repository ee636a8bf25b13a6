package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// Journals move to another backend as what they are: records with their ids and every byte of their facts, so that the
// chains hold there too. What is derived (snapshots, summaries) is made anew.

// QuietAt tells from when on nothing that was requested can have an effect any more: the latest deadline of a command
// that is out, and the vendors' quiet time. Zero means that nothing is out. It is a moment's answer unless the engine
// is held.
func (o *Orchestrator) QuietAt(ctx context.Context) (at time.Time, err error) {
	err = o.list(ctx, func(item saga.Listed) error {
		if saga.IsEngines(item.Key) || item.Summary.Status.Ended() && item.Summary.Queued == 0 {
			return nil
		}
		s, err := o.State(ctx, item.Key)
		if err != nil || s.Saga == nil {
			return err
		}
		for _, st := range s.Saga.Steps {
			if st.Open == nil {
				continue
			}
			if quiet := st.Open.Deadline.Add(o.opts.Engine.Limits.QuietTime()); quiet.After(at) {
				at = quiet
			}
		}
		return nil
	})
	return at, err
}

// importTries bounds how often an import offers a record whose fate is unknown again.
const importTries = 20

// Import appends records of another backend to this one's journal: each connection's in order, from its first or from
// where an earlier import has ended. It verifies the chains before it appends. What is there already and equal is
// passed over; another history of the same connection is an error. The engine has to be held.
func (o *Orchestrator) Import(ctx context.Context, records []saga.Record) error {
	if !o.Held().All() {
		return fmt.Errorf("import: %w", saga.ErrNotHeld)
	}
	states := map[events.Key]saga.State{}
	for _, r := range records {
		if saga.IsEngines(r.Key) {
			return fmt.Errorf("import %s: the engine's own journals stay with their backend", r.Key)
		}
		s, known := states[r.Key]
		if !known {
			var err error
			if s, err = o.State(ctx, r.Key); err != nil {
				return fmt.Errorf("import %s: %w", r.Key, err)
			}
		}
		if r.Version <= s.Version {
			if err := o.same(ctx, r); err != nil {
				return fmt.Errorf("import %s: %w", r.Key, err)
			}
			states[r.Key] = s
			continue
		}
		next, err := o.importOne(ctx, s, r)
		if err != nil {
			return fmt.Errorf("import %s: %w", r.Key, err)
		}
		states[r.Key] = next
	}
	return nil
}

// same tells whether the journal has this very record: offering it again is answered as landed.
func (o *Orchestrator) same(ctx context.Context, r saga.Record) error {
	res := o.opts.Journal.Append(ctx, []saga.Append{{Key: r.Key, After: r.Version - 1, ID: r.ID, Facts: r.Facts}})[0]
	if errors.Is(res.Err, saga.ErrConflict) {
		return fmt.Errorf("the connection is here with another history: %w", res.Err)
	}
	return res.Err
}

func (o *Orchestrator) importOne(ctx context.Context, s saga.State, r saga.Record) (saga.State, error) {
	next, err := saga.ApplyRecord(s, r)
	if err != nil {
		return s, err
	}
	e := o.opts.Engine
	a := saga.Append{
		Key: r.Key, After: s.Version, ID: r.ID, Facts: r.Facts, Summary: e.Summarise(
			next, e.Moves(&next, o.Held(), nil),
		),
	}
	if next.Version%saga.SnapshotEvery == 0 {
		if a.Snapshot, err = json.Marshal(next); err != nil {
			return s, fmt.Errorf("snapshot: %w", err)
		}
	}
	for range importTries {
		if err = o.opts.Journal.Append(ctx, []saga.Append{a})[0].Err; err == nil || !errors.Is(err, saga.ErrUnknown) {
			break
		}
	}
	return next, err
}
