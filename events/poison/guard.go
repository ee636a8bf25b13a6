package poison

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/culvertnet/culvert/events"
)

// How often a message is delivered before it counts as poison. A handler that panics is known at once and given a few
// tries; one that takes its process with it shows only by its deliveries, which are counted by the bus beside those
// that were answered Again for a good reason (a full queue, a store that is away), so there have to be many.
const (
	Tries      = 5
	MaxDeliver = 1000
)

// ErrPanicked is the error of work that panicked behind the handler, where the panic was caught: nothing came of it,
// and it would panic again.
var ErrPanicked = errors.New("deciding panicked")

// Guard is a handler whose panics do not end the process: the message comes again, and goes to the dead letters after
// Tries. tell gets each panic with its stack.
func Guard(
	handle func(context.Context, events.Delivery) events.Verdict, tell func(d events.Delivery, panicked string),
) func(context.Context, events.Delivery) events.Verdict {
	return func(ctx context.Context, d events.Delivery) (v events.Verdict) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			tell(d, fmt.Sprintf("%v\n%s", p, debug.Stack()))
			if v = events.Again; d.Attempt >= Tries {
				v = events.Reject(fmt.Sprintf("its handler panicked %d times, last: %v", d.Attempt, p))
			}
		}()
		return handle(ctx, d)
	}
}

// Judge is the one rule by which an error becomes a verdict: no error is Ack, and one that passes by itself is Again.
// So is one of work that panicked, until it has done so Tries times. Everything else is Reject with the error as the
// reason.
func Judge(d events.Delivery, err error, passes bool) events.Verdict {
	switch {
	case err == nil:
		return events.Ack
	case errors.Is(err, ErrPanicked) && d.Attempt < Tries:
		return events.Again
	case errors.Is(err, ErrPanicked) || !passes:
		return events.Reject(err.Error())
	}
	return events.Again
}
