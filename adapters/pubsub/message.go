package pubsub

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"cloud.google.com/go/pubsub/v2"

	"github.com/culvertnet/culvert/events"
)

// Our own attributes; the others are the message's headers. Names have no dash, which the filter language would have to
// quote.
const (
	attributeSubject = "culvert_subject"
	attributeID      = "culvert_id"
	attributeDead    = "culvert_dead"
)

// What Pub/Sub takes (https://cloud.google.com/pubsub/quotas#resource_limits), and what we leave of it: a dead letter is
// the whole message in JSON, which makes a body a third longer.
const (
	maxBody           = 7 << 20
	maxAttributes     = 100 - 2
	maxAttributeName  = 256
	maxAttributeValue = 1024
)

var headerName = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+.^_|~-]+$`)

// encode renders a message, or tells what of it Pub/Sub would not take.
func encode(m events.Message) (*pubsub.Message, error) {
	if len(m.Body) > maxBody {
		return nil, fmt.Errorf("body has %d bytes, at most %d fit", len(m.Body), maxBody)
	}
	if len(m.Header) > maxAttributes {
		return nil, fmt.Errorf("%d headers, at most %d fit", len(m.Header), maxAttributes)
	}
	attributes := map[string]string{attributeSubject: m.Subject}
	if m.ID != "" {
		attributes[attributeID] = m.ID
	}
	for name, value := range m.Header {
		switch {
		case !headerName.MatchString(name) || strings.ContainsAny(value, "\r\n"):
			return nil, fmt.Errorf("header %q: %q is not a token and one line", name, value)
		case strings.HasPrefix(name, "culvert_") || strings.HasPrefix(strings.ToLower(name), "goog"):
			return nil, fmt.Errorf("header %q: the name is taken", name)
		case len(name) > maxAttributeName || len(value) > maxAttributeValue:
			return nil, fmt.Errorf("header %q: name and value have %d and %d bytes, at most %d and %d fit", name, len(name), len(value), maxAttributeName, maxAttributeValue)
		}
		attributes[name] = value
	}
	return &pubsub.Message{Data: m.Body, Attributes: attributes}, nil
}

// decode is the inverse. A publisher outside knows nothing of our attributes: what he sends to the topic of intents is one.
func decode(m *pubsub.Message) events.Message {
	out := events.Message{Subject: m.Attributes[attributeSubject], ID: m.Attributes[attributeID], Body: m.Data}
	if out.Subject == "" {
		out.Subject = events.IntentSubject("any")
	}
	header := maps.Clone(m.Attributes)
	maps.DeleteFunc(header, func(name, _ string) bool {
		return strings.HasPrefix(name, "culvert_") || strings.HasPrefix(name, "googclient_") || strings.HasPrefix(name, "CloudPubSub")
	})
	if len(header) > 0 {
		out.Header = header
	}
	return out
}
