package events

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// A Verb is what a command asks of a step.
type Verb string

const (
	// Do makes the step's object be as the input says, whatever is there now.
	Do Verb = "do"
	// Look reads whether it is so. It changes nothing.
	Look Verb = "look"
	// Undo takes the object away again, or puts back what was found.
	Undo Verb = "undo"
)

// Mutates tells whether the verb may change the world.
func (d Verb) Mutates() bool { return d == Do || d == Undo }

// A Purpose says why an Undo is asked; what may be left behind depends on it.
type Purpose string

const (
	// ToCompensate: this saga made it and could not finish. Put back what was found, and never linger.
	ToCompensate Purpose = "compensate"
	// ToWithdraw: the connection, or this part of it, is given up. Access never widens on the way back unless the
	// intent said so.
	ToWithdraw Purpose = "withdraw"
)

// A Command tells a worker to run one verb of one step. It is a pure function of the journal: losing one loses nothing,
// and a second copy of it does nothing twice.
type Command struct {
	Connection Key    `json:"connection"`
	Saga       string `json:"saga"`
	// Step is the step's name in the plan ("announce-2"), Kind what it is ("routing.announce"), Capability who runs it.
	Step       string `json:"step"`
	Kind       string `json:"kind"`
	Capability string `json:"capability"`
	// Generation counts the objects a step has had; object names contain it. Epoch counts the commands for this
	// generation.
	Generation uint64  `json:"generation"`
	Epoch      uint64  `json:"epoch"`
	Verb       Verb    `json:"deed"`
	Purpose    Purpose `json:"purpose,omitempty"`
	// Name is the step's own deterministic object name; RequestID the root of its vendor call ids.
	Name      string    `json:"name"`
	RequestID uuid.UUID `json:"requestId"`
	// Due is when the command is to be sent; no vendor call may be under way after Deadline.
	Due      time.Time `json:"due"`
	Deadline time.Time `json:"deadline"`
	// Since is when this step first asked for this verb, for steps that wait a known time (a TTL, a linger).
	Since time.Time `json:"since"`
	// Expedite tells that an intent waits behind this saga: do not linger.
	Expedite bool `json:"hurry,omitempty"`
	// Operation is the handle a Wait left behind.
	Operation string `json:"operation,omitempty"`
	// Input is the step's In as JSON; Output its last known Out, absent when it never had one.
	Input  json.RawMessage `json:"input"`
	Output json.RawMessage `json:"output,omitempty"`
}

// ID names this very command: one per connection, step, generation and epoch.
func (c Command) ID() string {
	return commandID(c.Connection, c.Step, c.Generation, c.Epoch)
}
