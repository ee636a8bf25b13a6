package pubsub

import (
	"context"
	"encoding/json"
	"fmt"

	"cloud.google.com/go/pubsub/v2"

	"github.com/culvertnet/culvert/events"
)

// deadStream is where dead letters go.
var deadStream = events.Dead

// parcel is a dead letter on its way to its store. Everything is in the body, because attributes have little room.
type parcel struct {
	Subject string            `json:"subject"`
	Reason  string            `json:"reason"`
	Header  map[string]string `json:"header,omitempty"`
	Body    []byte            `json:"body"`
}

// letter packs a rejected message. The origin is Pub/Sub's id of the message, so that one that is rejected twice,
// because an acknowledgement was lost, is one letter.
func letter(m *pubsub.Message, stream events.Stream, reason string) (*pubsub.Message, error) {
	was := decode(m, stream)
	body, err := json.Marshal(parcel{Subject: was.Subject, Reason: reason, Header: was.Header, Body: was.Body})
	if err != nil {
		return nil, fmt.Errorf("encode dead letter: %w", err)
	}
	return &pubsub.Message{Data: body, Attributes: map[string]string{
		attributeSubject: events.DeadSubject(was.Subject), attributeDead: originOf(m),
	}}, nil
}

// open unpacks a letter; what the vendor's own dead-lettering has put there is a plain message.
func open(m *pubsub.Message) (origin string, l events.DeadLetter, err error) {
	if origin = m.Attributes[attributeDead]; origin == "" {
		stream, known := events.StreamOf(m.Attributes[attributeSubject])
		if !known {
			stream = events.Intents // only there others publish
		}
		was := decode(m, stream)
		return originOf(m), events.DeadLetter{
			Subject: was.Subject, Reason: tooOften(deliveredBefore(m) + attempts), Header: was.Header, Body: was.Body,
		}, nil
	}
	var p parcel
	if err := json.Unmarshal(m.Data, &p); err != nil {
		return "", events.DeadLetter{}, fmt.Errorf("decode dead letter: %w", err)
	}
	return origin, events.DeadLetter{Subject: p.Subject, Reason: p.Reason, Header: p.Header, Body: p.Body}, nil
}

// keepLetters moves letters from their topic into the store, until ctx ends. All processes share the work.
func (h *Backend) keepLetters(ctx context.Context) {
	h.receive(ctx, keeperPlace, 4, func(ctx context.Context, m *pubsub.Message) {
		origin, l, err := open(m)
		if err != nil { // nobody can use it as a letter; kept as what it is
			origin, l = m.ID, events.DeadLetter{Subject: subjectOf(m, deadStream), Reason: err.Error(), Body: m.Data}
		}
		if err := h.opts.Letters.Keep(context.WithoutCancel(ctx), origin, l); err != nil {
			h.opts.Log.Warn("dead letter is not kept for now", "error", err)
			m.Nack()
			return
		}
		m.Ack()
	})
}
