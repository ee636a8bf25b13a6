package orchestrator

import (
	"context"
	"errors"
	"fmt"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/poison"
	"github.com/culvertnet/culvert/saga"
)

// aheadTries is how often a result that is ahead of the journal is let come again, before it is taken for nonsense.
const aheadTries = 50

// takeResult is the consumer of results: acknowledged once what follows from it is on stable storage. One that comes
// again publishes the open commands again: whoever took it the first time may have died before it did.
func (o *Orchestrator) takeResult(ctx context.Context, d events.Delivery) events.Verdict {
	r, err := events.DecodeResult(d.Body)
	if err != nil {
		return events.Reject("result: " + err.Error())
	}
	_, err = o.ask(ctx, job{key: r.Connection, in: saga.Report{Result: r}, resend: d.Attempt > 1})
	v, own := judged(d, err, temporary(ctx, err))
	if own {
		o.opts.Log.Warn("folding a result failed", "connection", r.Connection.String(), "step", r.Step, "error", err)
	}
	return v
}

// judged is what becomes of a result whose folding ended so, and whether an error of the engine's own rejects it. One
// that is ahead of the journal is let come again aheadTries times; everything else follows the rule of all consumers.
func judged(d events.Delivery, err error, passes bool) (v events.Verdict, own bool) {
	if err == nil {
		return events.Ack, false
	}
	ahead := errors.Is(err, errAhead)
	v = poison.Judge(d, fmt.Errorf("result: %w", err), passes && !(ahead && d.Attempt >= aheadTries))
	_, rejected := v.Rejected()
	return v, rejected && !ahead
}

// temporary tells the errors that go by themselves. Any other is the engine's own, and would be the same every time.
func temporary(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, saga.ErrUnavailable) || errors.Is(err, saga.ErrFull)
}

// panicked says where a handler has panicked.
func (o *Orchestrator) panicked(d events.Delivery, what string) {
	o.opts.Log.Error("delivery panicked", "subject", d.Subject, "attempt", d.Attempt, "panic", what)
}
