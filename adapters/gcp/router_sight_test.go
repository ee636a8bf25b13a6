package gcp

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

// The way back to a client is in the data plane of the region, or stands above what is learned: a prefix that the
// router has learned and that leads nowhere is told.
func TestSightTellsClientsWithoutAWayBack(t *testing.T) {
	const root, vpc = "GET /compute/v1/projects/p/",
		"https://www.googleapis.com/compute/v1/projects/p/global/networks/n"
	status := `{"result":{"network":"` + vpc + `",
		"bgpPeerStatus":[{"name":"a","status":"UP","advertisedRoutes":[{"destRange":"10.200.0.1/32"}]},{"name":"b","status":"UP"},
			{"name":"c","status":"DOWN"}],
		"bestRoutes":[{"destRange":"192.168.1.0/24"}],
		"bestRoutesForRouter":[{"destRange":"192.168.1.0/24"},{"destRange":"192.168.2.0/24"},{"destRange":"10.10.0.0/24"}]}}`
	c, s := newStub(t, map[string][]string{
		root + "regions/r/routers/edge/getRouterStatus": {status},
		root + "global/routes": {`{"items":[{"name":"subnet","network":"` + vpc + `","destRange":"10.10.0.0/16"},
			{"name":"internet","network":"` + vpc + `","destRange":"0.0.0.0/0"},
			{"name":"other","network":"` + vpc + `2","destRange":"192.168.2.0/24"}]}`},
	})
	at := routing.Target{
		Via: routing.ViaCloudRouter, Project: "p", Region: "r", Router: "edge", Network: "projects/p/global/networks/n",
	}
	got, err := c.Routers().Sight(t.Context(), at, "10.200.0.1/32")
	if err != nil {
		t.Fatalf("sight: %v", err)
	}
	want := routing.Sight{Peers: []string{"a", "b"}, Seen: []string{"a"}, Sent: []string{"a"},
		Stranded: []string{"192.168.2.0/24"}, Down: []routing.Absence{{Peer: "c", Reason: "the session is DOWN"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sight (-want +got):\n%s", diff)
	}
	if len(s.sent) != 2 {
		t.Errorf("calls %v, want the status and the routes", s.sent)
	}
}

// The step that asks knows whether its own entry is one of the two hundred.
func TestCheckOfAFullRouterTellsWhatIsKnown(t *testing.T) {
	const at = "GET /compute/v1/projects/p/regions/r/routers/edge"
	var ranges []string
	for i := range sessionLimit {
		ranges = append(ranges, fmt.Sprintf(`{"range":"10.200.0.%d/32"}`, i))
	}
	c, _ := newStub(t, map[string][]string{
		at: {
			`{"name":"edge","bgp":{"advertiseMode":"CUSTOM","advertisedIpRanges":[` + strings.Join(ranges, ",") + `]}}`,
		},
		at + "/getRouterStatus": {`{"result":{"bestRoutes":[{"destRange":"192.168.1.0/24"}]}}`},
	})
	known, err := c.Routers().Check(
		t.Context(), routing.Target{Via: routing.ViaCloudRouter, Project: "p", Region: "r", Router: "edge"},
	)
	if got := workers.Outcome(err, events.Unsure); got.Class != events.Refuse || got.Reason != events.ReasonFull ||
		!strings.Contains(got.Message, "200") {
		t.Errorf("check: %v, want a refusal that names the limit", err)
	}
	if len(known) != sessionLimit+1 || !slices.Contains(known, "192.168.1.0/24") {
		t.Errorf("known are %d prefixes, want all %d", len(known), sessionLimit+1)
	}
}
