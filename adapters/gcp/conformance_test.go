package gcp_test

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/adapters/gcp/contract"
	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/examples"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/egress/egresstest"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/network/networktest"
)

const (
	speed = 6000 // a vendor's minute is 10 ms

	hostProject = "acme-net"
	spoke       = "projects/acme-net/global/networks/spoke-vpc"
	region      = "europe-west3"
	inSpoke     = "projects/acme-net/regions/europe-west3/subnetworks/"
	producers   = "projects/acme-producers/regions/europe-west3/serviceAttachments/"
)

// documents are read once for all worlds.
var documents = sync.OnceValues(contract.Load)

// A cloud is a simulated one with the driver on it.
type cloud struct {
	*gcp.Client
	url      string
	recorder *contract.Recorder
}

// simulated starts a fresh default world and the driver on it.
func simulated(t *testing.T) *gcp.Client {
	t.Helper()
	return start(t).Client
}

// start starts a fresh default world and the driver on it, and holds every word between them against Google's own
// discovery documents.
func start(t *testing.T) cloud {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // what is checked at the end of a test still asks the world
	// The default world without its thousand spare services: most of a test's time would go into making them.
	small := bytes.Replace(examples.World, []byte("count: 1000"), []byte("count: 3"), 1)
	s, err := simcloud.Start(
		ctx, simcloud.Options{World: world.Config{Speed: speed}, Scenario: small, BGP: simcloud.BGP{Off: true}},
	)
	if err != nil {
		t.Fatalf("start world: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close world: %v", err)
		}
	})
	read, err := documents()
	if err != nil {
		t.Fatalf("load discovery documents: %v", err)
	}
	out := cloud{url: s.URL(), recorder: read.Recorder(nil)}
	t.Cleanup(func() {
		for _, v := range out.recorder.Report().Violations {
			t.Errorf("against the discovery documents: %s", v)
		}
	})
	carrier := &http.Client{Transport: out.recorder}
	if out.Client, err = gcp.New(t.Context(), gcp.Options{Endpoint: out.url, HTTPClient: carrier, Pace: speed}); err !=
		nil {
		t.Fatalf("new client: %v", err)
	}
	return out
}

func TestNetworkPorts(t *testing.T) {
	networktest.Run(t, func(t *testing.T) networktest.Subject {
		c := simulated(t)
		return networktest.Subject{
			Networks: c.Networks(), Addresses: c.Addresses(), Endpoints: c.Endpoints(), Names: c.Names(),
			Operations: c.Operations(), Project: hostProject, Network: spoke,
			Region: region, Subnet: inSpoke + "direct-egress", TakenIP: "10.11.0.77",
			FreeIPs: [2]string{
				"10.200.0.10", "10.200.0.11",
			}, Attachment: producers + "orders-sa", Refusing: producers + "closed-sa",
			Host: "fn-0001-x5hfzvqk2q-ey.a.run.app", OtherHost: "fn-0002-x5hfzvqk2q-ey.a.run.app",
		}
	})
}

func TestEgressPorts(t *testing.T) {
	for name, service := range map[string]egress.ServiceRef{
		"cloud-run": {Platform: "cloud-run", Project: "acme-prod", Region: region, Name: "fn-0001"},
		"cloud-functions": {
			Platform: "cloud-functions", Project: "acme-prod", Region: region, Name: "python-http-function",
		},
	} {
		t.Run(name, func(t *testing.T) {
			egresstest.Run(t, func(t *testing.T) egresstest.Subject {
				c := simulated(t)
				missing := service
				missing.Name = "nobody"
				return egresstest.Subject{
					Connectors: c.Connectors(), Services: c.Services(), Operations: c.Operations(),
					Poll: 2 * time.Millisecond,
					Connector: egress.Connector{
						Name: "projects/acme-net/locations/europe-west3/connectors/cxsuite", Network: spoke,
						CIDR: "10.8.0.0/28",
						Min:  2, Max: 3, MachineType: "e2-micro",
					},
					Service: service, Missing: missing,
					Members: [2]string{"serviceAccount:a@acme-prod.iam.gserviceaccount.com",
						"serviceAccount:b@acme-prod.iam.gserviceaccount.com"},
					Direct: egress.Binding{
						Network: spoke, Subnet: inSpoke + "direct-egress", Tags: []string{"culvert"},
						Egress: "all-traffic",
					},
				}
			})
		})
	}
}

func TestAServiceBehindAFunctionIsKnown(t *testing.T) {
	c := simulated(t)
	for _, of := range []struct{ platform, name, deployer string }{
		{"cloud-run", "python-http-function", "cloudfunctions"},
		{"cloud-functions", "python-http-function", ""},
		{"cloud-run", "fn-0001", ""},
	} {
		ref := egress.ServiceRef{Platform: of.platform, Project: "acme-prod", Region: region, Name: of.name}
		got, err := c.Services().Get(t.Context(), ref)
		must(t, "get "+of.name, err)
		if got.Deployer != of.deployer {
			t.Errorf("%s %s is deployed by %q, want %q", of.platform, of.name, got.Deployer, of.deployer)
		}
	}
}

func TestDescribeReadsWhatTheWorldHas(t *testing.T) {
	c := start(t)
	n, err := c.Networks().Describe(t.Context(), spoke)
	if err != nil {
		t.Fatalf("describe: %v", err)
	}
	for what, want := range map[string]struct {
		in   []network.Range
		cidr string
	}{
		"own subnet":              {n.Subnets, "10.10.0.0/24"},
		"own subnet elsewhere":    {n.Subnets, "10.12.0.0/24"},
		"peer's subnet":           {n.Subnets, "10.30.0.0/16"},
		"static route":            {n.Routes, "10.40.0.0/16"},
		"static route to a host":  {n.Routes, "10.200.15.254/32"},
		"private services access": {n.Allocated, "10.60.0.0/16"},
	} {
		found := false
		for _, r := range want.in {
			found = found || r.CIDR == want.cidr && r.From != ""
		}
		if !found {
			t.Errorf("%s %s is missing in %v", what, want.cidr, want.in)
		}
	}
	if n.AutoMode || n.AlternativeDNS || !n.InboundDNS {
		t.Errorf("auto %t, alternative DNS %t, inbound DNS %t; want false, false, true", n.AutoMode, n.AlternativeDNS,
			n.InboundDNS)
	}
	if n.BundleQuota != 50 || n.AddressesLeft <= 0 {
		t.Errorf("quota of endpoints %d, addresses left %d; want 50 and some", n.BundleQuota, n.AddressesLeft)
	}
	if r := c.recorder.Report(); r.Requests < 5 || r.Requests != r.Answers {
		t.Errorf("the recorder saw %d requests and %d answers", r.Requests, r.Answers)
	}
}
