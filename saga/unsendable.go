package saga

import (
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
)

// Unsendable is the result of a command that cannot be encoded, so that its step goes on to an end instead of waiting
// for a command that never leaves. A plan of this release has none: [Plan.Validate] and the rendering of inputs see to
// it. A plan in the journal of an earlier release may.
//
// A Do or a Look is refused. An Undo is refused too, and its step is stuck with the reason, unless no command of the
// step can ever have left: then nothing of it is there, and the result says so.
func Unsendable(c events.Command, reason error, now time.Time) events.Result {
	o := events.Outcome{Class: events.Refuse, Message: fmt.Sprintf("send command: %v", reason)}
	if neverSent(c) && c.Verb != events.Do {
		o.Class = events.Done
		if c.Verb == events.Look {
			o.Seen = events.Absent
		}
	}
	return c.Answer(o, "engine", now)
}

// neverSent tells whether the command cannot be encoded for what it is, and not for what it carries: then no command of
// its step could.
func neverSent(c events.Command) bool {
	c.Input, c.Output, c.Operation = nil, nil, ""
	_, err := events.EncodeCommand(c)
	return err != nil
}
