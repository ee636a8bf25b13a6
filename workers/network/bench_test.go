package network_test

import (
	"errors"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/network/networktest"
	"github.com/culvertnet/culvert/workers/steptest"
)

const (
	project    = "acme-net"
	vpc        = "projects/acme-net/global/networks/spoke-vpc"
	subnet     = "projects/acme-net/regions/europe-west3/subnetworks/direct-egress"
	other      = "projects/acme-net/regions/europe-west3/subnetworks/workloads"
	region     = "europe-west3"
	shared     = "counted/psc/acme-net/spoke-vpc/all-apis"
	attachment = "projects/acme-producers/regions/europe-west3/serviceAttachments/orders-sa"
	host       = "orders-abc-ey.a.run.app"
)

var pool = []string{"10.200.0.0/24"}

type (
	step = steptest.Step
	ask  = steptest.Ask
)

// A bench is one of steptest over a fake world whose things the tests can reach.
type bench struct {
	*steptest.Bench
	world *networktest.World
}

func newBench(t steptest.Tester, change ...func(*network.Drivers)) *bench {
	t.Helper()
	w := networktest.NewWorld()
	w.PutNetwork(network.Network{
		Name: vpc, BundleQuota: 10, AddressesLeft: -1, InboundDNS: true,
		Routes:    []network.Range{{CIDR: "0.0.0.0/0", From: "default"}, {CIDR: "10.200.0.7/32", From: "static-7"}},
		Allocated: []network.Range{{CIDR: "10.60.0.0/16", From: "services"}},
	})
	w.PutSubnet(network.Subnet{Name: subnet, Network: vpc, Region: region, CIDR: "10.11.0.0/24"})
	w.PutSubnet(network.Subnet{Name: other, Network: vpc, Region: region, CIDR: "10.10.0.0/24", GoogleAccess: true})
	w.Attachment(attachment, "ACCEPTED")
	claims := memory.NewClaims()
	drivers := network.Drivers{
		Networks: w.Networks(), Addresses: w.Addresses(), Endpoints: w.Endpoints(), Names: w.Names(), Claims: claims,
		Times: workers.ClaimTimes{
			Quiet: time.Second, Skew: time.Second, Lease: 10 * time.Second, Linger: 15 * time.Minute,
		},
	}
	for _, c := range change {
		c(&drivers)
	}
	steps := network.Steps(drivers)
	return &bench{world: w, Bench: steptest.NewBench(t, steptest.Setting{
		Fake: w.Fake, Snapshot: w.Snapshot, Claims: claims, Handlers: steps,
	})}
}

// errCut is what a broken connection says.
var errCut = errors.New("connection reset")

// fresh is the bench of a scene that needs nothing before it.
func fresh(t steptest.Tester) *steptest.Bench { return newBench(t).Bench }
