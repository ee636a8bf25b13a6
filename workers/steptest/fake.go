package steptest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/culvertnet/culvert/workers"
)

// A Fake is what the capabilities' worlds in memory have in common: calls that fail before or after their effect,
// changes that take time, and a ledger of effects. A world embeds it and keeps its own things beside it. Safe for
// concurrent use.
type Fake struct {
	mu         sync.Locker
	operations map[string]*operation
	faults     map[string][]fault
	effects    []string
	intercept  func(call int) Fate
	calls      int
	slow       int
}

var _ workers.Operations = (*Fake)(nil)

// operation is a change that goes on: polls left until its end takes effect.
type operation struct {
	left int
	end  func()
}

func (o *operation) finish() {
	o.left = 0
	if o.end != nil {
		o.end()
		o.end = nil
	}
}

type fault struct {
	after bool
	err   error
}

// NewFake makes the base of a world whose things mu guards: effects happen while mu is held.
func NewFake(mu sync.Locker) *Fake {
	return &Fake{mu: mu, operations: map[string]*operation{}, faults: map[string][]fault{}}
}

// Slow makes every later change take this many polls.
func (f *Fake) Slow(polls int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slow = polls
}

// Fault makes the next call of this name fail with err; after says that its effect happens first, as when an answer is
// lost. A world's own file says which names it has.
func (f *Fake) Fault(call string, after bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[call] = append(f.faults[call], fault{after: after, err: err})
}

// Faults tells how many faults have not been met.
func (f *Fake) Faults() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, waiting := range f.faults {
		n += len(waiting)
	}
	return n
}

// Intercept lets decide have its say about every later call that changes something, counted from 1. It replaces the one
// before; nil lets all pass. It is what [Bed.Intercept] asks for.
func (f *Fake) Intercept(decide func(call int) Fate) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intercept, f.calls = decide, 0
}

// Effects lists the changes that [Fake.Act] made, "<call> <name>", in order.
func (f *Fake) Effects() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.effects...)
}

// Poll implements [workers.Operations]: it counts an operation down.
func (f *Fake) Poll(ctx context.Context, handle string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	o, ok := f.operations[handle]
	if !ok {
		return workers.ErrNotFound
	}
	if o.left--; o.left > 0 {
		return workers.WaitFor(handle, 0)
	}
	o.finish()
	return nil
}

// Finish ends every operation that goes on, as time would.
func (f *Fake) Finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.operations {
		o.finish()
	}
}

// Read is the way into a call that changes nothing: it meets a fault that is set for the call. The caller holds the
// lock.
func (f *Fake) Read(ctx context.Context, call string) error {
	lost, err := f.meet(ctx, call)
	return cmp.Or(err, lost)
}

// Mutate is the way into a call that changes something: it meets a fault before the effect (err), or tells what to
// answer after it (lost). The caller holds the lock.
func (f *Fake) Mutate(ctx context.Context, call string) (lost, err error) {
	if f.intercept != nil && ctx.Err() == nil {
		f.calls++
		switch f.intercept(f.calls) {
		case Fail:
			return nil, workers.Retry("fault", 0, errors.New(call+" is set to fail"))
		case Lose:
			return errors.New(call + ": connection reset"), nil
		}
	}
	return f.meet(ctx, call)
}

func (f *Fake) meet(ctx context.Context, call string) (lost, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", call, err)
	}
	waiting := f.faults[call]
	if len(waiting) == 0 {
		return nil, nil
	}
	f.faults[call] = waiting[1:]
	if waiting[0].after {
		return waiting[0].err, nil
	}
	return nil, waiting[0].err
}

// Act makes one change from end to end: the way in, the effect, and the operation that ends it. start and end run under
// the lock; a start without an end had nothing to do. A change whose answer is lost goes on, and ends with
// [Fake.Finish].
func (f *Fake) Act(ctx context.Context, call, name string, start func() (end func(), err error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.act(ctx, verb{call: call, name: name, polls: f.slow}, start)
}

// ActAtOnce is Act for a change that is complete on return, however slow the world is.
func (f *Fake) ActAtOnce(ctx context.Context, call, name string, start func() (end func(), err error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.act(ctx, verb{call: call, name: name}, start)
}

// verb is one change of one thing and the polls that it takes.
type verb struct {
	call, name string
	polls      int
}

func (f *Fake) act(ctx context.Context, d verb, start func() (end func(), err error)) error {
	lost, err := f.Mutate(ctx, d.call)
	if err != nil {
		return err
	}
	end, err := start()
	if err != nil || end == nil {
		return err
	}
	f.effects = append(f.effects, d.call+" "+d.name)
	err = f.begin(d.polls, end)
	if lost != nil {
		return lost
	}
	return err
}

// Make makes a change after [Fake.Mutate]: at once, or it leaves an operation behind. One whose answer is lost is made
// at once: nobody could poll it. The caller holds the lock.
func (f *Fake) Make(lost error, end func()) error {
	if lost != nil {
		end()
		return lost
	}
	return f.begin(f.slow, end)
}

func (f *Fake) begin(polls int, end func()) error {
	if polls == 0 {
		end()
		return nil
	}
	handle := "fake:" + strconv.Itoa(len(f.operations)+1)
	f.operations[handle] = &operation{left: polls, end: end}
	return workers.WaitFor(handle, 0)
}
