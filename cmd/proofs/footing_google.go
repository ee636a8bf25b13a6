package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/culvertnet/culvert/adapters/postgres/pglocal"
	"github.com/culvertnet/culvert/adapters/pubsub/pubsublocal"
)

// google is the Google home on this machine: a PostgreSQL server, and Google's fake of Pub/Sub behind its layer of faults.
type google struct {
	db  *pglocal.Server
	bus *pubsublocal.Server
	url string
}

// startGoogle starts both and lets "culvertd setup" make what they need.
func startGoogle(ctx context.Context, l *lab) (*google, *footing, error) {
	g := &google{}
	var err error
	if g.db, err = pglocal.Start(ctx, l.dir); err != nil {
		return nil, nil, err
	}
	l.ends = append(l.ends, g.db.Stop)
	if g.url, err = g.db.Database(ctx); err != nil {
		return nil, nil, err
	}
	if g.bus, err = pubsublocal.Start(l.s.seed); err != nil {
		return nil, nil, err
	}
	l.ends = append(l.ends, g.bus.Close)
	f := &footing{
		flags: []string{"--postgres-url", g.url, "--pubsub-project", "culvert"}, stores: g.db.Pids, quorum: 1, report: g.report,
	}
	l.env = append(l.env, "PUBSUB_EMULATOR_HOST="+g.bus.Addr())
	setup := exec.CommandContext(ctx, filepath.Join(l.s.bin, "culvertd"), append([]string{"setup"}, f.flags...)...)
	setup.Env = append(setup.Environ(), l.env...)
	if out, err := setup.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("culvertd setup: %w: %s", err, out)
	}
	return g, f, nil
}

func googleHome(ctx context.Context, l *lab) (*footing, error) {
	_, f, err := startGoogle(ctx, l)
	return f, err
}

// report asks the database whether it syncs.
func (g *google) report(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, g.url)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	var said string
	err = conn.QueryRow(ctx, `SELECT format('fsync=%s full_page_writes=%s synchronous_commit=%s wal_sync_method=%s', current_setting('fsync'),
		current_setting('full_page_writes'), current_setting('synchronous_commit'), current_setting('wal_sync_method'))`).Scan(&said)
	return said, err
}
