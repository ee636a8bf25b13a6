package network_test

import (
	"context"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/steptest"
)

// A refusal is what check-network refuses, and for which reason.
type refusal struct {
	name   string
	reason events.Reason
	in     network.CheckIn
	change func(*bench)
}

func refusedInputs() []refusal {
	return []refusal{
		{name: "no such network", reason: "not-found", in: network.CheckIn{Network: vpc + "x"}},
		{name: "connector range in a subnet", reason: "range-taken", in: network.CheckIn{Connector: "10.11.0.16/28"}},
		{name: "connector range over a host route", reason: "range-taken", in: network.CheckIn{
			Connector: "10.200.0.0/28",
		}},
		{name: "connector range that is none", reason: "invalid", in: network.CheckIn{Connector: "10.8.0.0"}},
		{name: "address in a subnet", reason: "address-taken", in: network.CheckIn{
			Target: "all-apis", IP: "10.11.0.9",
		}},
		{name: "address in an allocated range", reason: "address-taken", in: network.CheckIn{
			Target: "all-apis", IP: "10.60.0.9",
		}},
		{name: "pool inside a subnet", reason: "pool-taken", in: network.CheckIn{
			Target: "all-apis", PoolRanges: []string{"10.11.0.128/25"},
		}},
		{name: "pool that is none", reason: "invalid", in: network.CheckIn{
			Target: "all-apis", PoolRanges: []string{"pool"},
		}},
		{name: "attachment address outside its subnet", reason: "invalid", in: network.CheckIn{
			Target: attachment, Region: region, Subnet: subnet, IP: "10.200.0.9",
		}},
		{name: "attachment subnet of another region", reason: "invalid", in: network.CheckIn{
			Target: attachment, Region: "us-east1", Subnet: subnet,
		}},
		{name: "no such subnet", reason: "not-found", in: network.CheckIn{
			Target: attachment, Region: region, Subnet: subnet + "x",
		}},
		{name: "direct subnet too small", reason: "invalid", in: network.CheckIn{
			DirectSubnet: "projects/acme-net/regions/europe-west3/subnetworks/serverless-28",
		}},
		{name: "connector's subnet in another region", reason: "invalid", in: network.CheckIn{
			ConnectorSubnet: "projects/acme-net/regions/europe-west3/subnetworks/serverless-28",
			ConnectorRegion: "us-east1",
		}},
		{name: "connector's subnet is no /28", reason: "invalid", in: network.CheckIn{
			ConnectorSubnet: subnet, ConnectorRegion: region,
		}},
		{name: "no such access subnet", reason: "not-found", in: network.CheckIn{
			AccessNets: []string{subnet, subnet + "x"},
		}},
	}
}

func refusedWorlds() []refusal {
	return []refusal{
		{
			name: "endpoint quota", reason: "quota", in: network.CheckIn{Target: "all-apis", PoolRanges: pool},
			change: func(b *bench) {
				for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
					b.world.PutEndpoint(network.Endpoint{
						Ref: network.Ref{Project: project, Name: name}, Network: vpc, Target: "vpc-sc",
					})
				}
			},
		},
		{
			name: "address quota", reason: "quota", in: network.CheckIn{Target: "all-apis", PoolRanges: pool},
			change: func(b *bench) { b.world.PutNetwork(network.Network{Name: vpc, BundleQuota: 10}) },
		},
		{
			name: "own zone p.googleapis.com", reason: "dns", in: network.CheckIn{Target: "all-apis", PoolRanges: pool},
			change: func(b *bench) {
				b.world.PutZone(
					network.Zone{Project: project, Name: "theirs", Host: "p.googleapis.com", Networks: []string{vpc}},
				)
			},
		},
		{
			name: "no inbound policy", reason: "dns", in: network.CheckIn{Inbound: true, Hostnames: []string{host}},
			change: func(b *bench) { b.world.PutNetwork(network.Network{Name: vpc, AddressesLeft: -1}) },
		},
		{
			name: "outbound policy with alternative servers", reason: "dns", in: network.CheckIn{
				Hostnames: []string{host},
			},
			change: func(b *bench) {
				b.world.PutNetwork(network.Network{Name: vpc, AddressesLeft: -1, AlternativeDNS: true})
			},
		},
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, c := range append(refusedInputs(), refusedWorlds()...) {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.world.PutSubnet(network.Subnet{
				Name:    "projects/acme-net/regions/europe-west3/subnetworks/serverless-28",
				Network: vpc, Region: region, CIDR: "10.8.1.0/28",
			})
			if c.change != nil {
				c.change(b)
			}
			if c.in.Network == "" {
				c.in.Network = vpc
			}
			before := b.world.Snapshot()
			b.Refused("check", b.Do(step{Kind: network.KindCheck, In: c.in}), c.reason)
			b.Unchanged(before)
			c.in.Withdrawing = true
			b.Must("check before a withdrawal", b.Do(step{Kind: network.KindCheck, In: c.in}), events.Done)
		})
	}
}

func TestCheckPasses(t *testing.T) {
	b := newBench(t)
	s := step{Kind: network.KindCheck, In: network.CheckIn{
		Network: vpc, Target: "all-apis", PoolRanges: pool, Connector: "10.8.0.0/28", Hostnames: []string{host},
		Inbound:    true,
		AccessNets: []string{subnet, other}, DirectSubnet: subnet,
	}}
	out := steptest.Output[network.CheckOut](t, b.Must("check", b.Do(s), events.Done))
	if out.DirectCIDR != "10.11.0.0/24" {
		t.Errorf("direct range %q, want the subnet's", out.DirectCIDR)
	}
	s.In = network.CheckIn{Network: vpc, Target: attachment, Region: region, Subnet: subnet, IP: "10.11.0.9"}
	out = steptest.Output[network.CheckOut](t, b.Must("check of an attachment", b.Do(s), events.Done))
	if out.SubnetCIDR != "10.11.0.0/24" {
		t.Errorf("subnet range %q, want the subnet's", out.SubnetCIDR)
	}
	if n := b.Live(""); n != 0 || len(b.world.Effects()) != 0 {
		t.Errorf("a check holds %d claims and had the effects %q", n, b.world.Effects())
	}
}

func TestCheckOfAStandingEndpointNeedsNoQuota(t *testing.T) {
	b := newBench(t)
	b.Must("reserve", b.Do(sharedAddress()), events.Done)
	b.world.PutNetwork(network.Network{Name: vpc, BundleQuota: 10})
	b.Must("check", b.Do(step{Kind: network.KindCheck, Connection: "bills", In: network.CheckIn{
		Network: vpc, Target: "all-apis", Shared: shared, PoolRanges: pool,
	}}), events.Done)
}

// crowded is a network on which another connection's endpoint comes, with Google's zone, right after it was first
// described.
type crowded struct {
	network.Networks
	come func()
}

func (c *crowded) Describe(ctx context.Context, name string) (network.Network, error) {
	n, err := c.Networks.Describe(ctx, name)
	if c.come != nil {
		c.come()
		c.come = nil
	}
	return n, err
}

func TestCheckSeesTheZoneOfAnEndpointThatComesMeanwhile(t *testing.T) {
	b := newBench(t)
	nets := &crowded{Networks: b.world.Networks(), come: func() {
		b.world.PutEndpoint(
			network.Endpoint{Ref: network.Ref{Project: project, Name: "theirs"}, Network: vpc, Target: "all-apis"},
		)
		b.world.PutZone(
			network.Zone{Project: project, Name: "goog-psc", Host: "p.googleapis.com", Networks: []string{vpc}},
		)
	}}
	b.Bench = steptest.NewBench(t, steptest.Setting{
		Fake: b.world.Fake, Snapshot: b.world.Snapshot, Claims: memory.NewClaims(),
		Handlers: network.Steps(network.Drivers{Networks: nets, Names: b.world.Names(), Claims: memory.NewClaims()}),
	})
	b.Must("check", b.Do(
		step{Kind: network.KindCheck, In: network.CheckIn{Network: vpc, Target: "all-apis", PoolRanges: pool}},
	), events.Done)
}

// TestWhatGoesOffWithAConnection: only what was off before, and only as long as nobody else holds it.
func TestWhatGoesOffWithAConnection(t *testing.T) {
	b := newBench(t)
	leaving := step{Kind: network.KindCheck,
		In: network.CheckIn{Withdrawing: true, AccessNets: []string{subnet, other}}}
	off := func(want ...string) {
		t.Helper()
		out := steptest.Output[network.CheckOut](t, b.Must("check", b.Do(leaving), events.Done))
		if !slices.Equal(out.AccessOff, want) || out.AccessNetwork != vpc {
			t.Errorf("goes off: %v in %q, want %v in %s", out.AccessOff, out.AccessNetwork, want, vpc)
		}
	}
	off()
	b.Must("orders", b.Do(access(true)), events.Done)
	off(subnet)
	bills := access(true).As("bills")
	b.Must("bills", b.Do(bills), events.Done)
	off()
	b.Must("bills leaves", b.Withdraw(bills), events.Done)
	off(subnet)
	leaving.In = network.CheckIn{Withdrawing: true, AccessNets: []string{subnet + "-gone"}}
	if out := steptest.Output[network.CheckOut](t, b.Must("check", b.Do(leaving), events.Done)); out.AccessOff != nil {
		t.Errorf("a subnetwork that is not there goes off: %v", out.AccessOff)
	}
}
