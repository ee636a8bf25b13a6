package pubsub

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
)

// reconnect is how long a consumer rests when the service ended its stream for good.
const reconnect = time.Second

// longest is how long the client library keeps a lease: as long as any handler runs.
const longest = 365 * 24 * time.Hour

// Consume implements [events.Bus]. The client library extends leases and reconnects; what it gives up on is begun
// again.
func (b *Bus) Consume(
	ctx context.Context, s events.Subscription, handle func(context.Context, events.Delivery) events.Verdict,
) error {
	places, err := b.h.opts.placesOf(s)
	if err != nil {
		return fmt.Errorf("consume %q: %w", s.Name, err)
	}
	for _, id := range places {
		ask := &pubsubpb.GetSubscriptionRequest{Subscription: placeName(b.h.opts.Project, id)}
		if _, err := b.h.client.SubscriptionAdminClient.GetSubscription(ctx, ask); err != nil && ctx.Err() == nil {
			return fmt.Errorf("consume %s: subscription %s: %w", s.Name, id, err)
		}
	}
	stream, _ := s.Stream() // placesOf has looked
	c := &consumer{h: b.h, s: s, stream: stream, handle: handle, slots: make(chan struct{}, max(1, s.Parallel))}
	var all sync.WaitGroup
	for _, id := range places {
		all.Go(func() { b.h.receive(ctx, id, cap(c.slots), c.take) })
	}
	all.Wait()
	return nil
}

// receive takes messages of one place until ctx ends, and returns when every handler has. The library's context for a
// handler ends with ctx, and what a handler says afterwards is still heard.
func (h *Backend) receive(ctx context.Context, id string, parallel int, take func(context.Context, *pubsub.Message)) {
	for ctx.Err() == nil {
		sub := h.client.Subscriber(id)
		sub.ReceiveSettings.MaxOutstandingMessages = parallel
		sub.ReceiveSettings.MaxExtension = longest
		sub.ReceiveSettings.MaxDurationPerAckExtension = h.opts.Lease
		sub.ReceiveSettings.EnablePerStreamFlowControl = true
		err := sub.Receive(ctx, take)
		if ctx.Err() != nil {
			return
		}
		h.opts.Log.Warn("subscription ended and is begun again", "subscription", id, "error", err)
		_ = pause.For(ctx, reconnect) // an end is seen by the loop
	}
}

// consumer is one Consume: its places share the handlers.
type consumer struct {
	h      *Backend
	s      events.Subscription
	stream events.Stream
	handle func(context.Context, events.Delivery) events.Verdict
	slots  chan struct{}
}

// take is one message at one of its deliveries.
func (c *consumer) take(ctx context.Context, m *pubsub.Message) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		m.Nack()
		return
	}
	delivered := 1 // as often as Pub/Sub knows
	if m.DeliveryAttempt != nil {
		delivered = *m.DeliveryAttempt
	}
	d := events.Delivery{Message: decode(m, c.stream), Attempt: deliveredBefore(m) + delivered}
	limit := c.s.MaxDeliver
	switch {
	case !c.s.Covers(d.Subject):
		m.Ack() // another subject of a status reader's place
		return
	case limit > 0 && d.Attempt > limit:
		c.bury(ctx, m, tooOften(limit))
		return
	case ctx.Err() != nil: // the consumer ends: nothing is begun any more
		m.Nack()
		return
	}
	v := c.handle(ctx, d)
	reason, rejected := v.Rejected()
	switch {
	case v.IsAck():
		m.Ack()
	case rejected:
		c.bury(ctx, m, reason)
	case limit > 0 && d.Attempt >= limit:
		c.bury(ctx, m, tooOften(limit))
	case delivered >= renewAt:
		c.renew(ctx, m, d.Attempt)
	default:
		m.Nack()
	}
}

func tooOften(n int) string { return fmt.Sprintf("delivered %d times", n) }

// acceptWithin bounds how long a dead letter or a renewed message may take to be accepted.
const acceptWithin = 15 * time.Second

// bury puts a message into the dead letters, and acknowledges it when Pub/Sub has the letter.
func (c *consumer) bury(ctx context.Context, m *pubsub.Message, reason string) {
	letter, err := letter(m, c.stream, reason)
	if err != nil {
		c.h.opts.Log.Warn("dead letter is not kept for now; its message comes again", "error", err)
		m.Nack()
		return
	}
	c.replace(ctx, m, deadStream, letter)
}

// renewAt is at which delivery a message that is still wanted is published anew, before the vendor's limit ends it:
// only Subscription.MaxDeliver decides how often is too often. Other readers of its topic see a repetition.
const renewAt = attempts - 10

func (c *consumer) renew(ctx context.Context, m *pubsub.Message, delivered int) {
	attributes := maps.Clone(m.Attributes)
	if attributes == nil {
		attributes = map[string]string{}
	}
	attributes[attributeOrigin], attributes[attributeDelivered] = originOf(m), strconv.Itoa(delivered)
	c.replace(ctx, m, c.stream, &pubsub.Message{Data: m.Data, Attributes: attributes})
}

// replace acknowledges a message when Pub/Sub has accepted another in its place.
func (c *consumer) replace(ctx context.Context, m *pubsub.Message, stream events.Stream, by *pubsub.Message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptWithin)
	defer cancel()
	if _, err := c.h.publishers[stream].Publish(ctx, by).Get(ctx); err != nil {
		c.h.opts.Log.Warn("message is not put elsewhere for now and comes again", "stream", stream.Name, "error", err)
		m.Nack()
		return
	}
	m.Ack()
}
