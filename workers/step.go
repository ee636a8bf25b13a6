package workers

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
)

// A Step is one named part of a connection. In and Out are plain structs with JSON tags; In is all it may depend on.
//
// The three verbs are idempotent and level-triggered: each looks at the world by the step's deterministic name and does
// only what is missing. Any of them may run twice, be cut off anywhere by ctx, and run after a crash of its own
// process. An error is folded into an outcome by its kind (failure.go); a plain error of a Do or Undo is Unsure, of a
// Look Retry.
//
// A field of In tagged `change:"replace"` cannot be changed in place: a changed value makes a new generation, and the
// old one is removed after the new version stands. `change:"grow"` (numbers) is the same for a smaller value only.
// Anything else is changed by Do with the new input. A field of an object has the object's tag unless it has its own,
// such as `change:"change"`.
type Step[In, Out any] interface {
	// Do makes it so and tells the output. prior is the last known output of this generation, nil when there is none.
	// It adopts what is ours and equal, repairs what is ours and different, refuses what is someone else's.
	Do(ctx context.Context, run Run, in In, prior *Out) (Out, error)
	// Look reads whether it is so. It changes nothing, not even a claim.
	Look(ctx context.Context, run Run, in In, prior *Out) (Seen[Out], error)
	// Undo takes it away. It succeeds when there is nothing to take away.
	Undo(ctx context.Context, run Run, in In, prior *Out) (Undone, error)
}

// Seen is what a Look saw.
type Seen[Out any] struct {
	Presence events.Presence
	// Out is the output as the world has it; it is what the kind's postconditions judge.
	Out Out
	// Detail says in words what differs, or whose it is.
	Detail string
}

// Undone is the result of an Undo.
type Undone struct {
	// Retained, when not empty, names what was left in the world on purpose and why.
	Retained string
}

// Run is what a verb knows of the run it belongs to. It is a value; keep it no longer than the call.
type Run struct {
	Connection events.Key
	Saga       string
	Step       string
	Generation uint64
	Epoch      uint64
	// Purpose is set for an Undo.
	Purpose events.Purpose
	// Name is the deterministic name of the step's own object.
	Name string
	// RequestID is the root of the ids of vendor calls; see CallID.
	RequestID uuid.UUID
	// Now is the time at the start of the run; Since is when this verb was first asked for; no call may outlive
	// Deadline.
	Now, Since, Deadline time.Time
	// Resumed tells that this run follows a Wait.
	Resumed bool
	// Expedite tells that an intent waits behind this saga: do not linger.
	Expedite bool
}

// CallID is the request id of one vendor call of this run.
func (r Run) CallID(method string, body []byte) uuid.UUID {
	return events.CallID(r.RequestID, method, body)
}

// Owner is the text written where a vendor has a field for it (a label's value, a description): it names the
// connection, the step and the generation, and tells ours from others'.
func (r Run) Owner() string {
	return Owner(r.Holder().String())
}

// Holder is the identity under which this run holds claims.
func (r Run) Holder() Holder {
	return Holder{Connection: r.Connection, Step: r.Step, Generation: r.Generation}
}

// A Handler is a Step without its types: what the registry holds and the runtime runs.
type Handler interface {
	// Kind is the step's kind, "<capability>.<noun-verb>", e.g. "network.create-endpoint".
	Kind() string
	// Vendor names whose rate limit a run with this input is charged to.
	Vendor(input json.RawMessage) string
	// Run decodes the command's input strictly, runs its verb and encodes the outcome. It never panics and never blocks
	// longer than ctx.
	Run(ctx context.Context, c events.Command, now time.Time) events.Outcome
}
