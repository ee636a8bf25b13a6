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

// The kinds of blows. Death is for every point, Lost for those after a call; Repeat and Delay are for "before answer …"
// and "before take …" points of a bus, Stale for "read #1", "read #2" and so on of a journal.
const (
	// Death: the process dies.
	Death Kind = "crash"
	// Lost: the call has been carried out, and its answer is lost; the process lives on.
	Lost Kind = "lost answer"
	// Repeat: the acknowledgement is lost, so that the message comes again.
	Repeat Kind = "duplicate"
	// Delay: the message is held back, behind those that come after it.
	Delay Kind = "reorder"
	// Stale: a read does not see the newest record yet, as from a replica that is behind.
	Stale Kind = "stale read"
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
	// reads are counted apart, from the last blow on: they are no points, because nothing else can happen at them.
	reads int
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
		struck = struck || s.struck < len(s.blows) && s.blows[s.struck].Point == fmt.Sprintf("%s #%d", fact,
			s.facts[fact])
	}
	if !struck {
		return ""
	}
	s.struck++
	s.since, s.reads = len(s.passed), 0
	return s.blows[s.struck-1].Kind
}

// read counts a journal's read and tells whether it is behind.
func (s *Script) read() (stale bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	stale = s.struck < len(s.blows) && s.blows[s.struck] == Blow{fmt.Sprintf("read #%d", s.reads), Stale}
	if stale {
		s.struck++
	}
	return stale
}

// Reads is how many reads of a journal there were after the last blow.
func (s *Script) Reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

// factsOf are other names of an append's point: one for each of its facts, "after append A+B" is "after fact A" and
// "after fact B". Which facts go together depends on who was first; that each of them is appended does not.
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

// FactPoints are the points of these, as Passed gives them, with each append's in place of it: one for each of its
// facts.
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
