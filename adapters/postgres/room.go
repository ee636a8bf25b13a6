package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/culvertnet/culvert/saga"
)

// room knows how full the database is. New work is admitted below four fifths of the limit, so that what runs keeps the
// rest to come to its end.
type room struct {
	mu    sync.Mutex
	asked time.Time
	size  int64 // with what this process has appended since it was asked
}

// roomEvery is how old the size may be.
const roomEvery = time.Second

// grow notes that something was appended.
func (r *room) grow(bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.size += int64(bytes)
}

// admits tells whether new work is taken; ErrFull says that nothing is.
func (r *room) admits(ctx context.Context, h *Backend) (bool, error) {
	limit := h.opts.LimitBytes
	if limit == 0 {
		return true, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.asked) >= roomEvery {
		var size int64
		if err := h.pool.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&size); err != nil {
			return false, fmt.Errorf("ask for the database's size: %w", err)
		}
		r.size, r.asked = size, time.Now()
	}
	if r.size >= limit {
		return false, fmt.Errorf("%w: %d of %d bytes", saga.ErrFull, r.size, limit)
	}
	return r.size < limit/5*4, nil
}

// Room tells how large the database is and how large it may grow; a limit of zero means that none was set.
func (h *Backend) Room(ctx context.Context) (used, limit int64, err error) {
	if err := h.pool.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&used); err != nil {
		return 0, 0, fmt.Errorf("ask for the database's size: %w", err)
	}
	return used, h.opts.LimitBytes, nil
}
