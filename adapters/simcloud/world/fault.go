package world

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The modes of a fault.
const (
	Refuse        = "refuse"         // the vendor's own permanent refusal, no effect
	FailBefore    = "fail-before"    // 503 without effect
	FailAfter     = "fail-after"     // the effect happens, then 503
	LoseReply     = "lose-reply"     // the effect happens, then the connection ends without an answer
	Throttle      = "throttle"       // the vendor's "too many requests", no effect
	Delay         = "delay"          // the effect happens, the answer comes Fault.Delay later
	ExpireSession = "expire-session" // the caller's session is over (vendors that have sessions)
	// SlowOperation has the effect; the operation that the call starts takes Fault.Delay longer, in the vendor's time.
	SlowOperation = "slow-operation"
	// Unreachable cuts scopes off from a list over many scopes: those whose name contains Fault.Match, all of them when
	// it is empty. Any other call fails as with FailBefore.
	Unreachable = "unreachable"
)

// Always is Fault.Times of a fault that never runs out.
const Always = -1

// Fault is something that goes wrong with a named call.
type Fault struct {
	ID     int           `json:"id"`
	Vendor string        `json:"vendor"`
	Call   string        `json:"call"` // the vendor's own name, or "*"
	Mode   string        `json:"mode"`
	Times  int           `json:"times"`            // how often in all; 0 = 1, Always = no end
	Status string        `json:"status,omitempty"` // vendor's code instead of the default
	Delay  time.Duration `json:"delay,omitempty"`  // real time, not scaled; of SlowOperation the vendor's time
	// only calls whose resource name contains it; of Unreachable the scopes
	Match string `json:"match,omitempty"`
	// only once every fault that was armed before it has been met
	Behind bool `json:"behind,omitempty"`
	Hits   int  `json:"hits"`
}

// AddFault arms a fault and returns it as stored.
func (w *World) AddFault(f Fault) (Fault, error) {
	modes := []string{Refuse, FailBefore, FailAfter, LoseReply, Throttle, Delay, ExpireSession, SlowOperation,
		Unreachable}
	switch {
	case f.Vendor == "" || f.Call == "":
		return Fault{}, fmt.Errorf("add fault: vendor and call are needed")
	case !slices.Contains(modes, f.Mode):
		return Fault{}, fmt.Errorf("add fault: invalid mode %q: want one of %s", f.Mode, strings.Join(modes, ", "))
	case (f.Mode == Delay || f.Mode == SlowOperation) && f.Delay <= 0:
		return Fault{}, fmt.Errorf("add fault: mode %s needs a delay", f.Mode)
	case f.Times < Always:
		return Fault{}, fmt.Errorf("add fault: times %d is neither a count nor -1", f.Times)
	}
	if f.Times == 0 {
		f.Times = 1
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastFault++
	f.ID, f.Hits = w.lastFault, 0
	w.faults = append(w.faults, f)
	return f, nil
}

// Faults returns every fault since the last ClearFaults, spent ones too, with their hits.
func (w *World) Faults() []Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Fault{}, w.faults...)
}

// ClearFaults forgets all faults.
func (w *World) ClearFaults() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = nil
}

// Fault counts a call and consumes one hit of the first armed fault for it on this resource. Every API asks once for
// each call.
func (w *World) Fault(vendor, call, resource string) (Fault, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken[Call{Vendor: vendor, Name: call}]++
	unmet := false
	for i := range w.faults {
		f := &w.faults[i]
		if f.Behind && unmet {
			continue
		}
		unmet = unmet || f.Hits == 0
		if f.Vendor != vendor || (f.Call != call && f.Call != "*") ||
			f.Mode != Unreachable && !strings.Contains(resource, f.Match) {
			continue
		}
		if f.Times != Always && f.Hits >= f.Times {
			continue
		}
		f.Hits++
		return *f, true
	}
	return Fault{}, false
}
