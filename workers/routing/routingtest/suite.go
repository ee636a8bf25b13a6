package routingtest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/steptest"
)

// owner is what the suites write where the vendor has a field for it.
const owner = "culvert:default_orders/suite/1"

// request is a root of request ids that no other call has.
func request() uuid.UUID { return uuid.New() }

// until reads until the predicate holds: reads may lag the change that is done.
func until[T any](
	t *testing.T, c steptest.Caller, what string, read func(context.Context) (T, error), want func(T) bool,
) (got T) {
	t.Helper()
	c.Await(t, what, func(ctx context.Context) (bool, error) {
		var err error
		got, err = read(ctx)
		return err == nil && want(got), err
	})
	return got
}

// absent tells whether an error says that there is no such thing.
func absent(err error) bool {
	return errors.Is(err, workers.ErrNotFound) || steptest.ClassOf(err) == events.Refuse
}
