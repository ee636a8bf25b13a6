package jetstream

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/culvertnet/culvert/events/pause"
)

// connOptions are those of every connection: reconnect for ever, and fail at once what is sent meanwhile rather than
// keep it and send it when nobody waits for it any more.
func connOptions() []nats.Option {
	return []nats.Option{
		nats.Name("culvert"), nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond),
		nats.ReconnectBufSize(-1),
	}
}

// Connect connects to a server outside of this process, trying until ctx ends, and stays connected: it reconnects for
// ever. The url may hold user and password; options add credentials and TLS. The caller closes the connection.
func Connect(ctx context.Context, url string, options ...nats.Option) (*nats.Conn, error) {
	for {
		nc, err := nats.Connect(url, append(connOptions(), options...)...)
		if err == nil {
			return nc, nil
		}
		if pause.For(ctx, 250*time.Millisecond) != nil {
			return nil, fmt.Errorf("connect to broker: %w", err)
		}
	}
}
