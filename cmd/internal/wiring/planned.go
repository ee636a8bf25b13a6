package wiring

import (
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// PlannedSteps are the steps of a plan as workers are asked about them, with the places that other steps fill in.
func PlannedSteps(plan saga.Plan) (steps []workers.PlannedStep) {
	for _, n := range plan.Nodes {
		s := workers.PlannedStep{Kind: n.Kind, Input: n.Input}
		for _, b := range n.Binds {
			s.Bound = append(s.Bound, b.To)
		}
		steps = append(steps, s)
	}
	return steps
}
