package networktest

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
)

// A World is a small cloud in memory: VPCs, addresses, endpoints, zones and their operations. Its methods give one port
// each, and every port passes the suite. Safe for concurrent use.
//
// Slow makes changes leave operations behind; Fault makes single calls fail before or after their effect.
type World struct {
	mu         sync.Mutex
	networks   map[string]network.Network
	subnets    map[string]network.Subnet
	addresses  map[network.Ref]network.Address
	endpoints  map[network.Ref]network.Endpoint
	verdicts   map[string]string
	zones      map[string]network.Zone
	operations map[string]*operation
	faults     map[string][]fault
	effects    []string
	requests   map[string][]string
	slow       int
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
		networks: map[string]network.Network{}, subnets: map[string]network.Subnet{},
		addresses: map[network.Ref]network.Address{}, endpoints: map[network.Ref]network.Endpoint{},
		verdicts: map[string]string{}, zones: map[string]network.Zone{},
		operations: map[string]*operation{}, faults: map[string][]fault{}, requests: map[string][]string{},
	}
}

// Slow makes every later change take this many polls.
func (w *World) Slow(polls int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slow = polls
}

// Fault makes the next call of this name ("addresses.insert", "zones.put", ...) fail with err; after says that its effect
// happens first, as when an answer is lost.
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

// Requests lists the roots of the request ids that calls of this name came with, in order.
func (w *World) Requests(call string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.requests[call]...)
}

// requested remembers a request id; it runs under the lock.
func (w *World) requested(call string, req uuid.UUID) {
	w.requests[call] = append(w.requests[call], req.String())
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
	op.finish()
	return nil
}

// Finish ends every operation that goes on, as time would.
func (w *World) Finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, op := range w.operations {
		op.finish()
	}
}

func (op *operation) finish() {
	op.left = 0
	if op.end != nil {
		op.end()
		op.end = nil
	}
}

// act runs one change: the fault door, the effect, and the operation that ends it. start and end run under the lock; a
// start without an end had nothing to do.
func (w *World) act(ctx context.Context, call, name string, start func() (end func(), err error)) error {
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
	op := &operation{left: w.slow, end: end}
	if w.slow == 0 {
		op.finish()
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

// done is the end of a change that is complete with its start.
func done() {}

// refuse is the vendor's refusal of something that cannot be.
func refuse(reason, format string, args ...any) error {
	return &workers.Failure{Class: events.Refuse, Reason: reason, Err: fmt.Errorf(format, args...)}
}

// Snapshot gives everything that there is as text, by kind and name, for comparing.
func (w *World) Snapshot() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string]string{}
	for name, n := range w.networks {
		all["network "+name] = fmt.Sprintf("%+v", n)
	}
	for name, s := range w.subnets {
		all["subnet "+name] = fmt.Sprintf("%+v", s)
	}
	for ref, a := range w.addresses {
		all["address "+AddressName(ref)] = fmt.Sprintf("%+v", a)
	}
	for ref, e := range w.endpoints {
		all["endpoint "+AddressName(ref)] = fmt.Sprintf("%+v", e)
	}
	for key, z := range w.zones {
		all["zone "+key] = fmt.Sprintf("%+v", z)
	}
	return all
}
