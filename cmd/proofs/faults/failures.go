package faults

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// failures: every mutating call of an undisturbed run, of each plan, is refused once for good, and once its answer is
// lost (or goes wrong in the modes that are asked for). Each ends compensated, or completed after a look, and the world
// is as it was.
func failures(ctx context.Context, s lab.Settings) error {
	modes, err := faultModes(s)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "announce×filter×egress call mode hits end left"}
	err = lab.Each(ctx, s, lab.Variants(), func(ctx context.Context, l *lab.Lab, v lab.Variant) {
		calls, err := ledgerCalls(ctx, l, v)
		if err != nil {
			t.Row(err, v, "undisturbed run", "-", 0, "-", "-")
			return
		}
		for _, call := range calls {
			for _, mode := range modes {
				f := failure{Variant: v, vendor: call.Vendor, call: call.Name, mode: mode}
				if f.exists() {
					failureRow(ctx, l, f, t)
				}
			}
		}
	})
	return errors.Join(err, t.Print())
}

// failure is one cell.
type failure struct {
	lab.Variant
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

func failureOrder(v lab.Variant, name string) lab.Order {
	return lab.Order{Variant: v, Name: name, Service: "fn-0002", Connector: "10.8.0.0/28", OnWithdraw: "restore"}
}

// ledgerCalls runs the plan undisturbed, there and back, and lists its mutating calls on the way there.
func ledgerCalls(ctx context.Context, l *lab.Lab, v lab.Variant) ([]proof.Call, error) {
	name := connectionName(v, "calls")
	before, err := l.Effects(ctx)
	if err != nil {
		return nil, err
	}
	applied, err := l.Run(ctx, failureOrder(v, name).Event())
	if err != nil || applied.Status != events.SagaCompleted {
		return nil, errors.Join(err, proof.Need(applied.Status == events.SagaCompleted, "apply: %s",
			lab.Describe(applied)), giveUp(ctx, l, name))
	}
	after, err := l.Effects(ctx)
	if err != nil {
		return nil, err
	}
	calls := proof.Calls(after[len(before):])
	if err := giveUp(ctx, l, name); err != nil {
		return nil, err
	}
	return calls, l.Clean(ctx)
}

func giveUp(ctx context.Context, l *lab.Lab, name string) error {
	gone, err := l.Run(ctx, lab.Withdraw(name))
	return errors.Join(err, proof.Need(gone.Status == events.SagaCompleted, "withdraw: %s", lab.Describe(gone)))
}

func failureRow(ctx context.Context, l *lab.Lab, f failure, t *proof.Table) {
	name := connectionName(f.Variant, strings.ToLower(f.call)+"-"+f.mode)
	err := l.Fault(ctx, f.fault())
	var end events.Status
	hits := 0
	if err == nil {
		end, err = l.Run(ctx, failureOrder(f.Variant, name).Event())
	}
	if err == nil {
		hits, err = l.Hits(ctx)
	}
	err = errors.Join(err, l.ClearFaults(ctx))
	if err == nil {
		err = proof.Need(hits > 0, "the fault never fired")
	}
	if err == nil {
		err = proof.Need(slices.Contains(endsOf[f.mode], end.Status), "ended %s", lab.Describe(end))
	}
	if err == nil && end.Status == events.SagaCompleted {
		err = giveUp(ctx, l, name)
	}
	left := "-"
	if clean := l.Clean(ctx); clean != nil {
		err = errors.Join(err, clean)
		left = "differs"
	} else {
		left = "[]"
	}
	t.Row(err, f.Variant, f.call, f.mode, hits, end.Status, left)
	if left != "[]" { // what one cell leaves must not spoil the next
		_, _ = l.Run(ctx, lab.Withdraw(name))
		_ = l.Sim().Reset(ctx, control.Reset{World: true})
	}
}

func connectionName(v lab.Variant, suffix string) string {
	clean := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
				return r
			}
			return '-'
		}, strings.ToLower(s))
	}
	name := "f-" + v.Announce[:2] + "-" + v.Filter[max(0, len(v.Filter)-4):] + "-" + v.Egress[:2] + "-" + clean(suffix)
	return strings.TrimRight(name[:min(60, len(name))], "-")
}
