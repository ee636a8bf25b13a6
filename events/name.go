package events

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// nameLength is the longest name every vendor takes: a PSC forwarding rule for Google APIs is ^[a-z][a-z0-9]{0,19}$
// (compute discovery document, ForwardingRule.name), and a connector id has fewer than 21 characters with every hyphen
// counted twice (Connecting to a VPC network).
const nameLength = 20

// Name is the one grammar of object names, legal at every vendor: [a-z][a-z0-9]{0,19}, a readable prefix and a hash of
// what the object belongs to. The same parts give the same name for ever, which is what makes a create repeatable and a
// lost answer findable. The prefix is cut to 6 characters, so at least 70 bits of hash are left.
func Name(prefix string, of ...string) string {
	h := sha256.New()
	for _, part := range of {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	if len(prefix) > 6 {
		prefix = prefix[:6]
	}
	sum := strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)))
	return prefix + sum[:nameLength-len(prefix)]
}
