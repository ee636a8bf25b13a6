package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// Journal implements [saga.Journal].
type Journal struct{ h *Backend }

var _ saga.Journal = (*Journal)(nil)

// Load implements [saga.Journal] in one round trip: the row at the snapshot's version brings the snapshot.
func (j *Journal) Load(ctx context.Context, k events.Key) (saga.Snapshot, []saga.Record, error) {
	var snapshot saga.Snapshot
	rows, err := j.h.pool.Query(ctx, `SELECT r.version, r.id, r.position, r.at, r.facts,
			CASE WHEN r.version = c.snapshot_version THEN r.snapshot END
		FROM connections c JOIN records r ON r.key = c.key AND r.version >= c.snapshot_version
		WHERE c.key = $1 ORDER BY r.version`, k.String())
	if err != nil {
		return snapshot, nil, fmt.Errorf("load %s: %w", k, err)
	}
	var records []saga.Record
	var state []byte
	r := saga.Record{Key: k}
	_, err = pgx.ForEachRow(rows, []any{&r.Version, &r.ID, &r.Position, &r.At, &r.Facts, &state}, func() error {
		if state != nil {
			snapshot = saga.Snapshot{Version: r.Version, State: state}
			return nil
		}
		r.At = r.At.UTC()
		records = append(records, r)
		return nil
	})
	if err != nil {
		return saga.Snapshot{}, nil, fmt.Errorf("load %s: %w", k, err)
	}
	return snapshot, records, nil
}

// List implements [saga.Journal]. A page's Next is the position of its last item.
func (j *Journal) List(ctx context.Context, q saga.Query) (saga.Page, error) {
	before := int64(1<<63 - 1)
	if q.After != "" {
		var err error
		if before, err = strconv.ParseInt(q.After, 10, 64); err != nil {
			return saga.Page{}, fmt.Errorf("list connections: %q is not the Next of a page", q.After)
		}
	}
	limit := min(q.Limit, 1000)
	if limit <= 0 {
		limit = 100
	}
	rows, err := j.h.pool.Query(ctx, `SELECT key, version, position, changed, summary FROM connections
		WHERE position < $1 AND ($2 = '' OR status = $2) AND ($3 = '' OR kind = $3) AND ($4 = '' OR name = $4)
		ORDER BY position DESC LIMIT $5`, before, string(q.Status), q.Kind, q.Name, limit+1)
	if err != nil {
		return saga.Page{}, fmt.Errorf("list connections: %w", err)
	}
	var page saga.Page
	var key, summary string
	var version uint64
	var position, last int64
	var changed time.Time
	_, err = pgx.ForEachRow(rows, []any{&key, &version, &position, &changed, &summary}, func() error {
		if len(page.Items) == limit {
			page.Next = strconv.FormatInt(last, 10)
			return nil
		}
		last = position
		item := saga.Listed{Version: version, Changed: changed.UTC()}
		var err error
		if item.Key, err = events.ParseKey(key); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(summary), &item.Summary); err != nil {
			return fmt.Errorf("summary of %s: %w", key, err)
		}
		page.Items = append(page.Items, item)
		return nil
	})
	if err != nil {
		return saga.Page{}, fmt.Errorf("list connections: %w", err)
	}
	return page, nil
}

// Archive implements [saga.Journal]: it forgets what is before the newest snapshot before the version.
func (j *Journal) Archive(ctx context.Context, k events.Key, before uint64) error {
	_, err := j.h.pool.Exec(ctx, `DELETE FROM records WHERE key = $1 AND version <
		(SELECT max(version) FROM records WHERE key = $1 AND snapshot IS NOT NULL AND version < $2)`, k.String(), before)
	if err != nil {
		return fmt.Errorf("archive %s: %w", k, err)
	}
	return nil
}
