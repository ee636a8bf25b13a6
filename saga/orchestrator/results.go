package orchestrator

import (
	"context"
	"errors"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// Verdict is what becomes of a delivered input after it was offered: acknowledged, rejected for good, or kept by the broker
// and offered again. attempt counts its deliveries from 1. What panics is rejected after events.PoisonTries.
func Verdict(err error, attempt int) events.Verdict {
	switch _, refused := events.AsRefusal(err); {
	case err == nil:
		return events.Ack
	case refused, errors.Is(err, saga.ErrPanicked) && attempt >= events.PoisonTries:
		return events.Reject(err.Error())
	default: // busy, full, asked to end, or no answer
		return events.Again
	}
}

// aheadTries is how often a result that is ahead of the journal is let come again, before it is taken for nonsense.
const aheadTries = 50

// takeResult is the consumer of results: acknowledged once what follows from it is on stable storage. One that comes again
// publishes the open commands again: whoever took it the first time may have died before it did.
func (o *Orchestrator) takeResult(ctx context.Context, d events.Delivery) events.Verdict {
	r, err := events.DecodeResult(d.Body)
	if err != nil {
		return events.Reject("result: " + err.Error())
	}
	_, err = o.ask(ctx, job{key: r.Connection, in: saga.Report{Result: r}, resend: d.Attempt > 1})
	v := Verdict(err, d.Attempt)
	switch _, rejected := v.Rejected(); {
	case errors.Is(err, errAhead) && d.Attempt >= aheadTries, rejected && errors.Is(err, saga.ErrPanicked):
		return events.Reject("result: " + err.Error())
	case !rejected && (err == nil || temporary(ctx, err)):
		return v
	default:
		o.opts.Log.Warn("folding a result failed", "connection", r.Connection.String(), "step", r.Step, "error", err)
		return events.Reject("result: " + err.Error())
	}
}

// temporary tells the errors that go by themselves. Any other is the engine's own, and would be the same every time.
func temporary(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, saga.ErrUnavailable) || errors.Is(err, saga.ErrFull)
}

// panicked says where a handler has panicked.
func (o *Orchestrator) panicked(d events.Delivery, what string) {
	o.opts.Log.Error("delivery panicked", "subject", d.Subject, "attempt", d.Attempt, "panic", what)
}
