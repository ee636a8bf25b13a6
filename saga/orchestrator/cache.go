package orchestrator

import (
	"sync"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// cacheBound is how many connections are kept decoded; which ones go does not matter much.
const cacheBound = 4096

// A cache keeps states by key, decoded, at most cacheBound of them. It may be behind: only an append tells. Safe for
// concurrent use.
type cache struct {
	mu     sync.Mutex
	states map[events.Key]saga.State
}

func (c *cache) get(key events.Key) (saga.State, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.states[key]
	return s, ok
}

// put keeps a state; when there is no room, another one goes.
func (c *cache) put(s saga.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.states == nil {
		c.states = map[events.Key]saga.State{}
	}
	if _, kept := c.states[s.Key]; !kept && len(c.states) >= cacheBound {
		for k := range c.states {
			delete(c.states, k)
			break
		}
	}
	c.states[s.Key] = s
}

func (c *cache) forget(key events.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.states, key)
}

// notBehind forgets a connection when somebody else has moved it on to a version. What is heard while a turn settles
// can come before that turn puts something older, so the sweep asks too.
func (c *cache) notBehind(key events.Key, version uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.states[key]; ok && s.Version < version {
		delete(c.states, key)
	}
}
