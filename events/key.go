package events

import (
	"fmt"
	"regexp"
	"strings"
)

// A Key names a connection: the lasting thing that intents shape. The tenant comes from who publishes, never from the
// body; until identities exist it is [DefaultTenant].
type Key struct {
	Tenant string
	Name   string
}

// DefaultTenant is the tenant of every publisher until publishers have identities.
const DefaultTenant = "default"

// keyPart is what a tenant and a connection name may be: a DNS label (RFC 1123) that starts with a letter. It leaves
// out every character with a meaning in a broker subject, so a key can be a subject token as it is.
var keyPart = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)

// String is the key in one token, legal in subjects, URLs and file names: tenant, underscore, name. Neither part may
// hold an underscore, so it parses back.
func (k Key) String() string { return k.Tenant + "_" + k.Name }

// Saga is the id of the connection's n-th saga, counted from 1.
func (k Key) Saga(n uint64) string { return fmt.Sprintf("%s.%d", k, n) }

// Validate tells whether both parts are DNS labels that start with a letter.
func (k Key) Validate() error {
	if !keyPart.MatchString(k.Tenant) {
		return fmt.Errorf("tenant %q is not a DNS label (%s)", k.Tenant, keyPart)
	}
	if !keyPart.MatchString(k.Name) {
		return fmt.Errorf("connection name %q is not a DNS label (%s)", k.Name, keyPart)
	}
	return nil
}

// ParseKey is the inverse of [Key.String].
func ParseKey(s string) (Key, error) {
	tenant, name, found := strings.Cut(s, "_")
	k := Key{Tenant: tenant, Name: name}
	if !found {
		return Key{}, fmt.Errorf("parse connection key %q: no underscore between tenant and name", s)
	}
	return k, k.Validate()
}

// ParseSaga splits a saga id into its connection and its number.
func ParseSaga(id string) (Key, uint64, error) {
	key, number, found := strings.Cut(id, ".")
	if !found {
		return Key{}, 0, fmt.Errorf("parse saga id %q: want <tenant>_<name>.<number>", id)
	}
	k, err := ParseKey(key)
	if err != nil {
		return Key{}, 0, fmt.Errorf("parse saga id %q: %w", id, err)
	}
	var n uint64
	if _, err := fmt.Sscanf(number, "%d", &n); err != nil || n == 0 || k.Saga(n) != id {
		return Key{}, 0, fmt.Errorf("parse saga id %q: %q is not a saga number", id, number)
	}
	return k, n, nil
}

// MarshalText writes the key as [Key.String].
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *Key) UnmarshalText(b []byte) error {
	got, err := ParseKey(string(b))
	if err == nil {
		*k = got
	}
	return err
}
