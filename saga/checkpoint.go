package saga

import (
	"time"

	"github.com/culvertnet/culvert/events"
)

// A chain shows that a record was changed or taken out of the middle, but not that the newest are missing, or a whole
// connection. Checkpoints do: a journal of their own that lists the heads of what has changed since the one before, and
// is chained as every other. What was cut off after the last one, the doctor finds against a list of heads kept
// elsewhere.

// A Head is where a connection's journal ends.
type Head struct {
	Key     events.Key `json:"key"`
	Version uint64     `json:"version"`
	Hash    string     `json:"hash"`
}

// CheckpointTaken: these connections had come so far. Until is up to when changes are listed here or in an earlier one.
type CheckpointTaken struct {
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
	Heads []Head    `json:"heads"`
}

func (CheckpointTaken) isFact() {}

// CheckpointKey is the journal of checkpoints.
var CheckpointKey = events.Key{Tenant: engineTenant, Name: "checkpoints"}
