package gcp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

func filter() policy.Filter {
	return policy.Filter{
		Via: "gcp-firewall", Name: "filterabc", Owner: "culvert:default_orders/filter-egress/1", Network: spoke,
		Source: "10.8.0.0/28", Region: region, Default: "deny", KeepOpen: true,
		Priorities: []int{1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007},
		Rules: []policy.Rule{
			{FQDN: "qa1.backend.example", Protocol: "tcp", Ports: []string{"443"}},
			{CIDR: "10.20.0.4/32", Protocol: "tcp", Ports: []string{"80"}},
		},
	}
}

func put(t *testing.T, c *gcp.Client, f policy.Filter) {
	t.Helper()
	must(t, "put filter", settle(
		t, c, func(ctx context.Context, id uuid.UUID) error { return c.Firewall().Put(ctx, id, f) },
	))
}

func TestFilterIsMadeChangedAndTakenAway(t *testing.T) {
	c, f := simulated(t), filter()
	if _, err := c.Firewall().Get(t.Context(), f); !errors.Is(err, workers.ErrNotFound) {
		t.Fatalf("get a filter that is not there: %v, want ErrNotFound", err)
	}
	place, err := c.Firewall().Check(t.Context(), f)
	must(t, "check", err)
	if place.Policy != "projects/acme-net/global/firewallPolicies/spoke-policy" ||
		!slices.Contains(place.TakenPriorities, 2000) {
		t.Errorf("place is %+v", place)
	}
	for range 2 {
		put(t, c, f)
		inForce(t, c, f)
	}
	f.Rules = append(f.Rules[1:], policy.Rule{FQDN: "other.example", Protocol: "tcp", Ports: []string{"443"}},
		policy.Rule{CIDR: "10.20.0.5/32", Protocol: "udp", Ports: []string{"53"}})
	put(t, c, f)
	inForce(t, c, f)
	for range 2 {
		must(t, "remove filter", settle(
			t, c, func(ctx context.Context, id uuid.UUID) error { return c.Firewall().Remove(ctx, id, f) },
		))
		if _, err := c.Firewall().Get(t.Context(), f); !errors.Is(err, workers.ErrNotFound) {
			t.Errorf("get a removed filter: %v, want ErrNotFound", err)
		}
	}
	put(t, c, f) // the same rules again, after they were there once
	inForce(t, c, f)
}

func inForce(t *testing.T, c *gcp.Client, f policy.Filter) {
	t.Helper()
	got, err := c.Firewall().Get(t.Context(), f)
	must(t, "get filter", err)
	if !got.InForce || got.Void != "" {
		t.Errorf("in force %t, void %q; want true and nothing", got.InForce, got.Void)
	}
	want := f
	want.InForce, want.Priorities = true, got.Priorities
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
}

func TestFilterIsRefusedWhereItCannotBe(t *testing.T) {
	c, f := simulated(t), filter()
	f.Network = "projects/acme-net/global/networks/plain-vpc"
	_, err := c.Firewall().Check(t.Context(), f)
	refusal(t, "a network without a policy", err, "no-policy")
	f = filter()
	f.Priorities = f.Priorities[:3]
	err = c.Firewall().Put(t.Context(), uuid.New(), f)
	refusal(t, "more rules than priorities", err, "too-many-rules")
	if !strings.Contains(err.Error(), "3 priorities") {
		t.Errorf("refusal %q does not name the limit", err)
	}
}

func TestFiltersOfOnePolicyGetThereTogether(t *testing.T) {
	c := simulated(t)
	var group errgroup.Group
	all := make([]policy.Filter, 4)
	for i := range all {
		f := filter()
		f.Name = fmt.Sprintf("filter%d", i)
		f.Source = fmt.Sprintf("10.8.0.%d/28", 16*i)
		for p := range f.Priorities {
			f.Priorities[p] += 100 * (i + 1)
		}
		all[i] = f
		group.Go(func() error { // the policy carries out one change at a time: the others are told to wait
			return settle(t, c, func(ctx context.Context, id uuid.UUID) error { return c.Firewall().Put(ctx, id, f) })
		})
	}
	must(t, "put filters", group.Wait())
	for _, f := range all {
		inForce(t, c, f)
	}
}
