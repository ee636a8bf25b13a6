package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/events"
)

// fastWorld is the speed at which proofs run the world: a connector's minutes become fractions of a second.
const fastWorld = 1200

// each runs one job a variant, several daemons at once, each daemon's jobs one after the other.
func each(ctx context.Context, s settings, jobs []variant, do func(ctx context.Context, l *lab, v variant)) error {
	queue := make(chan variant, len(jobs))
	for _, v := range jobs {
		if strings.Contains(v.String(), s.only) {
			queue <- v
		}
	}
	close(queue)
	var all sync.WaitGroup
	errs := make([]error, s.parallel)
	for i := range s.parallel {
		all.Go(func() {
			l, err := alone(ctx, s, fastWorld)
			if err != nil {
				errs[i] = err
				return
			}
			for v := range queue {
				do(ctx, l, v)
			}
			errs[i] = l.close()
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// matrix: every combination completes; after a withdrawal with restore nothing differs, with retain exactly what is listed.
func matrix(ctx context.Context, s settings) error {
	t := &table{header: "announce×filter×egress onWithdraw applied withdrawn left retained"}
	err := each(ctx, s, variants(), func(ctx context.Context, l *lab, v variant) {
		for _, mode := range []string{"retain", "restore"} { // restore last, so that it also takes what was retained
			matrixRow(ctx, l, v, mode, t)
		}
	})
	return errors.Join(err, t.print())
}

func matrixRow(ctx context.Context, l *lab, v variant, mode string, t *table) {
	name := "m-" + strings.ReplaceAll(strings.ToLower(v.announce+"-"+v.filter+"-"+v.egress), "_", "-")
	o := order{variant: v, name: name, service: "fn-0001", connector: "10.8.0.0/28", onWithdraw: mode}
	applied, err := l.run(ctx, o.event())
	if err == nil {
		err = need(applied.Status == events.SagaCompleted, "apply: %s", describe(applied))
	}
	var withdrawn events.Status
	var left []control.Difference
	if err == nil {
		withdrawn, err = l.run(ctx, withdraw(name))
	}
	if err == nil {
		err = need(withdrawn.Status == events.SagaCompleted, "withdraw: %s", describe(withdrawn))
	}
	if err == nil {
		err = leftAsListed(ctx, l, mode, withdrawn)
	}
	left, _ = l.resources(ctx)
	t.row(err, v, mode, applied.Status, withdrawn.Status, len(left), len(withdrawn.Retained))
}

// leftAsListed tells whether the world differs in nothing (restore), or exactly in what is listed as retained.
func leftAsListed(ctx context.Context, l *lab, mode string, v events.Status) error {
	if mode == "restore" {
		return errors.Join(l.clean(ctx), need(len(v.Retained) == 0, "retained although it restores: %v", v.Retained))
	}
	left, err := l.resources(ctx)
	if err != nil {
		return err
	}
	if extra := proof.Unexplained(left, v.Retained); len(extra) > 0 {
		return fmt.Errorf("left and not listed in %v: %+v", v.Retained, extra[0])
	}
	return need(len(left) == len(v.Retained), "%d differences, %d retained: %+v, %v", len(left), len(v.Retained), left, v.Retained)
}
