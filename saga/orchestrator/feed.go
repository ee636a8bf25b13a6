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
	"github.com/culvertnet/culvert/saga"
)

// follow hears of every record, this process's and others': it wakes watchers, forgets what it knew of connections that
// have moved on, and learns of holds.
func (o *Orchestrator) follow(ctx context.Context) error {
	from, err := o.o.Cursor.Load(ctx) // what is older has been told, and holds were learnt at start
	if err != nil {
		return fmt.Errorf("load cursor: %w", err)
	}
	return o.followFrom(ctx, from, func(r saga.Record) error {
		if !saga.IsEngines(r.Key) {
			o.notBehind(r.Key, r.Version)
			o.hub.tell(r.Key, r.Version)
			return nil
		}
		if err := o.learnHold(ctx, r.Key, r.Version); err != nil {
			return err
		}
		return o.wake(ctx, wakeReleased)
	})
}

// followPause is how long a follower rests when the journal does not answer.
const followPause = time.Second

// followFrom hands every record after a position to take, until ctx ends. What fails is logged and taken again from the
// same record after a pause: a follower has nobody to give an error to.
func (o *Orchestrator) followFrom(ctx context.Context, from saga.Position, take func(saga.Record) error) error {
	for ctx.Err() == nil {
		for r, err := range o.o.Journal.Follow(ctx, from) {
			if err == nil {
				err = take(r)
			}
			if err != nil {
				if ctx.Err() == nil {
					o.o.Log.Warn("journal is not followed further for now", "position", uint64(from), "error", err)
				}
				break
			}
			from = r.Position
		}
		if !pause(ctx, followPause) {
			break
		}
	}
	return ctx.Err()
}

// pause waits; it is false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Watch gives a channel that gets a connection's version soon after each change of it; of those that come while one waits
// there only the newest is left. StateAt reads what was heard of. Call stop when done.
func (o *Orchestrator) Watch(key events.Key) (changed <-chan uint64, stop func()) {
	return o.hub.join(key)
}

// hub tells watchers that a connection changed.
type hub struct {
	mu       sync.Mutex
	watchers map[events.Key]map[chan uint64]struct{}
}

func (h *hub) join(key events.Key) (<-chan uint64, func()) {
	c := make(chan uint64, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers == nil {
		h.watchers = map[events.Key]map[chan uint64]struct{}{}
	}
	if h.watchers[key] == nil {
		h.watchers[key] = map[chan uint64]struct{}{}
	}
	h.watchers[key][c] = struct{}{}
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers[key], c)
		if len(h.watchers[key]) == 0 {
			delete(h.watchers, key)
		}
	}
}

// tell is for one caller, which tells versions in order.
func (h *hub) tell(key events.Key, version uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.watchers[key] {
		select {
		case <-c: // an older one that nobody has taken
		default:
		}
		c <- version
	}
}

// publishStatus sends a status event for every change of a saga's status, from a cursor over the journal that is saved
// after publishing: never lost, and a repeat is known by its id.
func (o *Orchestrator) publishStatus(ctx context.Context) error {
	from, err := o.o.Cursor.Load(ctx)
	if err != nil {
		return fmt.Errorf("load status cursor: %w", err)
	}
	var published atomic.Uint64
	published.Store(uint64(from))
	var saver sync.WaitGroup
	defer saver.Wait()
	saver.Go(func() { o.saveCursor(ctx, &published) })
	states := map[events.Key]saga.State{}
	return o.followFrom(ctx, from, func(r saga.Record) error {
		if !saga.IsEngines(r.Key) {
			if err := o.publishRecord(ctx, states, r); err != nil {
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
		goesOn = pause(ctx, saveEvery)
		at := published.Load()
		if at == saved {
			continue
		}
		save, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveEvery)
		err := o.o.Cursor.Save(save, saga.Position(at))
		cancel()
		if err != nil {
			o.o.Log.Warn("status cursor is not saved; status events may be repeated", "error", err)
			continue
		}
		saved = at
	}
}

// publishRecord publishes the changes in one record.
func (o *Orchestrator) publishRecord(ctx context.Context, states map[events.Key]saga.State, r saga.Record) error {
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
		if err := o.o.Bus.Publish(ctx, messages...); err != nil {
			return err
		}
	}
	after, err := saga.ApplyRecord(before, r)
	if err != nil {
		return err
	}
	if _, kept := states[r.Key]; !kept && len(states) >= cacheBound {
		for k := range states { // which one goes does not matter much
			delete(states, k)
			break
		}
	}
	states[r.Key] = after
	return nil
}

// stateBefore is the state that a followed record was applied to: remembered, or folded from the beginning.
func (o *Orchestrator) stateBefore(ctx context.Context, states map[events.Key]saga.State, r saga.Record) (saga.State, error) {
	if s, ok := states[r.Key]; ok && s.Version+1 == r.Version {
		return s, nil
	}
	if r.Version == 1 {
		return saga.State{Key: r.Key}, nil
	}
	snapshot, records, err := o.o.Journal.Load(ctx, r.Key)
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

// replayTo folds a connection's records up to one that a newer snapshot has overtaken.
func (o *Orchestrator) replayTo(ctx context.Context, target saga.Record) (saga.State, error) {
	s := saga.State{Key: target.Key}
	for r, err := range o.o.Journal.Follow(ctx, 0) {
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
