package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"

	"github.com/culvertnet/culvert/events"
)

// DeadLetters implements [events.DeadLetters]. A letter's id is its sequence in the stream, in twenty digits. Safe for
// concurrent use.
type DeadLetters struct{ h *Backend }

var _ events.DeadLetters = (*DeadLetters)(nil)

const (
	headerDeadSubject = "Culvert-Dead-Subject"
	headerDeadReason  = "Culvert-Dead-Reason" // quoted, because a reason may have lines
)

// A letter's header must stay below 64 KiB (nats-server refuses more) with whatever the message had.
const (
	maxReason        = 4 << 10
	maxLetterHeaders = 40 << 10
)

// letter makes the dead letter of a message. The same message makes the same letter, which the server takes only once
// within its window.
func letter(m *nats.Msg, meta *nats.MsgMetadata, reason string) *nats.Msg {
	was := decode(m.Subject, m.Header, nil)
	size := 0
	for name, value := range was.Header {
		size += len(name) + len(value)
	}
	if size > maxLetterHeaders {
		was.Header = nil
		reason = "(its headers are too long to keep) " + reason
	}
	if len(reason) > maxReason {
		reason = reason[:maxReason]
	}
	header := nats.Header{}
	for name, value := range was.Header {
		header[name] = []string{value}
	}
	header.Set(nats.MsgIdHdr, fmt.Sprintf("%s/%d/%d", meta.Stream, meta.Sequence.Stream, meta.Timestamp.UnixNano()))
	header.Set(headerDeadSubject, m.Subject)
	header.Set(headerDeadReason, strconv.QuoteToASCII(reason))
	return &nats.Msg{Subject: events.DeadSubject(m.Subject), Header: header, Data: m.Data}
}

// bury stores a letter, synced.
func bury(ctx context.Context, nc *nats.Conn, letter *nats.Msg) error {
	if _, err := publish(ctx, nc, letter); err != nil {
		return fmt.Errorf("write dead letter: %w", err)
	}
	return nil
}

// List implements [events.DeadLetters]. It reads from the stream's leader, one by one, so that it shows every letter
// that is there and none that was removed.
func (d *DeadLetters) List(ctx context.Context, after string, limit int) ([]events.DeadLetter, error) {
	from, _ := sequenceOf(after)
	var out []events.DeadLetter
	for len(out) < limit {
		m, err := leaderGet(ctx, d.h.nc, events.Dead.Name, get{Next: events.Dead.Subject, Sequence: from + 1})
		if errors.Is(err, errNone) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list dead letters: %w", err)
		}
		l, err := readLetter(m)
		if err != nil {
			return nil, fmt.Errorf("list dead letters: %w", err)
		}
		out = append(out, l)
		from = m.sequence
	}
	return out, nil
}

// Get implements [events.DeadLetters].
func (d *DeadLetters) Get(ctx context.Context, id string) (events.DeadLetter, error) {
	sequence, ok := sequenceOf(id)
	if !ok {
		return events.DeadLetter{}, fmt.Errorf("get dead letter %q: %w", id, events.ErrNoDeadLetter)
	}
	m, err := leaderGet(ctx, d.h.nc, events.Dead.Name, get{Sequence: sequence})
	if errors.Is(err, errNone) {
		err = events.ErrNoDeadLetter
	}
	if err != nil {
		return events.DeadLetter{}, fmt.Errorf("get dead letter %s: %w", id, err)
	}
	return readLetter(m)
}

// Remove implements [events.DeadLetters].
func (d *DeadLetters) Remove(ctx context.Context, id string) error {
	if _, err := d.Get(ctx, id); err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	sequence, _ := sequenceOf(id)
	stream, err := d.h.js.Stream(ctx, events.Dead.Name)
	if err == nil {
		err = stream.DeleteMsg(ctx, sequence)
	}
	if err != nil {
		return fmt.Errorf("remove dead letter %s: %w", id, err)
	}
	return nil
}

// sequenceOf reads an id; a text that is no id has none.
func sequenceOf(id string) (uint64, bool) {
	n, err := strconv.ParseUint(id, 10, 64)
	return n, err == nil && len(id) == 20 && n > 0
}

func readLetter(m stored) (events.DeadLetter, error) {
	reason, err := strconv.Unquote(m.header.Get(headerDeadReason))
	if err != nil {
		return events.DeadLetter{}, fmt.Errorf("decode dead letter %d: reason: %w", m.sequence, err)
	}
	was := decode(m.header.Get(headerDeadSubject), m.header, m.body)
	return events.DeadLetter{
		ID: fmt.Sprintf("%020d", m.sequence), Subject: was.Subject, Reason: reason, At: m.at, Header: was.Header,
		Body: was.Body,
	}, nil
}
