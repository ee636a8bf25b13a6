package privateservice

import (
	"encoding/json"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/kind"
	"github.com/culvertnet/culvert/saga/plans/operator"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/observe"
)

// Name is the intent kind. PlanVersion is the plan's: a changed graph has a new one. It is not the payload's version.
const (
	Name        = "private-service"
	PlanVersion = 2
)

// New is private-service for one operator.
func New(op operator.Config) kind.Entry {
	return kind.Entry{
		Name:           Name,
		Versions:       map[int]kind.Version{1: {Admit: admitter(op), Example: json.RawMessage(example)}},
		Plan:           planner(op),
		Postconditions: Postconditions,
		Samples:        samples(),
		Limits:         limits(),
	}
}

const (
	// readWithin is how long a command may read the world and ask the model: some hundred calls at gateways'
	// controllers, which answer in half a second to three and take four at a time, then what the model computes.
	readWithin = 3 * time.Minute
	// producerTime is how long a producer may take to accept an endpoint: people answer in days.
	producerTime = 7 * 24 * time.Hour
)

// limits are those of steps that wait for more than a vendor's call.
func limits() map[string]saga.StepLimits {
	return map[string]saga.StepLimits{
		observe.KindCheck: {Deadline: readWithin}, observe.KindProveReach: {Deadline: readWithin},
		network.KindCreateEndpoint: {Budget: producerTime},
	}
}

// admitter judges an apply by the admission rules. Of a withdrawal only consents are judged.
func admitter(op operator.Config) func(events.Intent) error {
	return func(in events.Intent) error {
		if in.Want == events.Withdraw {
			_, err := CheckWithdrawal(in.Data)
			return err
		}
		_, err := Check(in.Data, in.Connection.Tenant, op)
		return err
	}
}

// planner makes the graph of an apply, and the checks of a withdrawal.
func planner(op operator.Config) func(saga.Planning) (saga.Plan, error) {
	return func(p saga.Planning) (saga.Plan, error) {
		if p.Intent.Want == events.Withdraw {
			return withdrawal(p, op)
		}
		payload, err := Check(p.Intent.Data, p.Intent.Connection.Tenant, op)
		if err != nil {
			return saga.Plan{}, err
		}
		r := &recipe{Payload: payload, op: op, b: saga.NewBuilder(Name, PlanVersion), standing: p.Standing}
		return r.plan()
	}
}
