package jetstream

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/workers"
)

// Marks implements [workers.Marks]: the first message on a command's subject wins. Safe for concurrent use.
type Marks struct{ h *Backend }

var _ workers.Marks = (*Marks)(nil)

// Take implements [workers.Marks]. On an error the mark may have been set: who asks again is then told that it is not
// the first, which is safe, because whoever is not the first only looks.
func (m *Marks) Take(ctx context.Context, command, worker string) (bool, error) {
	mark := nats.NewMsg(markSubject(command))
	mark.Header.Set(js.ExpectedLastSubjSeqHeader, "0")
	mark.Data = []byte(worker)
	_, err := publish(ctx, m.h.nc, mark)
	switch {
	case err == nil:
		return true, nil
	case fateOf(err) == fateStale:
		return false, nil
	}
	if again := m.h.remake(ctx, err); again != nil {
		err = fmt.Errorf("%w; and %w", err, again)
	}
	return false, fmt.Errorf("mark %s for %s: %w", command, worker, err)
}
