package pubsub

import (
	"fmt"
	"maps"
	"strconv"
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
	// What a renewed message was before: see [consumer.renew].
	attributeOrigin    = "culvert_origin"
	attributeDelivered = "culvert_delivered"
)

// What Pub/Sub takes (https://cloud.google.com/pubsub/quotas#resource_limits), and what we leave of it: a dead letter
// is the whole message in JSON, which makes a body a third longer and a header up to six times.
const (
	maxBody           = 6 << 20
	maxAttributes     = 100 - 4
	maxAttributeName  = 256
	maxAttributeValue = 1024
)

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
		if err := events.CheckHeader(name, value); err != nil {
			return nil, err
		}
		switch {
		case strings.HasPrefix(name, "culvert_") || strings.HasPrefix(strings.ToLower(name), "goog"):
			return nil, fmt.Errorf("header %q: the name is taken", name)
		case len(name) > maxAttributeName || len(value) > maxAttributeValue:
			return nil, fmt.Errorf("header %q: name and value have %d and %d bytes, at most %d and %d fit", name,
				len(name), len(value), maxAttributeName, maxAttributeValue)
		}
		attributes[name] = value
	}
	return &pubsub.Message{Data: m.Body, Attributes: attributes}, nil
}

// decode is the inverse.
func decode(m *pubsub.Message, stream events.Stream) events.Message {
	out := events.Message{Subject: subjectOf(m, stream), ID: m.Attributes[attributeID], Body: m.Data}
	header := maps.Clone(m.Attributes)
	maps.DeleteFunc(header, func(name, _ string) bool {
		return strings.HasPrefix(name, "culvert_") || strings.HasPrefix(name, "googclient_") ||
			strings.HasPrefix(name, "CloudPubSub")
	})
	if len(header) > 0 {
		out.Header = header
	}
	return out
}

// subjectOf reads a message's subject. Who publishes from outside knows nothing of our attributes, or gets them wrong:
// what is sent to a stream's topic is that stream's all the same.
func subjectOf(m *pubsub.Message, stream events.Stream) string {
	subject := m.Attributes[attributeSubject]
	if of, ok := events.Carrier(subject); ok && of == stream {
		return subject
	}
	return stream.Any()
}

// originOf is the id that a message had when it was first published.
func originOf(m *pubsub.Message) string {
	if origin := m.Attributes[attributeOrigin]; origin != "" {
		return origin
	}
	return m.ID
}

// deliveredBefore is how often a renewed message was delivered before.
func deliveredBefore(m *pubsub.Message) int {
	n, err := strconv.Atoi(m.Attributes[attributeDelivered])
	if err != nil {
		return 0
	}
	return max(0, n)
}
