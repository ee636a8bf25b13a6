package httpapi

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// environment gathers what a connection's state cannot tell: the time, what is held, and the live workers. What cannot
// be read is left out, and nothing is said that would need it: a listing must not fail for it.
func (s *server) environment(ctx context.Context) saga.Environment {
	env := saga.Environment{Now: s.Now(), Held: s.Mover.Held()}
	if beats, err := workers.Roster(ctx, s.Claims, env.Now); err == nil {
		env.Crews = crews(beats, env.Now)
	}
	return env
}

// crews are the workers that take commands, by capability; the verbs of those that drain still count.
func crews(beats []workers.Beat, now time.Time) map[string]saga.Crew {
	all := map[string]saga.Crew{}
	for _, b := range beats {
		c := all[b.Capability]
		if c.Runs == nil {
			c.Runs, c.Kinds = map[string]string{}, map[string]bool{}
		}
		c.Running += b.Running
		for _, id := range b.Runs {
			c.Runs[id] = b.Worker
		}
		if b.Live(now) {
			c.Workers = append(c.Workers, b.Worker)
			for _, kind := range b.Kinds {
				c.Kinds[kind] = true
			}
		}
		all[b.Capability] = c
	}
	return all
}

func (s *server) workers(api huma.API) {
	get(api, "list-workers", "/v1/workers", "List live workers, by capability",
		func(ctx context.Context, _ *struct{}) (*body[[]workers.Beat], error) {
			beats, err := workers.Roster(ctx, s.Claims, s.Now())
			if err != nil {
				return nil, problem(err)
			}
			return &body[[]workers.Beat]{Body: append([]workers.Beat{}, beats...)}, nil
		})
}
