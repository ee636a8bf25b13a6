package releases

import (
	"context"

	"github.com/culvertnet/culvert/adapters/jetstream"
	"github.com/culvertnet/culvert/adapters/postgres"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// A kept is what a backend keeps, opened beside its daemons.
type kept struct {
	journal saga.Journal
	claims  workers.Claims
	close   func()
}

type keeper func(context.Context) (*kept, error)

func keptByNATS(ctx context.Context, replicas int, url string, monitors ...string) (*kept, error) {
	nc, err := jetstream.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	b, err := jetstream.Open(ctx, nc, jetstream.Options{
		Synced: jetstream.MonitorReport(monitors...), Replicas: replicas,
	})
	if err != nil {
		nc.Close()
		return nil, err
	}
	return &kept{journal: b.Journal(), claims: b.Claims(), close: func() { b.Close(); nc.Close() }}, nil
}

func natsStage(ctx context.Context, l *lab.Lab) (*stage, error) {
	b, err := l.StartBroker(ctx, "always")
	if err != nil {
		return nil, err
	}
	l.Ends = append(l.Ends, func() error { b.Stop(); return nil })
	f := &lab.Backend{Flags: []string{"--nats-url", b.URL, "--nats-monitors", b.Monitor}}
	return &stage{Lab: l, name: "nats", run: roles(l, f), keeps: func(ctx context.Context) (*kept, error) {
		return keptByNATS(ctx, 1, b.URL, b.Monitor)
	}}, nil
}

func r3Stage(ctx context.Context, l *lab.Lab) (*stage, error) {
	cluster, f, err := lab.StartR3(ctx, l)
	if err != nil {
		return nil, err
	}
	return &stage{Lab: l, name: "r3", run: roles(l, f), keeps: func(ctx context.Context) (*kept, error) {
		return keptByNATS(ctx, lab.R3Servers, cluster.URL(), cluster.Monitors()...)
	}}, nil
}

func googleStage(ctx context.Context, l *lab.Lab) (*stage, error) {
	g, f, err := lab.StartGoogle(ctx, l)
	if err != nil {
		return nil, err
	}
	return &stage{Lab: l, name: "google", run: roles(l, f), keeps: func(ctx context.Context) (*kept, error) {
		b, err := postgres.Open(ctx, postgres.Options{URL: g.URL})
		if err != nil {
			return nil, err
		}
		return &kept{journal: b.Journal(), claims: b.Claims(), close: b.Close}, nil
	}}, nil
}
