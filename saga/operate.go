package saga

import (
	"github.com/culvertnet/culvert/events"
)

// operate folds an operator's order into facts, or refuses it: an order that does not fit is a conflict.
func (t *turn) operate(a events.Action) (saga string, err error) {
	if a.Actor == "" || a.Reason == "" {
		return "", events.NewRefusal("reason", "reason", "an order needs an actor and a reason")
	}
	if t.s.Version == 0 && t.s.Key.Tenant != engineTenant {
		return "", events.NewRefusal("saga", "unknown", "unknown connection %s", t.s.Key)
	}
	switch a.Kind {
	case events.ActionPause:
		if t.s.Paused == nil {
			t.add(ConnectionPaused{At: t.now, Actor: a.Actor, Reason: a.Reason})
		}
		return "", nil
	case events.ActionResume:
		if t.s.Paused != nil || t.s.Key.Tenant == engineTenant { // the engine may have been started held
			t.add(ConnectionResumed{At: t.now, Actor: a.Actor, Reason: a.Reason})
		}
		return "", nil
	}
	key, n, err := events.ParseSaga(a.Saga)
	if err != nil || key != t.s.Key {
		return "", events.NewRefusal("saga", "saga", "%q is not a saga of %s", a.Saga, t.s.Key)
	}
	switch a.Kind {
	case events.ActionCancel:
		return a.Saga, t.cancel(n, a)
	case events.ActionReplay:
		return t.replay(n, a)
	case events.ActionSurvey:
		return a.Saga, t.survey(n, a)
	case events.ActionResolve:
		return a.Saga, t.resolve(n, a)
	}
	return "", events.NewRefusal("kind", "action", "unknown action %q", a.Kind)
}

// cancel gives up a queued saga, or turns a running one back while its version does not stand yet.
func (t *turn) cancel(n uint64, a events.Action) error {
	for _, q := range t.s.Queue {
		if q.N == n {
			t.add(SagaCancelled{At: t.now, Saga: n, Actor: a.Actor, Reason: a.Reason})
			return nil
		}
	}
	g := t.s.Saga
	switch {
	case g == nil || g.N != n:
		return t.notNewest(n)
	case g.Status.Ended():
		return events.NewConflict("saga", "ended", "%s has already ended (%s)", a.Saga, g.Status)
	case g.Direction == Removing:
		return events.NewConflict("saga", "stands", "%s has committed; withdraw the connection instead", a.Saga)
	case g.Direction == Reversing:
		return nil // it is on its way back already
	}
	t.add(SagaCancelled{At: t.now, Saga: n, Actor: a.Actor, Reason: a.Reason})
	t.startCompensation("cancelled by " + a.Actor + ": " + a.Reason)
	return nil
}

// replay continues a stuck saga, or queues a new one of the same intent.
func (t *turn) replay(n uint64, a events.Action) (string, error) {
	if a.From == "" {
		a.From = events.FromStart
	}
	if a.From != events.FromStart && a.From != events.FromFailed {
		return "", events.NewRefusal("from", "from", "invalid from %q: want start or failed", a.From)
	}
	g := t.s.Saga
	if u := t.s.Unbegun; u != nil && u.N == n && t.s.Newest() == n {
		if a.From == events.FromFailed {
			return "", events.NewConflict("from", "not-stuck", "%s ended before it began; replay it from the start",
				a.Saga)
		}
		return t.replayAs(*u, a)
	}
	if g == nil || g.N != n || len(t.s.Queue) > 0 {
		return "", t.notNewest(n)
	}
	switch {
	case a.From == events.FromFailed && g.Status == events.SagaStuck && a.Input == nil:
		t.add(SagaContinued{At: t.now, Saga: n, Actor: a.Actor, Reason: a.Reason})
		return a.Saga, nil
	case a.From == events.FromFailed:
		return "", events.NewConflict("from", "not-stuck",
			"%s is %s; only a stuck saga continues from where it failed, and without a new input", a.Saga, g.Status)
	case g.Status != events.SagaCompensated && g.Status != events.SagaStuck:
		return "", events.NewConflict(
			"saga", "not-replayable", "%s is %s; only a compensated or stuck saga can be replayed", a.Saga, g.Status,
		)
	}
	return t.replayAs(Queued{Number: g.Number, Intent: g.Intent}, a)
}

// replayAs queues a new saga of an intent, with the operator's input if there is one.
func (t *turn) replayAs(q Queued, a events.Action) (string, error) {
	if _, known := t.e.Kinds[q.Intent.Kind]; !known {
		return "", events.NewConflict("saga", "no-plan",
			"this release no longer has the intent kind %s; replay the saga with a release that has it, or continue "+
				"it from where it failed, which needs workers only", q.Intent.Kind)
	}
	next := t.s.Sagas + 1
	fact := SagaReplayed{
		At: t.now, Saga: next, Number: q.Number, ReplayOf: a.Saga, Intent: q.Intent, Actor: a.Actor, Reason: a.Reason,
	}
	if a.Input != nil {
		fact.Intent.Data, fact.Intent.Digest = a.Input, events.Digest(a.Input)
	}
	t.add(fact)
	return t.s.SagaID(next), nil
}

// resolve settles one step of a stuck saga.
func (t *turn) resolve(n uint64, a events.Action) error {
	g := t.s.Saga
	if g == nil || g.N != n {
		return t.notNewest(n)
	}
	if g.Status != events.SagaStuck || g.superseded() {
		return events.NewConflict("saga", "not-stuck", "%s is %s; only the steps of a stuck saga can be resolved",
			a.Saga, g.Status)
	}
	for _, st := range g.Steps {
		if st.Name == a.Step && st.Status == events.StepStuck {
			switch a.Resolution {
			case events.ResolveRetry, events.ResolveMarkUndone, events.ResolveSkip:
				t.add(StepResolved{Ref: Ref{st.Name, st.Generation}, At: t.now, Resolution: a.Resolution,
					Actor: a.Actor, Reason: a.Reason})
				return nil
			}
			return events.NewRefusal(
				"resolution", "resolution", "invalid resolution %q: want retry, mark-undone or skip", a.Resolution,
			)
		}
	}
	return events.NewConflict("step", "not-stuck", "%s has no stuck step %q", a.Saga, a.Step)
}

func (t *turn) notNewest(n uint64) error {
	id := t.s.SagaID(n)
	if n > t.s.Sagas || n == 0 {
		return events.NewRefusal("saga", "unknown", "unknown saga %s", id)
	}
	return events.NewConflict("saga", "superseded", "%s is no longer the newest saga of its connection", id)
}
