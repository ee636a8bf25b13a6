package workers

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/culvertnet/culvert/events"
)

// Handle makes a Handler of a typed step. vendor names whose rate limit a run with this input is charged to; nil means
// the runtime's default.
//
// The handler decodes strictly: an input with a field that the step does not know is refused, because a worker that is
// older than the plan must not do half of it. A panic is an Unsure for a verb that mutates and a Retry for a Look.
func Handle[In, Out any](kind string, vendor func(In) string, s Step[In, Out]) Handler {
	return handler[In, Out]{kind: kind, vendor: vendor, step: s}
}

type handler[In, Out any] struct {
	kind   string
	vendor func(In) string
	step   Step[In, Out]
}

// Kind is the step's kind.
func (h handler[In, Out]) Kind() string { return h.kind }

// Vendor answers "" for an input that cannot be decoded; Run refuses it.
func (h handler[In, Out]) Vendor(input json.RawMessage) string {
	var in In
	if h.vendor == nil || events.DecodeStrict(input, &in) != nil {
		return ""
	}
	return h.vendor(in)
}

// Run runs the command's verb until its deadline, at most.
func (h handler[In, Out]) Run(ctx context.Context, c events.Command, now time.Time) (o events.Outcome) {
	unmapped := events.Retry
	if c.Verb.Mutates() {
		unmapped = events.Unsure
	}
	defer func() {
		if p := recover(); p != nil {
			o = events.Outcome{Class: unmapped, Reason: events.ReasonPanic,
				Message: fmt.Sprintf("%s %s: %v\n%s", c.Verb, h.kind, p, debug.Stack())}
		}
	}()
	var in In
	if err := events.DecodeStrict(c.Input, &in); err != nil {
		return Outcome(Refuse("input", "decode input of %s: %w", h.kind, err), unmapped)
	}
	var prior *Out
	if len(c.Output) > 0 && string(c.Output) != "null" {
		prior = new(Out)
		if err := events.DecodeStrict(c.Output, prior); err != nil {
			return Outcome(Refuse("output", "decode earlier output of %s: %w", h.kind, err), unmapped)
		}
	}
	ctx, stop := context.WithTimeout(ctx, c.Deadline.Sub(now))
	defer stop()
	o, err := h.verb(WithAsking(WithMemo(ctx), h.asking(c, in)), c, RunOf(c, now), in, prior)
	if err != nil {
		return Outcome(err, unmapped)
	}
	return o
}

// verb dispatches; an error has no outcome with it.
func (h handler[In, Out]) verb(
	ctx context.Context, c events.Command, run Run, in In, prior *Out,
) (events.Outcome, error) {
	switch c.Verb {
	case events.Do:
		out, err := h.step.Do(ctx, run, in, prior)
		return done(out, events.Outcome{}, err)
	case events.Look:
		seen, err := h.step.Look(ctx, run, in, prior)
		return done(seen.Out, events.Outcome{Seen: seen.Presence, Message: seen.Detail}, err)
	case events.Undo:
		undone, err := h.step.Undo(ctx, run, in, prior)
		return events.Outcome{Class: events.Done, Retained: undone.Retained}, err
	}
	return events.Outcome{}, Refuse("deed", "%s has no verb %q", h.kind, c.Verb)
}

// done completes an outcome with an output.
func done(out any, o events.Outcome, err error) (events.Outcome, error) {
	if err != nil {
		return events.Outcome{}, err
	}
	if o.Output, err = json.Marshal(out); err != nil {
		return events.Outcome{}, fmt.Errorf("encode output: %w", err)
	}
	o.Class = events.Done
	return o, nil
}

// RunOf is what a command tells a verb about its run.
func RunOf(c events.Command, now time.Time) Run {
	return Run{
		Connection: c.Connection, Saga: c.Saga, Step: c.Step, Generation: c.Generation, Epoch: c.Epoch,
		Purpose: c.Purpose, Name: c.Name, RequestID: c.RequestID, Now: now, Since: c.Since, Deadline: c.Deadline,
		Resumed: c.Operation != "", Expedite: c.Expedite,
	}
}
