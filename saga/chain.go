package saga

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/culvertnet/culvert/events"
)

// A journal's records are chained: each names the hash of the one before it, and its own hash covers its place, its id
// and every byte of its facts. So a record that was edited, removed, inserted or moved is found by whoever reads on, on
// every backend alike; that the newest are missing is found by checkpoints (orchestrator/checkpoints.go).

// ErrBroken says that a journal's records do not follow from one another: somebody else than Culvert has changed them.
var ErrBroken = errors.New("the journal is broken")

// chained is a record's payload. Records of releases before the chain are the list of facts alone.
type chained struct {
	// Prev is the hash of the record before; "" for a connection's first one, and for the first after records without a
	// chain.
	Prev  string          `json:"prev"`
	Facts json.RawMessage `json:"facts"`
}

// A Place is where a record is: it is part of what its hash covers.
type Place struct {
	Key     events.Key
	Version uint64
	ID      string
}

// Hash is that of the record at a place.
func (p Place) Hash(payload []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d\n%q\n", p.Key, p.Version, p.ID)
	h.Write(payload)
	return hex.EncodeToString(h.Sum(nil))
}

// EncodeRecord renders the facts of the record at a place, behind a state, and gives the head of the chain that it
// makes.
func EncodeRecord(before State, id string, facts []Fact) (payload []byte, head string, err error) {
	list, err := EncodeFacts(facts)
	if err != nil {
		return nil, "", err
	}
	payload, err = json.Marshal(chained{Prev: before.Head, Facts: list})
	if err != nil {
		return nil, "", fmt.Errorf("encode record: %w", err)
	}
	return payload, Place{Key: before.Key, Version: before.Version + 1, ID: id}.Hash(payload), nil
}

// DecodeRecord reads a record's payload: its facts, and the hash of the record before it. A payload without a chain,
// from an earlier release, has linked false.
func DecodeRecord(payload []byte) (facts []Fact, prev string, linked bool, err error) {
	if bytes.HasPrefix(bytes.TrimLeft(payload, " \t\r\n"), []byte("[")) {
		facts, err = DecodeFacts(payload)
		return facts, "", false, err
	}
	var c chained
	if err := events.DecodeStrict(payload, &c); err != nil {
		return nil, "", false, fmt.Errorf("decode record: %w", err)
	}
	facts, err = DecodeFacts(c.Facts)
	return facts, c.Prev, true, err
}

// ApplyRecord folds the next record into a state, if it follows from it.
func ApplyRecord(s State, r Record) (State, error) {
	if r.Version != s.Version+1 {
		return s, fmt.Errorf("%w: version %d of %s follows version %d", ErrBroken, r.Version, r.Key, s.Version)
	}
	facts, prev, linked, err := DecodeRecord(r.Facts)
	switch {
	case err != nil:
		return s, fmt.Errorf("version %d of %s: %w", r.Version, r.Key, err)
	case prev != s.Head || !linked && s.Head != "":
		return s, fmt.Errorf("%w: version %d of %s does not follow from version %d", ErrBroken, r.Version, r.Key,
			s.Version)
	}
	next, err := Apply(s, facts)
	if err != nil {
		return s, err
	}
	if linked {
		next.Head = Place{Key: r.Key, Version: r.Version, ID: r.ID}.Hash(r.Facts)
	}
	return next, nil
}
