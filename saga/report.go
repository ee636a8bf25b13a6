package saga

import (
	"time"

	"github.com/culvertnet/culvert/events"
)

// report folds a worker's result into facts. A result of an epoch that was left behind says nothing any more.
func (t *turn) report(r events.Result) {
	g := t.s.Saga
	if g == nil || r.Saga != t.s.SagaID(g.N) {
		return
	}
	st := g.step(r.Step, r.Generation)
	if st == nil || st.Open == nil || st.Open.Epoch != r.Epoch {
		return
	}
	ref, o := Ref{st.Name, st.Generation}, r.Outcome
	mutates := st.Open.Deed.Mutates() && st.Transition != TransitionCheck
	switch {
	case o.Class == events.Done:
		t.reportDone(st, o)
	case o.Class == events.Wait:
		t.add(StepWaiting{Ref: ref, At: t.now, Epoch: r.Epoch, Operation: o.Operation, Until: t.now.Add(t.wait(o.After)), Reason: o.Reason})
	case o.Class == events.Unsure && mutates:
		quiet := st.Open.Deadline.Add(t.e.Limits.quiet())
		t.add(StepUnsure{Ref: ref, At: t.now, Epoch: r.Epoch, QuietAt: quiet, Message: o.Message})
	case o.Class == events.Refuse && !st.Back && g.Direction == Making:
		t.add(StepRefused{Ref: ref, At: t.now, Epoch: r.Epoch, Message: o.Message})
	case o.Class == events.Refuse && st.Back:
		t.add(StepStuck{Ref: ref, At: t.now, Message: o.Message})
	default: // Retry, a Look that is unsure, a Look that is refused while the whole is proved
		late := o.Reason == events.ReasonLate
		t.add(StepRetrying{
			Ref: ref, At: t.now, Epoch: r.Epoch, Until: t.now.Add(t.again(st, o, late)), Free: late, Message: o.Message,
		})
	}
}

// reportDone folds a deed that was done.
func (t *turn) reportDone(st *Step, o events.Outcome) {
	ref, epoch := Ref{st.Name, st.Generation}, st.Open.Epoch
	switch st.Open.Deed {
	case events.Do:
		t.add(StepDone{Ref: ref, At: t.now, Epoch: epoch, Output: o.Output})
	case events.Undo:
		t.add(StepReversed{Ref: ref, At: t.now, Epoch: epoch, Retained: o.Retained})
		if o.Retained != "" { // left on purpose: there is nothing whose absence a Look could confirm
			t.add(StepUndone{Ref: ref, At: t.now, Retained: o.Retained})
		}
	case events.Look:
		t.add(StepSeen{Ref: ref, At: t.now, Epoch: epoch, Presence: o.Seen, Output: o.Output, Detail: o.Message})
		switch {
		case st.Back:
			t.seenBack(st)
		case t.s.Saga.Direction == Making:
			t.seenForward(st)
		}
	}
}

// seenForward decides after a Look at a step whose Do is in doubt, or that stood unknown.
func (t *turn) seenForward(st *Step) {
	ref := Ref{st.Name, st.Generation}
	switch st.Seen {
	case events.Present:
		t.add(StepDone{Ref: ref, At: t.now, Epoch: st.Epoch, Output: st.Observed})
	case events.Foreign:
		t.add(StepRefused{Ref: ref, At: t.now, Epoch: st.Epoch, Message: "it is somebody else's: " + lastError(st)})
	case events.Absent:
		if t.now.Before(st.QuietAt) { // a call that was cut off may still have its effect: not believed yet
			t.add(StepRetrying{Ref: ref, At: t.now, Epoch: st.Epoch, Until: st.QuietAt, Free: true, Message: "absent, but an earlier call may still act"})
			return
		}
		t.doAgain(st)
	default:
		t.doAgain(st)
	}
}

// doAgain lets the step be done again after a Look has told that it is not so.
func (t *turn) doAgain(st *Step) {
	if t.spent(st, t.e.Limits.Tries, t.e.Limits.Budget) {
		t.refuse(st, "gave up: "+lastError(st))
		return
	}
	if t.mayRequest(st.Kind) {
		t.request(st, events.Do, "", false)
		return
	}
	t.add(StepRetrying{Ref: Ref{st.Name, st.Generation}, At: t.now, Epoch: st.Epoch, Until: t.now, Free: true, Message: "held"})
}

// wait bounds what a worker says about how long to wait.
func (t *turn) wait(after time.Duration) time.Duration {
	if after <= 0 {
		return t.e.Limits.RetryBase
	}
	return after
}

// again is when a step is tried again.
func (t *turn) again(st *Step, o events.Outcome, late bool) time.Duration {
	switch {
	case late:
		return 0
	case o.After > 0:
		return o.After
	}
	return t.e.Limits.Backoff(st.Tries+1, t.s.Key.String()+"/"+st.Name)
}
