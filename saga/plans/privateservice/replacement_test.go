package privateservice

import (
	"encoding/json"
	"net/netip"
	"testing"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers/egress"
)

func sized(cidr netip.Prefix, least, most int) Connector {
	return Connector{IPCIDRRange: cidr, MinInstances: least, MaxInstances: most}
}

// A connector that cannot be changed in place needs a range of its own, because the old one stands until the new
// version does.
func TestAConnectorIsNotReplacedOnItsOwnRange(t *testing.T) {
	const network = "projects/p/global/networks/n"
	cidr := netip.MustParsePrefix("10.9.0.0/28")
	have := egress.AttachConnectorIn{
		Project: "p", Region: "r", Network: network, CIDR: cidr.String(), Min: 2, Max: 5, MachineType: "e2-micro",
	}
	subnet := have
	subnet.CIDR, subnet.Network, subnet.Subnet = "", "", "projects/p/regions/r/subnetworks/s"
	smaller := Connector{Subnet: subnet.Subnet, MinInstances: 2, MaxInstances: 3}
	free := netip.MustParsePrefix("10.9.1.0/28")
	theirs := egress.AttachConnectorIn{Existing: "x"}
	for name, c := range map[string]struct {
		have   egress.AttachConnectorIn
		region string
		want   Connector
		held   bool
	}{
		"shrinks":                    {have, "r", sized(cidr, 2, 3), true},
		"shrinks at the lower end":   {have, "r", sized(cidr, 1, 5), true},
		"moves with its range":       {have, "q", sized(cidr, 2, 5), true},
		"shrinks on its subnetwork":  {subnet, "r", smaller, true},
		"grows":                      {have, "r", sized(cidr, 2, 7), false},
		"stays":                      {have, "r", sized(cidr, 2, 5), false},
		"shrinks on another range":   {have, "r", sized(free, 2, 3), false},
		"another's connector":        {have, "r", Connector{Existing: "c"}, false},
		"stood on another's already": {theirs, "r", sized(cidr, 2, 3), false},
	} {
		input, err := json.Marshal(c.have)
		if err != nil {
			t.Fatal(err)
		}
		r := recipe{
			Payload:  Payload{Network: network, Service: Service{Project: "p", Region: c.region}},
			standing: []saga.Standing{{Kind: egress.KindAttachConnector, Input: input}},
		}
		if why := r.held(&c.want); (why != "") != c.held {
			t.Errorf("%s: %q, want a refusal: %t", name, why, c.held)
		}
	}
}
