package gcp

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/workers/egress"
)

// Whatever spelling a binding was set in, it reads as one form.
func TestABindingReadsTheSameInEverySpelling(t *testing.T) {
	const connector = "projects/p/locations/r/connectors/c"
	byConnector := egress.Binding{Connector: connector, Egress: privateRanges}
	direct := egress.Binding{
		Network: "projects/h/global/networks/n", Subnet: "projects/h/regions/r/subnetworks/s", Tags: []string{"a", "b"},
		Egress: allTraffic,
	}
	const (
		network = "https://www.googleapis.com/compute/v1/projects/h/global/networks/n"
		subnet  = "//compute.googleapis.com/projects/22/regions/r/subnetworks/s"
		linked  = `{"network":"` + network + `","subnetwork":"` + subnet + `","tags":["b","a"]}`
		number  = "projects/11/locations/r/connectors/c"
	)
	for name, c := range map[string]struct {
		run, function string
		want          egress.Binding
	}{
		"as we write it": {
			`{"connector":"` + connector + `","egress":"PRIVATE_RANGES_ONLY"}`,
			`{"vpcConnector":"` + connector + `","vpcConnectorEgressSettings":"PRIVATE_RANGES_ONLY"}`, byConnector,
		},
		"the project by its number": {
			`{"connector":"` + number + `","egress":"PRIVATE_RANGES_ONLY"}`,
			`{"vpcConnector":"` + number + `","vpcConnectorEgressSettings":"PRIVATE_RANGES_ONLY"}`, byConnector,
		},
		"the default left out": {
			`{"connector":"` + number + `"}`, `{"vpcConnector":"` + connector + `"}`, byConnector,
		},
		"a short name": {`{"connector":"c"}`, `{"vpcConnector":"c"}`, byConnector},
		"a full address": {
			`{"connector":"https://vpcaccess.googleapis.com/v1/` + number + `"}`,
			`{"vpcConnector":"//vpcaccess.googleapis.com/` + connector + `"}`, byConnector,
		},
		"direct, links and numbers": {
			`{"networkInterfaces":[` + linked + `],"egress":"ALL_TRAFFIC"}`,
			`{"directVpcNetworkInterface":[` + linked + `],"directVpcEgress":"VPC_EGRESS_ALL_TRAFFIC"}`,
			direct,
		},
		"direct, the network left out": {
			`{"networkInterfaces":[{"subnetwork":"projects/h/regions/r/subnetworks/s","tags":["a","b"]}],"egress":"ALL_TRAFFIC"}`,
			`{"directVpcNetworkInterface":[{"subnetwork":"` + subnet + `","tags":["a","b"]}],"directVpcEgress":"VPC_EGRESS_ALL_TRAFFIC"}`,
			direct,
		},
		"direct, the subnetwork left out": {
			`{"networkInterfaces":[{"network":"n"}]}`, `{"directVpcNetworkInterface":[{"network":"n"}]}`,
			egress.Binding{
				Network: "projects/p/global/networks/n", Subnet: "projects/p/regions/r/subnetworks/n",
				Egress: privateRanges,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := newStub(t, map[string][]string{
				"GET /v2/projects/p/locations/r/services/s": {
					`{"name":"s","etag":"e","template":{"vpcAccess":` + c.run + `}}`,
				},
				"GET /v2/projects/p/locations/r/functions/s": {`{"name":"s","serviceConfig":` + c.function + `}`},
				"GET /compute/v1/projects/11":                {`{"name":"p","id":"11"}`},
				"GET /compute/v1/projects/22":                {`{"name":"h","id":"22"}`},
				"GET /compute/v1/projects/h/regions/r/subnetworks/s": {
					`{"name":"s","network":"https://www.googleapis.com/compute/v1/projects/22/global/networks/n"}`,
				},
			})
			for _, platform := range []string{platformRun, platformFunctions} {
				ref := egress.ServiceRef{Platform: platform, Project: "p", Region: "r", Name: "s"}
				got, err := g.Services().Get(t.Context(), ref)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, got.Binding); diff != "" {
					t.Errorf("%s (-want +got):\n%s", platform, diff)
				}
			}
		})
	}
}

// A number that may not be looked up stays, and is not asked for at every read.
func TestAProjectThatMayNotBeLookedUpKeepsItsNumber(t *testing.T) {
	c, s := newStub(t, nil)
	for range 3 {
		const name = "projects/11/locations/r/connectors/c"
		if got := c.named(t.Context(), name); got != name {
			t.Errorf("named %q", got)
		}
	}
	if n := len(s.calls("GET /compute/v1/projects/11")); n != 1 {
		t.Errorf("asked %d times", n)
	}
}
