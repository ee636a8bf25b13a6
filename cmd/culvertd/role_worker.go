package main

import (
	"context"

	"github.com/culvertnet/culvert/workers"
)

// startWorker serves the capabilities of this process.
func (p *program) startWorker(ctx context.Context) error {
	d, err := p.drivers(ctx)
	if err != nil {
		return err
	}
	registry, err := workers.NewRegistry(d.handlers(p.config.Capabilities)...)
	if err != nil {
		return err
	}
	w, err := p.worker(registry, d)
	if err != nil {
		return err
	}
	p.group.Go(func() error {
		err := w.Run(ctx)
		stats := w.Stats()
		deeds := uint64(0)
		for _, n := range stats.Outcomes {
			deeds += n
		}
		p.log.Info("worker has drained", "deeds", deeds, "running", stats.Running, "late", stats.Late, "repeated", stats.Repeated)
		return err
	})
	return nil
}
