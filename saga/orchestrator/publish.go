package orchestrator

import (
	"context"
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// settle publishes what is to be sent for connections whose facts are on stable storage, then answers.
func (o *Orchestrator) settle(ctx context.Context, settled []*work) {
	var messages []events.Message
	for _, w := range settled {
		o.cache.put(w.after)
		send, kept := o.commands(w)
		messages = append(messages, send...)
		if kept {
			o.alarm.resend(w.key, o.opts.Now().Add(o.opts.SweepEvery))
		}
		due := o.opts.Engine.Due(w.after, o.Held())
		if soonest := o.opts.Now().Add(o.opts.SweepEvery); len(w.facts) == 0 && !due.IsZero() && !due.After(o.opts.Now()) {
			due = soonest // nothing followed though it is due: never spin on it
		}
		o.alarm.set(w.key, due)
	}
	if len(messages) > 0 {
		if err := o.opts.Bus.Publish(ctx, messages...); err != nil && ctx.Err() == nil {
			o.opts.Log.Warn("commands could not be published; they are sent again", "commands", len(messages), "error", err)
			for _, w := range settled {
				o.alarm.resend(w.key, o.opts.Now().Add(time.Second))
			}
		}
	}
	for _, w := range settled {
		for i, j := range w.jobs {
			if j.done != nil {
				j.done <- w.answers[i]
			}
		}
	}
}

// commands renders what is to be sent: what this decision opened, or everything that is open. A hold keeps what was open
// from being sent again for now.
func (o *Orchestrator) commands(w *work) (messages []events.Message, kept bool) {
	held := o.Held()
	fresh := saga.Opened(w.before, w.after, false)
	send := fresh
	if w.resend {
		send = saga.Opened(w.before, w.after, true)
	}
	for _, c := range send {
		if w.resend && held.Holds(c.Kind) && !slices.ContainsFunc(fresh, func(f events.Command) bool { return f.ID() == c.ID() }) {
			kept = true
			continue
		}
		body, err := events.EncodeCommand(c)
		if err != nil {
			o.opts.Log.Error("command cannot be encoded", "connection", w.key.String(), "step", c.Step, "error", err)
			continue
		}
		messages = append(messages, events.Message{Subject: events.CommandSubject(c.Capability), ID: c.ID(), Body: body})
	}
	return messages, kept
}
