package jetstream

import (
	"fmt"
	"strconv"
	"strings"
)

// The subjects that are this adapter's own: each is built and taken apart here, and nowhere else.
const (
	claimsSubject = "culvert.claims."
	marksSubject  = "culvert.marks."
)

// answerSubject is where the answer to one request of a consumer comes, within the wildcard of its inbox.
func answerSubject(inbox string, request uint64) string {
	return strings.TrimSuffix(inbox, "*") + strconv.FormatUint(request, 10)
}

// claimSubject is where the record of a resource is kept; claimOf is its inverse.
func claimSubject(resource string) string { return claimsSubject + tokens(resource) }

func claimOf(subject string) (string, error) { return name(strings.TrimPrefix(subject, claimsSubject)) }

// claimsFilter covers at least every resource with the prefix: its whole segments and what is below them.
func claimsFilter(prefix string) string {
	if cut := strings.LastIndexByte(prefix, '/'); cut >= 0 {
		return claimSubject(prefix[:cut]) + ".>"
	}
	return claimsSubject + ">"
}

// markSubject is where a command is marked.
func markSubject(command string) string { return marksSubject + tokens(command) }

// token writes one part of a name so that it is legal in a subject and can be read back: letters, digits, hyphen and
// underscore stay, every other byte becomes "=" and two hexadecimal digits. An empty part is a single "=".
func token(part string) string {
	if part == "" {
		return "="
	}
	var b strings.Builder
	for i := range len(part) {
		if c := part[i]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02x", c)
		}
	}
	return b.String()
}

// tokens writes a name with slashes as a subject with a token for each part, so that a prefix of whole parts is a
// filter.
func tokens(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = token(p)
	}
	return strings.Join(parts, ".")
}

// name is the inverse of tokens.
func name(subject string) (string, error) {
	parts := strings.Split(subject, ".")
	for i, p := range parts {
		if p == "=" {
			parts[i] = ""
			continue
		}
		var b strings.Builder
		for rest := p; rest != ""; {
			plain, escaped, found := strings.Cut(rest, "=")
			b.WriteString(plain)
			if rest = escaped; !found {
				break
			}
			var c byte
			if _, err := fmt.Sscanf(rest, "%02x", &c); err != nil || len(rest) < 2 {
				return "", fmt.Errorf("decode subject %q: %q is no escaped byte", subject, rest)
			}
			b.WriteByte(c)
			rest = rest[2:]
		}
		parts[i] = b.String()
	}
	return strings.Join(parts, "/"), nil
}
