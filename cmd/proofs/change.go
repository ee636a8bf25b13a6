package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/events"
)

// change: a changed apply makes only the vendor calls it needs; a new /28 is made before the old one is broken, and at no
// sequence number of the ledger is a bound range without its filter.
func change(ctx context.Context, s settings) error {
	l, err := alone(ctx, s, 600)
	if err != nil {
		return err
	}
	t := &table{header: "change calls"}
	err = changeRun(ctx, l, t)
	return errors.Join(err, t.print(), l.close())
}

func changeRun(ctx context.Context, l *lab, t *table) error {
	o := order{
		variant: variant{"cloud-router", "gcp-firewall", "connector"}, name: "change", service: "fn-0003", connector: "10.8.0.0/28",
		onWithdraw: "restore",
	}
	first, err := changed(ctx, l, o)
	t.row(errors.Join(err, boundBehindFilter(first)), "first apply", strings.Join(calls(first), " "))
	again, err := changed(ctx, l, o)
	t.row(errors.Join(err, only(again)), "same again", strings.Join(calls(again), " "))
	o.allow = []string{"qa1.backend.example", "qa2.backend.example"}
	names, err := changed(ctx, l, o)
	t.row(errors.Join(err, only(names, "networkFirewallPolicies.patchRule", "networkFirewallPolicies.addRule", "networkFirewallPolicies.removeRule"), need(len(names) == 1, "%d calls", len(names))),
		"one more name in the filter", strings.Join(calls(names), " "))
	o.max = 5
	limits, err := changed(ctx, l, o)
	t.row(errors.Join(err, only(limits, "connectors.patch"), need(len(limits) == 1, "%d calls", len(limits))), "other instance limits", strings.Join(calls(limits), " "))
	o.connector = "10.8.0.16/28"
	moved, err := changed(ctx, l, o)
	t.row(errors.Join(err, makeBeforeBreak(moved), boundBehindFilter(moved)), "another /28", strings.Join(calls(moved), " "))
	end, err := l.run(ctx, withdraw(o.name))
	t.row(errors.Join(err, need(end.Status == events.SagaCompleted, "%s", describe(end)), l.clean(ctx)), "withdrawn", end.Status)
	return nil
}

// changed applies an order, and gives the effects that it had.
func changed(ctx context.Context, l *lab, o order) ([]control.Effect, error) {
	before, err := l.effects(ctx)
	if err != nil {
		return nil, err
	}
	v, err := l.run(ctx, o.event())
	if err != nil {
		return nil, err
	}
	after, err := l.effects(ctx)
	return after[len(before):], errors.Join(err, need(v.Status == events.SagaCompleted, "%s", describe(v)))
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

// makeBeforeBreak tells whether the new connector and its filter came before the binding moved, and the old ones went after.
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
	unfiltered, broken := at("networkFirewallPolicies.removeRule", "delete", false), at("connectors.delete", "delete", false)
	if made < 0 || filtered < 0 || bound < 0 || unfiltered < 0 || broken < 0 {
		return fmt.Errorf("a call is missing: made %d, filtered %d, bound %d, unfiltered %d, removed %d", made, filtered, bound, unfiltered, broken)
	}
	return need(made < filtered && filtered < bound && bound < unfiltered && bound < broken,
		"order: made %d, filtered %d, bound %d, unfiltered %d, removed %d", made, filtered, bound, unfiltered, broken)
}

// boundBehindFilter tells whether, at every line of the ledger, whatever was bound by then had all its rules before: the
// last rule of a source is the one that denies.
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
