package main

import (
	"context"

	"github.com/culvertnet/culvert/adapters/postgres"
	"github.com/culvertnet/culvert/adapters/pubsub"
)

// openGoogle opens the backend of Pub/Sub and PostgreSQL. What it stands on is made by "culvertd setup", so that this
// process needs no right to make anything.
func (p *program) openGoogle(ctx context.Context) error {
	db, err := postgres.Open(ctx, postgres.Options{
		URL: p.config.PostgresURL, AllowUnsynced: p.config.AllowUnsynced, LimitBytes: p.config.File.Postgres.LimitBytes,
		Log: p.log,
	})
	if err != nil {
		return err
	}
	p.closers = append(p.closers, func() error { db.Close(); return nil })
	o := p.pubsubOptions()
	o.Letters = db.DeadLetters()
	bus, err := pubsub.Open(ctx, o)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, bus.Close)
	p.backend = backend{bus: bus.Bus(), deadLetters: db.DeadLetters(), claims: db.Claims(), marks: db.Marks(),
		journal: db.Journal, room: db.Room}
	return nil
}

func (p *program) pubsubOptions() pubsub.Options {
	return pubsub.Options{
		Project: p.config.PubSubProject, Capabilities: capabilities, StatusReaders: p.config.File.PubSub.StatusReaders,
		Log: p.log,
	}
}
