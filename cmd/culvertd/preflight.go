package main

import (
	"context"
	"fmt"

	"github.com/culvertnet/culvert/cmd/internal/wiring"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// planned gives the steps that an intent would have, for a preflight: as the intake judges it and the engine plans it,
// and nothing is submitted.
func planned(
	in intake.Intake, kinds map[string]saga.Kind,
) func(context.Context, string, map[string][]string, []byte) ([]workers.PlannedStep, error) {
	return func(
		_ context.Context, tenant string, header map[string][]string, body []byte,
	) (steps []workers.PlannedStep, err error) {
		intents, err := in.Admitted(tenant, header, body)
		if err != nil {
			return nil, err
		}
		for _, intent := range intents {
			if intent.Want != events.Apply {
				return nil, events.NewRefusal("type", "apply",
					"a preflight is for an apply: its withdrawal needs nothing besides")
			}
			plan, err := kinds[intent.Kind].Plan(saga.Planning{Intent: intent})
			if err != nil {
				return nil, fmt.Errorf("plan %s: %w", intent.Connection, err)
			}
			steps = append(steps, wiring.PlannedSteps(plan)...)
		}
		return steps, nil
	}
}
