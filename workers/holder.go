package workers

import (
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/events"
)

// A Holder is who holds: one generation of one step of one connection.
type Holder struct {
	Connection events.Key `json:"connection"`
	Step       string     `json:"step"`
	Generation uint64     `json:"generation"`
}

// String is the holder as a record keeps it: "<key>/<step>/<generation>". The step of a shared thing may hold slashes.
func (h Holder) String() string {
	return h.Connection.String() + "/" + h.Step + "/" + strconv.FormatUint(h.Generation, 10)
}

// Connection is the key of the connection that holds, in one token.
func (h Hold) Connection() string {
	connection, _, _ := strings.Cut(h.Holder, "/")
	return connection
}

// Of tells whether the connection holds, whatever the step and generation.
func (h Hold) Of(k events.Key) bool { return h.Connection() == k.String() }

// ownerPrefix begins the texts that say at a vendor that an object is ours.
const ownerPrefix = "culvert:"

// Owner is the text that a holder writes where a vendor has a field for it.
func Owner(holder string) string { return ownerPrefix + holder }

// OwnedBy tells whether an object with this owner text is the connection's, whatever the step and generation.
func OwnedBy(k events.Key, owner string) bool {
	holder, ours := strings.CutPrefix(owner, ownerPrefix)
	return ours && Hold{Holder: holder}.Of(k)
}
