package routingtest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
	"github.com/culvertnet/culvert/workers/steptest"
)

// Table is one implementation of routing.Routes over one fresh world, with the facts that the suite needs.
type Table struct {
	Routes routing.Routes
	// Operations polls what a change left running; nil when every change is done on return.
	Operations workers.Operations
	// Poll is the pause between two reads of something that takes a while; zero means one millisecond.
	Poll time.Duration
	// Project and Network are where routes can be made; NextHopIP is an address that the network can route to.
	Project, Network, NextHopIP string
}

// RunRoutes holds an implementation against what routing.Routes promises. Each part gets a world of its own.
func RunRoutes(t *testing.T, newTable func(t *testing.T) Table) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(*testing.T, Table)
	}{
		{"route missing", routeMissing},
		{"create, read back, repeat, delete", routeCreate},
		{"default routes by priority", routeDefaults},
		{"a cancelled call has no effect", routeCancelled},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, newTable(t)) })
	}
}

func (r Table) caller() steptest.Caller {
	return steptest.Caller{Operations: r.Operations, Poll: r.Poll}
}

func (r Table) route(name string, priority int) routing.Route {
	return routing.Route{
		Project: r.Project, Name: name, Network: r.Network, Dest: "0.0.0.0/0", NextHopIP: r.NextHopIP,
		Tags: []string{"culvert-suite"}, Priority: priority, Owner: owner,
	}
}

func (r Table) create(t *testing.T, route routing.Route) {
	t.Helper()
	r.caller().Must(t, "create "+route.Name, func(ctx context.Context) error {
		return r.Routes.Create(ctx, request(), route)
	})
	got := until(t, r.caller(), "read "+route.Name, func(ctx context.Context) (routing.Route, error) {
		got, err := r.Routes.Get(ctx, r.Project, route.Name)
		if errors.Is(err, workers.ErrNotFound) {
			return routing.Route{}, nil
		}
		return got, err
	}, func(got routing.Route) bool { return got.Name != "" })
	if diff := cmp.Diff(route, got); diff != "" {
		t.Errorf("route read back (-want +got):\n%s", diff)
	}
}

func (r Table) delete(t *testing.T, name string) {
	t.Helper()
	r.caller().Must(t, "delete "+name, func(ctx context.Context) error {
		return r.Routes.Delete(ctx, request(), r.Project, name)
	})
	until(t, r.caller(), "read deleted "+name, func(ctx context.Context) (bool, error) {
		_, err := r.Routes.Get(ctx, r.Project, name)
		if errors.Is(err, workers.ErrNotFound) {
			return true, nil
		}
		return false, err
	}, func(gone bool) bool { return gone })
}

func routeMissing(t *testing.T, r Table) {
	if _, err := r.Routes.Get(t.Context(), r.Project, "routenobody"); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get a missing route: %v, want ErrNotFound", err)
	}
	r.delete(t, "routenobody")
}

func routeCreate(t *testing.T, r Table) {
	want := r.route("routeone", 800)
	r.create(t, want)

	// Under a name that is taken nothing is changed, whatever the answer: the next Get decides.
	other := want
	other.Priority, other.Owner = 900, owner+"0"
	if err := r.caller().Change(t, func(ctx context.Context) error {
		return r.Routes.Create(ctx, request(), other)
	}); err != nil && steptest.ClassOf(err) != "retry" {
		t.Errorf("create under a taken name: %v, want nil or a Retry", err)
	}
	if got, err := r.Routes.Get(t.Context(), r.Project, "routeone"); err != nil || got.Priority != 800 ||
		got.Owner != owner {
		t.Errorf("route after a repeat: %+v, %v", got, err)
	}
	r.delete(t, "routeone")
	r.delete(t, "routeone")
	r.create(t, want)
}

func routeDefaults(t *testing.T, r Table) {
	before, err := r.Routes.Default(t.Context(), r.Network)
	if err != nil {
		t.Fatalf("default routes: %v", err)
	}
	r.create(t, r.route("routetwo", 700))
	r.create(t, r.route("routesix", 600))
	got := until(t, r.caller(), "default routes", func(ctx context.Context) ([]routing.Route, error) {
		return r.Routes.Default(ctx, r.Network)
	}, func(got []routing.Route) bool { return len(got) == len(before)+2 })
	if !slices.IsSortedFunc(got, func(a, b routing.Route) int { return a.Priority - b.Priority }) {
		t.Errorf("default routes are not by priority: %+v", got)
	}
	for _, want := range []routing.Route{r.route("routetwo", 700), r.route("routesix", 600)} {
		if !slices.ContainsFunc(got, func(g routing.Route) bool { return cmp.Equal(g, want) }) {
			t.Errorf("default routes %+v have no %+v", got, want)
		}
	}
}

func routeCancelled(t *testing.T, r Table) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Routes.Create(ctx, request(), r.route("routecut", 800)); err == nil ||
		steptest.ClassOf(err) == "refuse" {
		t.Errorf("create under a cancelled context: %v, want an error that is no Refuse", err)
	}
	if _, err := r.Routes.Get(ctx, r.Project, "routecut"); err == nil || errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get under a cancelled context: %v, want an error that is not ErrNotFound", err)
	}
	if _, err := r.Routes.Get(t.Context(), r.Project, "routecut"); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get after a cancelled create: %v, want ErrNotFound", err)
	}
}
