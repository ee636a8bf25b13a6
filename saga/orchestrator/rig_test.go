package orchestrator_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// A rig is one journal and one broker, with as many orchestrators and workers as a test wants, in a bubble of virtual
// time.
type rig struct {
	*testing.T
	journal *journal
	bus     *memory.Bus
	cursor  *cursor
	ids     atomic.Uint64
}

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(&rig{T: t, journal: &journal{Journal: memory.NewJournal(nil)}, bus: memory.NewBus(nil), cursor: &cursor{}})
	})
}

// process is one orchestrator that runs.
type process struct {
	*orchestrator.Orchestrator
	stop func()
}

// start runs an orchestrator on a bus until the test or its stop ends it.
func (r *rig) start(bus events.Bus, change ...func(*orchestrator.Options)) process {
	r.Helper()
	o := orchestrator.Options{
		Engine: saga.Engine{Kinds: sagatest.Kinds(), Limits: sagatest.Limits()}, Journal: r.journal, Bus: bus,
		Cursor: r.cursor,
		Now:    time.Now, ID: func() string {
			return fmt.Sprint(r.ids.Add(1))
		}, Name: "test", SweepEvery: 10 * time.Second,
	}
	for _, c := range change {
		c(&o)
	}
	p := process{Orchestrator: orchestrator.New(o)}
	p.stop = r.run(p.Run)
	synctest.Wait() // it has looked at what is there
	return p
}

// run runs something until the test or its stop ends it.
func (r *rig) run(run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(r.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			r.Errorf("it ended with %v", err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	r.Cleanup(stop)
	return stop
}

// worker answers every command as a willing world would.
func (r *rig) worker() (stop func()) {
	return r.run(func(ctx context.Context) error {
		sub := events.Subscription{Name: "workers", Subjects: []string{events.Commands.Subject}, Parallel: 8}
		return r.bus.Consume(ctx, sub, func(ctx context.Context, d events.Delivery) events.Verdict {
			c, err := events.DecodeCommand(d.Body)
			if err != nil {
				r.Error(err)
				return events.Ack
			}
			r.answer(c, sagatest.Willing(c))
			return events.Ack
		})
	})
}

func (r *rig) answer(c events.Command, o events.Outcome) {
	r.Helper()
	body, err := events.EncodeResult(c.Answer(o, "worker", time.Now()))
	if err != nil {
		r.Fatal(err)
	}
	if err := r.bus.Publish(r.Context(), events.Message{Subject: events.ResultSubject(c.Connection), ID: c.ID(),
		Body: body}); err != nil {
		r.Error(err)
	}
}

// commands collects commands, by id, in the order in which they came.
func (r *rig) commands() *collector {
	c := &collector{}
	r.run(func(ctx context.Context) error {
		sub := events.Subscription{Name: "workers", Subjects: []string{events.Commands.Subject}}
		return r.bus.Consume(ctx, sub, func(_ context.Context, d events.Delivery) events.Verdict {
			c.add(d.Message)
			return events.Ack
		})
	})
	return c
}

type collector struct {
	mu       sync.Mutex
	messages []events.Message
}

func (c *collector) add(m events.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages = append(c.messages, m)
}

// take gives what came since the last take, once nothing moves any more.
func (c *collector) take() []events.Message {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.messages
	c.messages = nil
	return m
}

func ids(messages []events.Message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, m.ID)
	}
	slices.Sort(all)
	return all
}

// intent is an intent about a connection of its own.
func intent(name, id string, lines ...string) events.Intent {
	d, err := sagatest.ParseData(lines)
	if err != nil {
		panic(err) // a mistake in the test
	}
	in := sagatest.Intent(id, events.Apply, d)
	in.Connection = named(name)
	return in
}

func named(name string) events.Key { return events.Key{Tenant: events.DefaultTenant, Name: name} }

func (r *rig) submit(p process, in events.Intent) events.Receipt {
	r.Helper()
	receipt, err := p.Submit(r.Context(), in)
	if err != nil {
		r.Fatalf("submit %s: %v", in.ID, err)
	}
	return receipt
}

// status is where a connection's newest saga is, by the journal.
func (r *rig) status(p process, name string) events.SagaStatus {
	r.Helper()
	s, err := p.State(r.Context(), named(name))
	if err != nil {
		r.Fatal(err)
	}
	v, _ := s.ViewOf(s.Newest())
	return v.Status
}

// expect waits, in virtual time, for a connection's newest saga to have a status.
func (r *rig) expect(p process, name string, want events.SagaStatus) {
	r.Helper()
	changed, stop := p.Watch(named(name))
	defer stop()
	giveUp := time.After(time.Hour)
	for r.status(p, name) != want {
		select {
		case <-changed:
		case <-giveUp:
			r.Fatalf("%s is %s after an hour, want %s", name, r.status(p, name), want)
		}
	}
}

// journal is a journal that a test can make fail.
type journal struct {
	saga.Journal
	mu     sync.Mutex
	before func([]saga.Append) []saga.Result // answers instead of the journal, unless it gives nil
	after  func([]saga.Result)
	sizes  []int
	stale  atomic.Int64 // how many more Loads know nothing yet
}

// Load may know nothing yet: a replica that lags.
func (j *journal) Load(ctx context.Context, k events.Key) (saga.Snapshot, []saga.Record, error) {
	if j.stale.Add(-1) >= 0 {
		return saga.Snapshot{}, nil, nil
	}
	return j.Journal.Load(ctx, k)
}

func (j *journal) Append(ctx context.Context, appends []saga.Append) []saga.Result {
	j.mu.Lock()
	before, after := j.before, j.after
	j.sizes = append(j.sizes, len(appends))
	j.mu.Unlock()
	if before != nil {
		if results := before(appends); results != nil {
			return results
		}
	}
	results := j.Journal.Append(ctx, appends)
	if after != nil {
		after(results)
	}
	return results
}

func (j *journal) hook(before func([]saga.Append) []saga.Result, after func([]saga.Result)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.before, j.after = before, after
}

// failing answers every append with an error.
func failing(err error) func([]saga.Append) []saga.Result {
	return func(appends []saga.Append) []saga.Result {
		results := make([]saga.Result, len(appends))
		for i := range results {
			results[i].Err = err
		}
		return results
	}
}

// bus is a process's bus that can be broken, refuse single messages, and keep deliveries back.
type bus struct {
	*memory.Bus
	broken atomic.Bool
	refuse func(events.Message) bool
	gate   chan struct{}
}

func (b *bus) Publish(ctx context.Context, messages ...events.Message) error {
	if b.broken.Load() || b.refuse != nil && slices.ContainsFunc(messages, b.refuse) {
		return fmt.Errorf("publish: the broker is away")
	}
	return b.Bus.Publish(ctx, messages...)
}

func (b *bus) Consume(
	ctx context.Context, s events.Subscription, handle func(context.Context, events.Delivery) events.Verdict,
) error {
	if b.gate != nil {
		select {
		case <-b.gate:
		case <-ctx.Done():
			return nil
		}
	}
	return b.Bus.Consume(ctx, s, handle)
}

type cursor struct {
	mu sync.Mutex
	at saga.Position
}

func (c *cursor) Load(context.Context) (saga.Position, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at, nil
}

func (c *cursor) Save(_ context.Context, p saga.Position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = p
	return nil
}
