package workers

import (
	"context"
	"slices"
	"time"
)

// lookEvery is how often a worker looks for questions: one small read.
const lookEvery = 2 * time.Second

// answerQuestions answers each question once, until ctx ends. A store that is away is logged and asked again later.
func (w *Worker) answerQuestions(ctx context.Context) {
	answered := map[string]time.Time{}
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	for {
		if err := w.answerOpen(ctx, answered); err != nil && ctx.Err() == nil {
			w.opts.Logger.Warn("answer a preflight", "error", err)
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

// answerOpen answers the questions that are open and not answered, and forgets those that are over.
func (w *Worker) answerOpen(ctx context.Context, answered map[string]time.Time) error {
	now := w.opts.Clock()
	for id, until := range answered {
		if !now.Before(until) {
			delete(answered, id)
		}
	}
	list, err := open(ctx, w.opts.Presence.Claims, now)
	for _, q := range list {
		if _, done := answered[q.ID]; done {
			continue
		}
		if err := w.answerOne(ctx, q); err != nil {
			return err
		}
		answered[q.ID] = q.Until
	}
	return err
}

// answerOne asks the vendor about the steps that this worker serves, and writes what it said.
func (w *Worker) answerOne(ctx context.Context, q PreflightQuestion) error {
	kinds := w.kinds()
	steps := slices.DeleteFunc(slices.Clone(q.Steps), func(s PlannedStep) bool {
		return !slices.Contains(kinds, s.Kind)
	})
	a := PreflightAnswer{Question: q.ID, Worker: w.opts.Name, Until: q.Until}
	if len(q.Steps) == 0 || len(steps) > 0 {
		asking, stop := context.WithTimeout(ctx, q.Until.Sub(w.opts.Clock()))
		defer stop()
		var err error
		if a.Preflighted, err = w.opts.Preflight.Ask(asking, steps, kinds); err != nil {
			a.Error = err.Error()
		}
	}
	_, err := change(ctx, w.opts.Presence.Claims, answers(), func(r Record) (Record, error) {
		return r.noted(q.ID+" "+w.opts.Name, a, w.opts.Clock())
	})
	return err
}

// kinds are those of the steps that this worker serves.
func (w *Worker) kinds() (all []string) {
	for _, capability := range w.opts.Registry.Capabilities() {
		for _, h := range w.opts.Registry.Capability(capability) {
			all = append(all, h.Kind())
		}
	}
	return all
}
