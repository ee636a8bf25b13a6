package events

import "context"

// A Bus carries messages at least once, in no promised order. Everything that rides on it can be derived again from the
// journal, but for intents and dead letters, which the bus keeps on stable storage (synced) before Publish returns.
//
// Implementations are safe for concurrent use. The suite is package bustest; an adapter that cannot give the guarantees
// does not exist.
type Bus interface {
	// Publish returns when the broker has accepted every message. On an error any of them may have been accepted:
	// publish again. The messages are not kept after return. A subject that no stream carries is an error.
	Publish(context.Context, ...Message) error
	// Consume delivers until ctx ends, then waits for the handlers that run and returns nil; it returns an error only
	// when it could not start. Several consumers of one subscription name, in any number of processes, share the
	// messages. The handler runs in up to Subscription.Parallel goroutines; the message is leased to it for as long as
	// it runs, however long. A handler that dies with its process leaves the message to be delivered again.
	Consume(context.Context, Subscription, func(context.Context, Delivery) Verdict) error
}

// A Message is what the bus carries. Headers are as [CheckHeader] says.
type Message struct {
	// Subject is built by subject.go.
	Subject string
	// ID lets the broker drop a repeat it happens to remember. Nothing may rely on it.
	ID     string
	Header map[string]string
	Body   []byte
}

// A Subscription is a durable, shared place in a stream.
type Subscription struct {
	// Name is the durable's name, the same in every process that shares the work; see [ParseSubscriptionName].
	Name string
	// Subjects are the filters, built by subject.go; a trailing wildcard is allowed as there.
	Subjects []string
	// Parallel is how many handlers run at once in this process; zero means 1.
	Parallel int
	// MaxDeliver, when not zero, is after how many deliveries without Ack or Reject a message goes to the dead letters
	// with the reason "delivered N times".
	MaxDeliver int
}

// A Delivery is one message at one of its deliveries.
type Delivery struct {
	Message
	// Attempt counts deliveries of this message, from 1.
	Attempt int
}

// A Verdict is what becomes of a delivered message.
type Verdict struct {
	kind   verdictKind
	reason string
}

type verdictKind int

const (
	verdictAck verdictKind = iota
	verdictAgain
	verdictReject
)

var (
	// Ack: it is dealt with.
	Ack = Verdict{kind: verdictAck}
	// Again: deliver it again, some time.
	Again = Verdict{kind: verdictAgain}
)

// Reject puts the message into the dead letters, synced, before it is acknowledged.
func Reject(reason string) Verdict { return Verdict{kind: verdictReject, reason: reason} }

// IsAck tells whether the verdict is Ack.
func (v Verdict) IsAck() bool { return v.kind == verdictAck }

// Rejected gives the reason of a Reject.
func (v Verdict) Rejected() (reason string, rejected bool) { return v.reason, v.kind == verdictReject }
