package postgres_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/culvertnet/culvert/adapters/postgres"
	"github.com/culvertnet/culvert/adapters/postgres/pglocal"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/journaltest"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/claimstest"
)

// server is the one that all tests share; each case has a database of its own.
var server *pglocal.Server

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "culvert-postgres-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		server, err = pglocal.Start(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// database makes an empty database with our schema.
func database(t testing.TB) string {
	t.Helper()
	url, err := server.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	return url
}

// open opens a backend as another process would. It ends with the test.
func open(t testing.TB, o postgres.Options) *postgres.Backend {
	t.Helper()
	h, err := postgres.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// size is that of a database.
func size(t *testing.T, url string) (bytes int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if err := conn.QueryRow(t.Context(), `SELECT pg_database_size(current_database())`).Scan(&bytes); err != nil {
		t.Fatal(err)
	}
	return bytes
}

func TestJournal(t *testing.T) {
	journaltest.Test(t, func(t *testing.T) journaltest.Harness {
		url := database(t)
		return journaltest.Harness{
			Open: func(t *testing.T) saga.Journal { return open(t, postgres.Options{URL: url}).Journal() },
			Limited: func(t *testing.T, bytes int64) saga.Journal {
				return open(t, postgres.Options{URL: url, LimitBytes: size(t, url) + bytes}).Journal()
			},
		}
	})
}

func TestClaims(t *testing.T) {
	claimstest.TestClaims(t, func(t *testing.T) claimstest.ClaimsHarness {
		url := database(t)
		return claimstest.ClaimsHarness{
			Open: func(t *testing.T) workers.Claims { return open(t, postgres.Options{URL: url}).Claims() },
		}
	})
}

func TestMarks(t *testing.T) {
	claimstest.TestMarks(t, func(t *testing.T) claimstest.MarksHarness {
		url := database(t)
		return claimstest.MarksHarness{
			Open: func(t *testing.T) workers.Marks { return open(t, postgres.Options{URL: url}).Marks() },
		}
	})
}
