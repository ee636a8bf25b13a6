package routingtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

// A World is a small set of announcing targets and route tables in memory. Announcements and Routes give the ports, which
// pass the suites. Safe for concurrent use.
//
// Slow makes changes leave operations behind; Fault makes single calls fail before or after their effect.
type World struct {
	mu         sync.Mutex
	targets    map[string]*target
	routes     map[string]routing.Route
	operations map[string]*operation
	faults     map[string][]fault
	intercept  func(call int) (fail, lose bool)
	calls      int
	slow       int
	writes     int
}

// target is one list with who hears of it.
type target struct {
	routing.Announced
	peers []string
	// deaf peers learn nothing.
	deaf    map[string]bool
	known   []string
	limit   int
	refused string
}

// operation is a change that goes on: polls left until its end takes effect.
type operation struct {
	left int
	end  func()
}

type fault struct {
	after bool
	err   error
}

var _ workers.Operations = (*World)(nil)

// NewWorld makes an empty world.
func NewWorld() *World {
	return &World{
		targets: map[string]*target{}, routes: map[string]routing.Route{},
		operations: map[string]*operation{}, faults: map[string][]fault{},
	}
}

// PutTarget adds a target with its list, the most entries it takes (0: any number) and its peers.
func (w *World) PutTarget(t routing.Target, a routing.Announced, limit int, peers ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a.Owners == nil {
		a.Owners = map[string]string{}
	}
	w.targets[t.ID()] = &target{Announced: a, peers: peers, deaf: map[string]bool{}, limit: limit}
}

// RefuseTarget adds a target that cannot carry an announcement.
func (w *World) RefuseTarget(t routing.Target, why string) {
	w.PutTarget(t, routing.Announced{}, 0)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.targets[t.ID()].refused = why
}

// Deafen makes a peer learn nothing, or learn again.
func (w *World) Deafen(t routing.Target, peer string, deaf bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.targets[t.ID()].deaf[peer] = deaf
}

// Change lets somebody else change a list.
func (w *World) Change(t routing.Target, by func(*routing.Announced)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	by(&w.targets[t.ID()].Announced)
}

// PutRoute adds a route of somebody else.
func (w *World) PutRoute(r routing.Route) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.routes[r.Project+"/"+r.Name] = r
}

// DropTarget removes a target with all it announces.
func (w *World) DropTarget(t routing.Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.targets, t.ID())
}

// Slow makes every later change take this many polls.
func (w *World) Slow(polls int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slow = polls
}

// Fault makes the next call of this name ("write", "sight", "route.create", ...) fail with err; after says that its effect
// happens first, as when an answer is lost.
func (w *World) Fault(call string, after bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults[call] = append(w.faults[call], fault{after: after, err: err})
}

// Intercept lets f decide about every later call that changes something, counted from 1: to fail it before its effect, or to
// lose its answer. nil lets all pass.
func (w *World) Intercept(f func(call int) (fail, lose bool)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.intercept, w.calls = f, 0
}

// Faults tells how many faults have not been met.
func (w *World) Faults() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, f := range w.faults {
		n += len(f)
	}
	return n
}

// Writes counts lists that were written.
func (w *World) Writes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writes
}

// State is all that is in the world, in one text: two equal texts are two equal worlds.
func (w *World) State() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(w.targets)) {
		t := w.targets[id]
		fmt.Fprintf(&b, "%s custom=%v %v\n", id, t.Custom, slices.Sorted(slices.Values(t.Entries)))
	}
	for _, id := range slices.Sorted(maps.Keys(w.routes)) {
		fmt.Fprintf(&b, "%s %+v\n", id, w.routes[id])
	}
	return b.String()
}

// enter meets a fault that is set for the call: before its effect, or, by what it gives back, after it.
func (w *World) enter(ctx context.Context, call string) (after, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", call, err)
	}
	if w.intercept != nil && slices.Contains([]string{"write", "route.create", "route.delete"}, call) {
		w.calls++
		switch fail, lose := w.intercept(w.calls); {
		case fail:
			return nil, workers.Retry("fault", 0, errors.New(call+" is set to fail"))
		case lose:
			return errors.New(call + ": connection reset"), nil
		}
	}
	set := w.faults[call]
	if len(set) == 0 {
		return nil, nil
	}
	w.faults[call] = set[1:]
	if set[0].after {
		return set[0].err, nil
	}
	return nil, set[0].err
}

// make makes a change at once, or leaves an operation behind.
func (w *World) make(after error, end func()) error {
	if w.slow == 0 || after != nil {
		end()
		return after
	}
	handle := "fake:" + uuid.NewString()
	w.operations[handle] = &operation{left: w.slow, end: end}
	return workers.WaitFor(handle, 0)
}

// Poll implements [workers.Operations].
func (w *World) Poll(ctx context.Context, handle string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, ok := w.operations[handle]
	if !ok {
		return workers.ErrNotFound
	}
	if o.left--; o.left > 0 {
		return workers.WaitFor(handle, 0)
	}
	if o.left == 0 {
		o.end()
	}
	return ctx.Err()
}
