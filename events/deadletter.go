package events

import (
	"context"
	"errors"
	"time"
)

// A DeadLetter is a message that nobody could use, kept with the reason until an operator decides.
type DeadLetter struct {
	// ID is the letter's own, given by the store; it sorts by arrival.
	ID      string            `json:"id"`
	Subject string            `json:"subject"`
	Reason  string            `json:"reason"`
	At      time.Time         `json:"at"`
	Header  map[string]string `json:"header,omitempty"`
	Body    []byte            `json:"body"`
}

// ErrNoDeadLetter says that no letter has this id (any more).
var ErrNoDeadLetter = errors.New("no such dead letter")

// DeadLetters is the operator's view of what was rejected. Implementations are safe for concurrent use; every change is
// synced before it returns. An intake that has no message to reject (HTTP) does not write letters: it answers its
// caller.
type DeadLetters interface {
	// List gives the letters in order of arrival, at most limit, after the letter with this id ("" from the start).
	List(ctx context.Context, after string, limit int) ([]DeadLetter, error)
	// Get gives one letter or ErrNoDeadLetter.
	Get(ctx context.Context, id string) (DeadLetter, error)
	// Remove forgets one letter, or tells ErrNoDeadLetter. To requeue is to publish again, then to remove.
	Remove(ctx context.Context, id string) error
}
