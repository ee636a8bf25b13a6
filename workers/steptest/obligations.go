package steptest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
)

// Run holds every step that the samples have a command for against the obligations. newBed makes a fresh world, the
// same each time. samples are the Do commands of a run that worked, in the order in which they were done; of several
// commands for one step the last counts. The cases run in parallel, as far as -parallel lets them: most of their time
// is waiting.
func Run(t *testing.T, newBed func(t *testing.T) Bed, samples []events.Command) {
	t.Helper()
	samples = lastOfEach(samples)
	covers(t, newBed(t).Handlers, kindsOf(samples))
	for i, c := range samples {
		l := lab{newBed: newBed, before: samples[:i], sample: c}
		t.Run(c.Step, func(t *testing.T) {
			t.Run("done twice", l.doneTwice)
			t.Run("undone after doing", l.undone)
			t.Run("undone without doing", l.undoneWithoutDoing)
			for _, fate := range []Fate{Fail, Lose} {
				name := map[Fate]string{Fail: "a call fails", Lose: "an answer is lost"}[fate]
				t.Run(name+" in doing, then done", func(t *testing.T) { l.cutDo(t, fate, true) })
				t.Run(name+" in doing, then undone", func(t *testing.T) { l.cutDo(t, fate, false) })
				t.Run(name+" in undoing", func(t *testing.T) { l.cutUndo(t, fate) })
			}
			t.Run("cancelled", l.cancelled)
		})
	}
}

// lastOfEach keeps the last Do of every step, in the order of the first.
func lastOfEach(samples []events.Command) []events.Command {
	var out []events.Command
	for _, c := range samples {
		if c.Verb != events.Do {
			continue
		}
		if i := slices.IndexFunc(out, func(o events.Command) bool { return o.Step == c.Step }); i >= 0 {
			out[i] = c
			continue
		}
		out = append(out, c)
	}
	return out
}

// lab prepares a world in which everything before a step is done.
type lab struct {
	newBed func(t *testing.T) Bed
	before []events.Command
	sample events.Command
}

// prepared gives a fresh world, and what it looks like.
func (l lab) prepared(t *testing.T) (*runner, string) {
	t.Helper()
	r := newRunner(t, l.newBed(t))
	for _, c := range l.before {
		r.until(c, events.Do)
	}
	return r, r.State(t)
}

// doneTwice: a repeated Do has the same output and changes nothing more.
func (l lab) doneTwice(t *testing.T) {
	t.Parallel()
	r, before := l.prepared(t)
	if o := r.look(l.sample); o.Seen == events.Present {
		t.Errorf("a look before anything was done sees %s", o.Seen)
	}
	r.becomes("after a look", before)
	first := r.until(l.sample, events.Do)
	r.sees(l.sample, events.Present)
	done := r.State(t)
	second := r.until(l.sample, events.Do)
	if !bytes.Equal(first.Output, second.Output) {
		t.Errorf("output %s, and then %s", first.Output, second.Output)
	}
	r.becomes("after a repeated do", done)
}

// undone: an undo takes away all that the do made, and can be repeated.
func (l lab) undone(t *testing.T) {
	t.Parallel()
	r, before := l.prepared(t)
	r.until(l.sample, events.Do)
	l.takesBack(r, before)
	l.takesBack(r, before)
	r.until(l.sample, events.Do) // and it can be done again
	r.sees(l.sample, events.Present)
}

// takesBack undoes and proves that nothing of the step is left.
func (l lab) takesBack(r *runner, before string) {
	r.t.Helper()
	o := r.until(l.sample, events.Undo)
	if o.Retained != "" {
		r.t.Fatalf("an undo that compensates leaves something: %s", o.Retained)
	}
	if !readOnly(l.sample.Kind) {
		r.sees(l.sample, events.Absent, events.Foreign)
	}
	r.becomes("after an undo", before)
	r.holdsNothing(l.sample)
}

func (l lab) undoneWithoutDoing(t *testing.T) {
	t.Parallel()
	r, before := l.prepared(t)
	l.takesBack(r, before)
	r.until(l.sample, events.Do)
	r.sees(l.sample, events.Present)
}

// hit sets the fate of one call and tells whether the call came.
func (r *runner) hit(call int, fate Fate) (wasHit func() bool) {
	was := false
	r.Intercept(func(n int) Fate {
		if n != call {
			return Pass
		}
		was = true
		return fate
	})
	return func() bool {
		r.Intercept(nil)
		return was
	}
}

// settle waits until a run that was cut off can have no more effect. Any other run has said so by its outcome.
func (r *runner) settle(o events.Outcome) {
	if o.Class == events.Unsure {
		r.Pause(r.t.Context(), r.Settle)
	}
}

// maxCalls bounds the calls that change something in one verb.
const maxCalls = 60

// cutDo breaks each call of a Do in turn; then the step is done all the same, or undone without a trace.
func (l lab) cutDo(t *testing.T, fate Fate, goOn bool) {
	t.Parallel()
	for call := 1; call <= maxCalls; call++ {
		r, before := l.prepared(t)
		wasHit := r.hit(call, fate)
		o := l.broken(r, events.Do)
		if !wasHit() {
			return
		}
		l.mayEnd(t, fmt.Sprintf("do with call %d broken", call), o)
		r.settle(o)
		if !goOn {
			l.takesBack(r, before)
			continue
		}
		r.until(l.sample, events.Do)
		r.sees(l.sample, events.Present)
		l.takesBack(r, before)
	}
	t.Fatalf("more than %d calls in one do", maxCalls)
}

// cutUndo breaks each call of an Undo in turn; the step is undone all the same.
func (l lab) cutUndo(t *testing.T, fate Fate) {
	t.Parallel()
	for call := 1; call <= maxCalls; call++ {
		r, before := l.prepared(t)
		r.until(l.sample, events.Do)
		wasHit := r.hit(call, fate)
		o := l.broken(r, events.Undo)
		if !wasHit() {
			return
		}
		l.mayEnd(t, fmt.Sprintf("undo with call %d broken", call), o)
		r.settle(o)
		l.takesBack(r, before)
	}
	t.Fatalf("more than %d calls in one undo", maxCalls)
}

// broken drives a verb until something breaks it, or it is done: waits belong to it.
func (l lab) broken(r *runner, verb events.Verb) events.Outcome {
	r.t.Helper()
	operation := ""
	for range maxRuns {
		o := r.once(r.t.Context(), l.sample, verb, operation)
		if o.Class != events.Wait {
			return o
		}
		r.Pause(r.t.Context(), max(o.After, time.Millisecond))
		if operation = o.Operation; operation != "" {
			r.finish(operation)
		}
	}
	r.t.Fatalf("%s of %s waits for ever", verb, l.sample.Step)
	return events.Outcome{}
}

// mayEnd fails the test for an outcome that a broken call must not have: a refusal would compensate, or be stuck, for
// nothing.
func (l lab) mayEnd(t *testing.T, what string, o events.Outcome) {
	t.Helper()
	if o.Class == events.Refuse {
		t.Fatalf("%s of %s is refused: %s: %s", what, l.sample.Step, o.Reason, o.Message)
	}
}

// prompt is how soon a cancelled run must return, in real time.
const prompt = 10 * time.Second

// cancelled: a run whose context ends, before it begins or at any call, returns soon, refuses nothing, and leaves what
// can be undone.
func (l lab) cancelled(t *testing.T) {
	t.Parallel()
	for call := 0; call <= maxCalls; call++ {
		r, before := l.prepared(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		was := call == 0
		if was {
			cancel()
		}
		r.Intercept(func(n int) Fate {
			if n == call {
				was = true
				cancel()
			}
			return Pass
		})
		begun := time.Now()
		o := r.once(ctx, l.sample, events.Do, "")
		if took := time.Since(begun); took > prompt {
			t.Fatalf("a run cancelled at call %d returned after %v", call, took)
		}
		r.Intercept(nil)
		if !was {
			return
		}
		l.mayEnd(t, fmt.Sprintf("do cancelled at call %d", call), o)
		r.settle(o)
		l.takesBack(r, before)
	}
}
