package network_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/network/networktest"
)

// A subnet that comes to be around the address, in the network or a peer's, takes the packets that the endpoint should
// have.
func TestEndpointWhoseAddressIsTakenByARouteIsDifferent(t *testing.T) {
	b := newBench(t)
	reserved(b)
	s := endpoint("")
	b.Must("do", b.Do(s), events.Done)
	b.Sees(s, events.Present)
	b.world.PutSubnet(network.Subnet{Name: "peers", Network: vpc, Region: region, CIDR: "10.200.0.0/24"})
	if seen := b.Sees(s, events.Different); !strings.Contains(seen.Message, "taken by peers") {
		t.Errorf("look says %q, want who takes the address", seen.Message)
	}
}

// A reserved address that does not belong to the endpoint is free for whoever comes next.
func TestEndpointWhoseAddressIsNotItsOwnIsDifferent(t *testing.T) {
	b := newBench(t)
	reserved(b)
	s := endpoint("")
	b.Must("do", b.Do(s), events.Done)
	b.world.PutAddress(
		network.Address{Ref: network.Ref{Project: project, Name: "spare"}, IP: "10.200.0.200", Network: vpc},
	)
	in := s.In.(network.CreateEndpointIn)
	in.AddressName = networktest.AddressName(network.Ref{Project: project, Name: "spare"})
	s.In = in
	if seen := b.Sees(s, events.Different); !strings.Contains(seen.Message, "spare is not in use by it") {
		t.Errorf("look says %q, want that the address is not its own", seen.Message)
	}
}
