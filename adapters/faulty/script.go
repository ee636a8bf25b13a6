package faulty

import (
	"fmt"
	"sync"
)

// A Blow is what happens at a point.
type Blow struct {
	Point string
	Kind  Kind
}

// A Kind of blow.
type Kind string

// The kinds of blows. Death is for every point; Repeat and Delay are for "before answer …" and "before take …" points of a
// bus.
const (
	// Death: the process dies.
	Death Kind = "crash"
	// Repeat: the acknowledgement is lost, so that the message comes again.
	Repeat Kind = "duplicate"
	// Delay: the message is held back, behind those that come after it.
	Delay Kind = "reorder"
)

// A Script says what happens at which points, one after the other: the second point is looked for when the first has
// struck. It also remembers every point that was passed. Safe for concurrent use.
type Script struct {
	mu     sync.Mutex
	blows  []Blow
	struck int
	passed []string
	counts map[string]int
	// since is how many points had been passed when the last blow struck.
	since int
}

// NewScript makes a script with points as Passed names them.
func NewScript(blows ...Blow) *Script { return &Script{blows: blows, counts: map[string]int{}} }

// Deaths are blows that kill.
func Deaths(points ...string) []Blow {
	blows := make([]Blow, len(points))
	for i, p := range points {
		blows[i] = Blow{p, Death}
	}
	return blows
}

// pass notes a point and tells what happens there; "" is nothing.
func (s *Script) pass(name string) Kind {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[name]++
	point := fmt.Sprintf("%s #%d", name, s.counts[name])
	s.passed = append(s.passed, point)
	if s.struck == len(s.blows) || s.blows[s.struck].Point != point {
		return ""
	}
	s.struck++
	s.since = len(s.passed)
	return s.blows[s.struck-1].Kind
}

// Passed are the points that were passed, in order: what was called, before or after, and for the how manyth time.
func (s *Script) Passed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.passed...)
}

// Since are those that were passed after the last blow.
func (s *Script) Since() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.passed[s.since:]...)
}

// Struck tells how many of the blows have struck.
func (s *Script) Struck() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.struck
}
