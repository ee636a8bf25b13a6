package jetstream

import (
	"fmt"
	"strings"
)

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

// tokens writes a name with slashes as a subject with a token for each part, so that a prefix of whole parts is a filter.
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
