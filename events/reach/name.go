package reach

import "strings"

// Name is a host name in one spelling: lower case, without the dot at its end. It is an atom: nothing but an observed
// zone turns it into addresses.
type Name string

const (
	// NoName says that a client sends no name.
	NoName Name = ""
	// AnyName says that a client may send whatever name it likes; it is no name that anybody has.
	AnyName Name = "*"
)

// NameOf brings a host name into its one spelling.
func NameOf(text string) Name {
	return Name(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(text)), "."))
}

// within tells whether a name is a domain or below it. The root is above every name.
func (n Name) within(domain Name) bool {
	return domain == "" || n == domain || strings.HasSuffix(string(n), "."+string(domain))
}

// fits tells whether a name fits a filter's pattern: a name, "*" for all, or "*.domain" for what is below a domain.
func (n Name) fits(pattern Name) bool {
	if pattern == AnyName {
		return n != NoName
	}
	if below, ok := strings.CutPrefix(string(pattern), "*."); ok {
		return n != Name(below) && n.within(Name(below))
	}
	return n == pattern
}
