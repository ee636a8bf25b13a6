package orchestrator

import (
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// refuse gives the engine the result of a command that cannot be sent, by the way that every result comes.
func (o *Orchestrator) refuse(c events.Command, reason error) {
	now := o.opts.Now()
	o.opts.Log.Error("sending a command failed", "connection", c.Connection.String(), "step", c.Step, "error", reason)
	select {
	case o.inbox <- job{key: c.Connection, in: saga.Report{Result: saga.Unsendable(c, reason, now)}}:
	default: // the goroutine that empties the inbox is this one, so it never waits for room
		o.alarm.resend(c.Connection, now.Add(time.Second))
	}
}
