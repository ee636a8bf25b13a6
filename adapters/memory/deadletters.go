package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/events"
)

// DeadLetters implements [events.DeadLetters] over a broker in memory.
type DeadLetters struct{ b *broker }

var _ events.DeadLetters = (*DeadLetters)(nil)

// bury adds a letter. The caller holds mu.
func (b *broker) bury(m events.Message, reason string) {
	b.lastID++
	m = clone(m)
	b.letters = append(b.letters, events.DeadLetter{
		ID: fmt.Sprintf("%020d", b.lastID), Subject: m.Subject, Reason: reason, At: b.now(), Header: m.Header,
		Body: m.Body,
	})
}

// List implements [events.DeadLetters].
func (d *DeadLetters) List(ctx context.Context, after string, limit int) ([]events.DeadLetter, error) {
	d.b.mu.Lock()
	defer d.b.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	var out []events.DeadLetter
	for _, l := range d.b.letters {
		if l.ID > after && len(out) < limit {
			out = append(out, copyLetter(l))
		}
	}
	return out, nil
}

// Get implements [events.DeadLetters].
func (d *DeadLetters) Get(ctx context.Context, id string) (events.DeadLetter, error) {
	d.b.mu.Lock()
	defer d.b.mu.Unlock()
	i, err := d.find(ctx, id)
	if err != nil {
		return events.DeadLetter{}, fmt.Errorf("get dead letter %q: %w", id, err)
	}
	return copyLetter(d.b.letters[i]), nil
}

// Remove implements [events.DeadLetters].
func (d *DeadLetters) Remove(ctx context.Context, id string) error {
	d.b.mu.Lock()
	defer d.b.mu.Unlock()
	i, err := d.find(ctx, id)
	if err != nil {
		return fmt.Errorf("remove dead letter %q: %w", id, err)
	}
	d.b.letters = slices.Delete(d.b.letters, i, i+1)
	return nil
}

func (d *DeadLetters) find(ctx context.Context, id string) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	i := slices.IndexFunc(d.b.letters, func(l events.DeadLetter) bool { return l.ID == id })
	if i < 0 {
		return 0, events.ErrNoDeadLetter
	}
	return i, nil
}

func copyLetter(l events.DeadLetter) events.DeadLetter {
	m := clone(events.Message{Header: l.Header, Body: l.Body})
	l.Header, l.Body = m.Header, m.Body
	return l
}
