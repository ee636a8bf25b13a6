package saga

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/culvertnet/culvert/events"
)

const (
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

// holds is what is held now, with the version of the engine's own keys that it was learnt from.
type holds struct {
	mu     sync.Mutex
	now    Held
	learnt map[events.Key]uint64
}

// Held tells what is not requested now. The map belongs to the orchestrator.
func (o *Orchestrator) Held() Held {
	o.held.mu.Lock()
	defer o.held.mu.Unlock()
	return o.held.now
}

// learnHolds reads all of the engine's own keys at start. An engine that was started held stays so until somebody releases
// it from then on.
func (o *Orchestrator) learnHolds(ctx context.Context) error {
	started := o.o.Engine.Held
	err := o.list(ctx, func(item Listed) error {
		if item.Key.Tenant != engineTenant {
			return nil
		}
		return o.learnHold(ctx, item.Key, item.Version)
	})
	if err != nil {
		return fmt.Errorf("learn holds: %w", err)
	}
	o.held.mu.Lock()
	defer o.held.mu.Unlock()
	o.held.now.All = o.held.now.All || started.All
	for capability, held := range started.Capabilities {
		if held {
			o.held.now = o.held.now.with(capability, true)
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
	switch capability, is := strings.CutPrefix(key.Name, capabilityPrefix); {
	case is:
		o.held.now = o.held.now.with(capability, s.Paused != nil)
	case key.Name == engineName:
		o.held.now.All = s.Paused != nil
	}
	return nil
}

// with is a copy in which a capability is held or not.
func (h Held) with(capability string, held bool) Held {
	h.Capabilities = maps.Clone(h.Capabilities)
	if h.Capabilities == nil {
		h.Capabilities = map[string]bool{}
	}
	h.Capabilities[capability] = held
	return h
}
