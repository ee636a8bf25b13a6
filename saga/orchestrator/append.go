package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// encode makes the append. A record that would be too large is split by its inputs: the first lands, the rest comes
// after.
func (o *Orchestrator) encode(w *work) (rest *work, err error) {
	id := o.opts.ID()
	facts, head, err := saga.EncodeRecord(w.before, id, w.facts)
	if err == nil && len(facts) > saga.MaxFacts && len(w.jobs) > 1 {
		rest = &work{key: w.key, jobs: w.jobs[1:], resend: w.resend}
		w.jobs = w.jobs[:1]
		o.decideIn(w, w.before)
		facts, head, err = saga.EncodeRecord(w.before, id, w.facts)
	}
	if err == nil && len(facts) > saga.MaxFacts {
		err = events.NewRefusal("data", "size", "the record takes %d bytes, and the journal takes at most %d",
			len(facts), saga.MaxFacts)
	}
	if err != nil {
		return rest, err
	}
	w.after.Head = head
	a := saga.Append{
		Key: w.key, After: w.before.Version, ID: id, Summary: o.opts.Engine.Summarise(w.after, w.moves), Facts: facts,
		Admits: admits(w.facts),
	}
	if w.after.Version%saga.SnapshotEvery == 0 {
		if a.Snapshot, err = json.Marshal(w.after); err != nil {
			return rest, fmt.Errorf("snapshot %s: %w", w.key, err)
		}
	}
	w.append = &a
	return rest, nil
}

// refuseNew answers the jobs that would take in new work, and tells whether others are left. A full store that refuses
// an append without new work refuses it whole.
func (w *work) refuseNew(err error) (left bool) {
	var jobs []job
	for i, j := range w.jobs {
		if !w.append.Admits || w.admits[i] {
			if j.done != nil {
				j.done <- outcome{err: err}
			}
			continue
		}
		jobs = append(jobs, j)
	}
	w.jobs = jobs
	return len(jobs) > 0
}

// admits tells whether facts take in new work, and nothing that is under way waits for them.
func admits(facts []saga.Fact) bool {
	for _, f := range facts {
		switch f.(type) {
		case saga.IntentAccepted, saga.SagaReplayed, saga.SurveyAsked:
			return true
		}
	}
	return false
}

// append lands what was decided, in one call that shares one sync.
func (o *Orchestrator) append(ctx context.Context, landing []*work) (landed, lost []*work) {
	if len(landing) == 0 {
		return nil, nil
	}
	appends := make([]saga.Append, len(landing))
	for i, w := range landing {
		appends[i] = *w.append
	}
	for i, r := range o.opts.Journal.Append(ctx, appends) {
		w := landing[i]
		switch {
		case r.Err == nil:
			landed = append(landed, w)
			continue
		// the same again settles it, also when the reason is a store that is full
		case errors.Is(r.Err, saga.ErrUnknown):
			w.unknown = true
		case errors.Is(r.Err, saga.ErrFull):
			o.alarm.set(w.key, o.opts.Now().Add(o.opts.SweepEvery))
			if w.unknown {
				r.Err = fmt.Errorf("%w; it is not known whether it was stored before: offer the same again", r.Err)
			}
			if !w.refuseNew(r.Err) {
				continue
			}
			w.unknown = false // what is under way goes on without what is new
		default: // somebody else was first: read and decide again; a repeat of an input changes nothing
			w.unknown = false
			o.cache.forget(w.key)
		}
		lost = append(lost, w)
	}
	return landed, lost
}
