package sagatest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// A world is what workers act on: named objects, each as its input says. Calls take time, are cut off, and may have their
// effect late, but never later than the deadline of their command, the clock's skew and the quiet period allow.
type world struct {
	rng     *rand.Rand
	limits  saga.Limits
	objects map[string]string // by name: the input it was made with
	foreign map[string]bool   // names that somebody else has
	exempt  map[string]bool   // left on purpose, by a step or by an operator
	drifted map[string]bool   // taken away by somebody else
	marks   map[string]bool   // commands that have had their runner
	calls   []*call
	faulty  bool
	// broken is the first broken promise of the engine that the world has seen.
	broken error
}

// call is a deed that a worker, or the vendor on its behalf, may still have under way.
type call struct {
	object    string
	deed      events.Deed
	input     string
	epoch     uint64
	operation string
	until     time.Time
	effect    bool
}

func newWorld(rng *rand.Rand, limits saga.Limits) *world {
	return &world{
		rng: rng, limits: limits, faulty: true, objects: map[string]string{}, foreign: map[string]bool{}, exempt: map[string]bool{},
		drifted: map[string]bool{}, marks: map[string]bool{},
	}
}

// chance is true in one of n cases, while there are faults.
func (w *world) chance(n int) bool { return w.faulty && w.rng.IntN(n) == 0 }

// upTo is a random time, at most d.
func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d) + 1)) }

// pass lets the effects come that are due.
func (w *world) pass(now time.Time) {
	slices.SortStableFunc(w.calls, func(a, b *call) int { return a.until.Compare(b.until) })
	for len(w.calls) > 0 && !w.calls[0].until.After(now) {
		c := w.calls[0]
		w.calls = w.calls[1:]
		switch {
		case !c.effect:
		case c.deed == events.Undo:
			delete(w.objects, c.object)
		default:
			w.objects[c.object] = c.input
			delete(w.drifted, c.object)
		}
	}
}

// begin notes a mutating call, and holds the engine to its quiet rule: no deed may begin while another deed on the same
// object can still have an effect, unless both want the same.
func (w *world) begin(c call) *call {
	for _, other := range w.calls {
		if other.object == c.object && (other.deed != c.deed || other.input != c.input) && w.broken == nil {
			w.broken = fmt.Errorf("%s of %s at epoch %d begins while %s of epoch %d may still have its effect, until %s",
				c.deed, c.object, c.epoch, other.deed, other.epoch, at(other.until))
		}
	}
	w.calls = append(w.calls, &c)
	return &c
}

// reply is what a worker answers, and when; never is a worker that died.
type reply struct {
	outcome events.Outcome
	after   time.Duration
	never   bool
}

// run is one delivery of a command to a worker.
func (w *world) run(c events.Command, now time.Time) reply {
	w.pass(now)
	skew := w.upTo(2*w.limits.Skew) - w.limits.Skew
	left := c.Deadline.Add(skew).Sub(now)
	check := len(c.Name) == 0
	if c.Deed.Mutates() && !check {
		if w.marks[c.ID()] {
			return reply{never: true}
		}
		w.marks[c.ID()] = true
	}
	if left < time.Second {
		return reply{outcome: events.Outcome{Class: events.Retry, Reason: events.ReasonLate}}
	}
	took := w.upTo(min(left, 8*time.Second))
	if w.chance(10) {
		took = w.upTo(left)
	}
	switch {
	case w.chance(25):
		return w.die(c, now, left)
	case w.operationGoesOn(c):
		return reply{outcome: events.Outcome{Class: events.Wait, Operation: c.Operation, After: 20 * time.Second}, after: took}
	case w.chance(20):
		return reply{outcome: events.Outcome{Class: events.Retry, Message: "quota"}, after: took}
	case check && w.chance(30):
		return reply{outcome: events.Outcome{Class: events.Refuse, Message: "check"}, after: took}
	case check:
		return reply{outcome: events.Outcome{Class: events.Done, Output: json.RawMessage(`{"id":"checked"}`)}, after: took}
	case c.Deed == events.Look:
		return reply{outcome: w.look(c), after: took}
	}
	return w.mutate(c, now, took)
}

// operationGoesOn is what a worker polls before the deed; without the handle, which may have been lost with its worker, the
// vendor tells by the object's own state.
func (w *world) operationGoesOn(c events.Command) bool {
	return slices.ContainsFunc(w.calls, func(o *call) bool { return o.operation != "" && o.object == c.Name })
}

// die is a worker that never answers; what it had begun may still have its effect.
func (w *world) die(c events.Command, now time.Time, left time.Duration) reply {
	if c.Deed.Mutates() && len(c.Name) > 0 && !w.foreign[c.Name] && !w.operationGoesOn(c) {
		late := w.upTo(left)
		if w.chance(3) {
			late = left + w.upTo(w.limits.Quiet)
		}
		w.begin(call{object: c.Name, deed: c.Deed, input: string(c.Input), epoch: c.Epoch, until: now.Add(late), effect: w.chance(2)})
	}
	return reply{never: true}
}

func (w *world) look(c events.Command) events.Outcome {
	is, there := w.objects[c.Name]
	o := events.Outcome{Class: events.Done, Output: output(c)}
	switch {
	case w.foreign[c.Name]:
		o.Seen = events.Foreign
	case !there:
		o.Seen = events.Absent
	case !bytes.Equal([]byte(is), c.Input):
		o.Seen = events.Different
	default:
		o.Seen = events.Present
	}
	return o
}

// mutate runs a Do or Undo to one of its ends.
func (w *world) mutate(c events.Command, now time.Time, took time.Duration) reply {
	if c.Deed == events.Do && c.Epoch == 1 && w.chance(60) {
		w.foreign[c.Name] = true
	}
	if w.foreign[c.Name] {
		if c.Deed == events.Undo {
			return reply{outcome: events.Outcome{Class: events.Done}, after: took}
		}
		return reply{outcome: events.Outcome{Class: events.Refuse, Reason: "foreign", Message: "somebody else's"}, after: took}
	}
	run := w.begin(call{object: c.Name, deed: c.Deed, input: string(c.Input), epoch: c.Epoch, until: now.Add(took)})
	switch {
	case c.Deed == events.Undo && c.Purpose == events.ToWithdraw && w.chance(25):
		w.exempt[c.Name] = true
		return reply{outcome: events.Outcome{Class: events.Done, Retained: c.Name + " stays"}, after: took}
	case w.chance(40), c.Deed == events.Undo && w.chance(12):
		return reply{outcome: events.Outcome{Class: events.Refuse, Message: "cannot"}, after: took}
	case w.chance(8): // the answer was lost
		run.effect = w.chance(2)
		if w.chance(2) {
			run.until = run.until.Add(w.upTo(w.limits.Quiet))
		}
		return reply{outcome: events.Outcome{Class: events.Unsure, Message: "answer lost"}, after: took}
	case w.chance(10): // a long operation; it ends by itself
		run.effect, run.operation = true, fmt.Sprintf("op:%d", w.rng.Uint32())
		run.until = now.Add(took + w.upTo(2*time.Minute))
		return reply{outcome: events.Outcome{Class: events.Wait, Operation: run.operation, After: 10 * time.Second}, after: took}
	}
	run.effect = true
	o := events.Outcome{Class: events.Done}
	if c.Deed == events.Do {
		o.Output = output(c)
	}
	return reply{outcome: o, after: took}
}

// output is what a step puts out: a name that later steps are bound to.
func output(c events.Command) json.RawMessage {
	return fmt.Appendf(nil, `{"id":%q}`, c.Name)
}
