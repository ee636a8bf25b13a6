package events

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

// Want is what an intent asks for its connection.
type Want string

const (
	// Apply: let the connection be as the data says.
	Apply Want = "apply"
	// Withdraw: give the connection up.
	Withdraw Want = "withdraw"
)

// An Intent is an accepted CloudEvent, decoded and validated: a desired state of one named connection.
type Intent struct {
	Connection Key `json:"connection"`
	// Source and ID are the publisher's (CloudEvents source and id). Together with the connection they make the intent
	// unique: the same again is answered with the first result, the same with another Digest is refused.
	Source string `json:"source"`
	ID     string `json:"id"`
	// Kind is the intent kind ("private-service"), Want what is asked of it, both from the CloudEvents type
	// culvert.<kind>.<want>.v<Version>.
	Kind    string `json:"kind"`
	Want    Want   `json:"want"`
	Version int    `json:"version"`
	// IfVersion, when set, is the number of the connection's last accepted intent that the publisher knew of
	// (CloudEvents extension "ifversion"); another number refuses the intent.
	IfVersion *uint64 `json:"ifVersion,omitempty"`
	// Time is the event's own, zero when it had none. It orders nothing.
	Time time.Time `json:"time,omitzero"`
	// Digest is the content's fingerprint; see [Digest].
	Digest string `json:"digest"`
	// Data is the kind's payload, as validated.
	Data json.RawMessage `json:"data"`
}

var intentType = regexp.MustCompile(`^culvert\.([a-z][a-z0-9-]{0,39})\.(apply|withdraw)\.v([1-9][0-9]?)$`)

// IntentType is the CloudEvents type of an intent.
func IntentType(kind string, want Want, version int) string {
	return fmt.Sprintf("culvert.%s.%s.v%d", kind, want, version)
}

// ParseIntentType is the inverse of IntentType.
func ParseIntentType(t string) (kind string, want Want, version int, err error) {
	m := intentType.FindStringSubmatch(t)
	if m == nil {
		return "", "", 0, fmt.Errorf("type %q is not culvert.<kind>.<apply|withdraw>.v<version>", t)
	}
	if _, err := fmt.Sscanf(m[3], "%d", &version); err != nil {
		return "", "", 0, fmt.Errorf("type %q: version: %w", t, err)
	}
	return m[1], Want(m[2]), version, nil
}
