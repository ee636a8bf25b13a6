package workers

import (
	"context"
	"time"

	"github.com/culvertnet/culvert/events"
)

// An Asking says for which command a call is made, and what that command may take from the commands beside it. Commands
// that change nothing and are under way at one time ask much of the same: the checks before the first effect, and the
// looks of a proof. The zero Asking is that of no command: it takes nothing and gives nothing.
type Asking struct {
	// Saga and Step are whose command it is; Due is when the orchestrator asked for it.
	Saga, Step string
	Due        time.Time
	// Reads tells a command that changes nothing; Check one before its saga's first effect.
	Reads, Check bool
}

// Shares tells that what one command was told, another one of its saga may take. A step asks again what it has asked
// before: a repeat is made because the answer may be another by now. A check takes what another check has read; any
// other command only what was read for one that was asked for no earlier than itself, so that all that was done before
// it was asked for had been done.
func (a Asking) Shares(by Asking) bool {
	return a.Reads && by.Reads && a.Saga == by.Saga && a.Step != by.Step &&
		(a.Check && by.Check || !by.Due.Before(a.Due))
}

// A checking step changes nothing by a Do, and tells of an input whether that is a check before the first effect. What
// a withdrawal checks is the last look before something is taken away: it takes no answer that is older than itself.
type checking[In any] interface{ Checks(in In) bool }

type askingKey struct{}

// WithAsking notes for which command calls are made.
func WithAsking(ctx context.Context, a Asking) context.Context {
	return context.WithValue(ctx, askingKey{}, a)
}

// AskingOf is the command that a call is made for.
func AskingOf(ctx context.Context) Asking {
	a, _ := ctx.Value(askingKey{}).(Asking)
	return a
}

// asking is what a command of the step with an input may share. What confirms an Undo is read by itself.
func (h handler[In, Out]) asking(c events.Command, in In) Asking {
	a := Asking{Saga: c.Saga, Step: c.Step, Due: c.Due, Reads: c.Verb == events.Look && c.Purpose == ""}
	if step, is := h.step.(checking[In]); is && c.Verb == events.Do {
		a.Reads, a.Check = true, step.Checks(in)
	}
	return a
}
