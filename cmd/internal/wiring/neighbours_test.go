package wiring

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/examples"
	"github.com/culvertnet/culvert/workers/observe"
)

const workloads = "projects/acme-net/regions/europe-west3/subnetworks/workloads"

// beside is an intent for a service with a direct interface in a subnetwork.
func beside(t *testing.T, egress string) events.Intent {
	t.Helper()
	in := sample(t, "connector")
	in.Data = fmt.Appendf(nil, `{"service":{"platform":"cloud-run","project":"acme-prod","region":"europe-west3",
		"name":"fn-0001"},"network":"projects/acme-net/global/networks/spoke-vpc",%s}`, egress)
	return in
}

const filtered = `"egress":{"direct":{"subnetwork":"` + workloads + `"},"filter":{"via":"gcp-firewall",
	"allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]}}`

// ordered tells how often somebody changed something in the world.
func (d *daemon) ordered() int { return len(d.world.World.Resources()) }

// joins lets a service of somebody else send from a subnetwork: a call of the vendor's API, as its console makes it.
func (d *daemon) joins(service, subnet string) {
	d.t.Helper()
	body := `{"template":{"vpcAccess":{"egress":"ALL_TRAFFIC","networkInterfaces":[{"network":` +
		`"projects/acme-net/global/networks/spoke-vpc","subnetwork":"` + subnet + `"}]}}}`
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPatch, d.world.URL()+
		"/v2/projects/acme-prod/locations/europe-west3/services/"+service+"?updateMask=template.vpcAccess",
		strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		d.t.Fatalf("%s joins %s: %s", service, subnet, resp.Status)
	}
}

// TestNeighboursOfAFilter: machines in the range of a filter would lose their paths. The intent is refused with their
// names and without an effect, until each of them is accepted by name.
func TestNeighboursOfAFilter(t *testing.T) {
	d := startDaemon(t)
	v := d.ends(beside(t, filtered), events.SagaCompensated).View(true)
	for _, says := range []string{"harms-others", "gcp-spoke-1 would lose", "gcp-spoke-10 would lose"} {
		if !strings.Contains(v.Reason, says) {
			t.Errorf("%q does not say %q", v.Reason, says)
		}
	}
	half := beside(t, `"accept":[{"cause":"lost","object":"gcp-spoke-1"}],`+filtered)
	if v := d.ends(half, events.SagaCompensated).View(true); strings.Contains(v.Reason, "gcp-spoke-1 ") {
		t.Errorf("whom the intent accepts to harm is told all the same: %s", v.Reason)
	}
	if n := d.ordered(); n != 0 {
		t.Errorf("%d things were changed for intents that are refused", n)
	}
	both := beside(t, `"accept":[{"cause":"lost","object":"gcp-spoke-1"},
		{"cause":"lost","object":"gcp-spoke-10"}],`+filtered)
	d.ends(both, events.SagaCompleted)
}

// TestWhoJoinedLaterIsAskedAbout: a service that came into the range of a filter after it would be filtered no more
// when it goes.
func TestWhoJoinedLaterIsAskedAbout(t *testing.T) {
	d := startDaemon(t)
	in := beside(t, strings.Replace(filtered, "workloads", "direct-egress", 1))
	d.ends(in, events.SagaCompleted)
	made := d.state(t)
	d.joins("fn-0002", strings.Replace(workloads, "workloads", "direct-egress", 1))
	joined := d.state(t)
	if made == joined {
		t.Fatal("nobody joined")
	}
	const name = "projects/acme-prod/locations/europe-west3/services/fn-0002"
	leave := in
	leave.Want, leave.Data = events.Withdraw, []byte(`{}`)
	if v := d.ends(leave, events.SagaCompensated).View(true); !strings.Contains(v.Reason, name+" would reach") {
		t.Errorf("the withdrawal ended: %s", v.Reason)
	}
	if now := d.state(t); now != joined {
		t.Errorf("a withdrawal that is refused has changed the world:\n%s", now)
	}
	leave.Data = fmt.Appendf(nil, `{"accept":[{"cause":%q,"object":%q}]}`, observe.Widened, name)
	d.ends(leave, events.SagaCompleted)
}

// TestAChangedFilterIsOneChange: another destination is let out although the old filter closes it today, and who came
// into the range meanwhile is asked about only where the new filter treats it otherwise.
func TestAChangedFilterIsOneChange(t *testing.T) {
	d := startDaemon(t)
	subnet := strings.Replace(workloads, "workloads", "direct-egress", 1)
	first := strings.Replace(filtered, "workloads", "direct-egress", 1)
	d.ends(beside(t, first), events.SagaCompleted)
	more := strings.Replace(first, `"allow":[`,
		`"allow":[{"cidr":"10.20.0.4/32","protocol":"tcp","ports":["80"]},`, 1)
	d.ends(beside(t, more), events.SagaCompleted)
	d.joins("fn-0002", subnet)
	const name = "projects/acme-prod/locations/europe-west3/services/fn-0002"
	unfiltered := `"egress":{"direct":{"subnetwork":"` + subnet + `"},"vpcEgress":"all-traffic"}`
	for what, change := range map[string]struct{ data, does string }{
		"a filter less":      {unfiltered, "would reach"},
		"a destination less": {first, "may lose tcp 80 to 10.20.0.4"}, // unless a name that stays has the address
		"no way out":         {ingressAlone, "would reach"},
	} {
		if v := d.ends(beside(t, change.data), events.SagaCompensated).View(true); !strings.Contains(v.Reason,
			name+" "+change.does) {
			t.Errorf("%s: %s", what, v.Reason)
		}
	}
}

const ingressAlone = `"ingress":{"target":{"googleApisBundle":"all-apis"},"address":{"pool":"psc-frankfurt"}}`

// TestPrivateGoogleAccessOfOthers: who came to a subnetwork later reaches Google by what the connection switched on.
// In this world no gateway translates for the network, so there is no other way.
func TestPrivateGoogleAccessOfOthers(t *testing.T) {
	var scenario [][]byte
	for line := range bytes.Lines(examples.World) {
		if !bytes.Contains(line, []byte("avx-default-10")) {
			scenario = append(scenario, line)
		}
	}
	small := bytes.Replace(bytes.Join(scenario, nil), []byte("count: 1000"), []byte("count: 3"), 1)
	d := startDaemonOn(t, newLabIn(t, small))
	subnet := strings.Replace(workloads, "workloads", "direct-egress", 1)
	in := beside(t, `"onWithdraw":"restore","egress":{"direct":{"subnetwork":"`+subnet+`"},
		"googleAccess":{"subnetworks":["`+subnet+`"]}}`)
	d.ends(in, events.SagaCompleted)
	leave := in
	leave.Want, leave.Data = events.Withdraw, []byte(`{}`)
	d.joins("fn-0002", subnet)
	if v := d.ends(leave, events.SagaCompensated).View(true); !strings.Contains(v.Reason, "fn-0002 would lose") {
		t.Errorf("the withdrawal ended: %s", v.Reason)
	}
	leave.Data = []byte(`{"accept":[{"cause":"lost",
		"object":"projects/acme-prod/locations/europe-west3/services/fn-0002"}]}`)
	d.ends(leave, events.SagaCompleted)
}
