package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/events"
)

// failures: every mutating call of an undisturbed run, of each plan, is refused once for good, and once its answer is
// lost (or goes wrong in the modes that are asked for). Each ends compensated, or completed after a look, and the world is
// as it was.
func failures(ctx context.Context, s settings) error {
	modes, err := s.faultModes()
	if err != nil {
		return err
	}
	t := &table{header: "announce×filter×egress call mode hits end left"}
	err = each(ctx, s, variants(), func(ctx context.Context, l *lab, v variant) {
		calls, err := ledgerCalls(ctx, l, v)
		if err != nil {
			t.row(err, v, "undisturbed run", "-", 0, "-", "-")
			return
		}
		for _, call := range calls {
			for _, mode := range modes {
				f := failure{variant: v, vendor: call.Vendor, call: call.Name, mode: mode}
				if f.exists() {
					failureRow(ctx, l, f, t)
				}
			}
		}
	})
	return errors.Join(err, t.print())
}

// failure is one cell.
type failure struct {
	variant
	vendor, call, mode string
}

// endsOf are the ends a fault mode leaves a saga to choose from: what is refused for good cannot complete, what only
// passes need not compensate.
var endsOf = map[string][]events.SagaStatus{
	"refuse":         {events.SagaCompensated},
	"lose-reply":     {events.SagaCompleted, events.SagaCompensated},
	"fail-before":    {events.SagaCompleted, events.SagaCompensated},
	"fail-after":     {events.SagaCompleted, events.SagaCompensated},
	"throttle":       {events.SagaCompleted, events.SagaCompensated},
	"delay":          {events.SagaCompleted, events.SagaCompensated},
	"expire-session": {events.SagaCompleted, events.SagaCompensated},
}

// faultDelay is longer than most of what a fast world takes, so that answers come when nobody counts on them.
const faultDelay = 3 * time.Second

// exists tells whether the vendor has such a fault: only a controller has sessions.
func (f failure) exists() bool { return f.mode != "expire-session" || f.vendor == "aviatrix" }

func (f failure) fault() control.Fault {
	body := control.Fault{Vendor: f.vendor, Call: f.call, Mode: f.mode, Times: 1}
	if f.mode == "delay" {
		body.Delay = control.Delay(faultDelay)
	}
	return body
}

func failureOrder(v variant, name string) order {
	return order{variant: v, name: name, service: "fn-0002", connector: "10.8.0.0/28", onWithdraw: "restore"}
}

// ledgerCalls runs the plan undisturbed, there and back, and lists its mutating calls on the way there.
func ledgerCalls(ctx context.Context, l *lab, v variant) ([]proof.Call, error) {
	name := connectionName(v, "calls")
	before, err := l.effects(ctx)
	if err != nil {
		return nil, err
	}
	applied, err := l.run(ctx, failureOrder(v, name).event())
	if err != nil || applied.Status != events.SagaCompleted {
		return nil, errors.Join(err, need(applied.Status == events.SagaCompleted, "apply: %s", describe(applied)), giveUp(ctx, l, name))
	}
	after, err := l.effects(ctx)
	if err != nil {
		return nil, err
	}
	calls := proof.Calls(after[len(before):])
	if err := giveUp(ctx, l, name); err != nil {
		return nil, err
	}
	return calls, l.clean(ctx)
}

func giveUp(ctx context.Context, l *lab, name string) error {
	gone, err := l.run(ctx, withdraw(name))
	return errors.Join(err, need(gone.Status == events.SagaCompleted, "withdraw: %s", describe(gone)))
}

func failureRow(ctx context.Context, l *lab, f failure, t *table) {
	name := connectionName(f.variant, strings.ToLower(f.call)+"-"+f.mode)
	err := l.fault(ctx, f.fault())
	var end events.Status
	hits := 0
	if err == nil {
		end, err = l.run(ctx, failureOrder(f.variant, name).event())
	}
	if err == nil {
		hits, err = l.hits(ctx)
	}
	err = errors.Join(err, l.clearFaults(ctx))
	if err == nil {
		err = need(hits > 0, "the fault never fired")
	}
	if err == nil {
		err = need(slices.Contains(endsOf[f.mode], end.Status), "ended %s", describe(end))
	}
	if err == nil && end.Status == events.SagaCompleted {
		err = giveUp(ctx, l, name)
	}
	left := "-"
	if clean := l.clean(ctx); clean != nil {
		err = errors.Join(err, clean)
		left = "differs"
	} else {
		left = "[]"
	}
	t.row(err, f.variant, f.call, f.mode, hits, end.Status, left)
	if left != "[]" { // what one cell leaves must not spoil the next
		_, _ = l.run(ctx, withdraw(name))
		_ = l.sim().Reset(ctx, control.Reset{World: true})
	}
}

func connectionName(v variant, suffix string) string {
	clean := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
				return r
			}
			return '-'
		}, strings.ToLower(s))
	}
	name := "f-" + v.announce[:2] + "-" + v.filter[max(0, len(v.filter)-4):] + "-" + v.egress[:2] + "-" + clean(suffix)
	return strings.TrimRight(name[:min(60, len(name))], "-")
}
