package events

import (
	"fmt"
	"strings"
	"time"
)

// A Result answers one command. A result of an epoch that the journal has left behind is of no use but does no harm.
type Result struct {
	Connection Key     `json:"connection"`
	Saga       string  `json:"saga"`
	Step       string  `json:"step"`
	Generation uint64  `json:"generation"`
	Epoch      uint64  `json:"epoch"`
	Verb       Verb    `json:"deed"`
	Outcome    Outcome `json:"outcome"`
	// Worker names the process that ran it, At when it ended there.
	Worker string    `json:"worker"`
	At     time.Time `json:"at"`
}

// ID names the command that this result answers.
func (r Result) ID() string { return commandID(r.Connection, r.Step, r.Generation, r.Epoch) }

// StepOfCommand is the name of the step in the id of a command; "" of what is no such id.
func StepOfCommand(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) != 4 {
		return ""
	}
	return parts[1]
}

func commandID(k Key, step string, generation, epoch uint64) string {
	return fmt.Sprintf("%s/%s/%d/%d", k, step, generation, epoch)
}

// Answer makes the result of a command.
func (c Command) Answer(o Outcome, worker string, at time.Time) Result {
	return Result{
		Connection: c.Connection, Saga: c.Saga, Step: c.Step, Generation: c.Generation, Epoch: c.Epoch, Verb: c.Verb,
		Outcome: o, Worker: worker, At: at,
	}
}
