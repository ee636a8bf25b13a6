package workers

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Family is the kind of a claim resource: the first part of its name, before the first slash.
type Family string

// The families. A resource's name is a family and what tells its members apart, as in
// "list/gcp/router/acme-net/europe-west3/edge-1"; stores keep it, so a family keeps its name.
const (
	// FamilyList is a list without an optimistic lock that many write.
	FamilyList Family = "list"
	// FamilyCounted is a thing that is there while anybody holds it; FamilyOwn is one with a single holder.
	FamilyCounted Family = "counted"
	FamilyOwn     Family = "own"
	// FamilyAttribute is a flag or binding of somebody else's object.
	FamilyAttribute Family = "attr"
	// FamilyUses is something of others that must not go while anybody relies on it.
	FamilyUses Family = "uses"
	// FamilyPool holds addresses of an operator's pool, FamilyNumbers blocks of numbers.
	FamilyPool    Family = "pool"
	FamilyNumbers Family = "numbers"
	// FamilyPresence says which workers live, FamilySpeakers what BGP speakers see of their peers, FamilyCursor how far
	// something has been read. They are the backend's own.
	FamilyPresence Family = "presence"
	FamilySpeakers Family = "speakers"
	FamilyCursor   Family = "cursor"
	// FamilyPreflight is the exchange of questions and answers of preflights, the backend's own as well.
	FamilyPreflight Family = "preflight"
)

// Resource names a member of the family.
func (f Family) Resource(parts ...string) string { return f.Prefix() + strings.Join(parts, "/") }

// Prefix begins the names of all members of the family.
func (f Family) Prefix() string { return string(f) + "/" }

// Name is what a resource of the family is called within it.
func (f Family) Name(resource string) string { return strings.TrimPrefix(resource, f.Prefix()) }

// FamilyOf is the family of a resource.
func FamilyOf(resource string) Family {
	family, _, _ := strings.Cut(resource, "/")
	return Family(family)
}

// BackendsOwn tells whether a record is the backend's own bookkeeping and no claim of the world: cursors, which
// workers and speakers live, and what they are asked. It is not listed, and does not move to another backend.
func BackendsOwn(resource string) bool {
	f := FamilyOf(resource)
	return f == FamilyCursor || f == FamilyPresence || f == FamilySpeakers || f == FamilyPreflight
}

// maxResource is the most bytes of a resource's name: what every store has room for as a key, with escapes.
const maxResource = 1024

// CheckResource tells what is wrong with the name of a resource. Every store keeps a name that passes.
func CheckResource(resource string) error {
	switch {
	case resource == "":
		return fmt.Errorf("claim resource: the name is empty")
	case len(resource) > maxResource:
		return fmt.Errorf("claim resource: the name has %d bytes, more than %d", len(resource), maxResource)
	case !utf8.ValidString(resource) || strings.ContainsRune(resource, 0):
		return fmt.Errorf("claim resource %q: the name is not UTF-8 text without a zero byte", resource)
	}
	return nil
}
