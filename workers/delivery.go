package workers

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
)

// What one delivery may spend beside its verb. All of it is divided by the pace of the world.
const (
	// enough is the time before the deadline without which no verb is begun.
	enough = 500 * time.Millisecond
	// A Retry whose vendor asks for no longer pause is repeated at once, a few times, while the message is leased
	// anyway.
	quickTries    = 3
	quickPause    = 100 * time.Millisecond
	quickPauseMax = 2 * time.Second
	// pollPause is when to ask again for an operation that could not be read.
	pollPause = 2 * time.Second
	// commandDeliveries is how often a command is delivered at most. It bounds one that takes its worker with it; what
	// is delivered again for a store that is away has passed its deadline before.
	commandDeliveries = 20
	// answerFor is how long a result is offered to the bus before the command is left to be delivered again.
	answerFor = time.Minute
)

// deliver is one command from its delivery to its answer:
//
//  1. a message that is no command goes to the dead letters;
//  2. a mutating command is marked by its first runner before anything else is done. A second delivery is acknowledged
//     in silence: the runner that was first answers, or, if it died, the engine looks after the command's deadline. Any
//     answer of the second would be a guess about what the first is just doing;
//  3. a command that comes too late is answered with Retry and events.ReasonLate, which after step 2 is the truth:
//     nothing was done at this epoch;
//  4. a long operation that the step waits for is polled; while it goes on the step waits;
//  5. the verb runs, within its vendor's rate; a Retry is repeated while it costs little;
//  6. the result is published until the bus has it, then the command is acknowledged.
func (w *Worker) deliver(ctx context.Context, d events.Delivery) events.Verdict {
	c, err := events.DecodeCommand(d.Body)
	if err != nil {
		w.count(func(s *Stats) { s.Rejected++ })
		return events.Reject(err.Error())
	}
	// A verb that has begun is not cut off when this process is asked to stop: its deadline is near enough.
	ctx = context.WithoutCancel(ctx)
	if c.Verb.Mutates() {
		first, err := w.opts.Marks.Take(ctx, c.ID(), w.opts.Name)
		if err != nil {
			w.opts.Logger.Warn("mark command", "command", c.ID(), "error", err)
			if w.opts.Clock().After(c.Deadline) { // nothing was done, and the engine asks at the next epoch
				return events.Ack
			}
			return events.Again
		}
		if !first {
			w.count(func(s *Stats) { s.Repeated++ })
			return events.Ack
		}
	}
	begun := w.opts.Clock()
	o := w.performing(ctx, c)
	w.count(func(s *Stats) {
		s.Outcomes[o.Class]++
		if o.Reason == events.ReasonLate {
			s.Late++
		}
	})
	w.log(c, o, w.opts.Clock().Sub(begun))
	if err := w.answer(ctx, c, o); err != nil {
		w.opts.Logger.Warn("answer command", "command", c.ID(), "error", err)
		return events.Again
	}
	return events.Ack
}

// performing is perform, seen by those who ask what runs.
func (w *Worker) performing(ctx context.Context, c events.Command) events.Outcome {
	w.take(c.ID(), c.Capability)
	defer w.put(c.ID())
	return w.perform(ctx, c)
}

// perform gives the command's outcome.
func (w *Worker) perform(ctx context.Context, c events.Command) events.Outcome {
	if c.Verb == events.Undo || c.Purpose != "" {
		ctx = WithWayBack(ctx)
	}
	handler, known := w.opts.Registry.Lookup(c.Kind)
	if !known {
		// A worker that is older than the plan; another one may be newer.
		return Outcome(Retry(events.ReasonUnknown, 0, errors.New("no step of kind "+c.Kind+" is registered here")),
			events.Retry)
	}
	if late, ok := w.late(c, 0); ok {
		return late
	}
	if c.Operation != "" {
		if o, goesOn := w.poll(ctx, c); goesOn {
			return o
		}
	}
	again := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(w.scaled(quickPause)), backoff.WithMaxInterval(w.scaled(quickPauseMax)))
	for try := 1; ; try++ {
		if late, ok := w.throttle(ctx, handler.Vendor(c.Input), c); ok {
			return late
		}
		o := handler.Run(ctx, c, w.opts.Clock())
		next := max(again.NextBackOff(), o.After)
		if try == quickTries || !quick(o) || next > w.scaled(quickPauseMax) {
			return o
		}
		if _, late := w.late(c, next); late {
			return o
		}
		_ = pause.For(ctx, next) // the next run tells that ctx has ended
	}
}

// quick tells of a Retry that may be gone in a moment. A panic and a run that was overtaken are not.
func quick(o events.Outcome) bool {
	return o.Class == events.Retry && o.Reason != events.ReasonPanic && o.Reason != events.ReasonFenced
}

// late tells whether there is no time left for a verb that begins after a pause, and the outcome that says so.
func (w *Worker) late(c events.Command, wait time.Duration) (events.Outcome, bool) {
	left := c.Deadline.Sub(w.opts.Clock()) - wait
	if left >= w.scaled(enough) {
		return events.Outcome{}, false
	}
	return events.Outcome{
		Class: events.Retry, Reason: events.ReasonLate, After: wait, Message: "too late to begin: " + left.String() +
			" before the deadline",
	}, true
}

// throttle waits for the vendor's rate. When its turn comes after the deadline the verb is not begun.
func (w *Worker) throttle(ctx context.Context, vendor string, c events.Command) (events.Outcome, bool) {
	limit, ok := w.limits[vendor]
	if !ok {
		return events.Outcome{}, false
	}
	now := w.opts.Clock()
	turn := limit.ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if late, ok := w.late(c, wait); ok {
		turn.CancelAt(now)
		return late, true
	}
	_ = pause.For(ctx, wait) // the run tells that ctx has ended
	return events.Outcome{}, false
}

// poll reads the operation that the step waits for, and tells whether the verb must not run. An end of any kind lets a
// Look go on, and a refusal an Undo; an end in failure, also one that leaves a doubt, is the outcome of a Do. A handle
// that nobody knows, and one that cannot be read, say nothing: the verb looks for itself in the first case, and waits
// in the second, because the operation may go on. Whether the outcome names a handle tells whether it goes
// on or has ended.
func (w *Worker) poll(ctx context.Context, c events.Command) (events.Outcome, bool) {
	vendor, _, _ := strings.Cut(c.Operation, ":")
	operations, ok := w.opts.Operations[vendor]
	if !ok {
		return events.Outcome{}, false
	}
	if late, ok := w.throttle(ctx, vendor, c); ok {
		return late, true
	}
	ctx, stop := context.WithTimeout(ctx, c.Deadline.Sub(w.opts.Clock()))
	defer stop()
	err := operations.Poll(ctx, c.Operation)
	var f *Failure
	switch {
	case err == nil, errors.Is(err, ErrNotFound):
		return events.Outcome{}, false
	case !errors.As(err, &f):
		return events.Outcome{
			Class: events.Wait, Operation: c.Operation, After: w.scaled(pollPause), Reason: "operation",
			Message: err.Error(),
		}, true
	case f.Class == events.Wait && f.Operation != "":
		o := Outcome(err, events.Wait)
		o.Operation = c.Operation
		return o, true
	case c.Verb == events.Look, c.Verb == events.Undo && f.Class == events.Refuse:
		return events.Outcome{}, false
	default:
		return endedBadly(c.Verb, err), true
	}
}

// endedBadly is the outcome of a verb whose operation has ended in failure. It names no handle, which is what tells the
// engine that the operation is over; so a cause to wait for means to do it afresh later, not to ask again. An Undo
// looks for itself before it does anything, so all that it needs is a later time, and that it counts as a try.
func endedBadly(verb events.Verb, err error) events.Outcome {
	o := Outcome(err, events.Unsure)
	if o.Operation = ""; o.Class == events.Wait || verb == events.Undo {
		o.Class = events.Retry
	}
	return o
}

// answer publishes the result until the bus has it.
func (w *Worker) answer(ctx context.Context, c events.Command, o events.Outcome) error {
	body, err := events.EncodeResult(c.Answer(o, w.opts.Name, w.opts.Clock()))
	if err != nil {
		// An outcome that cannot be sent is still an answer: the step's output is what is wrong.
		o = Outcome(Refuse("output", "%w", err), events.Refuse)
		if body, err = events.EncodeResult(c.Answer(o, w.opts.Name, w.opts.Clock())); err != nil {
			return err
		}
	}
	m := events.Message{Subject: events.ResultSubject(c.Connection), ID: c.ID(), Body: body}
	again := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(w.scaled(quickPause)), backoff.WithMaxInterval(w.scaled(quickPauseMax)),
		backoff.WithMaxElapsedTime(answerFor))
	return backoff.Retry(func() error { return w.opts.Bus.Publish(ctx, m) }, again)
}

// panicked says where the runtime itself, and not a verb, has panicked; the command is derived again from the journal
// whatever becomes of its message.
func (w *Worker) panicked(d events.Delivery, what string) {
	w.opts.Logger.Error("delivery panicked", "subject", d.Subject, "attempt", d.Attempt, "panic", what)
}

// log writes the one line of a verb: what went wrong where an operator sees it, the rest for who looks closely.
func (w *Worker) log(c events.Command, o events.Outcome, took time.Duration) {
	level := slog.LevelDebug
	switch o.Class {
	case events.Refuse, events.Unsure:
		level = slog.LevelWarn
	case events.Retry:
		level = slog.LevelInfo
	}
	w.opts.Logger.Log(context.Background(), level, "ran command",
		"saga", c.Saga, "step", c.Step, "verb", string(c.Verb), "generation", c.Generation, "epoch", c.Epoch,
		"class", string(o.Class), "reason", o.Reason, "operation", o.Operation, "message", o.Message, "took", took)
}

func (w *Worker) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / w.opts.Pace)
}
