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

// A world is what workers act on: named objects, each as its input says. Calls take time, are cut off, and may have
// their effect late, but never later than the deadline of their command, the clock's skew and the quiet period allow.
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
	// past is what objects were, oldest first, for reads that are stale.
	past map[string][]version
	// faults counts what went wrong, by kind.
	faults map[string]int
	// broken is the first broken promise of the engine that the world has seen.
	broken error
}

// version is what an object was until then; empty is absent.
type version struct {
	until time.Time
	input string
}

// stale is how old the answer of a vendor's read may be at most. The quiet period covers late effects and stale reads.
const stale = 5 * time.Second

// call is a verb that a worker, or the vendor on its behalf, may still have under way.
type call struct {
	object    string
	verb      events.Verb
	input     string
	epoch     uint64
	operation string
	until     time.Time
	effect    bool
}

func newWorld(rng *rand.Rand, limits saga.Limits) *world {
	return &world{
		rng: rng, limits: limits, faulty: true, objects: map[string]string{}, foreign: map[string]bool{},
		exempt:  map[string]bool{},
		drifted: map[string]bool{}, marks: map[string]bool{}, past: map[string][]version{}, faults: map[string]int{},
	}
}

// chance is true in one of n cases, while there are faults.
func (w *world) chance(n int) bool { return w.faulty && w.rng.IntN(n) == 0 }

// strikes tells whether a fault is made now, in one of n cases, and counts it.
func (w *world) strikes(kind string, n int) bool {
	if !w.chance(n) {
		return false
	}
	w.faults[kind]++
	return true
}

// set changes an object and remembers what it was.
func (w *world) set(object, input string, at time.Time) {
	w.past[object] = append(w.past[object], version{at, w.objects[object]})
	if input == "" {
		delete(w.objects, object)
	} else {
		w.objects[object] = input
	}
}

// read gives an object as it was at a time; empty is absent.
func (w *world) read(object string, at time.Time) string {
	for _, v := range w.past[object] {
		if at.Before(v.until) {
			return v.input
		}
	}
	return w.objects[object]
}

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
		case c.verb == events.Undo:
			w.set(c.object, "", c.until)
		default:
			w.set(c.object, c.input, c.until)
			delete(w.drifted, c.object)
		}
		if c.operation != "" { // a vendor that says that an operation has ended shows what it did
			delete(w.past, c.object)
		}
	}
}

// begin notes a mutating call, and holds the engine to its quiet rule: no verb may begin while another verb on the same
// object can still have an effect, unless both want the same.
func (w *world) begin(c call) *call {
	for _, other := range w.calls {
		if other.object == c.object && (other.verb != c.verb || other.input != c.input) && w.broken == nil {
			w.broken = fmt.Errorf(
				"%s of %s at epoch %d begins while %s of epoch %d may still have its effect, until %s",
				c.verb, c.object, c.epoch, other.verb, other.epoch, at(other.until))
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
	skew := w.upTo(w.limits.Skew) - w.limits.Skew/2 // the other half is that of the engine's clock
	left := c.Deadline.Add(skew).Sub(now)
	check := len(c.Name) == 0
	if c.Verb.Mutates() && !check {
		if w.marks[c.ID()] {
			return reply{never: true}
		}
		w.marks[c.ID()] = true
	}
	if left < time.Second {
		return reply{outcome: events.Outcome{Class: events.Retry, Reason: events.ReasonLate}}
	}
	took := w.upTo(min(left, 8*time.Second))
	if w.strikes("slow call", 10) {
		took = w.upTo(left)
	}
	switch {
	case w.strikes("worker died", 25):
		return w.die(c, now, left)
	case w.operationGoesOn(c):
		return reply{
			outcome: events.Outcome{Class: events.Wait, Operation: c.Operation, After: 20 * time.Second}, after: took,
		}
	case w.strikes("quota or 5xx", 20):
		return reply{outcome: events.Outcome{Class: events.Retry, Message: "quota"}, after: took}
	case w.strikes("claim held elsewhere", 25):
		return reply{
			outcome: events.Outcome{Class: events.Wait, Reason: "list-busy", After: 5 * time.Second}, after: took,
		}
	case check && w.strikes("refused", 30):
		return reply{outcome: events.Outcome{Class: events.Refuse, Message: "check"}, after: took}
	case check:
		return reply{
			outcome: events.Outcome{Class: events.Done, Output: json.RawMessage(`{"id":"checked"}`)}, after: took,
		}
	case c.Verb == events.Look:
		return reply{outcome: w.look(c, now), after: took}
	}
	return w.mutate(c, now, took)
}

// operationGoesOn is what a worker polls before the verb; without the handle, which may have been lost with its worker,
// the vendor tells by the object's own state.
func (w *world) operationGoesOn(c events.Command) bool {
	return slices.ContainsFunc(w.calls, func(o *call) bool { return o.operation != "" && o.object == c.Name })
}

// die is a worker that never answers; what it had begun may still have its effect.
func (w *world) die(c events.Command, now time.Time, left time.Duration) reply {
	if c.Verb.Mutates() && len(c.Name) > 0 && !w.foreign[c.Name] && !w.operationGoesOn(c) {
		late := w.upTo(left)
		if w.strikes("effect after the worker's end", 3) {
			late = left + w.upTo(w.limits.Quiet-stale)
		}
		w.begin(call{object: c.Name, verb: c.Verb, input: string(c.Input), epoch: c.Epoch, until: now.Add(late),
			effect: w.chance(2)})
	}
	return reply{never: true}
}

func (w *world) look(c events.Command, now time.Time) events.Outcome {
	is := w.objects[c.Name]
	if !w.drifted[c.Name] && w.strikes("stale read", 8) { // nobody could see what others did a moment ago
		is = w.read(c.Name, now.Add(-w.upTo(stale)))
	}
	o := events.Outcome{Class: events.Done, Output: output(c)}
	switch {
	case w.foreign[c.Name]:
		o.Seen = events.Foreign
	case is == "":
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
	if c.Verb == events.Do && c.Epoch == 1 && w.strikes("name taken by somebody else", 60) {
		w.foreign[c.Name] = true
	}
	if w.foreign[c.Name] {
		if c.Verb == events.Undo {
			return reply{outcome: events.Outcome{Class: events.Done}, after: took}
		}
		return reply{
			outcome: events.Outcome{Class: events.Refuse, Reason: "foreign", Message: "somebody else's"}, after: took,
		}
	}
	run := w.begin(call{object: c.Name, verb: c.Verb, input: string(c.Input), epoch: c.Epoch, until: now.Add(took)})
	switch {
	case c.Verb == events.Undo && c.Purpose == events.ToWithdraw && w.chance(25):
		w.exempt[c.Name] = true
		return reply{outcome: events.Outcome{Class: events.Done, Retained: c.Name + "-stays"}, after: took}
	case w.strikes("refused", 40), c.Verb == events.Undo && w.strikes("undo refused", 12):
		return reply{outcome: events.Outcome{Class: events.Refuse, Message: "cannot"}, after: took}
	case w.strikes("answer lost", 8):
		run.effect = w.strikes("timeout that succeeded", 2)
		if w.chance(2) {
			run.until = run.until.Add(w.upTo(w.limits.Quiet - stale))
		}
		return reply{outcome: events.Outcome{Class: events.Unsure, Message: "answer lost"}, after: took}
	case w.strikes("long operation", 10): // it ends by itself
		run.effect, run.operation = true, fmt.Sprintf("op:%d", w.rng.Uint32())
		run.until = now.Add(took + w.upTo(2*time.Minute))
		return reply{
			outcome: events.Outcome{Class: events.Wait, Operation: run.operation, After: 10 * time.Second}, after: took,
		}
	}
	run.effect = true
	o := events.Outcome{Class: events.Done}
	if c.Verb == events.Do {
		o.Output = output(c)
	}
	return reply{outcome: o, after: took}
}

// output is what a step puts out: a name that later steps are bound to.
func output(c events.Command) json.RawMessage {
	return fmt.Appendf(nil, `{"id":%q}`, c.Name)
}
