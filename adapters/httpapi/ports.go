package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
	"github.com/culvertnet/culvert/workers"
)

// Engine is the orchestrator as the API needs it. Safe for concurrent use.
type Engine interface {
	Act(ctx context.Context, a events.Action) (events.Receipt, error)
	State(ctx context.Context, key events.Key) (saga.State, error)
	// StateAt is State in a version that was heard of, or a later one.
	StateAt(ctx context.Context, key events.Key, version uint64) (saga.State, error)
	// Watch tells a connection's newest version soon after each change.
	Watch(key events.Key) (changed <-chan uint64, stop func())
	// Rules are the pure engine, which says why a saga does not move and what a replay would do.
	Rules() saga.Engine
}

// Intake is the way in for intents: it decodes strictly, admits and submits every intent of a message, and
// answers when they are on stable storage. Errors are *events.Refusal, events.ErrBusy, or the engine's.
type Intake interface {
	Accept(ctx context.Context, tenant string, header map[string][]string, body []byte) ([]events.Receipt, error)
	// CheckData judges data that shall replace an intent's, by its schema and by admission, and gives it in canonical
	// form.
	CheckData(in events.Intent) (json.RawMessage, error)
}

// Listing finds connections.
type Listing interface {
	List(ctx context.Context, q saga.Query) (saga.Page, error)
}

// Publisher puts a dead letter back on its subject.
type Publisher interface {
	Publish(ctx context.Context, messages ...events.Message) error
}

// Options are what the server works with. All but World are needed.
type Options struct {
	Engine      Engine
	Intake      Intake
	Listing     Listing
	DeadLetters events.DeadLetters
	Publisher   Publisher
	Claims      workers.Claims
	// Mover and Journal serve the move to another backend.
	Mover   Mover
	Journal saga.Journal
	// Plan gives the steps of an intent that is sent as it is to the intake: decoded and admitted, and not submitted.
	Plan func(ctx context.Context, tenant string, header map[string][]string, body []byte) (
		[]workers.PlannedStep, error)
	// ID gives a name that nothing else has; nil is a random UUID. PreflightWait is how long workers have to answer; 0
	// is half a minute.
	ID            func() string
	PreflightWait time.Duration
	// Audit verifies the journal.
	Audit func(ctx context.Context, against []saga.Head) (audit.Report, error)
	// Room tells how many bytes the store keeps and how many it can (zero: no limit); nil where nobody knows.
	Room func(ctx context.Context) (used, limit int64, err error)
	// Kinds explains each version of each intent kind, oldest first.
	Kinds map[string][]KindInfo
	// Capabilities are what the engine's steps belong to and what can be held by itself; empty accepts any name.
	Capabilities []string
	// World is the URL of the simulated world, empty against real clouds; NATS the broker's.
	World, NATS string
	Version     string
	// KeepAlive is how often a stream without changes sends a comment, and looks itself; 0 is 15 s.
	KeepAlive time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// KindInfo explains one version of an intent kind.
type KindInfo struct {
	Kind string `json:"kind"`
	// Version is the payload's; Newest is the one that new intents should have, and the newest that is accepted.
	Version int `json:"version"`
	Newest  int `json:"newest"`
	// Schemas are its JSON Schemas by want ("apply", "withdraw").
	Schemas map[string]any `json:"schemas"`
	// Diagram is the graph of an example plan in Mermaid.
	Diagram string `json:"diagram"`
}
