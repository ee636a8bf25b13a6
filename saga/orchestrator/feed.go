package orchestrator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/saga"
)

// publishStatus sends a status event for every change of a saga's status, from a cursor over the journal that is saved
// after publishing: never lost, and a repeat is known by its id.
func (o *Orchestrator) publishStatus(ctx context.Context) error {
	from, err := o.opts.Cursor.Load(ctx)
	if err != nil {
		return fmt.Errorf("load status cursor: %w", err)
	}
	var published atomic.Uint64
	published.Store(uint64(from))
	var saver sync.WaitGroup
	defer saver.Wait()
	saver.Go(func() { o.saveCursor(ctx, &published) })
	var states cache
	return o.followFrom(ctx, from, func(r saga.Record) error {
		if !saga.IsEngines(r.Key) {
			if err := o.publishRecord(ctx, &states, r); err != nil {
				return fmt.Errorf("publish status of %s: %w", r.Key, err)
			}
		}
		published.Store(uint64(r.Position))
		return nil
	})
}

// saveEvery is how often the cursor is saved: how much is told twice after a crash.
const saveEvery = time.Second

// saveCursor saves what has been published, now and then and at the end.
func (o *Orchestrator) saveCursor(ctx context.Context, published *atomic.Uint64) {
	saved := published.Load()
	for goesOn := true; goesOn; {
		goesOn = pause.For(ctx, saveEvery) == nil
		at := published.Load()
		if at == saved {
			continue
		}
		save, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveEvery)
		err := o.opts.Cursor.Save(save, saga.Position(at))
		cancel()
		if err != nil {
			o.opts.Log.Warn("status cursor is not saved; status events may be repeated", "error", err)
			continue
		}
		saved = at
	}
}

// publishRecord publishes the changes in one record.
func (o *Orchestrator) publishRecord(ctx context.Context, states *cache, r saga.Record) error {
	before, err := o.stateBefore(ctx, states, r)
	if err != nil {
		return err
	}
	facts, _, _, err := saga.DecodeRecord(r.Facts)
	if err != nil {
		return err
	}
	changes, err := saga.Changes(before, facts)
	if err != nil {
		return err
	}
	messages := make([]events.Message, len(changes))
	for i, c := range changes {
		if messages[i], err = statusMessage(r, c); err != nil {
			return err
		}
	}
	if len(messages) > 0 {
		if err := o.opts.Bus.Publish(ctx, messages...); err != nil {
			return err
		}
	}
	after, err := saga.ApplyRecord(before, r)
	if err != nil {
		return err
	}
	states.put(after)
	return nil
}

// stateBefore is the state that a followed record was applied to: remembered, or folded from the beginning.
func (o *Orchestrator) stateBefore(ctx context.Context, states *cache, r saga.Record) (saga.State, error) {
	if s, ok := states.get(r.Key); ok && s.Version+1 == r.Version {
		return s, nil
	}
	if r.Version == 1 {
		return saga.State{Key: r.Key}, nil
	}
	snapshot, records, err := o.opts.Journal.Load(ctx, r.Key)
	if err != nil {
		return saga.State{}, fmt.Errorf("load %s: %w", r.Key, err)
	}
	if snapshot.Version < r.Version {
		before := records
		if at := slices.IndexFunc(records, func(rec saga.Record) bool { return rec.Version >= r.Version }); at >= 0 {
			before = records[:at]
		}
		if snapshot.Version+uint64(len(before))+1 == r.Version { // a read may be behind the record that was heard
			return saga.Rebuild(r.Key, snapshot, before)
		}
	}
	return o.replayTo(ctx, r)
}

// replayTo folds a connection's records up to one that a newer snapshot has overtaken. It reads the records of all
// connections: what the journal gives of one begins at its newest snapshot.
func (o *Orchestrator) replayTo(ctx context.Context, target saga.Record) (saga.State, error) {
	s := saga.State{Key: target.Key}
	for r, err := range o.opts.Journal.Follow(ctx, 0) {
		if err != nil {
			return saga.State{}, err
		}
		if r.Key != target.Key || r.Version <= s.Version {
			continue
		}
		if r.Version >= target.Version {
			return s, nil
		}
		var err error
		if s, err = saga.ApplyRecord(s, r); err != nil {
			return saga.State{}, err
		}
	}
	return saga.State{}, ctx.Err()
}

// statusMessage renders a change as a CloudEvent in binary mode; its id is <key>/<version>/<n>.
func statusMessage(r saga.Record, c saga.Change) (events.Message, error) {
	body, err := json.Marshal(c.Status)
	if err != nil {
		return events.Message{}, fmt.Errorf("encode status: %w", err)
	}
	id := fmt.Sprintf("%s/%d/%d", r.Key, r.Version, c.N)
	return events.Message{
		Subject: events.StatusSubject(c.Status.Kind, string(c.Status.Status)),
		ID:      id,
		Header: map[string]string{
			"ce-specversion": "1.0", "ce-id": id, "ce-source": "/culvert/" + r.Key.Tenant, "ce-subject": r.Key.Name,
			"ce-type": events.StatusType(c.Status.Kind), "ce-time": r.At.UTC().Format(time.RFC3339Nano),
			"content-type": "application/json",
		},
		Body: body,
	}, nil
}
