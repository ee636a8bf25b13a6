package routingtest

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

// Routes gives the port.
func (w *World) Routes() routing.Routes { return routes{w} }

type routes struct{ w *World }

// Get implements [routing.Routes].
func (r routes) Get(ctx context.Context, project, name string) (routing.Route, error) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if err := r.w.Read(ctx, "route.get"); err != nil {
		return routing.Route{}, err
	}
	got, ok := r.w.routes[project+"/"+name]
	if !ok {
		return routing.Route{}, fmt.Errorf("get route %s: %w", name, workers.ErrNotFound)
	}
	got.Tags = slices.Clone(got.Tags)
	return got, nil
}

// Create implements [routing.Routes]. A name that is taken stays as it is.
func (r routes) Create(ctx context.Context, _ uuid.UUID, route routing.Route) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	lost, err := r.w.Mutate(ctx, "route.create")
	if err != nil {
		return err
	}
	id := route.Project + "/" + route.Name
	route.Tags = slices.Clone(route.Tags)
	return r.w.Make(lost, func() {
		if _, taken := r.w.routes[id]; !taken {
			r.w.routes[id] = route
		}
	})
}

// Delete implements [routing.Routes].
func (r routes) Delete(ctx context.Context, _ uuid.UUID, project, name string) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	lost, err := r.w.Mutate(ctx, "route.delete")
	if err != nil {
		return err
	}
	if _, ok := r.w.routes[project+"/"+name]; !ok {
		return lost
	}
	return r.w.Make(lost, func() { delete(r.w.routes, project+"/"+name) })
}

// Default implements [routing.Routes].
func (r routes) Default(ctx context.Context, network string) ([]routing.Route, error) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if err := r.w.Read(ctx, "route.default"); err != nil {
		return nil, err
	}
	var out []routing.Route
	for _, route := range r.w.routes {
		if route.Network == network && route.Dest == "0.0.0.0/0" {
			route.Tags = slices.Clone(route.Tags)
			out = append(out, route)
		}
	}
	slices.SortFunc(out, func(a, b routing.Route) int { return a.Priority - b.Priority })
	return out, nil
}
