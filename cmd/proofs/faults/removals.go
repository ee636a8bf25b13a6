package faults

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// removals: every mutating call of an undisturbed withdrawal, of each plan, goes wrong once in each of the modes. What
// passes is overcome; what is refused for good may leave the withdrawal stuck, and a replay from there ends it. The
// world is as it was.
func removals(ctx context.Context, s lab.Settings) error {
	modes, err := faultModes(s)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "announce×filter×egress call mode hits end left"}
	err = lab.Each(ctx, s, lab.Variants(), func(ctx context.Context, l *lab.Lab, v lab.Variant) {
		calls, err := withdrawalCalls(ctx, l, v)
		if err != nil {
			t.Row(err, v, "undisturbed withdrawal", "-", 0, "-", "-")
			return
		}
		for _, call := range calls {
			for _, mode := range modes {
				f := failure{Variant: v, vendor: call.Vendor, call: call.Name, mode: mode}
				if f.exists() {
					removalRow(ctx, l, f, t)
				}
			}
		}
	})
	return errors.Join(err, t.Print())
}

// withdrawalCalls lists the mutating calls of the way back.
func withdrawalCalls(ctx context.Context, l *lab.Lab, v lab.Variant) ([]proof.Call, error) {
	name := connectionName(v, "back")
	if err := standing(ctx, l, v, name); err != nil {
		return nil, err
	}
	before, err := l.Effects(ctx)
	if err != nil {
		return nil, err
	}
	if err := giveUp(ctx, l, name); err != nil {
		return nil, err
	}
	after, err := l.Effects(ctx)
	if err != nil {
		return nil, err
	}
	return proof.Calls(after[len(before):]), l.Clean(ctx)
}

func standing(ctx context.Context, l *lab.Lab, v lab.Variant, name string) error {
	applied, err := l.Run(ctx, failureOrder(v, name).Event())
	return errors.Join(err, proof.Need(applied.Status == events.SagaCompleted, "apply: %s", lab.Describe(applied)))
}

func removalRow(ctx context.Context, l *lab.Lab, f failure, t *proof.Table) {
	name := connectionName(f.Variant, "back-"+f.call+"-"+f.mode)
	var end events.Status
	hits := 0
	err := standing(ctx, l, f.Variant, name)
	if err == nil {
		err = l.Fault(ctx, f.fault())
	}
	if err == nil {
		end, err = l.Run(ctx, lab.Withdraw(name))
	}
	if err == nil {
		hits, err = l.Hits(ctx)
	}
	err = errors.Join(err, l.ClearFaults(ctx))
	if err == nil {
		err = proof.Need(hits > 0, "the fault never fired")
	}
	shown := string(end.Status)
	if err == nil && end.Status == events.SagaStuck && f.mode == "refuse" {
		shown = "stuck, replayed"
		end, err = replay(ctx, l, end.ID)
	}
	if err == nil {
		err = proof.Need(end.Status == events.SagaCompleted, "ended %s", lab.Describe(end))
	}
	left := "[]"
	if clean := l.Clean(ctx); clean != nil {
		err, left = errors.Join(err, clean), "differs"
	}
	t.Row(err, f.Variant, f.call, f.mode, hits, shown, left)
	if left != "[]" { // what one cell leaves must not spoil the next
		_, _ = l.Run(ctx, lab.Withdraw(name))
		_ = l.Sim().Reset(ctx, control.Reset{World: true})
	}
}

// replay goes on where a saga is stuck.
func replay(ctx context.Context, l *lab.Lab, id string) (events.Status, error) {
	o := httpapi.ReplayOrder{Order: httpapi.Order{Reason: "the cause is gone"}, From: "failed"}
	accepted, err := l.API().Post(ctx, "sagas/"+url.PathEscape(id)+"/replay", o)
	if err != nil {
		return events.Status{}, err
	}
	return l.Wait(ctx, accepted.Saga)
}

// faultModes are the modes that are asked for.
func faultModes(s lab.Settings) ([]string, error) {
	modes := strings.Split(s.Modes, ",")
	for _, mode := range modes {
		if _, known := endsOf[mode]; !known {
			return nil, fmt.Errorf("read modes: %q is not a mode of the world", mode)
		}
	}
	return modes, nil
}
