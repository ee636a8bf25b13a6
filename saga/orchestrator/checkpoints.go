package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/saga"
)

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
	tick := time.NewTicker(o.opts.CheckpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := o.Checkpoint(ctx); err != nil && ctx.Err() == nil {
			o.opts.Log.Warn("checkpoint not taken; it is tried again", "error", err)
		}
	}
}

// Checkpoint lists what has changed since the last one. That somebody else has just done so is no error.
func (o *Orchestrator) Checkpoint(ctx context.Context) error {
	s, err := o.State(ctx, saga.CheckpointKey)
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
		fact := saga.CheckpointTaken{At: o.opts.Now().Round(0).UTC(), Until: s.Checkpointed, Heads: heads[:n]}
		if heads = heads[n:]; len(heads) == 0 {
			fact.Until = until
		}
		w := &work{key: saga.CheckpointKey, before: s, facts: []saga.Fact{fact}}
		if w.after, err = saga.Apply(s, w.facts); err != nil {
			return fmt.Errorf("take checkpoint: %w", err)
		}
		if _, err := o.encode(w); err != nil {
			return fmt.Errorf("take checkpoint: %w", err)
		}
		switch err := o.opts.Journal.Append(ctx, []saga.Append{*w.append})[0].Err; {
		case errors.Is(err, saga.ErrConflict):
			return nil
		case err != nil:
			return fmt.Errorf("take checkpoint: %w", err)
		}
		s = w.after
	}
	return nil
}

// changedSince gives the heads of the connections that have changed, and up to when that is known.
func (o *Orchestrator) changedSince(
	ctx context.Context, since time.Time,
) (heads []saga.Head, until time.Time, err error) {
	for q := (saga.Query{Limit: 1000}); ; {
		page, err := o.opts.Journal.List(ctx, q)
		if err != nil {
			return nil, until, err
		}
		for _, item := range page.Items {
			if item.Changed.Before(since.Add(-listingLag)) {
				return heads, until, nil
			}
			if item.Key == saga.CheckpointKey || item.Summary.Head == "" {
				continue
			}
			if item.Changed.After(until) {
				until = item.Changed
			}
			heads = append(heads, saga.Head{Key: item.Key, Version: item.Version, Hash: item.Summary.Head})
		}
		if page.Next == "" {
			return heads, until, nil
		}
		q.After = page.Next
	}
}
