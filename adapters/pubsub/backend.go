package pubsub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"google.golang.org/api/option"

	"github.com/culvertnet/culvert/events"
)

// Options say how Pub/Sub is used. Project and Capabilities are needed; to open a backend, Letters is as well.
type Options struct {
	Project string
	// Letters keeps dead letters where operators can list them.
	Letters Letters
	// Capabilities have a subscription for their commands each; a command for another one is refused when it is
	// published.
	Capabilities []string
	// StatusReaders have a subscription of their own to the status events.
	StatusReaders []string
	// Lease is after how long without a sign of life a delivered message is delivered again, 10 to 600 seconds. Default
	// 30s.
	Lease time.Duration
	// Log takes what is repaired on the way; nil is silent.
	Log *slog.Logger
	// Client are options of the client library: credentials, an endpoint, a connection. PUBSUB_EMULATOR_HOST is
	// honoured.
	Client []option.ClientOption
}

// Letters keeps dead letters: synced on return, and a letter of the same origin once.
type Letters interface {
	Keep(ctx context.Context, origin string, l events.DeadLetter) error
}

func (o *Options) fill() error {
	if o.Project == "" {
		return errors.New("no project is named")
	}
	if len(o.Capabilities) == 0 {
		return errors.New("no capability is named: no command could be published")
	}
	if o.Lease == 0 {
		o.Lease = 30 * time.Second
	}
	if o.Lease < 10*time.Second || o.Lease > 10*time.Minute {
		return fmt.Errorf("the lease of %s is not between 10s and 10m", o.Lease)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Backend is this process's part in Pub/Sub. Safe for concurrent use.
type Backend struct {
	client     *pubsub.Client
	opts       Options
	publishers map[events.Stream]*pubsub.Publisher

	end     context.CancelFunc
	running sync.WaitGroup
}

// Open connects, checks that topics and subscriptions are as Setup makes them, and begins to keep dead letters.
func Open(ctx context.Context, o Options) (*Backend, error) {
	if err := o.fill(); err != nil {
		return nil, fmt.Errorf("open Pub/Sub: %w", err)
	}
	if o.Letters == nil {
		return nil, errors.New("open Pub/Sub: Letters is missing: rejected messages would be kept nowhere")
	}
	client, err := pubsub.NewClient(ctx, o.Project, o.Client...)
	if err != nil {
		return nil, fmt.Errorf("open Pub/Sub: %w", err)
	}
	if err := check(ctx, client, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open Pub/Sub: %w", err), client.Close())
	}
	h := &Backend{client: client, opts: o, publishers: map[events.Stream]*pubsub.Publisher{}}
	for stream, id := range topics {
		p := client.Publisher(id)
		// What is published together goes out together; nobody waits for company.
		p.PublishSettings.DelayThreshold = time.Millisecond
		h.publishers[stream] = p
	}
	alive, end := context.WithCancel(context.Background())
	h.end = end
	h.running.Go(func() { h.keepLetters(alive) })
	return h, nil
}

// Bus is the port to messages.
func (h *Backend) Bus() events.Bus { return &Bus{h: h} }

// Close ends what runs in the background, sends what is still to be sent and closes the connection. Consume ends with
// its own context.
func (h *Backend) Close() error {
	h.end()
	h.running.Wait()
	for _, p := range h.publishers {
		p.Stop()
	}
	if err := h.client.Close(); err != nil {
		return fmt.Errorf("close Pub/Sub: %w", err)
	}
	return nil
}
