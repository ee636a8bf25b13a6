package permissions_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/gcp/permissions"
	"github.com/culvertnet/culvert/workers"
)

// wanted gives what some steps need as "project name" and "project name?" for what is optional.
func wanted(t *testing.T, peers permissions.Peers, steps ...workers.PlannedStep) []string {
	t.Helper()
	w, err := load(t).Of(steps, peers)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, n := range slices.Concat(w.Permissions, w.APIs) {
		text := n.Project + " " + n.Name
		if n.Optional != "" {
			text += "?"
		}
		out = append(out, text)
	}
	return out
}

func step(kind, input string, bound ...string) workers.PlannedStep {
	return workers.PlannedStep{Kind: kind, Input: json.RawMessage(input), Bound: bound}
}

const spoke = `"projects/net/global/networks/spoke"`

func TestNeedsOfSteps(t *testing.T) {
	router := step("routing.announce",
		`{"target":{"via":"cloud-router","project":"net","region":"r","router":"e"},"prefix":""}`)
	for name, c := range map[string]struct {
		steps   []workers.PlannedStep
		has, no []string
	}{
		"a router": {[]workers.PlannedStep{router},
			[]string{"net compute.routers.update", "net compute.googleapis.com"}, []string{"dns", "vpcaccess"}},
		"a speaker": {[]workers.PlannedStep{step("routing.announce", `{"target":{"via":"bgp","speaker":"s"}}`)}, nil,
			[]string{"compute"}},
		"an endpoint for Google's APIs": {[]workers.PlannedStep{step("network.create-endpoint",
			`{"project":"net","target":"all-apis"}`)},
			[]string{"net compute.globalForwardingRules.pscCreate", "net servicedirectory.googleapis.com",
				"net dns.managedZones.create"}, []string{"compute.forwardingRules."}},
		"an endpoint for an attachment": {[]workers.PlannedStep{step("network.create-endpoint",
			`{"project":"net","region":"r","target":"projects/x/regions/r/serviceAttachments/a"}`)},
			[]string{"net compute.forwardingRules.pscCreate"}, []string{"x ", "globalForwardingRules", "net dns."}},
		"a filter of a gateway": {[]workers.PlannedStep{step("policy.filter-egress",
			`{"via":"aviatrix-fqdn","project":"net","network":`+spoke+`}`)}, nil, []string{"compute"}},
		"a function": {[]workers.PlannedStep{step("egress.bind-service",
			`{"service":{"platform":"cloud-functions","project":"app"},"to":{"network":`+spoke+`}}`)},
			[]string{"app cloudfunctions.functions.update", "app iam.serviceAccounts.actAs"},
			[]string{"run.services.update", "run.jobs.list"}},
		"a service with a connector that another step makes": {[]workers.PlannedStep{step("egress.bind-service",
			`{"service":{"platform":"cloud-run","project":"app"},"to":{"connector":""}}`, "/to/connector")},
			[]string{"app run.services.update", "app run.jobs.list"}, []string{"cloudfunctions.functions.update"}},
		"names that another step tells": {[]workers.PlannedStep{step("network.check",
			`{"network":`+spoke+`,"hostnames":null}`, "/hostnames")},
			[]string{"net dns.responsePolicyRules.list", "net monitoring.timeSeries.list?"}, nil},
		"subnetworks of others": {[]workers.PlannedStep{step("network.check", `{"network":`+spoke+
			`,"directSubnet":"projects/host/regions/r/subnetworks/s"}`)},
			[]string{"host compute.subnetworks.get", "net compute.networks.get"}, []string{"host compute.networks"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := wanted(t, nil, c.steps...)
			for _, want := range c.has {
				if !slices.Contains(got, want) {
					t.Errorf("%q is not needed: %v", want, got)
				}
			}
			for _, part := range c.no {
				if i := slices.IndexFunc(got, func(s string) bool { return strings.Contains(s, part) }); i >= 0 {
					t.Errorf("%q is needed", got[i])
				}
			}
		})
	}
}

// Networks with peerings need more: in their own project, and as far as it is granted in the peers'.
func TestNeedsOfPeers(t *testing.T) {
	check := step("network.check", `{"network":`+spoke+`}`)
	const routes, peer = "net compute.networks.listPeeringRoutes", "other compute.subnetworks.list?"
	alone := wanted(t, func(string) []string { return nil }, check)
	peered := wanted(t, func(network string) []string {
		if `"`+network+`"` != spoke {
			t.Errorf("asked for the peers of %s", network)
		}
		return []string{"other"}
	}, check)
	for _, need := range []string{routes, peer} {
		if slices.Contains(alone, need) || !slices.Contains(peered, need) {
			t.Errorf("%s: without peerings %t, with one %t", need, slices.Contains(alone, need),
				slices.Contains(peered, need))
		}
	}
}

// What one use cannot do without is not optional, whatever another says.
func TestWhatIsRequiredOnceIsRequired(t *testing.T) {
	twoNetworks := step("network.check", `{"network":"projects/other/global/networks/o"}`)
	got := wanted(t, func(string) []string { return []string{"other"} }, step("network.check", `{"network":`+spoke+`}`),
		twoNetworks)
	if !slices.Contains(got, "other compute.networks.get") {
		t.Errorf("the network's own project, which is another one's peer: %v", got)
	}
}

// Without an intent it is everything that some kinds of steps can need, in the projects that play the parts.
func TestNeedsOfKinds(t *testing.T) {
	l := load(t)
	w := l.All([]string{"routing.announce"}, map[string][]string{"network": {"net"}, "service": {"app"}})
	if got := w.Projects(); !slices.Equal(got, []string{"net"}) {
		t.Errorf("a step of routers is about %v", got)
	}
	all := l.All(l.Kinds(), map[string][]string{"network": {"net"}, "connector": {"net"}, "service": {"app"}})
	if got := all.Projects(); !slices.Equal(got, []string{"app", "net"}) {
		t.Errorf("all steps are about %v", got)
	}
	if slices.ContainsFunc(all.Permissions, func(n permissions.Need) bool {
		return n.Name == "compute.networks.listPeeringRoutes"
	}) {
		t.Error("routes of peerings are asked for without a peer")
	}
}

func TestInputThatIsNoJSON(t *testing.T) {
	if _, err := load(t).Of([]workers.PlannedStep{step("network.check", `{`)}, nil); err == nil {
		t.Error("it is taken")
	}
}
