package events

import (
	"encoding/json"
	"time"
)

// A Class is how one run of a verb ended, named by the next move.
type Class string

const (
	// Done: it is so. The output holds what later steps need.
	Done Class = "done"
	// Wait: a long operation of the vendor, or somebody else, has the next move. Come again after a while; it is not a
	// try.
	Wait Class = "wait"
	// Retry: nothing happened and it may work later. It counts as a try.
	Retry Class = "retry"
	// Refuse: it will never work as asked. Compensate.
	Refuse Class = "refuse"
	// Unsure: the effect may have happened. Look; never repeat blindly, never go straight to undo.
	Unsure Class = "unsure"
)

// Valid tells whether c is one of the five.
func (c Class) Valid() bool {
	switch c {
	case Done, Wait, Retry, Refuse, Unsure:
		return true
	}
	return false
}

// An Outcome is what a worker reports of one run of a verb.
type Outcome struct {
	Class Class `json:"class"`
	// Output is the step's output after a Do (JSON of its Out type), or what a Look saw.
	Output json.RawMessage `json:"output,omitempty"`
	// Seen is set by a Look that was Done.
	Seen Presence `json:"seen,omitempty"`
	// Operation is the handle of the vendor's long operation that a Wait waits for. It comes back in the next command.
	Operation string `json:"operation,omitempty"`
	// After is how long to wait before the next move; zero lets the engine choose.
	After time.Duration `json:"after,omitempty"`
	// Retained is set by an Undo that left something in the world on purpose, and says what and why.
	Retained string `json:"retained,omitempty"`
	// Reason is for programs ("quota", "foreign", "immutable"), Message for people.
	Reason  Reason `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// A Presence is what a Look saw of a step's object.
type Presence string

const (
	// Present: it is there, it is ours, and it is as the input says.
	Present Presence = "present"
	// Different: it is there and ours, but not as the input says.
	Different Presence = "different"
	// Absent: it is not there, or nothing of ours is in it.
	Absent Presence = "absent"
	// Foreign: something is there under this name that is not ours.
	Foreign Presence = "foreign"
)
