package orchestrator

import (
	"sync"

	"github.com/culvertnet/culvert/events"
)

// Watch gives a channel that gets a connection's version soon after each change of it; of those that come while one
// waits there only the newest is left. StateAt reads what was heard of. Call stop when done.
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
