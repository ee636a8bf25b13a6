// Package stage runs the whole product in one process: the real engine and orchestrator, one real worker with every
// step, the adapters and a simulated world, on a clock that moves only while nothing is under way. A witness sees each
// command before and after it, and may let the others wait.
//
// It is for proofs about what single commands do to the world. It is not for what happens to processes: that is package
// lab. Read this file, then stage.go for the parts, gate.go for the commands, and run.go for the time.
package stage

import (
	"context"
	"time"

	"github.com/culvertnet/culvert/events"
)

// A Witness sees the commands of a stage, one at a time. What it answers with an error ends the run.
type Witness interface {
	// Holds tells whether a command has to wait, because the witness is not done with what another one did. Only
	// commands that may change the world are asked about.
	Holds(c events.Command) bool
	// Before sees a command that will run now, After the same with its outcome.
	Before(ctx context.Context, c events.Command) error
	After(ctx context.Context, c events.Command, o events.Outcome) error
	// Passed sees that time has passed while nothing was under way.
	Passed(ctx context.Context, now time.Time) error
}
