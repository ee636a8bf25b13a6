package orchestrator

import (
	"context"
	"fmt"
	"sync"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// holds is what is held now, with the version of the engine's own keys that it was learnt from.
type holds struct {
	mu     sync.Mutex
	now    saga.Held
	learnt map[events.Key]uint64
}

// Held tells what is not requested now. The map belongs to the orchestrator.
func (o *Orchestrator) Held() saga.Held {
	o.held.mu.Lock()
	defer o.held.mu.Unlock()
	return o.held.now
}

// learnHolds reads all of the engine's own keys at start. An engine that was started held stays so until somebody
// releases it from then on.
func (o *Orchestrator) learnHolds(ctx context.Context) error {
	started := o.opts.Held
	err := o.list(ctx, func(item saga.Listed) error {
		if !saga.IsEngines(item.Key) {
			return nil
		}
		return o.learnHold(ctx, item.Key, item.Version)
	})
	if err != nil {
		return fmt.Errorf("learn holds: %w", err)
	}
	o.held.mu.Lock()
	defer o.held.mu.Unlock()
	for capability, p := range started {
		if _, held := o.held.now[capability]; !held {
			o.held.now = o.held.now.With(capability, &p)
		}
	}
	return nil
}

// learnHold reads one of the engine's own keys, in a version that was heard of, and holds or releases accordingly.
func (o *Orchestrator) learnHold(ctx context.Context, key events.Key, version uint64) error {
	s, err := o.StateAt(ctx, key, version)
	if err != nil {
		return err
	}
	o.held.mu.Lock()
	defer o.held.mu.Unlock()
	if s.Version <= o.held.learnt[key] {
		return nil
	}
	o.held.learnt[key] = s.Version
	if capability, is := saga.HoldOf(key); is {
		o.held.now = o.held.now.With(capability, s.Paused)
	}
	return nil
}
