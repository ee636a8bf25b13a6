package saga

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/culvertnet/culvert/events"
)

// A Journal keeps one growing list of records per connection, and is the truth: everything else is derived from it.
//
// Guarantees, which are no options: an append that is reported as landed is on stable storage (synced); appends to one
// connection are totally ordered and land only on the version they name; records never change and are removed only by
// Archive. Implementations are safe for concurrent use by any number of processes. Slices that come back belong to the
// caller. Every call ends soon after its context does. The suite is package journaltest.
type Journal interface {
	// Append tries each append by itself and answers in the same order, one result each: the version reached, or one of
	// ErrConflict, ErrFull, ErrUnknown (wrapped). One call shares the cost of a sync between its appends. At most one
	// append per connection in a call. An append whose ID is that of the record already at After+1 is answered as
	// landed: it is a repeat of itself.
	Append(context.Context, []Append) []Result
	// Load gives the newest snapshot (zero when there is none) and the records after it, oldest first, at most 64. An
	// unknown connection is an empty answer, not an error. What it reads may be stale; only an Append tells.
	Load(context.Context, events.Key) (Snapshot, []Record, error)
	// List gives summaries by query, newest change first. It may lag behind appends by other processes.
	List(context.Context, Query) (Page, error)
	// Follow yields synced records after a position, gap-free and in order per connection, and goes on until ctx ends.
	// The zero position is the beginning.
	Follow(context.Context, Position) iter.Seq2[Record, error]
	// Archive forgets the records of a connection before a version; the newest snapshot before it stays.
	Archive(context.Context, events.Key, uint64) error
}

// SnapshotEvery is after how many records of a connection the next append must carry a snapshot, so that Load stays
// bounded.
const SnapshotEvery = 64

// MaxFacts is how large one record's facts may be, in bytes.
const MaxFacts = 512 << 10

// An Append is one indivisible record to be.
type Append struct {
	Key events.Key
	// After is the version this append builds on; the record gets After+1. 0 begins a connection.
	After uint64
	// ID is unique to this append, so that its author can tell it from another's after a lost answer.
	ID string
	// Summary is what List finds the connection by from now on.
	Summary Summary
	// Facts are the encoded facts of one decision, at most MaxFacts bytes.
	Facts []byte
	// Admits tells that this append takes in new work. It is refused with ErrFull a while before the store is full, so
	// that what runs already has room to come to its end.
	Admits bool
	// Snapshot, when set, is the state after these facts; Load starts from the newest one.
	Snapshot []byte
}

// A Result answers one Append. Err is nil when it landed.
type Result struct {
	Version uint64
	Err     error
}

// A Record is an append that landed.
type Record struct {
	Key      events.Key
	Version  uint64
	ID       string
	Position Position
	At       time.Time
	Facts    []byte
}

// A Snapshot is the state of a connection at a version; Version 0 means there is none.
type Snapshot struct {
	Version uint64
	State   []byte
}

// A Position is a place in the order in which Follow yields records. Its meaning is the journal's own; later is larger.
type Position uint64

// A Summary is what a connection is found by. It holds the newest saga's status.
type Summary struct {
	Saga    string            `json:"saga"`
	Kind    string            `json:"kind"`
	Want    events.Want       `json:"want"`
	Status  events.SagaStatus `json:"status"`
	Reason  string            `json:"reason,omitempty"`
	Version uint64            `json:"version"`
	Started time.Time         `json:"started,omitzero"`
	Ended   time.Time         `json:"ended,omitzero"`
	// Due is when the connection next needs the engine by itself (a timer, a sweep); zero when nothing is to come.
	Due time.Time `json:"due,omitzero"`
	// Paused connections have work but must not be woken.
	Paused bool `json:"paused,omitempty"`
	// Head is the hash of the newest record.
	Head string `json:"head,omitempty"`
	// Open counts the commands that are out, by capability.
	Open map[string]OpenWork `json:"open,omitempty"`
	// Why says what the saga waits for: its first causes, as far as the state and the holds at its last change tell.
	Why []Reason `json:"why,omitempty"`
	// Queued is how many accepted intents wait behind the newest saga.
	Queued int `json:"queued,omitempty"`
}

// OpenWork is how many commands are out, and since when the oldest is.
type OpenWork struct {
	Count int       `json:"count"`
	Since time.Time `json:"since"`
}

// A Query selects connections. Zero fields select all.
type Query struct {
	Status events.SagaStatus
	Kind   string
	// Name matches the connection's name exactly.
	Name string
	// After is the Next of the page before; Limit is at most 1,000, zero means 100.
	After string
	Limit int
}

// A Page is one part of a listing. Next is empty on the last one.
type Page struct {
	Items []Listed
	Next  string
}

// Listed is one connection in a listing.
type Listed struct {
	Key     events.Key
	Version uint64
	Changed time.Time
	Summary Summary
}

var (
	// ErrConflict says that somebody else's append landed on this version: load again and decide again.
	ErrConflict = errors.New("journal: another append landed first")
	// ErrFull says that the store takes no more; nothing was written.
	ErrFull = errors.New("journal: store is full")
	// ErrUnknown says that the journal cannot tell, even after reading back, whether the append landed. Appending the
	// same again (same ID, same After) settles it.
	ErrUnknown = errors.New("journal: it is not known whether the append landed")
)
