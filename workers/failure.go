package workers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
)

// A Failure is an error that knows its next move. Adapters make them in their one table (errors.go) and steps pass them
// on; wrapping with %w keeps the class.
type Failure struct {
	Class events.Class
	// Reason is a short stable word: "quota", "permission", "foreign", "in-use", "conflict", "invalid", "not-ready",
	// ...
	Reason events.Reason
	// Operation is set for a Wait on a vendor's long operation: "<vendor>:<handle>", polled by the runtime before the
	// verb runs again.
	Operation string
	// After is how long to wait; zero lets the engine choose.
	After time.Duration
	Err   error
}

// Error gives the cause's text with the reason before it.
func (f *Failure) Error() string {
	if f.Err == nil {
		return string(f.Reason)
	}
	return fmt.Sprintf("%s: %v", f.Reason, f.Err)
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Refuse says that it will never work as asked.
func Refuse(reason events.Reason, format string, args ...any) error {
	return &Failure{Class: events.Refuse, Reason: reason, Err: fmt.Errorf(format, args...)}
}

// Retry says that nothing happened and that it may work later.
func Retry(reason events.Reason, after time.Duration, err error) error {
	return &Failure{Class: events.Retry, Reason: reason, After: after, Err: err}
}

// Wait says that somebody else has the next move. Waiting is not a try.
func Wait(reason events.Reason, after time.Duration) error {
	return &Failure{Class: events.Wait, Reason: reason, After: after}
}

// WaitForPeople says that a person has the next move, and who. It comes back after a quarter of the time waited so far,
// not sooner than for another holder and not later than a third of a linger, so that days of waiting cost little.
func WaitForPeople(run Run, t ClaimTimes, reason events.Reason, format string, args ...any) error {
	after := min(run.Now.Sub(run.Since)/4, t.Linger/3)
	return &Failure{Class: events.Wait, Reason: reason, After: max(after, t.poll()), Err: fmt.Errorf(format, args...)}
}

// heldBy is a Wait for what another holder has. Whose turn it is stands in the outcome, so that an operator sees it;
// the resource is put before it by whoever knows it.
func heldBy(reason events.Reason, holder string, after time.Duration) error {
	return &Failure{Class: events.Wait, Reason: reason, After: after, Err: fmt.Errorf("held by %s", holder)}
}

// WaitFor says that a long operation of a vendor goes on; handle is "<vendor>:<operation>" and is handed to that
// vendor's [Operations] before the verb runs again.
func WaitFor(handle string, after time.Duration) error {
	return &Failure{Class: events.Wait, Reason: "operation", Operation: handle, After: after}
}

// Unsure says that the effect may have happened.
func Unsure(reason events.Reason, err error) error {
	return &Failure{Class: events.Unsure, Reason: reason, Err: err}
}

// Reading classifies what nobody has classified as a Retry. It is for the part of a Do or Undo that has changed nothing
// yet, where a plain error does not mean that an effect may have happened.
func Reading(err error) error {
	var f *Failure
	if err == nil || errors.As(err, &f) || errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return Retry("read", 0, err)
}

// ErrNotFound is what a port's read answers when there is no such thing. It is no failure: steps ask for it.
var ErrNotFound = errors.New("not found")

// Outcome folds an error into an outcome. unmapped is the class of an error that nobody classified: Unsure for a verb
// that mutates, Retry for one that reads.
func Outcome(err error, unmapped events.Class) events.Outcome {
	var f *Failure
	switch {
	case errors.As(err, &f):
		return events.Outcome{
			Class: f.Class, Reason: f.Reason, Operation: f.Operation, After: f.After, Message: err.Error(),
		}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return events.Outcome{Class: unmapped, Reason: "deadline", Message: err.Error()}
	default:
		return events.Outcome{Class: unmapped, Reason: "unclassified", Message: err.Error()}
	}
}

// Operations polls the long operations of one vendor. Safe for concurrent use.
type Operations interface {
	// Poll reads one operation once: nil when it ended well, a Wait failure with the handle while it goes on or cannot
	// be read, a failure without a handle when it ended badly, ErrNotFound when the vendor has forgotten it. What ended
	// badly is Refuse when it will never work, Retry when the cause may pass, and Unsure when what is left of it has to
	// be looked at first. An error without a class says that it could not be read: it may go on.
	Poll(ctx context.Context, handle string) error
}
