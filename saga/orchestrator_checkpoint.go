package saga

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
)

// A chain shows that a record was changed or taken out of the middle, but not that the newest are missing, or a whole
// connection. Checkpoints do: a journal of their own that lists the heads of what has changed since the one before, and is
// chained as every other. What was cut off after the last one, the doctor finds against a list of heads kept elsewhere.

// A Head is where a connection's journal ends.
type Head struct {
	Key     events.Key `json:"key"`
	Version uint64     `json:"version"`
	Hash    string     `json:"hash"`
}

// CheckpointTaken: these connections had come so far. Until is up to when changes are listed here or in an earlier one.
type CheckpointTaken struct {
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
	Heads []Head    `json:"heads"`
}

func (CheckpointTaken) isFact() {}

// CheckpointKey is the journal of checkpoints.
var CheckpointKey = events.Key{Tenant: engineTenant, Name: "checkpoints"}

const (
	// checkpointEvery is how often one is taken, when something has changed.
	checkpointEvery = time.Minute
	// checkpointHeads is how many heads fit into one record, at some 180 bytes each.
	checkpointHeads = 2000
	// listingLag bounds how far a listing may be behind appends of other processes.
	listingLag = 10 * time.Second
)

// checkpoints takes one now and then until ctx ends. Of several orchestrators one wins, which is enough.
func (o *Orchestrator) checkpoints(ctx context.Context) error {
	tick := time.NewTicker(o.o.CheckpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := o.Checkpoint(ctx); err != nil && ctx.Err() == nil {
			o.o.Log.Warn("no checkpoint for now", "error", err)
		}
	}
}

// Checkpoint lists what has changed since the last one. That somebody else has just done so is no error.
func (o *Orchestrator) Checkpoint(ctx context.Context) error {
	s, err := o.State(ctx, CheckpointKey)
	if err != nil {
		return err
	}
	heads, until, err := o.changedSince(ctx, s.Checkpointed)
	if err != nil {
		return fmt.Errorf("take checkpoint: %w", err)
	}
	if !until.After(s.Checkpointed) {
		return nil
	}
	for len(heads) > 0 {
		n := min(len(heads), checkpointHeads)
		fact := CheckpointTaken{At: o.o.Now().Round(0).UTC(), Until: s.Checkpointed, Heads: heads[:n]}
		if heads = heads[n:]; len(heads) == 0 {
			fact.Until = until
		}
		w := &work{key: CheckpointKey, before: s, facts: []Fact{fact}}
		if w.after, err = Apply(s, w.facts); err != nil {
			return fmt.Errorf("take checkpoint: %w", err)
		}
		if _, err := o.encode(w); err != nil {
			return fmt.Errorf("take checkpoint: %w", err)
		}
		switch err := o.o.Journal.Append(ctx, []Append{*w.append})[0].Err; {
		case errors.Is(err, ErrConflict):
			return nil
		case err != nil:
			return fmt.Errorf("take checkpoint: %w", err)
		}
		s = w.after
	}
	return nil
}

// changedSince gives the heads of the connections that have changed, and up to when that is known.
func (o *Orchestrator) changedSince(ctx context.Context, since time.Time) (heads []Head, until time.Time, err error) {
	for q := (Query{Limit: 1000}); ; {
		page, err := o.o.Journal.List(ctx, q)
		if err != nil {
			return nil, until, err
		}
		for _, item := range page.Items {
			if item.Changed.Before(since.Add(-listingLag)) {
				return heads, until, nil
			}
			if item.Key == CheckpointKey || item.Summary.Head == "" {
				continue
			}
			if item.Changed.After(until) {
				until = item.Changed
			}
			heads = append(heads, Head{Key: item.Key, Version: item.Version, Hash: item.Summary.Head})
		}
		if page.Next == "" {
			return heads, until, nil
		}
		q.After = page.Next
	}
}
