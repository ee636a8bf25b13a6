package workers

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/events"
)

// What every claim store does alike: how a record is written and read, and which records a query selects.

// MaxHolds is the most holds (tombstones included) one record takes.
const MaxHolds = 2000

// EncodeRecord writes a record as every store keeps it, or tells why no store does. The version is the store's own.
func EncodeRecord(resource string, r Record) ([]byte, error) {
	if err := CheckResource(resource); err != nil {
		return nil, err
	}
	if len(r.Holds) > MaxHolds {
		return nil, fmt.Errorf("store claims of %s: %d holds, at most %d fit", resource, len(r.Holds), MaxHolds)
	}
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("store claims of %s: %w", resource, err)
	}
	return body, nil
}

// DecodeRecord reads what EncodeRecord wrote, at the version that the store gives it.
func DecodeRecord(resource string, version uint64, body []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(body, &r); err != nil {
		return r, fmt.Errorf("decode claims of %s: %w", resource, err)
	}
	r.Version = version
	return r, nil
}

// A ClaimQuery selects records. Zero fields select all.
type ClaimQuery struct {
	Prefix string
	// Connection selects records with a live hold of this connection.
	Connection events.Key
	After      string
	Limit      int
}

// Names tells whether a resource's name is one that the query selects.
func (q ClaimQuery) Names(resource string) bool {
	return strings.HasPrefix(resource, q.Prefix) && (q.After == "" || resource > q.After)
}

// Selects tells whether a record is one that the query selects, by its holders.
func (q ClaimQuery) Selects(r Record) bool {
	return q.Connection == (events.Key{}) || r.HeldBy(q.Connection)
}

// Page is at most how many records one answer holds.
func (q ClaimQuery) Page() int {
	if q.Limit <= 0 {
		return 100
	}
	return q.Limit
}

// A ClaimPage is one part of a listing; Next is empty on the last.
type ClaimPage struct {
	Items []Claimed
	Next  string
}

// Claimed is one record in a listing.
type Claimed struct {
	Resource string `json:"resource"`
	Record   Record `json:"record"`
}
