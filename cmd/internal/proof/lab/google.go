package lab

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/culvertnet/culvert/adapters/postgres/pglocal"
	"github.com/culvertnet/culvert/adapters/pubsub/pubsublocal"
)

// Google is the Google backend on this machine: a PostgreSQL server, and Google's fake of Pub/Sub behind its layer of
// faults.
type Google struct {
	DB  *pglocal.Server
	Bus *pubsublocal.Server
	URL string
}

// StartGoogle starts both and lets "culvertd setup" make what they need.
func StartGoogle(ctx context.Context, l *Lab) (*Google, *Backend, error) {
	g := &Google{}
	var err error
	if g.DB, err = pglocal.Start(ctx, l.Dir); err != nil {
		return nil, nil, err
	}
	l.Ends = append(l.Ends, g.DB.Stop)
	if g.URL, err = g.DB.Database(ctx); err != nil {
		return nil, nil, err
	}
	if g.Bus, err = pubsublocal.Start(l.Settings.Seed); err != nil {
		return nil, nil, err
	}
	l.Ends = append(l.Ends, g.Bus.Close)
	f := &Backend{
		Flags: []string{"--postgres-url", g.URL, "--pubsub-project", "culvert"}, Stores: g.DB.Pids, Quorum: 1,
		Report: g.report, Observe: func() (*Results, error) { return observePubSub(g.Bus), nil },
	}
	l.env = append(l.env, "PUBSUB_EMULATOR_HOST="+g.Bus.Addr())
	setup := exec.CommandContext(ctx, filepath.Join(l.Settings.Bin, "culvertd"),
		append([]string{"setup"}, f.Flags...)...)
	setup.Env = append(setup.Environ(), l.env...)
	if out, err := setup.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("culvertd setup: %w: %s", err, out)
	}
	return g, f, nil
}

// OnGoogle is the Google backend.
func OnGoogle(ctx context.Context, l *Lab) (*Backend, error) {
	_, f, err := StartGoogle(ctx, l)
	return f, err
}

// report asks the database whether it syncs.
func (g *Google) report(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, g.URL)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	var said string
	err = conn.QueryRow(ctx, `SELECT format('fsync=%s full_page_writes=%s synchronous_commit=%s wal_sync_method=%s',
		current_setting('fsync'), current_setting('full_page_writes'),
		current_setting('synchronous_commit'), current_setting('wal_sync_method'))`).Scan(&said)
	return said, err
}
