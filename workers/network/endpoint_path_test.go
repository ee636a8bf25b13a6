package network_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
)

// A subnet that comes to be around the address, in the network or a peer's, takes the packets that the endpoint should have.
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
