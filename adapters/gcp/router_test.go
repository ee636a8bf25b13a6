package gcp_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

func router(name string) routing.Target {
	return routing.Target{Via: "cloud-router", Project: hostProject, Region: region, Router: name, Network: spoke}
}

func read(t *testing.T, c *gcp.Client, at routing.Target) routing.Announced {
	t.Helper()
	a, err := c.Routers().Read(t.Context(), at)
	must(t, "read "+at.Router, err)
	return a
}

func TestRouterIsCheckedBeforeAnything(t *testing.T) {
	c := simulated(t)
	known, err := c.Routers().Check(t.Context(), router("edge-1"))
	must(t, "check edge-1", err)
	for _, want := range []string{"10.40.0.0/16", "172.16.0.0/16", "192.168.12.0/24"} {
		if !slices.Contains(known, want) {
			t.Errorf("known prefixes %v miss %s", known, want)
		}
	}
	elsewhere := router("edge-1")
	elsewhere.Network = "projects/acme-net/global/networks/plain-vpc"
	_, err = c.Routers().Check(t.Context(), elsewhere)
	refusal(t, "a router of another network", err, "wrong-network")
	_, err = c.Routers().Check(t.Context(), router("edge-own"))
	refusal(t, "a peer with a list of its own", err, "own-mode-peer")
	if _, err = c.Routers().Check(t.Context(), router("nobody")); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("a router that is not there: %v, want ErrNotFound", err)
	}
}

func TestRouterListComesBackAsItWas(t *testing.T) {
	for _, name := range []string{"edge-1", "edge-default"} {
		t.Run(name, func(t *testing.T) {
			c, at := simulated(t), router(name)
			before := read(t, c, at)
			const prefix, owner = "10.200.0.1/32", "culvert:default_orders/announce/1"
			with := routing.Announced{
				Custom: true, Entries: append(slices.Clone(before.Entries), prefix), Defaults: before.Defaults,
				Owners: map[string]string{prefix: owner},
			}
			write := func(a routing.Announced) {
				t.Helper()
				must(t, "write", settle(t, c, func(ctx context.Context, id uuid.UUID) error {
					return c.Routers().Write(ctx, id, at, a)
				}))
			}
			write(with)
			got := read(t, c, at)
			if !got.Custom || !slices.Contains(got.Entries, prefix) || got.Owners[prefix] != owner {
				t.Fatalf("list is %+v, want %s of %s in it", got, prefix, owner)
			}
			if !slices.Contains(got.Defaults, "ALL_SUBNETS") {
				t.Errorf("groups are %v: subnets are no longer announced", got.Defaults)
			}
			seen(t, c, at, prefix)
			write(before)
			if diff := cmp.Diff(before, read(t, c, at)); diff != "" {
				t.Errorf("list after removal (-before +after):\n%s", diff)
			}
		})
	}
}

// seen waits until every peer that is up has the prefix: it spreads after the operation is done.
func seen(t *testing.T, c *gcp.Client, at routing.Target, prefix string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		sight, err := c.Routers().Sight(ctx, at, prefix)
		must(t, "sight", err)
		if len(sight.Peers) > 0 && slices.Equal(sight.Peers, sight.Seen) {
			return
		}
		pause(ctx, t)
	}
}

func TestRouteIsMadeAndTakenAway(t *testing.T) {
	c := simulated(t)
	want := routing.Route{
		Project: hostProject, Name: "steer1", Network: spoke, Dest: "0.0.0.0/0", NextHopIP: "10.10.0.2",
		Tags: []string{"vpc-connector-europe-west3-cx"}, Priority: 700, Owner: "culvert:default_orders/steer/1",
	}
	for range 2 {
		err := settle(t, c, func(ctx context.Context, id uuid.UUID) error { return c.Routes().Create(ctx, id, want) })
		if f := new(workers.Failure); !errors.As(err, &f) || f.Reason != "exists" { // the next Get decides
			must(t, "create route", err)
		}
		got, err := c.Routes().Get(t.Context(), hostProject, want.Name)
		must(t, "get route", err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("route (-want +got):\n%s", diff)
		}
	}
	all, err := c.Routes().Default(t.Context(), spoke)
	must(t, "default routes", err)
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	if diff := cmp.Diff([]string{"steer1", "avx-default", "avx-default-10", "default-internet"}, names); diff != "" {
		t.Errorf("default routes by priority (-want +got):\n%s", diff)
	}
	if all[1].NextHopIP != "10.10.0.2" {
		t.Errorf("next hop of %s is %q, want the instance's address", all[1].Name, all[1].NextHopIP)
	}
	for range 2 {
		must(t, "delete route", settle(t, c, func(ctx context.Context, id uuid.UUID) error {
			return c.Routes().Delete(ctx, id, hostProject, want.Name)
		}))
	}
	if _, err := c.Routes().Get(t.Context(), hostProject, want.Name); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get a deleted route: %v, want ErrNotFound", err)
	}
}
