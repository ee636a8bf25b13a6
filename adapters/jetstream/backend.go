package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// Options say how the streams are kept. The zero value of each field but Synced is a good one.
type Options struct {
	// Synced proves that what is acknowledged is on stable storage. Mandatory: [Embedded.AssertSynced], [MonitorReport]
	// or, by name, [AllowUnsynced].
	Synced Proof
	// Replicas is how many servers keep each stream: 1 (the default), or 3 in a cluster.
	Replicas int
	// Lease is after how long without a sign of life a delivered message is delivered again. Default 30s.
	Lease time.Duration
	// JournalBytes is the size at which the journal refuses more; zero means as much as the server may store.
	JournalBytes int64
	// Room tells how full the servers are; nil leaves that to their refusals. [Embedded.Room], [MonitorRoom].
	Room Room
	// Writable gives a context that ends when the servers can take nothing more, with the reason as its cause, so that
	// nobody waits for an answer that cannot come; nil leaves it to their silence. [Embedded.Writable].
	Writable func() context.Context
	// MarkAge is how long marks are kept: longer than any command's deadline. Default 24h.
	MarkAge time.Duration
	// Now stamps what this process appended until the server's time is known. Default time.Now.
	Now func() time.Time
	// Log takes what is repaired on the way: a consumer made again, a follower that starts over. Default: nothing.
	Log *slog.Logger
}

func (o *Options) fill() error {
	if o.Synced == nil {
		o.Synced = refuseUnproved
	}
	if o.Replicas == 0 {
		o.Replicas = 1
	}
	if o.Lease == 0 {
		o.Lease = 30 * time.Second
	}
	if o.JournalBytes == 0 {
		o.JournalBytes = -1
	}
	if o.MarkAge == 0 {
		o.MarkAge = 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Writable == nil {
		o.Writable = context.Background
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Replicas < 0 || o.Lease < 0 || o.MarkAge < 0 {
		return errors.New("a negative Replicas, Lease or MarkAge")
	}
	return nil
}

// Backend is everything this process keeps in JetStream. Safe for concurrent use.
type Backend struct {
	nc   *nats.Conn
	js   js.JetStream
	opts Options

	journal     *Journal
	journalOnce sync.Once
	end         context.CancelFunc
	running     sync.WaitGroup

	// remade is when streams that were lost were last made again.
	remaking sync.Mutex
	remade   time.Time
}

// Open proves that storage is synced, makes or updates the streams and gives the ports on them. The connection stays
// the caller's, who closes it after the backend.
func Open(ctx context.Context, nc *nats.Conn, o Options) (*Backend, error) {
	if err := o.fill(); err != nil {
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	if err := o.Synced(ctx); err != nil {
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	j, err := js.New(nc)
	if err != nil {
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	if err := ensureInTime(ctx, j, o); err != nil {
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	h := &Backend{nc: nc, js: j, opts: o}
	alive, end := context.WithCancel(context.Background())
	h.end = end
	h.journal = newJournal(h, alive)
	return h, nil
}

// remake makes the streams again when an error says that they are gone, as those in memory are after their server was
// away; the caller tries again later. However many ask, it is done at most every repairEvery.
func (h *Backend) remake(ctx context.Context, because error) error {
	if !lostStream(because) || !h.remaking.TryLock() {
		return nil
	}
	defer h.remaking.Unlock()
	if time.Since(h.remade) < repairEvery {
		return nil
	}
	h.opts.Log.Warn("make streams again", "because", because)
	err := ensure(ctx, h.js, h.opts)
	h.remade = time.Now()
	return err
}

// whileWritable gives a context that also ends, with the reason as its cause, when the servers can take nothing more;
// an error when they cannot now. The caller calls done.
func (h *Backend) whileWritable(ctx context.Context) (within context.Context, done func(), err error) {
	writable := h.opts.Writable()
	if err := context.Cause(writable); err != nil {
		return ctx, func() {}, err
	}
	within, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(writable, func() { end(context.Cause(writable)) })
	return within, func() { stop(); end(nil) }, nil
}

// Bus is the port to messages.
func (h *Backend) Bus() events.Bus { return &Bus{h: h} }

// DeadLetters is the port to what was rejected.
func (h *Backend) DeadLetters() events.DeadLetters { return &DeadLetters{h: h} }

// Claims is the port to the holds on shared things.
func (h *Backend) Claims() workers.Claims { return &Claims{h: h} }

// Marks is the port to who runs what.
func (h *Backend) Marks() workers.Marks { return &Marks{h: h} }

// Journal is the port to the truth. The first call begins to build the index that List and Append read; they wait for
// it.
func (h *Backend) Journal() saga.Journal {
	h.journalOnce.Do(func() { h.running.Go(h.journal.keepIndex) })
	return h.journal
}

// Close ends what runs in the background. Consume and Follow end with their own contexts.
func (h *Backend) Close() {
	h.end()
	h.running.Wait()
}
