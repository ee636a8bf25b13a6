package network_test

import (
	"slices"
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

// A reserved address that does not belong to the endpoint is free for whoever comes next. Who uses an address is told
// by an output field that may be late: its silence says nothing.
func TestEndpointWhoseAddressIsNotItsOwnIsDifferent(t *testing.T) {
	spare := network.Ref{Project: project, Name: "spare"}
	for name, c := range map[string]struct {
		address network.Address
		want    string
	}{
		"another address": {network.Address{IP: "10.200.0.201"}, "spare is 10.200.0.201"},
		"used by another": {
			network.Address{IP: "10.200.0.200", InUseBy: []string{"rules/theirs"}}, "rules/theirs",
		},
		"no word of users":  {network.Address{IP: "10.200.0.200"}, ""},
		"no such address":   {network.Address{}, "spare is not reserved"},
		"the users are all": {network.Address{IP: "10.200.0.200", InUseBy: []string{"self"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			reserved(b)
			s := endpoint("")
			b.Must("do", b.Do(s), events.Done)
			if c.address.IP != "" {
				c.address.Ref, c.address.Network = spare, vpc
				if i := slices.Index(c.address.InUseBy, "self"); i >= 0 {
					c.address.InUseBy[i] = "forwardingRules/" + b.Command(s, ask{}).Name
				}
				b.world.PutAddress(c.address)
			}
			in := s.In.(network.CreateEndpointIn)
			in.AddressName = networktest.AddressName(spare)
			s.In = in
			presence := events.Different
			if c.want == "" {
				presence = events.Present
			}
			if seen := b.Sees(s, presence); !strings.Contains(seen.Message, c.want) {
				t.Errorf("look says %q, want %q", seen.Message, c.want)
			}
		})
	}
}
