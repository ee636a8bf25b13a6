package pubsub

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/pubsub/v2"

	"github.com/culvertnet/culvert/events"
)

// Bus implements [events.Bus]. Safe for concurrent use.
type Bus struct{ h *Backend }

var _ events.Bus = (*Bus)(nil)

// Publish implements [events.Bus]: it returns when Pub/Sub, which keeps what it accepts on stable storage, has accepted
// all.
func (b *Bus) Publish(ctx context.Context, messages ...events.Message) error {
	encoded := make([]*pubsub.Message, len(messages))
	streams := make([]events.Stream, len(messages))
	for i, m := range messages {
		var ok bool
		if streams[i], ok = b.h.opts.carries(m.Subject); !ok {
			return fmt.Errorf("publish to %q: no subscription takes this subject", m.Subject)
		}
		var err error
		if encoded[i], err = encode(m); err != nil {
			return fmt.Errorf("publish to %s: %w", m.Subject, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	results := make([]*pubsub.PublishResult, len(messages))
	for i, m := range encoded {
		results[i] = b.h.publishers[streams[i]].Publish(context.WithoutCancel(ctx), m)
	}
	var errs []error
	for i, r := range results {
		if _, err := r.Get(ctx); err != nil {
			errs = append(errs, fmt.Errorf("publish to %s: %w", messages[i].Subject, err))
		}
	}
	return errors.Join(errs...)
}
