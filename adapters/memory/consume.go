package memory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/culvertnet/culvert/events"
)

// again is how long a message rests after its first Again; each further attempt doubles the rest up to a second.
// Without a rest a handler that is not ready would spin.
const again = 5 * time.Millisecond

// Consume implements [events.Bus]. The handler's context ends when ctx does or the handle is killed.
func (b *Bus) Consume(
	ctx context.Context, s events.Subscription, handle func(context.Context, events.Delivery) events.Verdict,
) error {
	if err := b.alive(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("consume %s: %w", s.Name, err)
	}
	stream, err := s.Stream()
	if err != nil {
		return fmt.Errorf("consume %q: %w", s.Name, err)
	}
	p, err := b.b.place(s, stream)
	if err != nil {
		return fmt.Errorf("consume %s: %w", s.Name, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for range max(1, s.Parallel) {
		wg.Go(func() {
			for {
				w := b.take(ctx, p)
				if w == nil {
					return
				}
				b.deliver(ctx, delivered{place: p, waiting: w, limit: s.MaxDeliver}, handle)
			}
		})
	}
	wg.Wait()
	return nil
}

// take waits for a ready message; nil says that ctx or the handle has ended.
func (b *Bus) take(ctx context.Context, p *place) *waiting {
	for {
		b.b.mu.Lock()
		wake := b.b.wake
		if len(p.ready) > 0 && b.alive(ctx) == nil {
			w := p.ready[0]
			p.ready = p.ready[1:]
			w.attempts++
			b.b.mu.Unlock()
			return w
		}
		b.b.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return nil
		case <-b.dead:
			return nil
		}
	}
}

// delivered is a message on its way through a handler.
type delivered struct {
	*place
	*waiting
	limit int
}

// deliver runs the handler and does what it says. The message belongs to the handler until it returns or the handle is
// killed, whichever is first.
func (b *Bus) deliver(ctx context.Context, d delivered, handle func(context.Context, events.Delivery) events.Verdict) {
	if d.limit > 0 && d.attempts > d.limit {
		b.b.settle(d, events.Reject(fmt.Sprintf("delivered %d times", d.limit)))
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	verdicts := make(chan events.Verdict, 1)
	go func() { verdicts <- handle(ctx, events.Delivery{Message: clone(d.entry.message), Attempt: d.attempts}) }()
	select {
	case v := <-verdicts:
		b.verdict(d, v)
	case <-b.dead:
		b.b.giveBack(d, d.waiting)
		cancel()
		<-verdicts
	}
}

// verdict does what a handler said, unless its process has died meanwhile.
func (b *Bus) verdict(d delivered, v events.Verdict) {
	_, rejected := v.Rejected()
	switch {
	case b.alive(context.Background()) != nil:
		b.b.giveBack(d, d.waiting)
	case v.IsAck() || rejected:
		b.b.settle(d, v)
	case d.limit > 0 && d.attempts >= d.limit:
		b.b.settle(d, events.Reject(fmt.Sprintf("delivered %d times", d.limit)))
	default:
		rest := min(time.Second, again<<min(d.attempts-1, 10))
		time.AfterFunc(rest, func() { b.b.giveBack(d, d.waiting) })
	}
}

// giveBack makes a message ready again, behind those that are.
func (b *broker) giveBack(d delivered, w *waiting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d.ready = append(d.ready, w)
	b.awake()
}

// settle is the end of a message at its place: dealt with, or dead.
func (b *broker) settle(d delivered, v events.Verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if reason, rejected := v.Rejected(); rejected {
		b.bury(d.entry.message, reason)
	}
	if d.stream != events.Statuses {
		b.acknowledge(d.stream, d.entry)
	}
}
