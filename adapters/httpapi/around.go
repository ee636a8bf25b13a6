package httpapi

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// around gathers what a connection's state cannot tell: the time, the holds of the engine, and the workers that live. What
// cannot be read is left out, and nothing is said that would need it: a listing must not fail for it.
func (s *server) around(ctx context.Context) saga.Around {
	a := saga.Around{Now: s.Now(), Held: map[string]saga.Pause{}}
	held := s.Engine.Rules().Held
	names := []string{}
	if held.All {
		names = append(names, "")
	}
	for capability, is := range held.Capabilities {
		if is {
			names = append(names, capability)
		}
	}
	for _, name := range names {
		a.Held[name] = saga.Pause{}
		if state, err := s.Engine.State(ctx, saga.EngineKey(name)); err == nil && state.Paused != nil { // else it was started held
			a.Held[name] = *state.Paused
		}
	}
	if beats, err := workers.Roster(ctx, s.Claims, a.Now); err == nil {
		a.Crews = crews(beats, a.Now)
	}
	return a
}

// crews are the workers that take commands, by capability; the deeds of those that drain still count.
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
	get(api, "list-workers", "/v1/workers", "List the workers that live, by capability",
		func(ctx context.Context, _ *struct{}) (*body[[]workers.Beat], error) {
			beats, err := workers.Roster(ctx, s.Claims, s.Now())
			if err != nil {
				return nil, problem(err)
			}
			return &body[[]workers.Beat]{Body: append([]workers.Beat{}, beats...)}, nil
		})
}
