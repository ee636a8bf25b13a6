package stage

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
)

// A gate is a bus that lets one command through at a time, with the witness before and behind it, and that knows what
// is under way.
type gate struct {
	*memory.Bus
	witness Witness
	now     func() time.Time

	// one is held by the command that runs.
	one sync.Mutex

	mu sync.Mutex
	// under are the commands and results that were published and that nobody has dealt with.
	under map[string]bool
	// answers are the outcomes of commands, until the witness has seen them; ran are the commands that were let
	// through.
	answers map[string]events.Outcome
	ran     map[string]bool
	err     error
}

// held is how long a command waits that the witness holds, at least.
const held = 500 * time.Millisecond

// fail keeps the first error.
func (g *gate) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err == nil {
		g.err = err
	}
}

// quiet tells whether nothing is under way, and the error that ends the run.
func (g *gate) quiet() (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.under) == 0, g.err
}

// Publish notes what is under way from now on.
func (g *gate) Publish(ctx context.Context, all ...events.Message) error {
	g.mu.Lock()
	for _, m := range all {
		if id, is := underWay(m); is {
			g.under[id] = true
		}
		if r, err := events.DecodeResult(m.Body); err == nil && carries(m, events.Results) {
			g.answers[r.ID()] = r.Outcome
		}
	}
	g.mu.Unlock()
	return g.Bus.Publish(ctx, all...)
}

// underWay names a command or a result.
func underWay(m events.Message) (string, bool) {
	if carries(m, events.Commands) {
		c, err := events.DecodeCommand(m.Body)
		return "command " + c.ID(), err == nil
	}
	r, err := events.DecodeResult(m.Body)
	return "result " + r.ID(), err == nil && carries(m, events.Results)
}

func carries(m events.Message, s events.Stream) bool {
	of, ok := events.Carrier(m.Subject)
	return ok && of == s
}

// Consume lets the commands through one by one.
func (g *gate) Consume(
	ctx context.Context, s events.Subscription, handle func(context.Context, events.Delivery) events.Verdict,
) error {
	return g.Bus.Consume(ctx, s, func(ctx context.Context, d events.Delivery) events.Verdict {
		id, is := underWay(d.Message)
		if !is {
			return handle(ctx, d)
		}
		v := g.through(ctx, d, handle)
		if v.IsAck() {
			g.mu.Lock()
			delete(g.under, id)
			g.mu.Unlock()
		}
		return v
	})
}

func (g *gate) through(
	ctx context.Context, d events.Delivery, handle func(context.Context, events.Delivery) events.Verdict,
) events.Verdict {
	c, err := events.DecodeCommand(d.Body)
	if err != nil || !carries(d.Message, events.Commands) {
		return handle(ctx, d)
	}
	g.one.Lock()
	defer g.one.Unlock()
	if g.ran[c.ID()] { // it came twice, and the worker acknowledges that in silence
		return handle(ctx, d)
	}
	if c.Verb.Mutates() && g.witness.Holds(c) {
		return g.wait(ctx, c)
	}
	if err := g.witness.Before(ctx, c); err != nil {
		g.fail(err)
	}
	g.ran[c.ID()] = true
	v := handle(ctx, d)
	g.mu.Lock()
	o, answered := g.answers[c.ID()]
	maps.DeleteFunc(g.answers, func(id string, _ events.Outcome) bool { return id == c.ID() })
	g.mu.Unlock()
	if !answered {
		return v
	}
	if err := g.witness.After(ctx, c, o); err != nil {
		g.fail(err)
	}
	return v
}

// wait answers as a worker would whose step has to wait for somebody else.
func (g *gate) wait(ctx context.Context, c events.Command) events.Verdict {
	o := events.Outcome{Class: events.Wait, Reason: events.ReasonListBusy, After: held, Operation: c.Operation,
		Message: "another step has the world"}
	body, err := events.EncodeResult(c.Answer(o, "stage", g.now()))
	if err == nil {
		err = g.Publish(ctx, events.Message{Subject: events.ResultSubject(c.Connection), ID: c.ID(), Body: body})
	}
	if err != nil {
		g.fail(errors.Join(errors.New("let a command wait"), err))
		return events.Again
	}
	return events.Ack
}

// passed lets the witness see that time has passed.
func (g *gate) passed(ctx context.Context, now time.Time) error {
	g.one.Lock()
	defer g.one.Unlock()
	return g.witness.Passed(ctx, now)
}
