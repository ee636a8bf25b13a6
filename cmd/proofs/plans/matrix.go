package plans

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// matrix: every combination completes; after a withdrawal with restore nothing differs, with retain exactly what is
// listed.
func matrix(ctx context.Context, s lab.Settings) error {
	t := &proof.Table{Header: "announce×filter×egress onWithdraw applied withdrawn left retained"}
	err := lab.Each(ctx, s, lab.Variants(), func(ctx context.Context, l *lab.Lab, v lab.Variant) {
		for _, mode := range []string{"retain", "restore"} { // restore last, so that it also takes what was retained
			matrixRow(ctx, l, v, mode, t)
		}
	})
	return errors.Join(err, t.Print())
}

func matrixRow(ctx context.Context, l *lab.Lab, v lab.Variant, mode string, t *proof.Table) {
	name := "m-" + strings.ReplaceAll(strings.ToLower(v.Announce+"-"+v.Filter+"-"+v.Egress), "_", "-")
	o := lab.Order{Variant: v, Name: name, Service: "fn-0001", Connector: "10.8.0.0/28", OnWithdraw: mode}
	applied, err := l.Run(ctx, o.Event())
	if err == nil {
		err = proof.Need(applied.Status == events.SagaCompleted, "apply: %s", lab.Describe(applied))
	}
	var withdrawn events.Status
	var left []control.Difference
	if err == nil {
		withdrawn, err = l.Run(ctx, lab.Withdraw(name))
	}
	if err == nil {
		err = proof.Need(withdrawn.Status == events.SagaCompleted, "withdraw: %s", lab.Describe(withdrawn))
	}
	if err == nil {
		err = leftAsListed(ctx, l, mode, withdrawn)
	}
	left, _ = l.Resources(ctx)
	t.Row(err, v, mode, applied.Status, withdrawn.Status, len(left), len(withdrawn.Retained))
}

// leftAsListed tells whether the world differs in nothing (restore), or exactly in what is listed as retained.
func leftAsListed(ctx context.Context, l *lab.Lab, mode string, v events.Status) error {
	if mode == "restore" {
		return errors.Join(l.Clean(ctx), proof.Need(len(v.Retained) == 0, "retained although it restores: %v",
			v.Retained))
	}
	left, err := l.Resources(ctx)
	if err != nil {
		return err
	}
	if extra := proof.Unexplained(left, v.Retained); len(extra) > 0 {
		return fmt.Errorf("left and not listed in %v: %+v", v.Retained, extra[0])
	}
	return proof.Need(len(left) == len(v.Retained), "%d differences, %d retained: %+v, %v", len(left), len(v.Retained),
		left, v.Retained)
}
