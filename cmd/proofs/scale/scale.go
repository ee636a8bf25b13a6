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
			if err := scaleOn(ctx, s, name, t); err != nil {
				errs = errors.Join(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	return errors.Join(errs, t.Print())
}

func scaleOn(ctx context.Context, s lab.Settings, backend string, t *proof.Table) (err error) {
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := l.StartWorld(ctx); err != nil {
		return err
	}
	f, err := lab.Backends()[backend](ctx, l)
	if err != nil {
		return err
	}
	crew := lab.NewCrew(l, f)
	if err := crew.Staff(ctx); err != nil {
		return err
	}
	c := campaign.New(l, "scale")
	c.APIs = crew.APIs
	part := &proof.Table{}
	c.Start(ctx)
	blows, err := c.Throw(ctx, s.Faults, crew.Shift)
	if err != nil {
		return err
	}
	if err := c.Judge(ctx, part, blows, s.Faults); err != nil {
		return err
	}
	if err := crew.Dismiss(ctx, part); err != nil {
		return err
	}
	t.Under(backend, part)
	return nil
}
