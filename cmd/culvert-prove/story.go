package main

import (
	"context"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
)

// outcome is what a trial has come to.
type outcome struct {
	ended     events.SagaStatus
	reason    string
	effects   int // the most live effects that one named object had
	leftovers []string
	passed    []string
	// calls changed something on the way there, undone took something away at any time.
	calls, undone []proof.Call
	took          time.Duration
	fired         bool
}

// thereAndBack applies the intent and withdraws it, and judges the world after each. The end that it tells of is that
// of the saga that is disturbed.
func (t *trial) thereAndBack(ctx context.Context, plan planned) (r outcome, err error) {
	apply, err := t.run(ctx, t.p.event)
	if err != nil {
		return r, err
	}
	r.ended, r.reason = apply.Status, apply.Reason
	ledger, err := t.sim.Effects(ctx)
	if err != nil {
		return r, err
	}
	r.calls = proof.Calls(withEffect(ledger, false))
	last, err := t.proceed(ctx, apply, plan.continues)
	if err != nil {
		return r, err
	}
	if last.Status == events.SagaCompleted {
		if last, err = t.back(ctx, plan, &r); err != nil {
			return r, err
		}
	}
	if ledger, err = t.sim.Effects(ctx); err != nil {
		return r, err
	}
	r.undone = proof.Calls(withEffect(ledger, true))
	if r.effects, err = proof.MostLive(ledger); err != nil {
		return r, err
	}
	left, err := proof.LeftOvers(ctx, t.sim, last.Retained)
	for _, d := range left {
		r.leftovers = append(r.leftovers, d.Kind+" "+d.Name+" "+d.Change)
	}
	return r, err
}

// back withdraws the intent, with the plan's faults of the way back, and gives the end that it must have.
func (t *trial) back(ctx context.Context, plan planned, r *outcome) (events.Status, error) {
	if err := t.sim.AddFault(ctx, plan.back...); err != nil {
		return events.Status{}, err
	}
	gone, err := t.run(ctx, t.p.withdrawal)
	if err != nil {
		return gone, err
	}
	if len(plan.back) > 0 {
		r.ended, r.reason = gone.Status, gone.Reason
	}
	if gone, err = t.proceed(ctx, gone, plan.continues); err != nil {
		return gone, err
	}
	if gone.Status != events.SagaCompleted {
		return gone, fmt.Errorf("the withdrawal is %s: %s", gone.Status, gone.Reason)
	}
	return gone, nil
}

// withEffect are the lines of a ledger that took something away, or those that did not.
func withEffect(ledger []control.Effect, away bool) []control.Effect {
	var lines []control.Effect
	for _, e := range ledger {
		if (e.Effect == proof.Delete) == away {
			lines = append(lines, e)
		}
	}
	return lines
}

// run offers an event until it is accepted, and waits for the end of its saga.
func (t *trial) run(ctx context.Context, event []byte) (events.Status, error) {
	for {
		o, err := t.orchestrator(ctx)
		if err != nil {
			return events.Status{}, err
		}
		in := intake.Intake{Kinds: t.p.catalogue, Engine: o, Now: time.Now}
		receipts, err := in.Accept(ctx, events.DefaultTenant, nil, event)
		if _, refused := events.AsRefusal(err); refused || ctx.Err() != nil {
			return events.Status{}, err
		}
		if err == nil {
			return proof.Await(ctx, t.journal, receipts[0].Saga, t.view)
		}
		if err := pause.For(ctx, 20*time.Millisecond); err != nil {
			return events.Status{}, err
		}
	}
}

// orchestrator is the newest one, once there is one.
func (t *trial) orchestrator(ctx context.Context) (*orchestrator.Orchestrator, error) {
	for {
		t.mu.Lock()
		o := t.engine
		t.mu.Unlock()
		if o != nil {
			return o, nil
		}
		if err := pause.For(ctx, time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// view is a saga as the journal tells it; without a status when it is not known yet.
func (t *trial) view(ctx context.Context, key events.Key, n uint64) (events.Status, error) {
	snapshot, records, err := t.journal.Load(ctx, key)
	if err != nil {
		return events.Status{}, err
	}
	s, err := saga.Rebuild(key, snapshot, records)
	if err != nil {
		return events.Status{}, err
	}
	v, _ := s.ViewOf(n)
	return v, nil
}

// proceed continues a saga once if it is stuck and that is wanted, as an operator does when the vendor is well again.
func (t *trial) proceed(ctx context.Context, v events.Status, wanted bool) (events.Status, error) {
	if v.Status != events.SagaStuck || !wanted {
		return v, nil
	}
	key, _, err := events.ParseSaga(v.ID)
	if err != nil {
		return v, err
	}
	o, err := t.orchestrator(ctx)
	if err != nil {
		return v, err
	}
	_, err = o.Act(ctx, events.Action{
		Kind: events.ActionReplay, Connection: key, Saga: v.ID, From: events.FromFailed, Actor: "prove",
		Reason: "the vendor is well again",
	})
	if err != nil {
		return v, fmt.Errorf("continue what is stuck: %w", err)
	}
	return proof.Await(ctx, t.journal, v.ID, t.view)
}
