package events

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
)

// nameLength is the longest name every vendor takes: a PSC forwarding rule for Google APIs is ^[a-z][a-z0-9]{0,19}$
// (compute discovery document, ForwardingRule.name), and a connector id has fewer than 21 characters with every hyphen
// counted twice (Connecting to a VPC network).
const nameLength = 20

// prefixLength leaves at least 70 bits of hash in a name.
const prefixLength = 6

var prefixForm = regexp.MustCompile(fmt.Sprintf(`^[a-z][a-z0-9]{0,%d}$`, prefixLength-1))

// ParsePrefix tells what is wrong with a prefix that begins the names of a step's objects.
func ParsePrefix(prefix string) error {
	if !prefixForm.MatchString(prefix) {
		return fmt.Errorf("parse prefix %q: it does not match %s", prefix, prefixForm)
	}
	return nil
}

// Name is the one grammar of object names, legal at every vendor: [a-z][a-z0-9]{0,19}, a readable prefix and a hash of
// what the object belongs to. The same parts give the same name for ever, which is what makes a create repeatable and a
// lost answer findable. A prefix that is longer than ParsePrefix takes is cut.
func Name(prefix string, of ...string) string {
	h := sha256.New()
	for _, part := range of {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	if len(prefix) > prefixLength {
		prefix = prefix[:prefixLength]
	}
	sum := strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)))
	return prefix + sum[:nameLength-len(prefix)]
}
