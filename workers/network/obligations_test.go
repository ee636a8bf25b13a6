package network_test

import (
	"slices"
	"testing"

	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/network/networktest"
	"github.com/culvertnet/culvert/workers/steptest"
)

func TestScenes(t *testing.T) {
	scenes := []steptest.Scene{
		{Name: "check", Step: step{
			Kind: network.KindCheck, In: network.CheckIn{Network: vpc, Target: "all-apis", PoolRanges: pool},
		}, Bench: fresh},
		{Name: "shared address", Step: reserve(network.ReserveAddressIn{Shared: shared}), Bench: fresh},
		{Name: "own address", Step: reserve(network.ReserveAddressIn{}), Bench: fresh},
		{Name: "fixed address", Step: reserve(network.ReserveAddressIn{IP: "10.200.0.9"}), Bench: fresh},
		{Name: "attached address", Step: step{Kind: network.KindReserveAddress,
			In: network.ReserveAddressIn{Project: project, Network: vpc, Region: region, Subnet: subnet}},
			Bench: fresh},
		{Name: "shared endpoint", Step: endpoint(shared), Bench: withAddresses},
		{Name: "own endpoint", Step: endpoint(""), Bench: withAddresses},
		{Name: "attached endpoint", Step: attached(), Bench: withAddresses},
		{Name: "names", Step: names("10.200.0.9", host, "bills-abc-ey.a.run.app"), Bench: fresh},
		{Name: "google access", Step: access(false), Bench: fresh},
	}
	steptest.Covers(t, network.Steps(network.Drivers{}), scenes)
	steptest.RunScenes(t, scenes)
}

func reserve(in network.ReserveAddressIn) step {
	in.Project, in.Network, in.Pool, in.Ranges = project, vpc, "psc-frankfurt", pool
	return step{Kind: network.KindReserveAddress, In: in}
}

// withAddresses is a bench with the addresses that endpoints of the tests stand on.
func withAddresses(t steptest.Tester) *steptest.Bench {
	b := newBench(t)
	reserved(b)
	return b.Bench
}

// reserved reserves the addresses that endpoints of the tests stand on.
func reserved(b *bench) {
	for _, a := range []network.Address{
		{Ref: network.Ref{Project: project, Name: "given"}, IP: "10.200.0.200", Network: vpc},
		{Ref: network.Ref{Project: project, Region: region, Name: "given"}, IP: "10.11.0.200", Subnet: subnet},
	} {
		b.world.PutAddress(a)
	}
}

func endpoint(shared string) step {
	return step{Kind: network.KindCreateEndpoint, In: network.CreateEndpointIn{
		Project: project, Network: vpc, Target: "all-apis", Shared: shared, AddressIP: "10.200.0.200",
		AddressName: networktest.AddressName(network.Ref{Project: project, Name: "given"}),
	}}
}

func attached() step {
	return step{Kind: network.KindCreateEndpoint, In: network.CreateEndpointIn{
		Project: project, Network: vpc, Region: region, Subnet: subnet, Target: attachment, AddressIP: "10.11.0.200",
		AddressName: networktest.AddressName(network.Ref{Project: project, Region: region, Name: "given"}),
	}}
}

func names(ip string, hosts ...string) step {
	slices.Sort(hosts)
	return step{Kind: network.KindMapNames, In: network.MapNamesIn{
		Project: project, Network: vpc, Hostnames: hosts, IP: ip, TTL: 60,
	}}
}

func access(restore bool) step {
	return step{Kind: network.KindEnableGoogleAccess, In: network.EnableGoogleAccessIn{Subnets: []string{subnet, other},
		Restore: restore}}
}
