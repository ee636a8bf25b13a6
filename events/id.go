package events

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"
)

// requestSpace is the name space of every derived request id. It must never change: a vendor that has seen an id
// ignores the repeat, and that is what protects a call whose answer was lost.
var requestSpace = uuid.MustParse("6d1f0c0e-51a1-5d2c-9d43-8f2f3a6a7c11")

// StepRequestID is the request id that the journal stores with a step before its first vendor call. It is the same for
// every epoch of the step's generation within one saga, so a repeated call carries the id of the lost one.
func StepRequestID(saga, step string, generation uint64) uuid.UUID {
	return uuid.NewSHA1(requestSpace, fmt.Appendf(nil, "step\x00%s\x00%s\x00%d", saga, step, generation))
}

// CallID is the id of one vendor call: derived from the step's id, the call's name and its body, because a changed body
// needs a new id (compute: "a repeated requestId with another body").
func CallID(step uuid.UUID, method string, body []byte) uuid.UUID {
	sum := sha256.Sum256(body)
	return uuid.NewSHA1(step, append([]byte(method+"\x00"), sum[:]...))
}

// Digest is the fingerprint of an intent's content, in hex. Two events with one id and different digests are a
// publisher's mistake, not a repeat.
func Digest(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:", len(p))
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
