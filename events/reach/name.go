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

// ofGoogle tells a name that Google answers in public.
func (n Name) ofGoogle() bool {
	return n.within("googleapis.com") || n.within("run.app") || n.within("cloudfunctions.net")
}

// Names of Google's that have addresses of their own.
const (
	privateAPIs    Name = "private.googleapis.com"
	restrictedAPIs Name = "restricted.googleapis.com"
)

// google are the addresses among which those of a name of Google's are.
//
// Page "Configure Private Google Access", IP addresses for default domains, and private.googleapis.com and
// restricted.googleapis.com. guess: it lists domains of APIs; that those of Cloud Run and of functions are in the same
// ranges is what their names answer today.
func (n Name) google() Ranges {
	if n == privateAPIs || n == restrictedAPIs {
		return googleAPIs()
	}
	return googleFrontEnd()
}

// fits tells whether a name fits a filter's pattern: a name in which "*" stands for any characters. So "*" is all
// names, "*.domain" what is below a domain, and "*text*" every name with a text in it.
func (n Name) fits(pattern Name) bool {
	parts := strings.Split(string(pattern), "*")
	if len(parts) == 1 {
		return n == pattern
	}
	left, ok := strings.CutPrefix(string(n), parts[0])
	if !ok || n == NoName {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		at := strings.Index(left, part)
		if at < 0 {
			return false
		}
		left = left[at+len(part):]
	}
	return strings.HasSuffix(left, parts[last])
}
