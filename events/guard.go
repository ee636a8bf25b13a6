package events

import (
	"context"
	"fmt"
	"runtime/debug"
)

// How often a message is delivered before it counts as poison. A handler that panics is known at once and given a few
// tries; one that takes its process with it shows only by its deliveries, which are counted by the bus beside those that
// were answered Again for a good reason (a full queue, a store that is away), so there have to be many.
const (
	PoisonTries = 5
	MaxAgain    = 1000
)

// Guarded is a handler whose panics do not end the process: the message comes again, and goes to the dead letters after
// PoisonTries. tell gets each panic with its stack.
func Guarded(handle func(context.Context, Delivery) Verdict, tell func(d Delivery, panicked string)) func(context.Context, Delivery) Verdict {
	return func(ctx context.Context, d Delivery) (v Verdict) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			tell(d, fmt.Sprintf("%v\n%s", p, debug.Stack()))
			if v = Again; d.Attempt >= PoisonTries {
				v = Reject(fmt.Sprintf("its handler panicked %d times, last: %v", d.Attempt, p))
			}
		}()
		return handle(ctx, d)
	}
}
