package proof

import (
	"context"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/saga"
)

// Await waits until a saga has ended. View tells what it is; it is asked only once the listing says that the saga has
// ended, or that a later one has begun, because rebuilding a state each time would cost more than the saga.
func Await(
	ctx context.Context, journal saga.Journal, id string,
	view func(ctx context.Context, key events.Key, n uint64) (events.Status, error),
) (events.Status, error) {
	key, n, err := events.ParseSaga(id)
	if err != nil {
		return events.Status{}, err
	}
	for {
		page, err := journal.List(ctx, saga.Query{Name: key.Name})
		if err != nil {
			return events.Status{}, err
		}
		if len(page.Items) == 1 && (page.Items[0].Summary.Saga != id || page.Items[0].Summary.Status.Ended()) {
			if v, err := view(ctx, key, n); err != nil || v.Status.Ended() {
				return v, err
			}
		}
		if err := pause.For(ctx, 10*time.Millisecond); err != nil {
			return events.Status{}, fmt.Errorf("%s has not ended: %w", id, err)
		}
	}
}
