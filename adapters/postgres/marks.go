package postgres

import (
	"context"
	"fmt"

	"github.com/culvertnet/culvert/workers"
)

// Marks implements [workers.Marks].
type Marks struct{ h *Backend }

var _ workers.Marks = (*Marks)(nil)

// Take implements [workers.Marks].
func (m *Marks) Take(ctx context.Context, command, worker string) (first bool, err error) {
	if err := m.h.pool.QueryRow(ctx, `SELECT culvert_mark($1, $2)`, command, worker).Scan(&first); err != nil {
		return false, fmt.Errorf("mark %s: %w", command, err)
	}
	return first, nil
}
