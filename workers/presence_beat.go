package workers

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// goodbye bounds the last writes of a worker that goes.
const goodbye = 5 * time.Second

// attend beats for every capability until ctx ends, then says that the worker drains. A beat that does not get through
// is logged and is no reason to stop work.
func (w *Worker) attend(ctx context.Context) {
	for n := 0; ; n++ {
		w.beat(ctx, false)
		timer := time.NewTimer(w.opts.Presence.every(w.opts.Name, n))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
			defer cancel()
			w.beat(end, true)
			return
		}
	}
}

// beat writes the sign of life of every capability, at once.
func (w *Worker) beat(ctx context.Context, draining bool) {
	running := w.running()
	var waits []BudgetWait
	if w.opts.Budget != nil {
		waits = w.opts.Budget.Waits()
	}
	var group errgroup.Group
	for _, capability := range w.opts.Registry.Capabilities() {
		b := Beat{Worker: w.opts.Name, Capability: capability, Waits: waits, Seen: w.opts.Clock().Round(0).UTC(),
			Draining: draining}
		b.Started = w.started.Round(0).UTC()
		for _, h := range w.opts.Registry.Capability(capability) {
			b.Kinds = append(b.Kinds, h.Kind())
		}
		runs := running[capability]
		b.Running, b.Runs = len(runs), runs[:min(len(runs), beatRuns)]
		group.Go(func() error {
			if err := w.opts.Presence.beat(ctx, b); err != nil && ctx.Err() == nil {
				w.opts.Logger.Warn("report that the worker is live", "capability", capability, "error", err)
			}
			return nil
		})
	}
	_ = group.Wait() // nothing fails here: it is logged
}

// leave takes the worker out of every capability once it has drained.
func (w *Worker) leave(ctx context.Context) {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	for _, capability := range w.opts.Registry.Capabilities() {
		if err := w.opts.Presence.gone(end, capability, w.opts.Name, w.opts.Clock()); err != nil {
			w.opts.Logger.Warn("say that the worker has gone", "capability", capability, "error", err)
		}
	}
}

// running are the ids of the commands in hand, by capability.
func (w *Worker) running() map[string][]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string][]string{}
	for id, capability := range w.inHand {
		all[capability] = append(all[capability], id)
	}
	return all
}

// take and put note which commands are in hand.
func (w *Worker) take(id, capability string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Running++
	w.inHand[id] = capability
}

func (w *Worker) put(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Running--
	delete(w.inHand, id)
}
