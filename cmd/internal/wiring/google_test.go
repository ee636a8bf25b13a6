package wiring

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/culvertnet/culvert/adapters/gcp"
)

// What the file says of Google reaches the driver; a simulated world comes before it, and takes no credentials.
func TestTheDriverIsToldWhereGoogleIs(t *testing.T) {
	file := File{Google: Google{Endpoints: map[string]string{"run": "https://run-x"},
		UniverseDomain: "u.example", RatePerMinute: map[string]int{"dns.read": 100},
		Projects: map[string]GoogleProject{"p": {RatePerMinute: map[string]int{"dns.read": 50}}},
		Identity: GoogleIdentity{QuotaProject: "ops"},
		Identities: []GoogleProjectIdentity{{Projects: []string{"a-*"}, GoogleIdentity: GoogleIdentity{
			ImpersonateServiceAccount: "a@x.iam.gserviceaccount.com", Delegates: []string{"b@x"}}}}}}
	budget := &gcp.Budget{PerMinute: map[string]int{"dns.read": 100},
		Projects: map[string]map[string]int{"p": {"dns.read": 50}}}
	for world, want := range map[string]gcp.Options{
		"": {Pace: 1, Budget: budget, Endpoints: file.Google.Endpoints, UniverseDomain: "u.example",
			Identity: gcp.Identity{QuotaProject: "ops"}, Identities: []gcp.ProjectIdentity{{Projects: []string{"a-*"},
				Identity: gcp.Identity{ServiceAccount: "a@x.iam.gserviceaccount.com", Delegates: []string{"b@x"}}}}},
		"http://127.0.0.1:1": {Pace: 60, Budget: budget, Endpoint: "http://127.0.0.1:1"},
	} {
		got := Parts{File: file, World: world, Speed: 60}.google()
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(gcp.Options{}, "Now")); diff != "" {
			t.Errorf("world %q (-want +got):\n%s", world, diff)
		}
	}
}
