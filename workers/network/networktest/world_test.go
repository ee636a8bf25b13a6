package networktest_test

import (
	"testing"

	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/network/networktest"
)

func TestWorld(t *testing.T) {
	for _, c := range []struct {
		name  string
		polls int
	}{
		{"at once", 0},
		{"with operations that take a while", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			networktest.Run(t, func(*testing.T) networktest.Subject { return subject(c.polls) })
		})
	}
}

func subject(polls int) networktest.Subject {
	const vpc = "projects/acme-net/global/networks/spoke-vpc"
	const subnet = "projects/acme-net/regions/europe-west3/subnetworks/direct-egress"
	w := networktest.NewWorld()
	w.PutNetwork(network.Network{Name: vpc, BundleQuota: 10, AddressesLeft: -1})
	w.PutSubnet(network.Subnet{Name: subnet, Network: vpc, Region: "europe-west3", CIDR: "10.11.0.0/24"})
	const attachment = "projects/acme-producers/regions/europe-west3/serviceAttachments/"
	w.Attachment(attachment+"orders-sa", "ACCEPTED")
	w.Attachment(attachment+"closed-sa", "REJECTED")
	w.Slow(polls)
	return networktest.Subject{
		Networks: w.Networks(), Addresses: w.Addresses(), Endpoints: w.Endpoints(), Names: w.Names(), Operations: w,
		Project: "acme-net", Network: vpc, Region: "europe-west3", Subnet: subnet, TakenIP: "10.11.0.77",
		FreeIPs:    [2]string{"10.200.0.5", "10.200.0.6"},
		Attachment: attachment + "orders-sa", Refusing: attachment + "closed-sa",
		Host: "orders-abc-ey.a.run.app", OtherHost: "bills-abc-ey.a.run.app",
	}
}
