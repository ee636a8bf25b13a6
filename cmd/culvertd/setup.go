package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/culvertnet/culvert/adapters/postgres"
	"github.com/culvertnet/culvert/adapters/pubsub"
)

// setup makes what a backend stands on: the schema, topics and subscriptions of the Google backend, or the streams of
// the NATS one. It can be run again, and tells what it made.
func setup(ctx context.Context, p *program, out io.Writer) (err error) {
	if p.config.PostgresURL == "" {
		p.config.Role = roleWorker // has no listener of its own
		defer func() {
			for i := len(p.closers) - 1; i >= 0; i-- {
				err = errors.Join(err, p.closers[i]())
			}
		}()
		if err := p.openBackend(ctx); err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, "the streams are there")
		return err
	}
	applied, err := postgres.Migrate(ctx, p.config.PostgresURL)
	if err != nil {
		return err
	}
	for _, n := range applied {
		fmt.Fprintln(out, "applied migration", n)
	}
	made, err := pubsub.Setup(ctx, p.pubsubOptions())
	for _, what := range made {
		fmt.Fprintln(out, "made", what)
	}
	if err == nil && len(applied)+len(made) == 0 {
		fmt.Fprintln(out, "everything is there")
	}
	return err
}
