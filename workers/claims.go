package workers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Claims keeps one record per shared resource of the world. What a record means is decided by pure rules in this
// package (claimrules.go, listrules.go, countedrules.go, poolrules.go); the store only compares and sets.
//
// Safe for concurrent use by any number of processes. Store is synced on return. The suite is package claimstest.
type Claims interface {
	// Load gives the record; one that was never stored is zero with Version 0, not an error.
	Load(ctx context.Context, resource string) (Record, error)
	// Store replaces the record if its version is still Record.Version; else ErrClaimConflict. The stored version is
	// Record.Version+1 or larger. An error other than ErrClaimConflict leaves it open whether it was stored.
	Store(ctx context.Context, resource string, r Record) error
	// Find lists records by prefix of the resource's name and by holder, for operators. It may lag.
	Find(ctx context.Context, q ClaimQuery) (ClaimPage, error)
}

// ErrClaimConflict says that the record changed since it was loaded.
var ErrClaimConflict = errors.New("claim record changed since it was read")

// A Record is everything that is claimed of one resource, e.g. "list/gcp/router/acme-net/europe-west3/edge-1".
type Record struct {
	// Version is the store's; 0 for a record that was never stored.
	Version uint64 `json:"-"`
	// Holds are live and dropped holds, by holder's string and value.
	Holds []Hold `json:"holds,omitempty"`
	// Wanted counts changes of the set of live holds; InForce is the Wanted that the world is known to have.
	Wanted  uint64 `json:"wanted,omitempty"`
	InForce uint64 `json:"inForce,omitempty"`
	// Lease is who may write the shared thing now.
	Lease *Lease `json:"lease,omitempty"`
	// Found is what was there before us, kept to put it back: an attribute's value, a router's mode.
	Found *string `json:"found,omitempty"`
	// Foreign are entries that were there before us and that no write of ours may lose.
	Foreign []string `json:"foreign,omitempty"`
	// Generation counts the objects made for a counted thing; its name contains it.
	Generation uint64 `json:"generation,omitempty"`
	// Since is when the last live hold left a counted thing: the start of its linger.
	Since time.Time `json:"since,omitzero"`
	// Note carries a step's own small facts about the shared thing (the address of a shared endpoint).
	Note map[string]string `json:"note,omitempty"`
}

// A Hold is one holder's claim to one value of the resource.
type Hold struct {
	Holder string `json:"holder"`
	// Value is what is held: an address, a prefix, a priority; "" for a share of the whole.
	Value string `json:"value,omitempty"`
	// Epoch fences: a put or drop of an older epoch than this changes nothing.
	Epoch uint64 `json:"epoch"`
	// Revision is the record's Wanted when this hold was put or dropped.
	Revision uint64    `json:"revision,omitempty"`
	Since    time.Time `json:"since"`
	// Dropped makes it a tombstone; it is forgotten after Until, when the drop is in force and no late call can come.
	Dropped bool      `json:"dropped,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	// Attempted tells that a write of a list with this value may have reached the vendor: from then on the value in the
	// list is ours, and without it a value that is already there is somebody else's.
	Attempted bool `json:"attempted,omitempty"`
	// Excess tells that the value did not fit into a list that has a limit; its holder is refused.
	Excess bool `json:"excess,omitempty"`
	// Leaving tells that the last holder of a counted part, or of an attribute, is taking it away; nobody may join
	// before Until plus the quiet period.
	Leaving bool `json:"leaving,omitempty"`
}

// A Lease is the right to write a shared thing, until it expires.
type Lease struct {
	Holder string `json:"holder"`
	// Token grows with every lease of the record.
	Token uint64 `json:"token"`
	// Expires is when the owner stops writing; nobody else may start before Expires plus the vendor's quiet period.
	Expires time.Time `json:"expires"`
	// Writing is set from before a write until its answer: when it is found set, even the owner itself waits until the
	// lease has expired, because the lost write may still land.
	Writing bool `json:"writing,omitempty"`
}

// Equal tells whether two records say the same, whatever their versions.
func (r Record) Equal(other Record) bool {
	a, err := json.Marshal(r)
	b, err2 := json.Marshal(other)
	return err == nil && err2 == nil && bytes.Equal(a, b)
}

// Marks remembers who runs an epoch. A mark need not survive a power failure: losing one only makes an undo wait
// longer.
type Marks interface {
	// Take marks the epoch of a command (its ID) for this worker and tells whether it is the first to do so.
	Take(ctx context.Context, command, worker string) (first bool, err error)
}
