package jetstream

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// connOptions are those of every connection: reconnect for ever, and fail at once what is sent meanwhile rather than keep it
// and send it when nobody waits for it any more.
func connOptions() []nats.Option {
	return []nats.Option{
		nats.Name("culvert"), nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond), nats.ReconnectBufSize(-1),
	}
}

// Connect connects to a server outside of this process, trying until ctx ends, and stays connected: it reconnects for ever.
// The url may hold user and password; options add credentials and TLS. The caller closes the connection.
func Connect(ctx context.Context, url string, options ...nats.Option) (*nats.Conn, error) {
	for {
		nc, err := nats.Connect(url, append(connOptions(), options...)...)
		if err == nil {
			return nc, nil
		}
		if wait(ctx, 250*time.Millisecond) != nil {
			return nil, fmt.Errorf("connect to broker: %w", err)
		}
	}
}

// wait lets time pass, or tells that ctx ended.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
