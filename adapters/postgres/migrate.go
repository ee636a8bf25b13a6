package postgres

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// A migration is one step of the schema; they are numbered from 1 without a gap and never change once released.
type migration struct {
	number int
	sql    string
}

func migrations() ([]migration, error) {
	files, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, file := range files {
		number, _, _ := strings.Cut(strings.TrimPrefix(file, "migrations/"), "_")
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", file, err)
		}
		sql, err := migrationFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, migration{n, string(sql)})
	}
	slices.SortFunc(all, func(a, b migration) int { return cmp.Compare(a.number, b.number) })
	return all, nil
}

// migrationLock is the advisory lock that only one migrating process holds; the number is "culvert" on a telephone.
const migrationLock = 2858378

// Migrate brings the database to this release's schema and gives the numbers of what it applied: all in one
// transaction, so that a migration that fails leaves nothing. The role needs to be able to create tables.
func Migrate(ctx context.Context, url string) (applied []int, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	all, err := migrations()
	if err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, migrationLock); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version int NOT NULL)`); err != nil {
			return err
		}
		at, err := schemaVersion(ctx, tx)
		if err != nil {
			return err
		}
		if at > len(all) {
			return fmt.Errorf("the schema is at %d, newer than this release's %d", at, len(all))
		}
		for _, m := range all[at:] {
			if _, err := tx.Exec(ctx, m.sql); err != nil {
				return fmt.Errorf("migration %d: %w", m.number, err)
			}
			if _, err := tx.Exec(ctx, `INSERT INTO schema_version VALUES ($1)`, m.number); err != nil {
				return err
			}
			applied = append(applied, m.number)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	return applied, nil
}

// querier is a connection, a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func schemaVersion(ctx context.Context, q querier) (int, error) {
	var at int
	err := q.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM schema_version`).Scan(&at)
	return at, err
}

// checkSchema refuses a schema that is not this release's.
func checkSchema(ctx context.Context, q querier) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	at, err := schemaVersion(ctx, q)
	var told *pgconn.PgError
	switch {
	case errors.As(err, &told) && told.Code == "42P01": // undefined_table
		return errors.New(`the database has no schema of ours; create it with "culvertd setup"`)
	case err != nil:
		return err
	case at < len(all):
		return fmt.Errorf(`the schema is at %d, this release needs %d; bring it forward with "culvertd setup"`, at,
			len(all))
	case at > len(all):
		return fmt.Errorf("the schema is at %d, this release knows %d; run a newer release", at, len(all))
	}
	return nil
}
