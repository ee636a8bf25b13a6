package saga

import (
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
)

// report folds a worker's result into facts. A result of an epoch that was left behind says nothing any more.
func (t *turn) report(r events.Result) {
	if l := t.s.surveyed(r); l != nil {
		t.add(l.seen(r.Outcome, t.now))
		return
	}
	g := t.s.Saga
	if g == nil || r.Saga != t.s.SagaID(g.N) {
		return
	}
	st := g.step(r.Step, r.Generation)
	if st == nil || st.Open == nil || st.Open.Epoch != r.Epoch {
		return
	}
	ref, o := Ref{st.Name, st.Generation}, r.Outcome
	mutates := st.Open.Verb.Mutates() && st.Transition != TransitionCheck
	switch {
	case o.Class == events.Done && (st.Open.Verb != events.Look || o.Seen != ""):
		t.reportDone(st, o)
	case o.Class == events.Wait:
		t.add(StepWaiting{Ref: ref, At: t.now, Epoch: r.Epoch, Operation: o.Operation, Until: t.waitUntil(st, o),
			Reason: o.Reason, Message: o.Message})
	case o.Class == events.Unsure && mutates:
		// The runner has reported, so no call of its own is under way any more; the vendor may still act on one.
		quiet := t.now.Add(t.e.Limits.quiet())
		t.add(StepUnsure{
			Ref: ref, At: t.now, Epoch: r.Epoch, QuietAt: quiet, Ended: st.Open.ended(o), Message: o.Message,
		})
	case o.Class == events.Refuse && !st.Back && g.Direction == Making:
		t.add(StepRefused{Ref: ref, At: t.now, Epoch: r.Epoch, Message: o.Message})
	case o.Class == events.Refuse && st.Back:
		t.add(StepStuck{Ref: ref, At: t.now, Message: o.Message})
	default: // Retry, a Look that is unsure, a Look that is refused while the whole is proved
		late := o.Reason == events.ReasonLate
		t.add(StepRetrying{
			Ref: ref, At: t.now, Epoch: r.Epoch, Verb: st.Open.Verb, Until: t.againAt(st, o), Free: late,
			Ended: st.Open.ended(o), Message: o.Message,
		})
	}
}

// ended tells whether the operation that a command waited for is over. A worker polls it before it runs the verb, and
// an outcome without a handle says that it does not go on; one that was too late, or that does not know the step, says
// nothing.
func (r *Request) ended(o events.Outcome) bool {
	return r.Operation != "" && o.Operation == "" && o.Reason != events.ReasonLate && o.Reason != events.ReasonUnknown
}

// ahead tells whether a result answers a command that this state does not know of yet: then the state is old.
func (s State) ahead(r events.Result) bool {
	if l := s.Survey.look(r.Step, r.Generation); l != nil && l.Epoch >= r.Epoch {
		return false
	}
	_, n, err := events.ParseSaga(r.Saga)
	switch {
	case err != nil:
		return false
	case s.Saga == nil || n != s.Saga.N:
		return s.Saga == nil || n > s.Saga.N
	}
	st := s.Saga.step(r.Step, r.Generation)
	return st == nil || st.Epoch < r.Epoch
}

// reportDone folds a verb that was done.
func (t *turn) reportDone(st *Step, o events.Outcome) {
	ref, epoch, asked := Ref{st.Name, st.Generation}, st.Open.Epoch, st.Open.Due
	switch st.Open.Verb {
	case events.Do:
		t.add(StepDone{Ref: ref, At: t.now, Epoch: epoch, Output: o.Output})
	case events.Undo:
		t.add(StepReversed{Ref: ref, At: t.now, Epoch: epoch, Retained: o.Retained})
		if o.Retained != "" { // left on purpose: there is nothing whose absence a Look could confirm
			t.add(StepUndone{Ref: ref, At: t.now, Retained: o.Retained})
		}
	case events.Look:
		t.add(StepSeen{Ref: ref, At: t.now, Epoch: epoch, Presence: o.Seen, Output: o.Output, Detail: o.Message})
		if st.Back || t.s.Saga.Direction == Making {
			t.seen(st, asked, o.Message)
		}
	}
}

// seen decides after a Look at a step whose Do is in doubt, that was not known to be as it should, or that is on its
// way back.
func (t *turn) seen(st *Step, asked time.Time, detail string) {
	v, doubtful := afterLook(st.Back, st.Transition, st.Seen)
	if ok, next := t.believable(st, asked); doubtful && !ok {
		seen := "observed absent"
		if st.Back {
			seen = "observed gone"
		}
		t.add(StepRetrying{
			Ref: st.id(), At: t.now, Epoch: st.Epoch, Verb: events.Look, Until: next, Free: true,
			Message: seen + ", but an earlier call may still take effect",
		})
		return
	}
	switch {
	case v == lookSettles && st.Back:
		t.add(StepUndone{Ref: st.id(), At: t.now})
	case v == lookSettles:
		t.add(StepDone{Ref: st.id(), At: t.now, Epoch: st.Epoch, Output: st.Observed})
	case v == lookRefuses:
		t.add(StepRefused{Ref: st.id(), At: t.now, Epoch: st.Epoch, Message: seenAs(st.Seen, detail)})
	case st.Back:
		t.undoAgain(st, detail)
	default:
		t.doAgain(st, detail)
	}
}

// doAgain lets the step be done again after a Look has told that it is not so: at once when nothing has been tried yet,
// else along the retry curve.
func (t *turn) doAgain(st *Step, detail string) {
	spent, until := t.e.Limits.ForKind(st.Kind, st.Limits).patience(st)
	if spent || !until.IsZero() && !t.now.Before(until) {
		t.refuse(st, gaveUp(st))
		return
	}
	at := t.now
	if st.Tries > 0 {
		at = t.now.Add(t.backoff(st.Tries, st))
	}
	t.add(StepRetrying{
		Ref: Ref{st.Name, st.Generation}, At: t.now, Epoch: st.Epoch, Verb: events.Do, Until: at, Free: true,
		Message: seenAs(st.Seen, detail),
	})
}

// seenAs says in words what a Look saw.
func seenAs(p events.Presence, detail string) string {
	if detail != "" {
		return fmt.Sprintf("it is %s: %s", p, detail)
	}
	return fmt.Sprintf("it is %s", p)
}

// waitUntil is until when a step waits. A lingering removal that was asked before an intent came to wait behind it is
// asked again at once.
func (t *turn) waitUntil(st *Step, o events.Outcome) time.Time {
	switch {
	case t.s.Saga.Direction == Removing && o.Operation == "" && len(t.s.Queue) > 0 && !st.Open.Expedite:
		return t.now
	case o.After > 0:
		return t.within(st, o.After)
	}
	return t.within(st, t.e.Limits.RetryBase)
}

// againAt is when a step is tried again.
func (t *turn) againAt(st *Step, o events.Outcome) time.Time {
	switch {
	case o.After > 0:
		return t.within(st, o.After)
	case o.Reason == events.ReasonLate: // at once, but for a pause that keeps a worker with a wrong clock from spinning
		return t.within(st, t.e.Limits.RetryBase)
	}
	return t.within(st, t.backoff(st.Tries+1, st))
}

// within bounds a delay by what is left of the step's time.
func (t *turn) within(st *Step, after time.Duration) time.Time {
	l := t.e.Limits.ForKind(st.Kind, st.Limits)
	budget := l.Budget
	if st.Back {
		budget = l.UndoBudget
	}
	at, end := t.now.Add(after), st.Since.Add(budget)
	if !st.Since.IsZero() && at.After(end) && end.After(t.now) {
		return end
	}
	return at
}

func (t *turn) backoff(n int, st *Step) time.Duration {
	return t.e.Limits.Backoff(n, t.s.Key.String()+"/"+st.Name)
}
