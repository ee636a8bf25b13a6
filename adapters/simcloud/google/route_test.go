package google_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestRoutesThatTheVendorMakes: a network lists a route to each range of its subnetworks, of both address families, and
// to the ranges of its peers that it has really imported.
func TestRoutesThatTheVendorMakes(t *testing.T) {
	r := scenarioRig(t, `google:
  projects: [{id: net, number: "11", hash: aaaaaaaaaa}]
  networks:
    - project: net
      name: a
      subnetworks:
        - {name: a, region: europe-west3, range: 10.1.0.0/24}
        - {name: dual, region: europe-west3, range: 10.1.1.0/24, v6: INTERNAL}
        - {name: special, region: europe-west3, range: 198.18.9.0/24}
        - {name: public, region: europe-west3, range: 8.8.8.0/24}
    - {project: net, name: imports, subnetworks: [{name: i, region: europe-west3, range: 10.2.0.0/24, v6: EXTERNAL}]}
    - {project: net, name: leaves, subnetworks: [{name: l, region: us-east1, range: 10.3.0.0/24}]}
    - {project: net, name: asks, subnetworks: [{name: k, region: us-east1, range: 10.4.0.0/24}]}
    - {project: net, name: waits, subnetworks: [{name: w, region: us-east1, range: 10.5.0.0/24}]}
  peerings:
    - {between: [net/a, net/imports], publicRanges: [net/imports], v6: true}
    - {between: [net/a, net/leaves]}
    - {between: [net/a, net/asks], publicRanges: [net/asks], keepsPublic: [net/a]}
    - {between: [net/a, net/waits], inactive: true}
`)
	private := []string{"10.1.0.0/24 to-a", "10.1.1.0/24 to-a", "198.18.9.0/24 to-a"}
	for network, want := range map[string][]string{
		"a": {"10.1.0.0/24 ", "10.1.1.0/24 ", "10.2.0.0/24 to-imports", "10.3.0.0/24 to-leaves", "10.4.0.0/24 to-asks",
			"198.18.9.0/24 ", "2600:: to-imports", "8.8.8.0/24 ", "fd20:: "},
		"imports": append(slices.Clone(private), "10.2.0.0/24 ", "2600:: ", "8.8.8.0/24 to-a", "fd20:: to-a"),
		"leaves":  append(slices.Clone(private), "10.3.0.0/24 "), // does not import public ranges
		"asks":    append(slices.Clone(private), "10.4.0.0/24 "), // the peer does not export them
		"waits":   {"10.5.0.0/24 "},
	} {
		var got []string
		for _, item := range r.get("/compute/v1/projects/net/global/routes")["items"].([]any) {
			route := item.(map[string]any)
			if !strings.HasSuffix(fmt.Sprint(route["network"]), "/"+network) {
				continue
			}
			to := fmt.Sprint(route["destRange"])
			if family, _, v6 := strings.Cut(to, ":"); v6 {
				to = family + "::" // the vendor takes the rest
			}
			hop, _ := route["nextHopPeering"].(string)
			if route["routeType"] != "SUBNET" || (hop == "") == (route["nextHopNetwork"] == nil) {
				t.Errorf("%s: %v", network, route)
			}
			got = append(got, to+" "+hop)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%q, want\n%q", network, got, want)
		}
	}
}
