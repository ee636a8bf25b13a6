package main

import "context"

// startWorker serves the capabilities of this process.
func (p *program) startWorker(ctx context.Context) error {
	w, closeDrivers, err := p.parts().Worker(ctx, p.config.Capabilities)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, closeDrivers)
	p.group.Go(func() error {
		err := w.Run(ctx)
		stats := w.Stats()
		verbs := uint64(0)
		for _, n := range stats.Outcomes {
			verbs += n
		}
		p.log.Info("worker has drained", "commands", verbs, "running", stats.Running, "late", stats.Late, "repeated",
			stats.Repeated)
		return err
	})
	return nil
}
