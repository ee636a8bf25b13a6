package orchestrator

import (
	"context"
	"maps"
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
		o.alarm.set(w.key, o.due(w))
	}
	if len(messages) > 0 {
		if err := o.opts.Bus.Publish(ctx, messages...); err != nil && ctx.Err() == nil {
			o.opts.Log.Warn("publishing commands failed; they are sent again", "commands", len(messages), "error", err)
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

// due is when a connection is due after a turn: as its summary says, unless nothing was appended or something was
// paused or resumed since it was decided. Whoever resumes wakes what is listed, and this connection was not listed so
// by then.
func (o *Orchestrator) due(w *work) time.Time {
	held := o.Held()
	if len(w.facts) > 0 && maps.Equal(w.held, held) {
		return w.append.Summary.Due
	}
	due, now := o.opts.Engine.Due(w.after, held), o.opts.Now()
	if len(w.facts) == 0 && !due.IsZero() && !due.After(now) {
		return now.Add(o.opts.SweepEvery) // nothing followed though it is due: never spin on it
	}
	return due
}

// commands renders what is to be sent: what this decision opened, or everything that is open. A hold keeps what was
// open from being sent again for now.
func (o *Orchestrator) commands(w *work) (messages []events.Message, kept bool) {
	held := o.Held()
	fresh := saga.Opened(w.before, w.after, false)
	send := fresh
	if w.resend {
		send = saga.Opened(w.before, w.after, true)
	}
	for _, c := range send {
		if w.resend && held.Holds(c.Kind) && !slices.ContainsFunc(fresh,
			func(f events.Command) bool { return f.ID() == c.ID() }) {
			kept = true
			continue
		}
		body, err := events.EncodeCommand(c)
		if err != nil {
			o.refuse(c, err)
			continue
		}
		messages = append(
			messages, events.Message{Subject: events.CommandSubject(c.Capability), ID: c.ID(), Body: body},
		)
	}
	return messages, kept
}
