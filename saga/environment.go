package saga

import (
	"maps"
	"time"
)

// An Environment is what a decision needs and no journal of the connection tells. It is one argument of every question,
// so that the core calls nobody. The zero value knows nothing, and then nothing is said that would need it.
type Environment struct {
	Now time.Time
	// Held is what the operators hold.
	Held Held
	// Crews are the live workers, by capability; nil when that is not known.
	Crews map[string]Crew
}

// Held says what is not requested now, and who holds it: the whole engine under "", and capabilities by name. It is
// read by many at once and never changed; With makes another.
type Held map[string]Pause

// All tells whether the whole engine is held.
func (h Held) All() bool {
	_, held := h[""]
	return held
}

// Holds tells whether steps of a kind are not requested now.
func (h Held) Holds(kind string) bool {
	if len(h) == 0 {
		return false
	}
	_, held := h[Node{Kind: kind}.Capability()]
	return held || h.All()
}

// With is a copy in which a capability is held, or with nil is not; "" is the whole engine.
func (h Held) With(capability string, p *Pause) Held {
	next := maps.Clone(h)
	switch {
	case p == nil:
		delete(next, capability)
		return next
	case next == nil:
		next = Held{}
	}
	next[capability] = *p
	return next
}

// A Crew is who serves a capability now.
type Crew struct {
	Workers []string
	// Running is how many commands they execute; Runs names who executes which command, as far as they have told.
	Running int
	Runs    map[string]string
	// Kinds are the kinds of steps that they know.
	Kinds map[string]bool
}
