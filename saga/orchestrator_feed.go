package saga

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/culvertnet/culvert/events"
)

// The engine's own holds are kept in the journal under a tenant that no publisher can have: one key for the whole engine
// and one per capability, paused and resumed like connections.
const (
	engineTenant     = "culvert"
	engineName       = "engine"
	capabilityPrefix = "capability-"
)

// EngineKey is the journal key of the hold of the whole engine ("") or of a capability.
func EngineKey(capability string) events.Key {
	if capability == "" {
		return events.Key{Tenant: engineTenant, Name: engineName}
	}
	return events.Key{Tenant: engineTenant, Name: capabilityPrefix + capability}
}

// learnHeld reads one of the engine's own keys and holds or releases accordingly.
func (o *Orchestrator) learnHeld(ctx context.Context, key events.Key) {
	s, err := o.State(ctx, key)
	if err != nil {
		o.o.Log.Warn("hold cannot be read", "key", key.String(), "error", err)
		return
	}
	held := *o.held.Load()
	next := Held{All: held.All, Capabilities: maps.Clone(held.Capabilities)}
	if capability, is := strings.CutPrefix(key.Name, capabilityPrefix); is {
		if next.Capabilities == nil {
			next.Capabilities = map[string]bool{}
		}
		next.Capabilities[capability] = s.Paused != nil
	} else {
		next.All = s.Paused != nil
	}
	o.held.Store(&next)
}

// follow hears of every record, this process's and others': it wakes watchers, and learns of holds.
func (o *Orchestrator) follow(ctx context.Context) error {
	from, err := o.o.Cursor.Load(ctx) // what is older has been told, and the sweep knows its state
	if err != nil {
		return fmt.Errorf("load cursor: %w", err)
	}
	for r, err := range o.o.Journal.Follow(ctx, from) {
		if err != nil {
			return fmt.Errorf("follow journal: %w", err)
		}
		if r.Key.Tenant == engineTenant {
			o.learnHeld(ctx, r.Key)
			if err := o.wake(ctx, false); err != nil && ctx.Err() == nil {
				o.o.Log.Warn("connections are not all awake after a hold changed", "error", err)
			}
			continue
		}
		o.hub.tell(r.Key)
	}
	return ctx.Err()
}

// Watch gives a channel that gets a value soon after each change of a connection; changes that come while one waits there
// are one. Call stop when done.
func (o *Orchestrator) Watch(key events.Key) (changed <-chan struct{}, stop func()) {
	return o.hub.join(key)
}

// hub tells watchers that a connection changed.
type hub struct {
	mu       sync.Mutex
	watchers map[events.Key]map[chan struct{}]struct{}
}

func (h *hub) join(key events.Key) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers == nil {
		h.watchers = map[events.Key]map[chan struct{}]struct{}{}
	}
	if h.watchers[key] == nil {
		h.watchers[key] = map[chan struct{}]struct{}{}
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

func (h *hub) tell(key events.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.watchers[key] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// publishStatus sends a status event for every change of a saga's status, from a cursor over the journal that is saved
// after publishing: never lost, and a repeat is known by its id.
func (o *Orchestrator) publishStatus(ctx context.Context) error {
	from, err := o.o.Cursor.Load(ctx)
	if err != nil {
		return fmt.Errorf("load status cursor: %w", err)
	}
	states := map[events.Key]State{}
	unsaved := 0
	saved := o.o.Now()
	for r, err := range o.o.Journal.Follow(ctx, from) {
		if err != nil {
			return fmt.Errorf("follow journal for status: %w", err)
		}
		if r.Key.Tenant != engineTenant {
			if err := o.publishRecord(ctx, states, r); err != nil {
				return err
			}
		}
		if unsaved++; unsaved >= 256 || o.o.Now().Sub(saved) > time.Second {
			if err := o.o.Cursor.Save(ctx, r.Position); err != nil && ctx.Err() == nil {
				return fmt.Errorf("save status cursor: %w", err)
			}
			unsaved, saved = 0, o.o.Now()
		}
	}
	return ctx.Err()
}

// publishRecord publishes the changes in one record, until the broker takes them.
func (o *Orchestrator) publishRecord(ctx context.Context, states map[events.Key]State, r Record) error {
	before, err := o.stateBefore(ctx, states, r)
	if err != nil {
		return err
	}
	facts, err := DecodeFacts(r.Facts)
	if err != nil {
		return err
	}
	changes, err := Changes(before, facts)
	if err != nil {
		return err
	}
	after, err := Apply(before, facts)
	if err != nil {
		return err
	}
	if states[r.Key] = after; !after.active() && len(after.Queue) == 0 || len(states) > cacheBound {
		delete(states, r.Key)
	}
	for _, c := range changes {
		m, err := statusMessage(r, c)
		if err != nil {
			return err
		}
		for o.o.Bus.Publish(ctx, m) != nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
			}
		}
	}
	return nil
}

// stateBefore is the state that a followed record was applied to: remembered, or folded from the beginning.
func (o *Orchestrator) stateBefore(ctx context.Context, states map[events.Key]State, r Record) (State, error) {
	if s, ok := states[r.Key]; ok && s.Version+1 == r.Version {
		return s, nil
	}
	if r.Version == 1 {
		return State{Key: r.Key}, nil
	}
	snapshot, records, err := o.o.Journal.Load(ctx, r.Key)
	if err != nil {
		return State{}, fmt.Errorf("load %s: %w", r.Key, err)
	}
	if snapshot.Version < r.Version {
		for i, rec := range records {
			if rec.Version == r.Version {
				return Rebuild(r.Key, snapshot, records[:i])
			}
		}
	}
	return o.replayTo(ctx, r)
}

// replayTo folds a connection's records up to one that a newer snapshot has overtaken.
func (o *Orchestrator) replayTo(ctx context.Context, target Record) (State, error) {
	s := State{Key: target.Key}
	for r, err := range o.o.Journal.Follow(ctx, 0) {
		if err != nil {
			return State{}, err
		}
		if r.Key != target.Key || r.Version <= s.Version {
			continue
		}
		if r.Version >= target.Version {
			return s, nil
		}
		facts, err := DecodeFacts(r.Facts)
		if err != nil {
			return State{}, err
		}
		if s, err = Apply(s, facts); err != nil {
			return State{}, err
		}
	}
	return State{}, ctx.Err()
}

// statusMessage renders a change as a CloudEvent in binary mode; its id is <key>/<version>/<n>.
func statusMessage(r Record, c Change) (events.Message, error) {
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
