package lab

import (
	"context"
	"fmt"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
)

// Sim is the simulated world's control endpoint.
func (l *Lab) Sim() control.Client { return control.Client{URL: l.World} }

// Effects is the world's ledger.
func (l *Lab) Effects(ctx context.Context) ([]control.Effect, error) { return l.Sim().Effects(ctx) }

// Resources are the differences from the scenario.
func (l *Lab) Resources(ctx context.Context) ([]control.Difference, error) {
	return l.Sim().Resources(ctx)
}

// Clean waits for the world to be as the scenario says, for what the vendors themselves still settle; then tells.
func (l *Lab) Clean(ctx context.Context) error {
	left, err := proof.LeftOvers(ctx, l.Sim(), nil)
	if err != nil || len(left) == 0 {
		return err
	}
	return fmt.Errorf("the world is not clean: %d differences, first %+v", len(left), left[0])
}

// Fault lets a vendor's call go wrong.
func (l *Lab) Fault(ctx context.Context, f control.Fault) error { return l.Sim().AddFault(ctx, f) }

// Hits counts how often faults fired.
func (l *Lab) Hits(ctx context.Context) (int, error) {
	list, err := l.Sim().Faults(ctx)
	_, hits := proof.Fired(list)
	return hits, err
}

// ClearFaults forgets all faults.
func (l *Lab) ClearFaults(ctx context.Context) error {
	return l.Sim().Reset(ctx, control.Reset{Faults: true})
}
