package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// checkSynced reads from the server's own report that a commit is on stable storage before it is told: fsync and
// full_page_writes are the server's, synchronous_commit is this session's and set on every connection
// (https://www.postgresql.org/docs/current/runtime-config-wal.html). Any value of synchronous_commit but off waits for
// the local disk.
func checkSynced(ctx context.Context, pool *pgxpool.Pool) error {
	var fsync, pages, commit string
	row := pool.QueryRow(ctx,
		`SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')`)
	if err := row.Scan(&fsync, &pages, &commit); err != nil {
		return fmt.Errorf("prove synced storage: %w", err)
	}
	if fsync != "on" || pages != "on" || commit == "off" {
		return fmt.Errorf("prove synced storage: the server reports fsync=%s full_page_writes=%s "+
			"synchronous_commit=%s; set them on, or allow unsynced storage by name, knowing that a power failure can "+
			"then lose what was acknowledged",
			fsync, pages, commit)
	}
	return nil
}
