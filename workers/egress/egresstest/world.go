package egresstest

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
)

// A World is a small cloud in memory: connectors, services and their operations. It implements every port of egress and
// passes the suite. Safe for concurrent use.
//
// Slow makes changes leave operations behind; Fault makes single calls fail before or after their effect.
type World struct {
	mu         sync.Mutex
	connectors map[string]egress.Connector
	services   map[egress.ServiceRef]*service
	operations map[string]*operation
	faults     map[string][]fault
	effects    []string
	slow       int
	etags      int
}

// service is a service with what the port tells apart.
type service struct {
	egress.Service
	invokers []string
	policy   string
}

// operation is a change that goes on: polls left until its end takes effect.
type operation struct {
	left int
	end  func()
	err  error
}

type fault struct {
	after bool
	err   error
}

var (
	_ egress.Connectors  = (*World)(nil)
	_ workers.Operations = (*World)(nil)
	_ egress.Services    = Services{}
)

// NewWorld makes an empty world.
func NewWorld() *World {
	return &World{
		connectors: map[string]egress.Connector{}, services: map[egress.ServiceRef]*service{},
		operations: map[string]*operation{}, faults: map[string][]fault{},
	}
}

// Slow makes every later change of a connector or service take this many polls.
func (w *World) Slow(polls int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slow = polls
}

// Fault makes the next call of this name ("connectors.create", "services.bind", ...) fail with err; after says that its
// effect happens first, as when an answer is lost.
func (w *World) Fault(call string, after bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults[call] = append(w.faults[call], fault{after: after, err: err})
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

// Effects lists the changes that happened, "<call> <name>", in order.
func (w *World) Effects() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.effects...)
}

// Poll counts an operation down.
func (w *World) Poll(ctx context.Context, handle string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	op, ok := w.operations[handle]
	if !ok {
		return workers.ErrNotFound
	}
	if op.left--; op.left > 0 {
		return workers.WaitFor(handle, 0)
	}
	w.finish(op)
	return op.err
}

// Finish ends every operation that goes on, as time would.
func (w *World) Finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, op := range w.operations {
		w.finish(op)
	}
}

func (w *World) finish(op *operation) {
	op.left = 0
	if op.end != nil {
		op.end()
		op.end = nil
	}
}

// act runs one change: the fault door, the effect, and the operation that ends it. start and end run under the lock.
func (w *World) act(ctx context.Context, call, name string, start func() (end func(), err error)) error {
	return w.actFor(ctx, call, name, -1, start)
}

// actFor is act for a change that takes this many polls; -1 is as slow as the world is.
func (w *World) actFor(ctx context.Context, call, name string, polls int, start func() (end func(), err error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var met *fault
	if waiting := w.faults[call]; len(waiting) > 0 {
		met, w.faults[call] = &waiting[0], waiting[1:]
	}
	if met != nil && !met.after {
		return met.err
	}
	end, err := start()
	if err != nil || end == nil {
		return err
	}
	w.effects = append(w.effects, call+" "+name)
	if polls < 0 {
		polls = w.slow
	}
	op := &operation{left: polls, end: end}
	if polls == 0 {
		w.finish(op)
	} else {
		handle := "fake:" + strconv.Itoa(len(w.operations)+1)
		w.operations[handle] = op
		err = workers.WaitFor(handle, 0)
	}
	if met != nil {
		return met.err
	}
	return err
}

// nextEtag gives an etag that no object had.
func (w *World) nextEtag() string {
	w.etags++
	return fmt.Sprintf("etag-%d", w.etags)
}

// stale is the answer to a write on an old etag.
func stale(have, given string) error {
	return workers.Retry("conflict", 0, fmt.Errorf("etag is %q, not %q", have, given))
}

// refuse is the vendor's refusal of something that does not exist or cannot be.
func refuse(format string, args ...any) error {
	return &workers.Failure{Class: events.Refuse, Reason: "invalid", Err: fmt.Errorf(format, args...)}
}

// Snapshot gives everything that there is as text, by kind and name, for comparing; etags are left out.
func (w *World) Snapshot() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string]string{}
	for name, c := range w.connectors {
		all["connector "+name] = fmt.Sprintf("%+v", c)
	}
	for ref, s := range w.services {
		plain := s.Service
		plain.Etag = ""
		all["service "+fullName(ref)] = fmt.Sprintf("%+v %q", plain, sorted(s.invokers))
	}
	return all
}
