package main

import (
	"context"
	"path/filepath"

	"github.com/nats-io/nats.go"

	"github.com/culvertnet/culvert/adapters/jetstream"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// backend is where messages and records are kept, as the roles need it. Which technologies stand behind the ports is
// decided here and nowhere else; each gives every guarantee of the ports, so that no role asks which one it has.
type backend struct {
	bus         events.Bus
	deadLetters events.DeadLetters
	claims      workers.Claims
	marks       workers.Marks
	// journal opens the journal; workers and speakers never do, because it may keep an index.
	journal func() saga.Journal
	// room tells how full the store is, where that can be told; else it is nil.
	room func(context.Context) (used, limit int64, err error)
}

// openBackend opens the backend that the flags name.
func (p *program) openBackend(ctx context.Context) error {
	switch {
	case p.config.PostgresURL != "":
		return p.openGoogle(ctx)
	case p.config.NATSURL != "":
		return p.openNATS(ctx)
	}
	return p.openEmbedded(ctx)
}

// openEmbedded starts a broker within the process.
func (p *program) openEmbedded(ctx context.Context) error {
	e, err := jetstream.Embed(jetstream.EmbedOptions{
		Dir: filepath.Join(p.config.Data, "nats"), Listen: p.config.NATS, Monitor: p.config.NATSMonitor, Log: p.log,
	})
	if err != nil {
		return err
	}
	p.closers = append(p.closers, e.Close)
	nc, err := e.Conn()
	if err != nil {
		return err
	}
	p.at.NATS, p.at.Monitor = e.URL(), e.Monitor()
	return p.openJetStream(ctx, nc, jetstream.Options{Synced: e.AssertSynced, Room: e.Room, Writable: e.Writable})
}

// openNATS connects to the servers at --nats-url, which have to prove that they sync.
func (p *program) openNATS(ctx context.Context) error {
	nc, err := jetstream.Connect(ctx, p.config.NATSURL)
	if err != nil {
		return err
	}
	p.at.NATS = p.config.NATSURL
	o := jetstream.Options{Synced: jetstream.MonitorReport(p.config.NATSMonitors...),
		Room: jetstream.MonitorRoom(p.config.NATSMonitors...)}
	if p.config.AllowUnsynced {
		o.Synced = jetstream.AllowUnsynced()
	}
	return p.openJetStream(ctx, nc, o)
}

func (p *program) openJetStream(ctx context.Context, nc *nats.Conn, o jetstream.Options) error {
	p.closers = append(p.closers, func() error { nc.Close(); return nil })
	o.Log, o.Replicas = p.log, p.config.File.NATS.Replicas
	h, err := jetstream.Open(ctx, nc, o)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, func() error { h.Close(); return nil })
	p.backend = backend{bus: h.Bus(), deadLetters: h.DeadLetters(), claims: h.Claims(), marks: h.Marks(),
		journal: h.Journal,
		room:    o.Room}
	return nil
}
