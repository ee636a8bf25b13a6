package privateservice

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/operator/operatortest"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/observe"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// edges lists what each step with an effect comes right after, without the checks: they come before everything anyway.
func edges(p saga.Plan) map[string]string {
	all := map[string]string{}
	for _, n := range p.Nodes {
		if n.Check {
			continue
		}
		var after []string
		for _, need := range n.After {
			if before, _ := p.Node(need); !before.Check {
				after = append(after, need)
			}
		}
		all[n.Name] = strings.Join(after, " ")
	}
	return all
}

func TestTheGraph(t *testing.T) {
	in := map[string]string{
		"reserve-address": "", "create-endpoint": "reserve-address", "announce-0": "create-endpoint reserve-address",
		"grant-invoker":    "",
		"prove-names":      "announce-0 create-endpoint grant-invoker reserve-address",
		"map-names":        "announce-0 create-endpoint grant-invoker prove-names reserve-address",
		"restrict-ingress": "map-names",
	}
	whole := func(changed map[string]string) map[string]string {
		all := map[string]string{}
		for _, part := range []map[string]string{in, {
			"attach-connector": "", "filter-egress": "attach-connector", "enable-google-access": "",
			"prove-reach": "announce-0 attach-connector create-endpoint enable-google-access filter-egress " +
				"reserve-address",
			"bind-service": "attach-connector enable-google-access filter-egress prove-reach",
			"map-names":    "announce-0 bind-service create-endpoint grant-invoker reserve-address",
		}, changed} {
			for step, after := range part {
				all[step] = after
			}
		}
		return all
	}
	without := func(all map[string]string, step string) map[string]string { delete(all, step); return all }
	// unproved is a plan whose filter is none of the network's own: names are asked about by themselves.
	unproved := func(all map[string]string) map[string]string {
		all["prove-names"] = all["map-names"]
		all["map-names"] = "announce-0 bind-service create-endpoint grant-invoker prove-names reserve-address"
		return without(all, "prove-reach")
	}
	steered := map[string]string{"steer-egress": "filter-egress",
		"bind-service": "enable-google-access filter-egress steer-egress", "filter-egress": ""}
	for name, want := range map[string]map[string]string{
		"ingress-only":              in,
		"router-firewall-connector": without(whole(nil), "prove-names"),
		"bgp-firewall-connector":    without(whole(nil), "prove-names"),
		"aviatrix-fqdn-connector": unproved(whole(map[string]string{
			"steer-egress": "attach-connector filter-egress",
			"bind-service": "attach-connector enable-google-access filter-egress steer-egress",
		})),
		"router-webgroup-connector": unproved(whole(map[string]string{
			"steer-egress": "filter-egress",
			"bind-service": "attach-connector enable-google-access filter-egress steer-egress",
		})),
		"router-fqdn-direct":  unproved(without(whole(steered), "attach-connector")),
		"bgp-webgroup-direct": unproved(without(whole(steered), "attach-connector")),
		"bgp-firewall-direct": without(without(whole(
			map[string]string{"filter-egress": "",
				"prove-reach":  "announce-0 create-endpoint enable-google-access filter-egress reserve-address",
				"bind-service": "enable-google-access filter-egress prove-reach"},
		), "attach-connector"), "prove-names"),
		"egress-only": {"attach-connector": "", "bind-service": "attach-connector"},
		"existing":    {"attach-connector": "", "bind-service": "attach-connector"},
		"attachment": {"reserve-address": "", "create-endpoint": "reserve-address",
			"announce-0":  "create-endpoint reserve-address",
			"prove-names": "announce-0 create-endpoint reserve-address",
			"map-names":   "announce-0 create-endpoint prove-names reserve-address"},
		"no-names": {
			"reserve-address": "", "create-endpoint": "reserve-address", "restrict-ingress": "create-endpoint",
		},
		"own-aggregate": {"reserve-address": "", "create-endpoint": "reserve-address",
			"announce-0-0": "create-endpoint", "grant-invoker": "",
			"prove-names":      "announce-0-0 create-endpoint grant-invoker reserve-address",
			"map-names":        "announce-0-0 create-endpoint grant-invoker prove-names reserve-address",
			"restrict-ingress": "map-names"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, edges(planned(t, variants()[name]))); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
		})
	}
}

// precedes tells whether a step is done before another one begins.
func precedes(p saga.Plan, first, then string) bool {
	n, found := p.Node(then)
	return found && (slices.Contains(
		n.After, first,
	) || slices.ContainsFunc(n.After, func(need string) bool { return precedes(p, first, need) }))
}

// What must hold of every variant, whatever its graph is in detail.
func TestEveryPlanKeepsTheOrderThatHarmsNobody(t *testing.T) {
	orders := []struct{ first, then, because string }{
		{"filter-egress", "bind-service", "traffic would pass unfiltered"},
		{"steer-egress", "bind-service", "traffic would not pass the gateway's filter"},
		{"filter-egress", "steer-egress", "others' traffic would be steered past no filter"},
		{"enable-google-access", "bind-service", "the service would lose Google's APIs"},
		{"reserve-address", "create-endpoint", "the endpoint stands on the address"},
		{"create-endpoint", "announce-0", "clients would be led to nothing"},
		{"create-endpoint", "map-names", "a name without an endpoint cuts clients"},
		{"announce-0", "map-names", "a name without a route cuts clients"},
		{"prove-names", "map-names", "somebody would lose what the names lead to"},
		{"bind-service", "map-names", "clients would come to a service that reaches nothing"},
		{"grant-invoker", "map-names", "clients would be turned away"},
		{"map-names", "restrict-ingress", "the public way would close before the private one is open"},
	}
	for name, data := range variants() {
		p := planned(t, data)
		for _, o := range orders {
			_, has := p.Node(o.first)
			if _, both := p.Node(o.then); has && both && !precedes(p, o.first, o.then) {
				t.Errorf("%s: %s does not come before %s: %s", name, o.first, o.then, o.because)
			}
		}
		for _, n := range p.Nodes {
			if n.Check != strings.HasPrefix(n.Name, "check-") || n.Check != strings.HasSuffix(n.Kind, ".check") {
				t.Errorf("%s: %s (%s) is marked check: %t", name, n.Name, n.Kind, n.Check)
			}
			if n.UndoLast != (n.Name == "restrict-ingress") {
				t.Errorf("%s: undoing %s last: %t; only the undo that opens the service waits for the others", name,
					n.Name, n.UndoLast)
			}
			if !n.Check && n.Prefix == "" {
				t.Errorf("%s: the objects of %s have no readable prefix", name, n.Name)
			}
		}
	}
}

func TestAVariantHasTheStepsThatItNeedsOnly(t *testing.T) {
	for name, data := range variants() {
		p := planned(t, data)
		for step, needed := range map[string]bool{
			"check-network": true, "check-egress": true, "check-routing": strings.Contains(data, `"announce":[{`),
			"check-policy": strings.Contains(data, `"filter"`), "filter-egress": strings.Contains(data, `"filter"`),
			"steer-egress": strings.Contains(data, "aviatrix-fqdn") || strings.Contains(data, "aviatrix-webgroup"),
			"bind-service": strings.Contains(data, `"egress"`), "attach-connector": strings.Contains(data,
				`"connector"`),
			"map-names": strings.Contains(data, `"names"`), "restrict-ingress": strings.Contains(data, "forbid"),
			"grant-invoker": strings.Contains(data, "invokers"), "enable-google-access": strings.Contains(data,
				"googleAccess"),
			"create-endpoint": strings.Contains(data, `"ingress"`),
		} {
			if _, has := p.Node(step); has != needed {
				t.Errorf("%s: step %s is there: %t, want %t", name, step, has, needed)
			}
		}
	}
}

func TestAPlanIsTheSameForTheSameIntent(t *testing.T) {
	for name, data := range variants() {
		if a, b := planned(t, data), planned(t, data); a.Hash() != b.Hash() || a.Hash() == "" {
			t.Errorf("%s: hash %q and %q", name, a.Hash(), b.Hash())
		}
	}
	turned := strings.Replace(ways(bundleIn, byAviatrix, ""), `["site-2","site-1"]`, `["site-1","site-2"]`, 1)
	if planned(t, turned).Hash() != planned(t, ways(bundleIn, byAviatrix, "")).Hash() {
		t.Error("the order in which connections are listed changes the plan, so a target would be replaced for nothing")
	}
}

func TestInputs(t *testing.T) {
	p := planned(t, variants()["aviatrix-fqdn-connector"])
	target := routing.Target{
		Via: routing.ViaAviatrix, Network: "projects/acme-net/global/networks/spoke-vpc", Controller: "avx-82",
		Gateway:     "gcp-spoke-1",
		Connections: []string{"site-1", "site-2"},
	}
	if diff := cmp.Diff(target, input[routing.AnnounceIn](t, p, "announce-0").Target); diff != "" {
		t.Errorf("the gateway's controller comes from the operator's configuration (-want +got):\n%s", diff)
	}
	address := input[network.ReserveAddressIn](t, p, "reserve-address")
	if address.Shared != "counted/psc/acme-net/spoke-vpc/all-apis" || !slices.Equal(address.Ranges,
		[]string{"10.200.0.0/20"}) {
		t.Errorf("shared %q of ranges %v", address.Shared, address.Ranges)
	}
	filter := input[policy.FilterEgressIn](t, p, "filter-egress")
	if !filter.KeepOpen || filter.Controller != "avx-82" || filter.Default != "deny" || len(filter.Rules) != 1 {
		t.Errorf("filter %+v: a connector's infrastructure stays open, everything else is denied", filter)
	}
	if input[policy.FilterEgressIn](t, planned(t, variants()["router-firewall-direct"]), "filter-egress").KeepOpen {
		t.Error("a direct interface has no infrastructure to keep open")
	}
	c := input[egress.AttachConnectorIn](t, p, "attach-connector")
	if c.Project != "acme-net" || c.Min != 2 || c.Max != 3 || c.MachineType != "e2-micro" {
		t.Errorf("connector %+v: one with a range of its own stands in the host project, with all its sizes", c)
	}
	existing := input[egress.AttachConnectorIn](t, planned(t, variants()["existing"]), "attach-connector").Existing
	if existing != "projects/acme-prod/locations/europe-west3/connectors/shared-1" {
		t.Errorf("existing connector %s", existing)
	}
}

// An attachment's names are the producer's: nobody here can find them at the service, so they are taken as listed.
func TestAnAttachmentsNamesAreTheProducers(t *testing.T) {
	p := planned(t, variants()["attachment"])
	want := []string{"a.api.acme.example", "orders.api.acme.example"}
	if got := input[egress.CheckIn](t, p, "check-egress").Hostnames; got != nil {
		t.Errorf("check-egress would look for %v at the service", got)
	}
	if got := input[network.CheckIn](t, p, "check-network").Hostnames; !slices.Equal(got, want) {
		t.Errorf("check-network asks about %v, want %v", got, want)
	}
	if got := input[network.MapNamesIn](t, p, "map-names").Hostnames; !slices.Equal(got, want) {
		t.Errorf("map-names maps %v, want %v", got, want)
	}
	if region := input[network.CreateEndpointIn](t, p, "create-endpoint").Region; region != "europe-west3" {
		t.Errorf("region %q: the endpoint of an attachment is regional", region)
	}
	n, _ := p.Node("announce-0")
	if !slices.ContainsFunc(n.Binds,
		func(b saga.Bind) bool { return b.Step == "check-network" && b.To == "/subnetCidr" }) {
		t.Errorf("binds %+v: an address inside a subnet is announced only where the subnet itself is not", n.Binds)
	}
}

func TestOnWithdraw(t *testing.T) {
	data := strings.TrimSuffix(variants()["router-firewall-connector"], "}")
	for want, tail := range map[bool]string{false: "}", true: restoreLast + "}"} {
		p := planned(t, data+tail)
		if got := input[network.EnableGoogleAccessIn](t, p, "enable-google-access").Restore; got != want {
			t.Errorf("Private Google Access is restored: %t, want %t", got, want)
		}
		if got := input[egress.RestrictIngressIn](t, p, "restrict-ingress").Restore; got != want {
			t.Errorf("ingress is restored: %t, want %t", got, want)
		}
	}
}

func TestAPlanIsRefusedLikeTheIntent(t *testing.T) {
	_, err := New(operatortest.Config()).Engine().Plan(
		saga.Planning{Intent: apply(strings.Replace(ways(bundleIn, byRouter, ""), "psc-frankfurt", "psc-partner", 1))},
	)
	if r, refused := events.AsRefusal(err); !refused || r.Violations[0].Rule != "pool" {
		t.Errorf("error %v, want the refusal of another tenant's pool: a replay with edited input comes without the "+
			"intake",
			err)
	}
}

// TestNoPlanStoresLimits: a release that does not know them would read another state than this one has written. What
// takes longer is said of the step's kind.
func TestNoPlanStoresLimits(t *testing.T) {
	for name, data := range variants() {
		for _, n := range planned(t, data).Nodes {
			if n.Limits != (saga.StepLimits{}) {
				t.Errorf("%s: %s is stored with limits of its own: %+v", name, n.Name, n.Limits)
			}
		}
	}
	l := saga.Limits{Deadline: time.Second, Budget: time.Hour, Steps: limits()}
	if got := l.ForKind(network.KindCreateEndpoint, saga.StepLimits{}).Budget; got < 24*time.Hour {
		t.Errorf("a producer has %s to accept an endpoint", got)
	}
	for _, kind := range []string{observe.KindCheck, observe.KindProveReach} {
		if got := l.ForKind(kind, saga.StepLimits{}).Deadline; got <= 30*time.Second {
			t.Errorf("%s may read for %s", kind, got)
		}
	}
}
