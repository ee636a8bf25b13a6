package jetstream

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/culvertnet/culvert/events"
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

var (
	subscriptionName = regexp.MustCompile(`^[a-z0-9-]+$`)
	headerName       = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+.^_|~-]+$`)
)

// streamOf tells which stream of the bus carries a subject or a filter with a trailing wildcard. What the server would
// take as well, another account's or adapter's subject, is not the bus's to write.
func streamOf(subject string) (events.Stream, bool) {
	for _, t := range strings.Split(subject, ".") {
		if t == "" || strings.ContainsAny(t, " \t\r\n") || strings.ContainsAny(t, "*>") && len(t) > 1 {
			return events.Stream{}, false
		}
	}
	for _, s := range events.Streams() {
		prefix, _ := strings.CutSuffix(s.Subject, ">")
		if len(subject) > len(prefix) && strings.HasPrefix(subject, prefix) {
			return s, true
		}
	}
	return events.Stream{}, false
}

// checkSubscription tells the stream that a subscription belongs to, or what is wrong with it.
func checkSubscription(s events.Subscription) (events.Stream, error) {
	var stream events.Stream
	if !subscriptionName.MatchString(s.Name) {
		return stream, fmt.Errorf("name is not [a-z0-9-]+")
	}
	if len(s.Subjects) == 0 || s.Parallel < 0 || s.MaxDeliver < 0 {
		return stream, fmt.Errorf("no subject, or a negative Parallel or MaxDeliver")
	}
	for i, f := range s.Subjects {
		of, ok := streamOf(f)
		if !ok {
			return stream, fmt.Errorf("no stream carries %q", f)
		}
		if i > 0 && of != stream {
			return stream, fmt.Errorf("subjects of two streams, %s and %s", stream.Name, of.Name)
		}
		stream = of
	}
	return stream, nil
}
