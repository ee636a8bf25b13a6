package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// Claims implements [workers.Claims].
type Claims struct{ h *Backend }

var _ workers.Claims = (*Claims)(nil)

// Load implements [workers.Claims].
func (c *Claims) Load(ctx context.Context, resource string) (workers.Record, error) {
	var version uint64
	var text string
	err := c.h.pool.QueryRow(ctx, `SELECT version, record FROM claims WHERE resource = $1`, resource).Scan(&version,
		&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return workers.Record{}, nil
	}
	if err != nil {
		return workers.Record{}, fmt.Errorf("load claims of %s: %w", resource, err)
	}
	return workers.DecodeRecord(resource, version, []byte(text))
}

// Store implements [workers.Claims].
func (c *Claims) Store(ctx context.Context, resource string, r workers.Record) error {
	body, err := workers.EncodeRecord(resource, r)
	if err != nil {
		return err
	}
	sql := `UPDATE claims SET version = version + 1, record = $3, holders = $4 WHERE resource = $1 AND version = $2`
	if r.Version == 0 {
		sql = `INSERT INTO claims (resource, version, record, holders) VALUES ($1, $2 + 1, $3, $4) ON CONFLICT DO NOTHING`
	}
	done, err := c.h.pool.Exec(ctx, sql, resource, int64(r.Version), string(body), r.Connections())
	if err != nil {
		return fmt.Errorf("store claims of %s: %w", resource, err)
	}
	if done.RowsAffected() == 0 {
		return fmt.Errorf("store claims of %s at version %d: %w", resource, r.Version, workers.ErrClaimConflict)
	}
	return nil
}

// Find implements [workers.Claims]: in order of the resources' names.
func (c *Claims) Find(ctx context.Context, q workers.ClaimQuery) (workers.ClaimPage, error) {
	limit := q.Page()
	connection := ""
	if q.Connection != (events.Key{}) {
		connection = q.Connection.String()
	}
	var page workers.ClaimPage
	rows, err := c.h.pool.Query(ctx, `SELECT resource, version, record FROM claims
		WHERE starts_with(resource, $1) AND resource > $2 AND ($3 = '' OR holders @> ARRAY[$3])
		ORDER BY resource LIMIT $4`, q.Prefix, q.After, connection, limit+1)
	if err != nil {
		return page, fmt.Errorf("find claims: %w", err)
	}
	var resource, text string
	var version uint64
	_, err = pgx.ForEachRow(rows, []any{&resource, &version, &text}, func() error {
		if len(page.Items) == limit {
			page.Next = page.Items[limit-1].Resource
			return nil
		}
		r, err := workers.DecodeRecord(resource, version, []byte(text))
		page.Items = append(page.Items, workers.Claimed{Resource: resource, Record: r})
		return err
	})
	if err != nil {
		return workers.ClaimPage{}, fmt.Errorf("find claims: %w", err)
	}
	return page, nil
}
