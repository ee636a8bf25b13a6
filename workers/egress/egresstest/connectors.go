package egresstest

import (
	"context"
	"errors"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/steptest"
)

func connectorMissing(t *testing.T, s Subject) {
	if _, err := s.Connectors.Get(t.Context(), s.Connector.Name); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get missing connector: %v, want ErrNotFound", err)
	}
	s.must(t, "delete a connector that is not there", func(ctx context.Context) error {
		return s.Connectors.Delete(ctx, request(), s.Connector.Name)
	})
}

func connectorCreate(t *testing.T, s Subject) {
	got := s.create(t)
	want := s.Connector
	want.State, want.Range = "READY", got.Range
	if want.CIDR != "" {
		want.Range = want.CIDR
	}
	if got.Range == "" {
		t.Error("a ready connector does not tell its range")
	}
	steptest.Equal(t, "connector read back", got, want)

	// A repeat, even under another request id, makes no second one and never refuses: the next Get decides.
	err := s.change(t, func(ctx context.Context) error { return s.Connectors.Create(ctx, request(), s.Connector) })
	if err != nil && steptest.ClassOf(err) != events.Retry {
		t.Errorf("create again: %v, want nil or a Retry", err)
	}
	steptest.Equal(t, "connector after a repeat", s.connector(t, s.Connector.Name, ready), want)
}

func connectorGrow(t *testing.T, s Subject) {
	s.create(t)
	larger := s.Connector
	larger.Min, larger.Max = larger.Min+1, larger.Max+1
	s.must(t, "grow", func(ctx context.Context) error { return s.Connectors.Grow(ctx, request(), larger) })
	got := s.connector(t, larger.Name, func(c egress.Connector) bool { return ready(c) && c.Max == larger.Max })
	steptest.Equal(t, "min after growing", got.Min, larger.Min)
	s.must(t, "grow again", func(ctx context.Context) error { return s.Connectors.Grow(ctx, request(), larger) })

	err := s.change(t, func(ctx context.Context) error { return s.Connectors.Grow(ctx, request(), s.Connector) })
	if steptest.ClassOf(err) != events.Refuse {
		t.Errorf("shrink: %v, want a Refuse: limits only go up", err)
	}
	got = s.connector(t, larger.Name, ready)
	steptest.Equal(t, "max after a refused shrink", got.Max, larger.Max)
}

func connectorDelete(t *testing.T, s Subject) {
	s.create(t)
	for _, what := range []string{"delete", "delete again"} {
		s.must(t, what, func(ctx context.Context) error {
			return s.Connectors.Delete(ctx, request(), s.Connector.Name)
		})
		s.gone(t)
	}
	s.create(t) // the name is free again
}

// gone waits until the subject's connector is not found.
func (s Subject) gone(t *testing.T) {
	t.Helper()
	s.caller().Await(t, "get a deleted connector", func(ctx context.Context) (gone bool, err error) {
		if _, err = s.Connectors.Get(ctx, s.Connector.Name); errors.Is(err, workers.ErrNotFound) {
			return true, nil
		}
		return false, err
	})
}

func connectorUsers(t *testing.T, s Subject) {
	s.create(t)
	users := s.users(t)
	steptest.Equal(t, "users of a new connector", len(users), 0)

	s.bind(t, egress.Binding{Connector: s.Connector.Name, Egress: "all-traffic"})
	users = s.users(t)
	own := "projects/" + s.Service.Project + "/locations/" + s.Service.Region
	if !holds(users, own+"/services/"+s.Service.Name) && !holds(users, own+"/functions/"+s.Service.Name) {
		t.Errorf("users %q do not name %s of %s", users, s.Service.Name, own)
	}

	s.bind(t, egress.Binding{})
	steptest.Equal(t, "users after unbinding", len(s.users(t)), 0)
}

func (s Subject) users(t *testing.T) []string {
	t.Helper()
	users, err := s.Connectors.Users(t.Context(), s.Connector.Name)
	if err != nil {
		t.Fatalf("users: %v", err)
	}
	return users
}

func cancelled(t *testing.T, s Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Connectors.Create(ctx, request(), s.Connector); err == nil {
		t.Error("create under a cancelled context succeeded")
	}
	if _, err := s.Connectors.Get(t.Context(), s.Connector.Name); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get after a cancelled create: %v, want ErrNotFound", err)
	}
	if _, err := s.Services.Get(ctx, s.Service); err == nil || errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get under a cancelled context: %v, want an error that is not ErrNotFound", err)
	}
}
