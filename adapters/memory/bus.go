package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/culvertnet/culvert/events"
)

// maxStatuses is how many status messages are kept for names that come later; work streams keep what is not
// acknowledged.
const maxStatuses = 10_000

// A Bus is one process's handle on a broker in memory. It implements [events.Bus]; safe for concurrent use.
type Bus struct {
	b *broker
	// dead is closed by Kill.
	dead chan struct{}
	once sync.Once
}

var _ events.Bus = (*Bus)(nil)

// broker is what all handles share.
type broker struct {
	mu     sync.Mutex
	now    func() time.Time
	kept   map[string]*backlog // by stream
	places map[string]*place   // by subscription name
	// wake is closed and replaced whenever a message becomes ready.
	wake    chan struct{}
	letters []events.DeadLetter
	lastID  uint64
}

// backlog is what a stream keeps for places to come, oldest first.
type backlog struct {
	entries []*entry
	// acked counts the entries that are dealt with and wait to be swept.
	acked int
}

// entry is one message of a stream.
type entry struct {
	message events.Message
	// acked says that the one place that a work message is for has dealt with it.
	acked bool
}

// place is what one subscription name has not dealt with.
type place struct {
	stream  events.Stream
	filters []string
	ready   []*waiting
}

// waiting is one message at one place.
type waiting struct {
	entry    *entry
	attempts int
}

// NewBus makes an empty broker and a first handle on it. now stamps dead letters; nil means time.Now.
func NewBus(now func() time.Time) *Bus {
	if now == nil {
		now = time.Now
	}
	return newHandle(&broker{
		now: now, kept: map[string]*backlog{}, places: map[string]*place{}, wake: make(chan struct{}),
	})
}

func newHandle(b *broker) *Bus { return &Bus{b: b, dead: make(chan struct{})} }

// Join gives another handle on the same broker, as another process would have.
func (b *Bus) Join() *Bus { return newHandle(b.b) }

// Kill ends the handle as the death of its process would: what its handlers hold is delivered to others at once, and
// nothing they say later is heard.
func (b *Bus) Kill() { b.once.Do(func() { close(b.dead) }) }

// DeadLetters is the operator's view of the same broker.
func (b *Bus) DeadLetters() *DeadLetters { return &DeadLetters{b: b.b} }

// Publish implements [events.Bus]. All messages are accepted or none.
func (b *Bus) Publish(ctx context.Context, messages ...events.Message) error {
	if err := b.alive(ctx); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	streams := make([]events.Stream, len(messages))
	for i, m := range messages {
		var ok bool
		if streams[i], ok = events.Carrier(m.Subject); !ok {
			return fmt.Errorf("publish to %q: no stream carries this subject", m.Subject)
		}
		if err := checkHeader(m.Header); err != nil {
			return fmt.Errorf("publish to %s: %w", m.Subject, err)
		}
	}
	b.b.mu.Lock()
	defer b.b.mu.Unlock()
	for i, m := range messages {
		b.b.put(streams[i], clone(m))
	}
	b.b.awake()
	return nil
}

func (b *Bus) alive(ctx context.Context) error {
	select {
	case <-b.dead:
		return fmt.Errorf("handle was killed")
	case <-ctx.Done():
		return ctx.Err()
	default:
		return nil
	}
}

// put adds a message to its stream and to every place that wants it. The caller holds mu.
func (b *broker) put(s events.Stream, m events.Message) {
	e := &entry{message: m}
	l := b.kept[s.Name]
	if l == nil {
		l = &backlog{}
		b.kept[s.Name] = l
	}
	l.entries = append(l.entries, e)
	if s == events.Statuses && len(l.entries) > maxStatuses {
		l.entries = l.entries[1:]
	}
	for _, p := range b.places {
		if p.stream == s && p.wants(m.Subject) {
			p.ready = append(p.ready, &waiting{entry: e})
		}
	}
}

// acknowledge notes that a work message is dealt with, and sweeps the backlog when most of it is. The caller holds mu.
func (b *broker) acknowledge(s events.Stream, e *entry) {
	l := b.kept[s.Name]
	e.acked = true
	if l.acked++; 2*l.acked > len(l.entries) {
		l.entries, l.acked = slices.DeleteFunc(l.entries, func(e *entry) bool { return e.acked }), 0
	}
}

func (b *broker) backlog(s events.Stream) []*entry {
	if l := b.kept[s.Name]; l != nil {
		return l.entries
	}
	return nil
}

// awake tells every consumer to look again. The caller holds mu.
func (b *broker) awake() {
	close(b.wake)
	b.wake = make(chan struct{})
}

// place finds or makes the place of a subscription; a new one begins with everything that is kept.
func (b *broker) place(s events.Subscription, stream events.Stream) (*place, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.places[s.Name]
	if p != nil && p.stream != stream {
		return nil, fmt.Errorf("the name belongs to stream %s", p.stream.Name)
	}
	old := []string(nil)
	if p == nil {
		p = &place{stream: stream}
	} else {
		old = p.filters
	}
	if err := b.checkOverlap(s, stream); err != nil {
		return nil, err
	}
	p.filters = slices.Clone(s.Subjects)
	for _, e := range b.backlog(stream) {
		before := slices.ContainsFunc(old, func(f string) bool { return events.Covers(f, e.message.Subject) })
		if !e.acked && !before && p.wants(e.message.Subject) {
			p.ready = append(p.ready, &waiting{entry: e})
		}
	}
	b.places[s.Name] = p
	return p, nil
}

// checkOverlap refuses a second name on a subject of a work stream, where each message is for one name only; a broker
// with work queues refuses it too.
func (b *broker) checkOverlap(s events.Subscription, stream events.Stream) error {
	if stream == events.Statuses || stream == events.Dead {
		return nil
	}
	for name, other := range b.places {
		for _, f := range s.Subjects {
			if name != s.Name && other.stream == stream && slices.ContainsFunc(other.filters,
				func(g string) bool { return events.Covers(f, g) || events.Covers(g, f) }) {
				return fmt.Errorf("subject %s is taken by subscription %s", f, name)
			}
		}
	}
	return nil
}

func (p *place) wants(subject string) bool {
	return slices.ContainsFunc(p.filters, func(f string) bool { return events.Covers(f, subject) })
}

func checkHeader(header map[string]string) error {
	for name, value := range header {
		if err := events.CheckHeader(name, value); err != nil {
			return err
		}
	}
	return nil
}

func clone(m events.Message) events.Message {
	m.Header, m.Body = maps.Clone(m.Header), slices.Clone(m.Body)
	return m
}
