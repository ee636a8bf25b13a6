package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
)

const (
	// fetchFor is how long one request for messages stays open at the server, which says when it is over, and so how
	// long a subscription takes to end. A request that a restarted server has forgotten is given up fetchGrace after
	// that.
	fetchFor   = 500 * time.Millisecond
	fetchGrace = time.Second
	// drainWithin bounds the wait for what is on its way when a subscription has ended; without a server nothing comes.
	drainWithin = time.Second
	// again is the shortest rest after an Again; it grows with the attempts up to againMost.
	again     = 50 * time.Millisecond
	againMost = 5 * time.Second
	// maxPending is how many messages of one subscription may be on their way or resting. At the server's own default
	// (1,000) as many messages that are told to come again would hold up all others.
	maxPending = 50_000
	// repairEvery is the rest between tries to make a lost consumer again.
	repairEvery = 250 * time.Millisecond
)

// Consume implements [events.Bus]. It asks for no more messages than it has idle handlers, so that none waits,
// unleased, inside this process. The handler's context ends with ctx; its verdict still counts.
func (b *Bus) Consume(
	ctx context.Context, s events.Subscription, handle func(context.Context, events.Delivery) events.Verdict,
) error {
	stream, err := s.Stream()
	if err != nil {
		return fmt.Errorf("consume %q: %w", s.Name, err)
	}
	if err := b.consumer(ctx, stream, s); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("consume %s: %w", s.Name, err)
	}
	sub, err := b.h.nc.SubscribeSync(b.h.nc.NewInbox() + ".*")
	if err != nil {
		return fmt.Errorf("consume %s: %w", s.Name, err)
	}
	l := &loop{
		h: b.h, stream: stream, s: s, handle: handle, sub: sub, idle: make(chan struct{}, max(1, s.Parallel)),
		leased: map[*nats.Msg]struct{}{},
	}
	leases, stop := context.WithCancel(context.WithoutCancel(ctx))
	var keeper sync.WaitGroup
	keeper.Go(func() { l.keepLeases(leases) })
	for ctx.Err() == nil {
		if err := l.fetch(ctx); err != nil && ctx.Err() == nil {
			b.h.opts.Log.Warn("fetch messages", "subscription", s.Name, "error", err)
			b.repair(ctx, stream, s)
		}
	}
	l.drain(ctx)
	l.running.Wait()
	stop()
	keeper.Wait()
	return nil
}

// consumer makes or updates the durable of a subscription. When its subjects change it is made anew: a durable that is
// updated in place never delivers what it has passed over under its old filters, and in a cluster its leader may still
// be passing over messages when a follower has already answered the update (nats-server 2.15, consumer.go updateConfig,
// jetstream_cluster.go processClusterCreateConsumer). A new one begins with the first message that is not dealt with.
func (b *Bus) consumer(ctx context.Context, stream events.Stream, s events.Subscription) error {
	config := js.ConsumerConfig{
		Durable: s.Name, FilterSubjects: s.Subjects, DeliverPolicy: js.DeliverAllPolicy,
		AckPolicy: js.AckExplicitPolicy,
		AckWait:   b.h.opts.Lease, MaxDeliver: -1, MaxAckPending: maxPending, Replicas: b.h.opts.Replicas,
	}
	old, err := b.h.js.Consumer(ctx, stream.Name, s.Name)
	switch {
	case errors.Is(err, js.ErrConsumerNotFound):
	case err != nil:
		return err
	case !sameSubjects(old.CachedInfo().Config, s.Subjects):
		if err := b.h.js.DeleteConsumer(ctx, stream.Name, s.Name); err != nil &&
			!errors.Is(err, js.ErrConsumerNotFound) {
			return err
		}
	}
	_, err = b.h.js.CreateOrUpdateConsumer(ctx, stream.Name, config)
	return err
}

// sameSubjects tells whether a durable has these filters, in any order.
func sameSubjects(c js.ConsumerConfig, subjects []string) bool {
	has := c.FilterSubjects
	if c.FilterSubject != "" {
		has = []string{c.FilterSubject}
	}
	return slices.Equal(slices.Sorted(slices.Values(has)), slices.Sorted(slices.Values(subjects)))
}

// repair makes streams and consumer again until it works or ctx ends.
func (b *Bus) repair(ctx context.Context, stream events.Stream, s events.Subscription) {
	for pause.For(ctx, repairEvery) == nil {
		err := ensure(ctx, b.h.js, b.h.opts)
		if err == nil {
			err = b.consumer(ctx, stream, s)
		}
		if err == nil {
			return
		}
		b.h.opts.Log.Warn("make consumer again", "subscription", s.Name, "error", err)
	}
}

// loop is one running Consume.
type loop struct {
	h       *Backend
	stream  events.Stream
	s       events.Subscription
	handle  func(context.Context, events.Delivery) events.Verdict
	idle    chan struct{} // holds a token for each busy handler
	running sync.WaitGroup

	// sub receives what all requests bring, until the end. A request's own inbox would be gone when what was assigned
	// to the request in its last moment arrives, in a cluster even after the server's word that it is over; such a
	// message would come again only after its lease. That is why this is not nats.go's Fetch (v1.55,
	// jetstream/pull.go).
	sub *nats.Subscription
	// request is the number of the newest request, left how many messages it may still bring, and until when at the
	// latest.
	request uint64
	left    int
	until   time.Time

	mu     sync.Mutex
	leased map[*nats.Msg]struct{}
}

// fetch waits for an idle handler, asks once for as many messages as there are idle handlers, and starts them.
func (l *loop) fetch(ctx context.Context) error {
	n := 0
	select {
	case l.idle <- struct{}{}:
		n = 1
	case <-ctx.Done():
		return nil
	}
	for full := false; !full; {
		select {
		case l.idle <- struct{}{}:
			n++
		default:
			full = true
		}
	}
	defer func() {
		for range n {
			<-l.idle
		}
	}()
	if err := l.ask(n); err != nil {
		return err
	}
	within, cancel := context.WithDeadline(ctx, l.until)
	defer cancel()
	for l.left > 0 {
		m, err := l.next(within)
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		if m != nil {
			n--
			l.lease(m)
			l.running.Go(func() {
				defer func() { <-l.idle }()
				defer l.release(m)
				l.deliver(ctx, m)
			})
		}
	}
	return nil
}

// ask asks the server for at most n messages.
func (l *loop) ask(n int) error {
	request, err := json.Marshal(struct {
		Batch   int           `json:"batch"`
		Expires time.Duration `json:"expires"`
	}{n, fetchFor})
	if err != nil {
		return err
	}
	l.request++
	if err := l.h.nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+l.stream.Name+"."+l.s.Name, l.inbox(),
		request); err != nil {
		return err
	}
	l.left, l.until = n, time.Now().Add(fetchFor+fetchGrace)
	return nil
}

// inbox is where the newest request's answers go.
func (l *loop) inbox() string {
	return answerSubject(l.sub.Subject, l.request)
}

// next receives a message, or none when the server says that a request is over. That is an error when something is
// wrong with the newest one (404 and 408 end a request that was served, NATS ADR-13).
func (l *loop) next(ctx context.Context) (*nats.Msg, error) {
	m, err := l.sub.NextMsgWithContext(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case m.Reply != "": // what is to be acknowledged is of the stream; the server's word is not
		l.left--
		return m, nil
	case m.Subject != l.inbox():
		return nil, nil
	}
	l.left = 0
	if status := m.Header.Get("Status"); status != "404" && status != "408" {
		return nil, fmt.Errorf("status %s %s", status, m.Header.Get("Description"))
	}
	return nil, nil
}

// drain waits until nothing is on its way to this subscription any more. What comes is given back: it is for others
// now.
func (l *loop) drain(ended context.Context) {
	receive := func(until time.Time, more func() bool) {
		within, cancel := context.WithDeadline(context.WithoutCancel(ended), until)
		defer cancel()
		for more() {
			m, err := l.next(within)
			if err == nil && m != nil {
				err = m.Nak()
			}
			if err != nil {
				l.h.opts.Log.Debug("give deliveries back", "subscription", l.s.Name, "error", err)
				return
			}
		}
	}
	receive(l.until, func() bool { return l.left > 0 })
	if l.sub.Drain() == nil { // otherwise it ended with its connection
		receive(time.Now().Add(drainWithin), l.sub.IsValid)
	}
}

func (l *loop) lease(m *nats.Msg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leased[m] = struct{}{}
}

func (l *loop) release(m *nats.Msg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.leased, m)
}

// keepLeases tells the server three times a lease that the handlers are alive. One lost sign of life is no loss.
func (l *loop) keepLeases(ctx context.Context) {
	tick := time.NewTicker(l.h.opts.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.mu.Lock()
		for m := range l.leased {
			if err := m.InProgress(); err != nil {
				l.h.opts.Log.Debug("keep lease", "subscription", l.s.Name, "error", err)
			}
		}
		l.mu.Unlock()
	}
}

// deliver runs the handler and tells the server. Whatever it cannot tell makes the message come again.
func (l *loop) deliver(ctx context.Context, m *nats.Msg) {
	meta, err := m.Metadata()
	if err != nil {
		l.h.opts.Log.Error("read delivery", "subscription", l.s.Name, "subject", m.Subject, "error", err)
		return
	}
	attempt := int(meta.NumDelivered)
	verdict := events.Reject(fmt.Sprintf("delivered %d times", l.s.MaxDeliver))
	if spent := l.s.MaxDeliver > 0 && attempt > l.s.MaxDeliver; !spent {
		said := l.handle(ctx, events.Delivery{Message: decode(m.Subject, m.Header, m.Data), Attempt: attempt})
		if _, rejected := said.Rejected(); said.IsAck() || rejected || l.s.MaxDeliver == 0 || attempt < l.s.MaxDeliver {
			verdict = said
		}
	}
	if err := l.settle(ctx, m, meta, verdict); err != nil {
		l.h.opts.Log.Warn("settle delivery", "subscription", l.s.Name, "subject", m.Subject, "error", err)
	}
}

// settle does what a verdict says. A message is terminated only when its dead letter is stored.
func (l *loop) settle(ctx context.Context, m *nats.Msg, meta *nats.MsgMetadata, v events.Verdict) error {
	reason, rejected := v.Rejected()
	switch {
	case v.IsAck():
		return m.Ack()
	case rejected:
		if err := bury(context.WithoutCancel(ctx), l.h.nc, letter(m, meta, reason)); err != nil {
			return errors.Join(err, m.NakWithDelay(rest(meta)))
		}
		return m.Term()
	}
	return m.NakWithDelay(rest(meta))
}

// rest is how long a message waits before it comes again: longer with each attempt, and spread by its sequence so that
// messages which failed together do not come back together.
func rest(meta *nats.MsgMetadata) time.Duration {
	d := min(againMost, again<<min(meta.NumDelivered-1, 10))
	spread := (meta.Sequence.Stream*0x9e3779b97f4a7c15)>>56 + 128 // 128 to 383
	return d * time.Duration(spread) / 256
}
