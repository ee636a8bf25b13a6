package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/events"
)

// removals: every mutating call of an undisturbed withdrawal, of each plan, goes wrong once in each of the modes. What passes is
// overcome; what is refused for good may leave the withdrawal stuck, and a replay from there ends it. The world is as it was.
func removals(ctx context.Context, s settings) error {
	modes, err := s.faultModes()
	if err != nil {
		return err
	}
	t := &table{header: "announce×filter×egress call mode hits end left"}
	err = each(ctx, s, variants(), func(ctx context.Context, l *lab, v variant) {
		calls, err := withdrawalCalls(ctx, l, v)
		if err != nil {
			t.row(err, v, "undisturbed withdrawal", "-", 0, "-", "-")
			return
		}
		for _, call := range calls {
			for _, mode := range modes {
				f := failure{variant: v, vendor: call.Vendor, call: call.Name, mode: mode}
				if f.exists() {
					removalRow(ctx, l, f, t)
				}
			}
		}
	})
	return errors.Join(err, t.print())
}

// withdrawalCalls lists the mutating calls of the way back.
func withdrawalCalls(ctx context.Context, l *lab, v variant) ([]proof.Call, error) {
	name := connectionName(v, "back")
	if err := standing(ctx, l, v, name); err != nil {
		return nil, err
	}
	before, err := l.effects(ctx)
	if err != nil {
		return nil, err
	}
	if err := giveUp(ctx, l, name); err != nil {
		return nil, err
	}
	after, err := l.effects(ctx)
	if err != nil {
		return nil, err
	}
	return proof.Calls(after[len(before):]), l.clean(ctx)
}

func standing(ctx context.Context, l *lab, v variant, name string) error {
	applied, err := l.run(ctx, failureOrder(v, name).event())
	return errors.Join(err, need(applied.Status == events.SagaCompleted, "apply: %s", describe(applied)))
}

func removalRow(ctx context.Context, l *lab, f failure, t *table) {
	name := connectionName(f.variant, "back-"+f.call+"-"+f.mode)
	var end events.Status
	hits := 0
	err := standing(ctx, l, f.variant, name)
	if err == nil {
		err = l.fault(ctx, f.fault())
	}
	if err == nil {
		end, err = l.run(ctx, withdraw(name))
	}
	if err == nil {
		hits, err = l.hits(ctx)
	}
	err = errors.Join(err, l.clearFaults(ctx))
	if err == nil {
		err = need(hits > 0, "the fault never fired")
	}
	shown := string(end.Status)
	if err == nil && end.Status == events.SagaStuck && f.mode == "refuse" {
		shown = "stuck, replayed"
		end, err = l.replay(ctx, end.ID)
	}
	if err == nil {
		err = need(end.Status == events.SagaCompleted, "ended %s", describe(end))
	}
	left := "[]"
	if clean := l.clean(ctx); clean != nil {
		err, left = errors.Join(err, clean), "differs"
	}
	t.row(err, f.variant, f.call, f.mode, hits, shown, left)
	if left != "[]" { // what one cell leaves must not spoil the next
		_, _ = l.run(ctx, withdraw(name))
		_ = l.sim().Reset(ctx, control.Reset{World: true})
	}
}

// replay goes on where a saga is stuck.
func (l *lab) replay(ctx context.Context, id string) (events.Status, error) {
	o := httpapi.ReplayOrder{Order: httpapi.Order{Reason: "the cause is gone"}, From: "failed"}
	accepted, err := l.api().Post(ctx, "sagas/"+url.PathEscape(id)+"/replay", o)
	if err != nil {
		return events.Status{}, err
	}
	return l.wait(ctx, accepted.Saga)
}

// faultModes are the modes that are asked for.
func (s settings) faultModes() ([]string, error) {
	modes := strings.Split(s.modes, ",")
	for _, mode := range modes {
		if _, known := endsOf[mode]; !known {
			return nil, fmt.Errorf("read modes: %q is none of the world's", mode)
		}
	}
	return modes, nil
}
