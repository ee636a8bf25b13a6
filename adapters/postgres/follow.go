package postgres

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

const (
	// followBatch is how many records are read at once.
	followBatch = 256
	// lookEvery is how long a follower waits at most for news before it looks by itself: a notification is lost with
	// its connection.
	lookEvery = time.Second
)

// Follow implements [saga.Journal]. The lock that appending transactions hold (migrations/0001_home.sql) is why reading
// by position misses nothing. When the server does not answer it is asked again until ctx ends.
func (j *Journal) Follow(ctx context.Context, after saga.Position) iter.Seq2[saga.Record, error] {
	return func(yield func(saga.Record, error) bool) {
		for ctx.Err() == nil {
			news := j.h.news.next()
			records, err := j.after(ctx, after)
			if err != nil && ctx.Err() == nil {
				j.h.opts.Log.Warn("journal cannot be read for now", "position", uint64(after), "error", err)
			}
			for _, r := range records {
				if ctx.Err() != nil || !yield(r, nil) {
					return
				}
				after = r.Position
			}
			if len(records) == followBatch {
				continue
			}
			wait(ctx, news, lookEvery)
		}
	}
}

// wait is for news, some time, or the end of ctx.
func wait(ctx context.Context, news <-chan struct{}, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-news:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (j *Journal) after(ctx context.Context, after saga.Position) ([]saga.Record, error) {
	rows, err := j.h.pool.Query(ctx, `SELECT position, key, version, id, at, facts FROM records
		WHERE position > $1 ORDER BY position LIMIT $2`, after, followBatch)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (saga.Record, error) {
		var r saga.Record
		var key string
		err := row.Scan(&r.Position, &key, &r.Version, &r.ID, &r.At, &r.Facts)
		if err == nil {
			r.At = r.At.UTC()
			r.Key, err = events.ParseKey(key)
		}
		return r, err
	})
}

// news tells followers that something was appended, here or elsewhere.
type news struct {
	mu      sync.Mutex
	changed chan struct{}
}

// next gives the channel that is closed by the next news.
func (n *news) next() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changed
}

func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.changed)
	n.changed = make(chan struct{})
}

// listen hears of appends, until ctx ends. A lost connection is made again; what was missed meanwhile the followers
// find by themselves.
func (h *Backend) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := h.listenOnce(ctx); err != nil && ctx.Err() == nil {
			h.opts.Log.Warn("no notifications for now", "error", err)
		}
		wait(ctx, nil, lookEvery)
	}
}

func (h *Backend) listenOnce(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, h.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it may be broken already
	if _, err := conn.Exec(ctx, `LISTEN culvert_journal`); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		h.news.tell()
	}
}
