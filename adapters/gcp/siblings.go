package gcp

import (
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/culvertnet/culvert/workers"
)

// siblings are answers that commands of one saga take from each other (see workers.Asking), for as long as a memo's
// answer stands. They are of this process alone: what another worker has read is read again.
//
// A write of any command of the saga drops them all: commands that share come before or after the writes.
type siblings struct {
	mu    sync.Mutex
	sagas map[string]map[string]*sibling
}

// A sibling is one answer, or one that is on its way.
type sibling struct {
	by   workers.Asking
	at   time.Time
	took map[string]bool // steps that have taken it, and ask themselves when they ask again
	told chan struct{}   // closed when answer and ok are set
	ok   bool
	remembered
}

// find gives the answer that a command may take, or a new one that it has to tell. Nil is for a command that shares
// nothing.
func (s *siblings) find(a workers.Asking, key string, now time.Time) (found *sibling, mine bool) {
	if !a.Reads || a.Saga == "" {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	of := s.sagas[a.Saga]
	if of == nil {
		if s.sagas == nil {
			s.sagas = map[string]map[string]*sibling{}
		}
		of = map[string]*sibling{}
		s.sagas[a.Saga] = of
	}
	if found = of[key]; found != nil && a.Shares(found.by) && !found.took[a.Step] {
		found.took[a.Step] = true
		return found, false
	}
	of[key] = &sibling{by: a, at: now, took: map[string]bool{}, told: make(chan struct{})}
	return of[key], true
}

// expire drops what is too old for anybody.
func (s *siblings) expire(now time.Time) {
	for _, of := range s.sagas {
		maps.DeleteFunc(of, func(_ string, one *sibling) bool { return now.Sub(one.at) >= memoFor })
	}
	maps.DeleteFunc(s.sagas, func(_ string, of map[string]*sibling) bool { return len(of) == 0 })
}

// forget drops what the saga was told: it writes.
func (s *siblings) forget(saga string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sagas, saga)
}

// tell gives an answer to those who wait for it; none is one that they have to ask for themselves.
func (one *sibling) tell(r remembered, ok bool) {
	one.remembered, one.ok = r, ok
	close(one.told)
}

// wait gives the answer of a sibling, unless it got none or the request's time is over.
func (one *sibling) wait(req *http.Request) (remembered, bool) {
	select {
	case <-one.told:
		return one.remembered, one.ok
	case <-req.Context().Done():
		return remembered{}, false
	}
}
