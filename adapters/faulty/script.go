package faulty

import (
	"fmt"
	"sync"
)

// A Script says at which points processes die, one after the other: the second point is looked for when the first has
// struck. It also remembers every point that was passed. Safe for concurrent use.
type Script struct {
	mu     sync.Mutex
	deaths []string
	struck int
	passed []string
	counts map[string]int
	// since is how many points had been passed when the last death struck.
	since int
}

// NewScript makes a script with points as Passed names them.
func NewScript(deaths ...string) *Script { return &Script{deaths: deaths, counts: map[string]int{}} }

// pass notes a point and tells whether the process dies there.
func (s *Script) pass(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[name]++
	point := fmt.Sprintf("%s #%d", name, s.counts[name])
	s.passed = append(s.passed, point)
	if s.struck == len(s.deaths) || s.deaths[s.struck] != point {
		return false
	}
	s.struck++
	s.since = len(s.passed)
	return true
}

// Passed are the points that were passed, in order: what was called, before or after, and for the how manyth time.
func (s *Script) Passed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.passed...)
}

// Since are those that were passed after the last death.
func (s *Script) Since() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.passed[s.since:]...)
}

// Struck tells how many of the deaths have happened.
func (s *Script) Struck() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.struck
}
