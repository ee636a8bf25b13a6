package jetstream

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"github.com/culvertnet/culvert/events"
)

// Bus implements [events.Bus]. Safe for concurrent use.
type Bus struct{ h *Backend }

var _ events.Bus = (*Bus)(nil)

// headerID carries a message's id. The server's own header for ids is left to publishers from outside; see noRepeats.
const headerID = "Culvert-Message-Id"

// inFlight bounds the publishes of one call that wait for their acknowledgement at the same time.
const inFlight = 64

// Publish implements [events.Bus]. The messages are published at the same time, each once.
func (b *Bus) Publish(ctx context.Context, messages ...events.Message) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	out := make([]*nats.Msg, len(messages))
	for i, m := range messages {
		var err error
		if out[i], err = encode(m); err != nil {
			return fmt.Errorf("publish to %q: %w", m.Subject, err)
		}
	}
	if len(out) == 1 {
		return b.publish(ctx, out[0])
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for _, m := range out {
		group.Go(func() error { return b.publish(ctx, m) })
	}
	return group.Wait()
}

// publish sends one message.
func (b *Bus) publish(ctx context.Context, m *nats.Msg) error {
	_, err := publish(ctx, b.h.nc, m)
	if again := b.h.remake(ctx, err); again != nil {
		return fmt.Errorf("%w; and %w", err, again)
	}
	return err
}

// encode checks what the server would not, or would answer only with silence.
func encode(m events.Message) (*nats.Msg, error) {
	if _, ok := events.Carrier(m.Subject); !ok {
		return nil, fmt.Errorf("no stream carries this subject")
	}
	header := nats.Header{}
	for name, value := range m.Header {
		if err := events.CheckHeader(name, value); err != nil {
			return nil, err
		}
		if reserved(name) {
			return nil, fmt.Errorf("header %q is the broker's own", name)
		}
		header[name] = []string{value}
	}
	if m.ID != "" {
		if strings.ContainsAny(m.ID, "\r\n") {
			return nil, fmt.Errorf("id %q is not one line", m.ID)
		}
		header.Set(headerID, m.ID)
	}
	return &nats.Msg{Subject: m.Subject, Header: header, Data: m.Body}, nil
}

// reserved tells whether a header has a meaning to the server or to this adapter.
func reserved(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "nats-") || strings.HasPrefix(name, "culvert-")
}

// decode is the inverse of encode, for messages from outside too: of a header with several values it takes the first.
func decode(subject string, header nats.Header, body []byte) events.Message {
	m := events.Message{Subject: subject, Body: body, ID: header.Get(headerID)}
	if m.ID == "" {
		m.ID = header.Get(nats.MsgIdHdr)
	}
	for name, values := range header {
		if !reserved(name) && len(values) > 0 {
			if m.Header == nil {
				m.Header = map[string]string{}
			}
			m.Header[name] = values[0]
		}
	}
	return m
}
