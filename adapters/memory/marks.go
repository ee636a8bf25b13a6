package memory

import (
	"context"
	"fmt"
	"sync"

	"github.com/culvertnet/culvert/workers"
)

// Marks implements [workers.Marks] in memory. Every process of a test uses the same value; safe for concurrent use.
type Marks struct {
	mu    sync.Mutex
	taken map[string]string // worker by command
}

var _ workers.Marks = (*Marks)(nil)

// NewMarks makes an empty store.
func NewMarks() *Marks { return &Marks{taken: map[string]string{}} }

// Take implements [workers.Marks].
func (m *Marks) Take(ctx context.Context, command, worker string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("mark %s: %w", command, err)
	}
	if _, taken := m.taken[command]; taken {
		return false, nil
	}
	m.taken[command] = worker
	return true, nil
}
