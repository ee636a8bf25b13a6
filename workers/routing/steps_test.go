package routing_test

import (
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
	"github.com/culvertnet/culvert/workers/routing/routingtest"
	"github.com/culvertnet/culvert/workers/steptest"
)

var times = workers.ClaimTimes{
	Quiet: 2 * time.Second, Skew: time.Second, Lease: 20 * time.Second, Linger: 15 * time.Minute,
}

const (
	network = "projects/acme-net/global/networks/spoke-vpc"
	shared  = "counted/psc/acme-net/spoke-vpc/all-apis"
	prefix  = "10.200.0.5/32"
)

var (
	router = routing.Target{
		Via: routing.ViaCloudRouter, Project: "acme-net", Region: "europe-west3", Router: "edge-1", Network: network,
	}
	custom = routing.Target{
		Via: routing.ViaCloudRouter, Project: "acme-net", Region: "europe-west3", Router: "edge-2", Network: network,
	}
	spoke = routing.Target{
		Via: routing.ViaAviatrix, Controller: "gcp", Gateway: "gcp-spoke-1", Connections: []string{"site-1"},
	}
	speaker = routing.Target{Via: routing.ViaBGP, Speaker: "site-edge", NextHop: "10.9.0.1"}
)

// newWorld is a world with a target of every way, foreign entries in each that can have them.
func newWorld() *routingtest.World {
	w := routingtest.NewWorld()
	w.PutTarget(router, routing.Announced{Defaults: []string{"ALL_SUBNETS"}}, 200, "peer-a", "peer-b")
	w.PutTarget(custom, routing.Announced{
		Custom: true, Defaults: []string{"ALL_SUBNETS"}, Entries: []string{"10.99.0.0/16"},
	}, 200, "peer-a")
	w.PutTarget(spoke, routing.Announced{Defaults: []string{"10.11.0.0/24", "10.12.0.0/24"}}, 0, "site-1")
	w.PutTarget(speaker, routing.Announced{Custom: true, Entries: []string{"10.98.0.0/24@10.9.0.9"}}, 0, "remote")
	w.PutRoute(
		routing.Route{Project: "acme-net", Name: "internet", Network: network, Dest: "0.0.0.0/0", Priority: 1000},
	)
	w.PutRoute(routing.Route{
		Project: "acme-net", Name: "avx-gw", Network: network, Dest: "0.0.0.0/0", NextHopIP: "10.11.0.2", Priority: 991,
	})
	return w
}

func drivers(w *routingtest.World, claims workers.Claims) routing.Drivers {
	all := w.Announcements()
	return routing.Drivers{
		Announcements: map[string]routing.Announcements{
			routing.ViaCloudRouter: all, routing.ViaAviatrix: all, routing.ViaBGP: all,
		},
		Routes: w.Routes(), Claims: claims, Times: times,
	}
}

// do is the Do command of one step of one connection.
func do(t steptest.Tester, connection, step, kind string, in any) events.Command {
	t.Helper()
	return steptest.Sample(t, steptest.Step{Kind: kind, Name: step, Connection: connection, In: in})
}

// samples are the commands of a run with every step in every way.
func samples(t steptest.Tester) []events.Command {
	t.Helper()
	return []events.Command{
		do(t, "orders", "check", routing.KindCheck, routing.CheckIn{
			Targets: []routing.Target{router, custom, spoke, speaker},
		}),
		do(t, "orders", "announce-router", routing.KindAnnounce, routing.AnnounceIn{
			Target: router, Prefix: prefix, Endpoint: "10.200.0.5",
		}),
		do(t, "orders", "announce-custom", routing.KindAnnounce, routing.AnnounceIn{Target: custom, Prefix: prefix}),
		do(t, "orders", "announce-spoke", routing.KindAnnounce, routing.AnnounceIn{Target: spoke, Prefix: prefix}),
		do(t, "orders", "announce-speaker", routing.KindAnnounce, routing.AnnounceIn{Target: speaker, Prefix: prefix}),
		do(t, "orders", "announce-shared", routing.KindAnnounce, routing.AnnounceIn{
			Target: router, Prefix: "10.200.0.9/32", Shared: shared,
		}),
		do(t, "orders", "announce-covered", routing.KindAnnounce, routing.AnnounceIn{
			Target: router, Prefix: "10.11.0.7/32", SubnetCIDR: "10.11.0.0/24",
		}),
		do(t, "orders", "announce-uncovered", routing.KindAnnounce, routing.AnnounceIn{
			Target: speaker, Prefix: "10.11.0.7/32", SubnetCIDR: "10.11.0.0/24",
		}),
		do(t, "orders", "steer", routing.KindSteerEgress, routing.SteerEgressIn{
			Project: "acme-net", Network: network, Tag: "vpc-connector-x", NextHopIP: "10.11.0.3",
		}),
		do(t, "orders", "steer-untagged", routing.KindSteerEgress, routing.SteerEgressIn{
			Project: "acme-net", Network: network, NextHopIP: "10.11.0.2",
		}),
	}
}

// bed makes a fresh world for steptest, whose changes take this many polls.
func bed(slow int) func(t *testing.T) steptest.Bed {
	return func(*testing.T) steptest.Bed {
		w, claims := newWorld(), memory.NewClaims()
		w.Slow(slow)
		c := steptest.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		return steptest.Bed{
			Handlers: routing.Steps(drivers(w, claims)), Operations: map[string]workers.Operations{"fake": w},
			Claims: claims,
			State:  func(testing.TB) string { return w.State() }, Intercept: w.Intercept, Now: c.Now, Pause: c.Pause,
			Timeout: 30 * time.Second, Settle: times.Lease + times.Quiet + times.Skew + time.Second,
		}
	}
}

// Every step keeps to what the engine relies on, with changes that are done at once and with operations that go on.
func TestStepsKeepTheirObligations(t *testing.T) {
	for name, slow := range map[string]int{"at once": 0, "with operations": 2} {
		t.Run(name, func(t *testing.T) { steptest.Run(t, bed(slow), samples(t)) })
	}
}
