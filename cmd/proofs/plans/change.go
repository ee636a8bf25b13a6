package plans

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// change: a changed apply makes only the vendor calls it needs; a new /28 is made before the old one is broken, and at
// no sequence number of the ledger is a bound range without its filter.
func change(ctx context.Context, s lab.Settings) error {
	l, err := lab.Alone(ctx, s, 600)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "change calls"}
	err = changeRun(ctx, l, t)
	return errors.Join(err, t.Print(), l.Close())
}

func changeRun(ctx context.Context, l *lab.Lab, t *proof.Table) error {
	o := lab.Order{
		Variant: lab.Variant{Announce: "cloud-router", Filter: "gcp-firewall", Egress: "connector"}, Name: "change",
		Service: "fn-0003", Connector: "10.8.0.0/28",
		OnWithdraw: "restore",
	}
	first, err := changed(ctx, l, o)
	t.Row(errors.Join(err, boundBehindFilter(first)), "first apply", strings.Join(calls(first), " "))
	again, err := changed(ctx, l, o)
	t.Row(errors.Join(err, only(again)), "same again", strings.Join(calls(again), " "))
	o.Allow = []string{"qa1.backend.example", "qa2.backend.example"}
	names, err := changed(ctx, l, o)
	t.Row(errors.Join(err, only(names, "networkFirewallPolicies.patchRule", "networkFirewallPolicies.addRule",
		"networkFirewallPolicies.removeRule"), proof.Need(len(names) == 1, "%d calls", len(names))),
		"one more name in the filter", strings.Join(calls(names), " "))
	o.Max = 5
	limits, err := changed(ctx, l, o)
	t.Row(errors.Join(err, only(limits, "connectors.patch"), proof.Need(len(limits) == 1, "%d calls", len(limits))),
		"other instance limits", strings.Join(calls(limits), " "))
	o.Connector = "10.8.0.16/28"
	moved, err := changed(ctx, l, o)
	t.Row(errors.Join(err, makeBeforeBreak(moved), boundBehindFilter(moved)), "another /28",
		strings.Join(calls(moved), " "))
	end, err := l.Run(ctx, lab.Withdraw(o.Name))
	t.Row(errors.Join(err, proof.Need(end.Status == events.SagaCompleted, "%s", lab.Describe(end)), l.Clean(ctx)),
		"withdrawn", end.Status)
	return nil
}

// changed applies an order, and gives the effects that it had.
func changed(ctx context.Context, l *lab.Lab, o lab.Order) ([]control.Effect, error) {
	before, err := l.Effects(ctx)
	if err != nil {
		return nil, err
	}
	v, err := l.Run(ctx, o.Event())
	if err != nil {
		return nil, err
	}
	after, err := l.Effects(ctx)
	return after[len(before):], errors.Join(err, proof.Need(v.Status == events.SagaCompleted, "%s", lab.Describe(v)))
}

func calls(list []control.Effect) []string {
	var names []string
	for _, e := range list {
		names = append(names, e.Call)
	}
	return names
}

// only tells whether every effect is of an expected call.
func only(list []control.Effect, expected ...string) error {
	for _, e := range list {
		if !slices.Contains(expected, e.Call) {
			return fmt.Errorf("%s of %s was not needed", e.Call, e.Name)
		}
	}
	return nil
}

// makeBeforeBreak tells whether the new connector and its filter came before the binding moved, and the old ones went
// after.
func makeBeforeBreak(list []control.Effect) error {
	at := func(call, what string, last bool) int {
		found := -1
		for i, e := range list {
			if e.Call == call && e.Effect == what && (found < 0 || last) {
				found = i
			}
		}
		return found
	}
	made, filtered := at("connectors.create", "create", true), at("networkFirewallPolicies.addRule", "create", true)
	bound := at("services.patch", "update", false)
	unfiltered, broken := at("networkFirewallPolicies.removeRule", "delete", false),
		at("connectors.delete", "delete", false)
	if made < 0 || filtered < 0 || bound < 0 || unfiltered < 0 || broken < 0 {
		return fmt.Errorf("a call is missing: made %d, filtered %d, bound %d, unfiltered %d, removed %d", made,
			filtered, bound, unfiltered, broken)
	}
	return proof.Need(made < filtered && filtered < bound && bound < unfiltered && bound < broken,
		"order: made %d, filtered %d, bound %d, unfiltered %d, removed %d", made, filtered, bound, unfiltered, broken)
}

// boundBehindFilter tells whether, at every line of the ledger, whatever was bound by then had all its rules before:
// the last rule of a source is the one that denies.
func boundBehindFilter(list []control.Effect) error {
	rules, bound := 0, false
	for _, e := range list {
		switch e.Call {
		case "networkFirewallPolicies.addRule":
			if bound {
				return fmt.Errorf("rule %s was added after the binding at %d", e.Name, e.Seq)
			}
			rules++
		case "services.patch":
			if rules == 0 {
				return fmt.Errorf("%s was bound at %d before any rule", e.Name, e.Seq)
			}
			bound = true
		}
	}
	return nil
}
