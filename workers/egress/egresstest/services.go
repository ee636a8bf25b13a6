package egresstest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/steptest"
)

func serviceMissing(t *testing.T, s Subject) {
	if _, err := s.Services.Get(t.Context(), s.Missing); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get missing service: %v, want ErrNotFound", err)
	}
	if _, _, err := s.Services.Invokers(t.Context(), s.Missing); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("invokers of a missing service: %v, want ErrNotFound", err)
	}
}

func serviceRead(t *testing.T, s Subject) {
	got := s.service(t)
	steptest.Equal(t, "ref", got.Ref, s.Service)
	steptest.Equal(t, "binding", got.Binding, egress.Binding{})
	steptest.Equal(t, "ingress", got.Ingress, "all")
	if got.Etag == "" {
		t.Error("no etag")
	}
	if len(got.Hostnames) == 0 || !slices.IsSorted(got.Hostnames) {
		t.Errorf("host names %q are not a sorted list of at least one", got.Hostnames)
	}
}

// bind sets a binding on the present etag and waits until it has settled.
func (s Subject) bind(t *testing.T, to egress.Binding) egress.Service {
	t.Helper()
	s.must(t, "bind", func(ctx context.Context) error {
		return s.Services.Bind(ctx, request(), s.Service, to, s.service(t).Etag)
	})
	return s.service(t)
}

func bindAndUnbind(t *testing.T, s Subject) {
	s.create(t)
	before := s.service(t)
	members, _, err := s.Services.Invokers(t.Context(), s.Service)
	if err != nil {
		t.Fatalf("invokers: %v", err)
	}
	for _, to := range []egress.Binding{
		{Connector: s.Connector.Name, Egress: "private-ranges-only"},
		{Connector: s.Connector.Name, Egress: "all-traffic"},
		{},
	} {
		got := s.bind(t, to)
		steptest.Equal(t, "binding", got.Binding, to)
		if got.Etag == before.Etag {
			t.Error("the etag did not change with the binding")
		}
		steptest.Equal(t, "ingress", got.Ingress, before.Ingress)
		steptest.Equal(t, "host names", got.Hostnames, before.Hostnames)
	}
	after, _, err := s.Services.Invokers(t.Context(), s.Service)
	if err != nil {
		t.Fatalf("invokers: %v", err)
	}
	steptest.Equal(t, "invokers", after, members)
}

func bindDirectly(t *testing.T, s Subject) {
	steptest.Equal(t, "direct binding", s.bind(t, s.Direct).Binding, s.Direct)
	steptest.Equal(t, "binding after unbinding", s.bind(t, egress.Binding{}).Binding, egress.Binding{})
}

func bindStale(t *testing.T, s Subject) {
	s.create(t)
	stale := s.service(t).Etag
	first := egress.Binding{Connector: s.Connector.Name, Egress: "all-traffic"}
	s.bind(t, first)
	err := s.change(t, func(ctx context.Context) error {
		return s.Services.Bind(ctx, request(), s.Service, egress.Binding{}, stale)
	})
	if steptest.ClassOf(err) != events.Retry {
		t.Errorf("bind with a stale etag: %v, want a Retry", err)
	}
	steptest.Equal(t, "binding after a stale write", s.service(t).Binding, first)
}

func ingress(t *testing.T, s Subject) {
	for _, want := range []string{"internal", "internal-and-load-balancing", "all"} {
		s.must(t, "set ingress", func(ctx context.Context) error {
			return s.Services.SetIngress(ctx, request(), s.Service, want, s.service(t).Etag)
		})
		got := s.service(t)
		steptest.Equal(t, "ingress", got.Ingress, want)
		steptest.Equal(t, "binding", got.Binding, egress.Binding{})
	}
}

func ingressStale(t *testing.T, s Subject) {
	stale := s.service(t).Etag
	s.must(t, "set ingress", func(ctx context.Context) error {
		return s.Services.SetIngress(ctx, request(), s.Service, "internal", stale)
	})
	s.service(t)
	err := s.change(t, func(ctx context.Context) error {
		return s.Services.SetIngress(ctx, request(), s.Service, "all", stale)
	})
	if steptest.ClassOf(err) != events.Retry {
		t.Errorf("set ingress with a stale etag: %v, want a Retry", err)
	}
	steptest.Equal(t, "ingress after a stale write", s.service(t).Ingress, "internal")
}

func invokers(t *testing.T, s Subject) {
	before, etag := s.invokers(t)
	with := append(slices.Clone(before), s.Members[0], s.Members[1])
	s.must(t, "add invokers", func(ctx context.Context) error {
		return s.Services.SetInvokers(ctx, s.Service, with, etag)
	})
	got, etag := s.invokers(t)
	steptest.Equal(t, "invokers", got, sorted(with))

	s.must(t, "remove an invoker", func(ctx context.Context) error {
		return s.Services.SetInvokers(ctx, s.Service, append(slices.Clone(before), s.Members[1]), etag)
	})
	got, etag = s.invokers(t)
	steptest.Equal(t, "invokers after removing one", got, sorted(append(slices.Clone(before), s.Members[1])))

	s.must(t, "restore invokers", func(ctx context.Context) error {
		return s.Services.SetInvokers(ctx, s.Service, before, etag)
	})
	got, _ = s.invokers(t)
	steptest.Equal(t, "invokers as before", got, before)
}

func invokersStale(t *testing.T, s Subject) {
	before, stale := s.invokers(t)
	with := append(slices.Clone(before), s.Members[0])
	s.must(t, "add an invoker", func(ctx context.Context) error {
		return s.Services.SetInvokers(ctx, s.Service, with, stale)
	})
	err := s.change(t, func(ctx context.Context) error {
		return s.Services.SetInvokers(ctx, s.Service, before, stale)
	})
	if steptest.ClassOf(err) != events.Retry {
		t.Errorf("set invokers with a stale etag: %v, want a Retry", err)
	}
	got, _ := s.invokers(t)
	steptest.Equal(t, "invokers after a stale write", got, sorted(with))
}

// invokers reads the members, sorted.
func (s Subject) invokers(t *testing.T) (members []string, etag string) {
	t.Helper()
	members, etag, err := s.Services.Invokers(t.Context(), s.Service)
	if err != nil {
		t.Fatalf("invokers: %v", err)
	}
	return sorted(members), etag
}

// sorted gives a sorted copy that is never nil.
func sorted(list []string) []string {
	out := append([]string{}, list...)
	slices.Sort(out)
	return out
}
