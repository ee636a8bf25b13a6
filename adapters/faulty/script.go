package faulty

import (
	"fmt"
	"strings"
	"sync"
)

// A Blow is what happens at a point.
type Blow struct {
	Point string
	Kind  Kind
}

// A Kind of blow.
type Kind string

// The kinds of blows. Death is for every point, Lost for those after a call; Repeat and Delay are for "before answer …" and
// "before take …" points of a bus.
const (
	// Death: the process dies.
	Death Kind = "crash"
	// Lost: the call has been carried out, and its answer is lost; the process lives on.
	Lost Kind = "lost answer"
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
	facts  map[string]int
	// since is how many points had been passed when the last blow struck.
	since int
}

// NewScript makes a script with points as Passed names them.
func NewScript(blows ...Blow) *Script {
	return &Script{blows: blows, counts: map[string]int{}, facts: map[string]int{}}
}

// pass notes a point and tells what happens there; "" is nothing.
func (s *Script) pass(name string) Kind {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[name]++
	point := fmt.Sprintf("%s #%d", name, s.counts[name])
	s.passed = append(s.passed, point)
	struck := s.struck < len(s.blows) && s.blows[s.struck].Point == point
	for _, fact := range factsOf(name) {
		s.facts[fact]++
		struck = struck || s.struck < len(s.blows) && s.blows[s.struck].Point == fmt.Sprintf("%s #%d", fact, s.facts[fact])
	}
	if !struck {
		return ""
	}
	s.struck++
	s.since = len(s.passed)
	return s.blows[s.struck-1].Kind
}

// factsOf are other names of an append's point: one for each of its facts, "after append A+B" is "after fact A" and "after
// fact B". Which facts go together depends on who was first; that each of them is appended does not.
func factsOf(name string) []string {
	when, list, is := strings.Cut(name, " append ")
	if !is {
		return nil
	}
	facts := strings.FieldsFunc(list, func(r rune) bool { return r == '+' || r == ',' })
	for i, fact := range facts {
		facts[i] = when + " fact " + strings.TrimSpace(fact)
	}
	return facts
}

// FactPoints are the points of these, as Passed gives them, with each append's in place of it: one for each of its facts.
func FactPoints(passed []string) (points []string) {
	counts := map[string]int{}
	for _, point := range passed {
		name := point[:strings.LastIndex(point, " #")]
		facts := factsOf(name)
		if facts == nil {
			points = append(points, point)
		}
		for _, fact := range facts {
			counts[fact]++
			points = append(points, fmt.Sprintf("%s #%d", fact, counts[fact]))
		}
	}
	return points
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
