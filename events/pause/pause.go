// Package pause waits for time to pass, or for the end of a context: the one way in which a loop of ours rests. It is
// no retry and no back-off; those are github.com/cenkalti/backoff's.
package pause

import (
	"context"
	"time"
)

// For returns nil when d is over, or the context's error as soon as ctx ends. A d that is not positive is no wait. Safe
// for concurrent use.
func For(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
