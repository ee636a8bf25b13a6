package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/culvertnet/culvert/adapters/pubsub/pubsublocal"
)

// onGoogle: the Google home. While a campaign runs, PostgreSQL is killed, restarted and loses its connections, and Pub/Sub
// has bursts in which it duplicates, reorders, delays, drops and refuses.
func onGoogle(ctx context.Context, s settings) (err error) {
	s = s.filled(1000, 30)
	l, err := newLab(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.startWorld(ctx); err != nil {
		return err
	}
	g, f, err := startGoogle(ctx, l)
	if err != nil {
		return err
	}
	crew := &crew{l: l, f: f, counts: map[string]int{}, live: map[string][]*member{}}
	if err := crew.found(ctx); err != nil {
		return err
	}
	c := newCampaign(l, "google")
	c.apis = crew.apis
	c.start(ctx)
	blows, err := c.throw(ctx, s.faults, g.strike)
	if err != nil {
		return err
	}
	g.bus.Set(pubsublocal.Rates{})
	t := &table{header: "what figure"}
	if err := c.judge(ctx, t, blows, s.faults); err != nil {
		return err
	}
	for kind, n := range g.bus.Counts() {
		t.row(need(n > 0, "never"), "Pub/Sub: "+kind, n)
	}
	return t.print()
}

// burst is what Pub/Sub does between one of its faults and the next.
var burst = pubsublocal.Rates{
	RefusePublish: .05, LosePublishAnswer: .05, DuplicatePublish: .1, DropDelivery: .002, DuplicateDelivery: .1, DelayDelivery: .05,
	CutStream: .002, LoseAck: .02,
}

// strike makes the k-th fault.
func (g *google) strike(ctx context.Context, k int) (string, error) {
	g.bus.Set(pubsublocal.Rates{})
	switch k % 4 {
	case 0:
		return "PostgreSQL killed and restarted", errors.Join(g.db.Kill(), g.db.Run(ctx))
	case 1:
		g.bus.Set(burst)
		return "Pub/Sub duplicates, reorders, delays, drops", nil
	case 2:
		return "PostgreSQL's connections cut", g.cut(ctx)
	default:
		return "PostgreSQL stopped and restarted", errors.Join(g.db.Stop(), g.db.Run(ctx))
	}
}

// cut ends every connection to the database.
func (g *google) cut(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, g.url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		return fmt.Errorf("cut connections: %w", err)
	}
	return nil
}
