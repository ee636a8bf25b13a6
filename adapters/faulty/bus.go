package faulty

import (
	"context"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
)

// Bus wraps a bus for a process. Publishing, taking a delivery and its verdict are points, named by what the message is
// about. The bus beneath has to give back what a dead process held (memory.Bus.Kill, a broken connection).
func (p *Process) Bus(b events.Bus) events.Bus { return bus{p, b} }

type bus struct {
	p *Process
	b events.Bus
}

// Publish implements [events.Bus]. Messages of one call go one by one, each a point of its own: which of them share a
// call is up to timing, and a point has to have the same name in every run.
func (b bus) Publish(ctx context.Context, messages ...events.Message) error {
	for _, m := range messages {
		if err := b.p.Call(ctx, "publish "+about(m), func() error { return b.b.Publish(ctx, m) }); err != nil {
			return err
		}
	}
	return nil
}

// Consume implements [events.Bus].
func (b bus) Consume(
	ctx context.Context, s events.Subscription, handle func(context.Context, events.Delivery) events.Verdict,
) error {
	return b.b.Consume(ctx, s, func(ctx context.Context, d events.Delivery) events.Verdict {
		name := about(d.Message)
		kind, err := b.p.blow("before take " + name)
		if err != nil {
			return events.Again
		}
		if kind == Delay {
			_ = pause.For(ctx, heldBack) // the handler is told of an end
		}
		v := handle(ctx, d)
		if kind, err := b.p.blow("before answer " + name); err != nil || kind == Repeat { // nobody hears it
			return events.Again
		}
		return v
	})
}

// heldBack is how late a message comes that is held back.
const heldBack = 500 * time.Millisecond

// about says what a message is.
func about(m events.Message) string {
	stream, _ := events.StreamOf(m.Subject)
	switch stream {
	case events.Commands:
		if c, err := events.DecodeCommand(m.Body); err == nil {
			if c.Verb == events.Look {
				return "command look"
			}
			return "command " + string(c.Verb) + " " + c.Step
		}
	case events.Results:
		if r, err := events.DecodeResult(m.Body); err == nil {
			if r.Outcome.Seen != "" { // Looks are answered in any order
				return "result seen"
			}
			return "result " + string(r.Outcome.Class) + " of " + r.Step
		}
	}
	return m.Subject
}
