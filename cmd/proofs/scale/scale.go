package scale

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/campaign"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
)

// scale: two orchestrators and four workers on each backend, two of each leaving and two joining while a campaign runs.
// Who leaves drains: it exits with 0, and nothing that it had in hand is lost.
func scale(ctx context.Context, s lab.Settings) error {
	s = s.Filled(500, 4)
	t := &proof.Table{Header: "backend what figure"}
	var errs error
	for _, name := range slices.Sorted(maps.Keys(lab.Backends())) {
		if strings.Contains(name, s.Only) {
			on := func(ctx context.Context, l *lab.Lab) error { return scaleOn(ctx, l, name, t) }
			if err := lab.WithWorld(ctx, s, on); err != nil {
				errs = errors.Join(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	return errors.Join(errs, t.Print())
}

func scaleOn(ctx context.Context, l *lab.Lab, backend string, t *proof.Table) error {
	f, err := lab.Backends()[backend](ctx, l)
	if err != nil {
		return err
	}
	c, crew, err := campaign.Staffed(ctx, l, f, "scale")
	if err != nil {
		return err
	}
	part := &proof.Table{}
	blows, err := c.Throw(ctx, l.Settings.Faults, crew.Shift)
	if err != nil {
		return err
	}
	if err := c.Judge(ctx, part, blows, l.Settings.Faults); err != nil {
		return err
	}
	if err := crew.Dismiss(ctx, part); err != nil {
		return err
	}
	t.Under(backend, part)
	return nil
}
