package jetstream

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/saga"
)

const (
	// lookEvery is how often the embedded server is asked how it is.
	lookEvery = time.Second
	// enoughBytes is how much room a server needs to be started anew: some of its largest messages.
	enoughBytes = 4 * maxPayload
)

// Writable gives a context that has ended, or will, with the reason as its cause, while the server cannot write. After
// a failed write (a full disk, mostly) nats-server takes nothing more for the stream, or for any, and answers nothing,
// until it is started anew, which heal does when there is room.
func (e *Embedded) Writable() context.Context { return e.writable.Load().Context }

// spell is a time in which the server can write.
type spell struct {
	context.Context
	end context.CancelCauseFunc
}

func (e *Embedded) newSpell() {
	ctx, end := context.WithCancelCause(context.Background())
	e.writable.Store(&spell{ctx, end})
}

// heal starts a server that cannot write any more anew, on the same store and ports, as soon as there is room. What it
// has acknowledged is on the disk; what it has not, its publishers offer again. It ends with ctx.
func (e *Embedded) heal(ctx context.Context) {
	for pause.For(ctx, lookEvery) == nil {
		why := e.ill()
		if why == "" {
			continue
		}
		e.writable.Load().end(fmt.Errorf("%w: the embedded broker cannot write: %s", saga.ErrFull, why))
		e.log.Error("the embedded broker cannot write; it is started anew when its disk has room", "reason", why)
		for e.roomFor(enoughBytes) != nil {
			if pause.For(ctx, lookEvery) != nil {
				return
			}
		}
		old := e.running.Load()
		old.Shutdown()
		old.WaitForShutdown()
		for err := e.run(); err != nil; err = e.run() {
			e.log.Error("the embedded broker cannot be started anew for now", "error", err)
			if pause.For(ctx, lookEvery) != nil {
				return
			}
		}
		e.newSpell()
		e.log.Warn("the embedded broker was started anew")
	}
}

// ill gives what keeps the server from writing, by its own report; "" when nothing does.
func (e *Embedded) ill() string {
	s := e.running.Load()
	if !s.JetStreamEnabled() {
		return "it has shut its storage down"
	}
	if h := s.Healthz(&server.HealthzOptions{}); strings.Contains(h.Error, "write error") {
		return h.Error
	}
	return ""
}

func (e *Embedded) roomFor(bytes int64) error {
	free, err := freeBytes(e.opts.StoreDir)
	if err == nil && free < bytes {
		err = fmt.Errorf("%d bytes are free", free)
	}
	return err
}
