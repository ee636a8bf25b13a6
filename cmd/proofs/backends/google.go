package backends

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/culvertnet/culvert/adapters/pubsub/pubsublocal"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/campaign"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
)

// onGoogle: the Google backend. While a campaign runs, PostgreSQL is killed, restarted and loses its connections, and
// Pub/Sub has bursts in which it duplicates, reorders, delays, drops and refuses.
func onGoogle(ctx context.Context, s lab.Settings) error {
	return lab.WithWorld(ctx, s.Filled(1000, 30), googleCampaign)
}

func googleCampaign(ctx context.Context, l *lab.Lab) error {
	g, f, err := lab.StartGoogle(ctx, l)
	if err != nil {
		return err
	}
	c, _, err := campaign.Staffed(ctx, l, f, "google")
	if err != nil {
		return err
	}
	next := func(ctx context.Context, k int) (string, error) { return strike(ctx, g, k) }
	blows, err := c.Throw(ctx, l.Settings.Faults, next)
	if err != nil {
		return err
	}
	g.Bus.Set(pubsublocal.Rates{})
	t := &proof.Table{Header: "what figure"}
	if err := c.Judge(ctx, t, blows, l.Settings.Faults); err != nil {
		return err
	}
	for kind, n := range g.Bus.Counts() {
		t.Row(proof.Need(n > 0, "never"), "Pub/Sub: "+kind, n)
	}
	return t.Print()
}

// burst is what Pub/Sub does between one of its faults and the next.
var burst = pubsublocal.Rates{
	RefusePublish: .05, LosePublishAnswer: .05, DuplicatePublish: .1, DropDelivery: .002, DuplicateDelivery: .1,
	DelayDelivery: .05,
	CutStream:     .002, LoseAck: .02,
}

// strike makes the k-th fault.
func strike(ctx context.Context, g *lab.Google, k int) (string, error) {
	g.Bus.Set(pubsublocal.Rates{})
	switch k % 4 {
	case 0:
		return "PostgreSQL killed and restarted", errors.Join(g.DB.Kill(), g.DB.Run(ctx))
	case 1:
		g.Bus.Set(burst)
		return "Pub/Sub duplicates, reorders, delays, drops", nil
	case 2:
		return "PostgreSQL's connections cut", cut(ctx, g)
	default:
		return "PostgreSQL stopped and restarted", errors.Join(g.DB.Stop(), g.DB.Run(ctx))
	}
}

// cut ends every connection to the database.
func cut(ctx context.Context, g *lab.Google) error {
	conn, err := pgx.Connect(ctx, g.URL)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _,
		err := conn.Exec(ctx,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		return fmt.Errorf("cut connections: %w", err)
	}
	return nil
}
