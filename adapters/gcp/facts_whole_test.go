package gcp_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/observe"
)

func TestAnEmptyNetworkIsReadWhole(t *testing.T) {
	for name, l := range lists(facts(t, vendor{})) {
		if !l.whole || len(l.gaps) > 0 || l.call == "" || !l.at.Equal(noon()) {
			t.Errorf("%s: %+v, want a whole list with its call, read at noon", name, l)
		}
	}
}

// all objects of the network that need a further call each.
func furnished() vendor {
	return vendor{
		home + "/global/networks/n": `{"name":"n","routingConfig":{"routingMode":"GLOBAL"},"peerings":[{"name":"peer",
			"state":"ACTIVE","importCustomRoutes":true,"network":"projects/q/global/networks/m"}]}`,
		inR + "/routers": `{"items":[{"name":"edge","network":"` + netURL + `","region":"` + inR + `"}]}`,
		"/dns/v1/projects/p/managedZones": `{"managedZones":[{"name":"corp","dnsName":"corp.example.",
			"visibility":"private","privateVisibilityConfig":{"networks":[{"networkUrl":"` + netURL + `"}]}}]}`,
		"/dns/v1/projects/p/responsePolicies": `{"responsePolicies":[{"responsePolicyName":"over",
			"networks":[{"networkUrl":"` + netURL + `"}]}]}`,
	}
}

// A failing is a call, how its API says that an answer lacks something, and the lists that depend on it.
type failing struct {
	path, call string
	partial    []string
	paged      bool
	lists      []string
}

func failures() []failing {
	const warning = `{"warning":{"code":"PARTIAL_SUCCESS","message":"some zones are down"}}`
	const places = `{"unreachables":["zones/z"]}`
	const inScope = `{"items":{"zones/z":{"warning":{"code":"UNREACHABLE","message":"zone is down"}}}}`
	const newer = `{"unreachable":["projects/p/locations/r"]}`
	compute := func(path, call string, lists ...string) failing {
		return failing{path, call, []string{warning}, true, lists}
	}
	return []failing{
		{path: home + "/global/networks/n/getEffectiveFirewalls", call: "networks.getEffectiveFirewalls",
			partial: []string{`{"firewallPolicys":[{"name":"x","type":"NEW"}]}`},
			lists:   []string{"hierarchical", "system", "global", "rules"}},
		{path: inR + "/firewallPolicies/getEffectiveFirewalls",
			call:    "regionNetworkFirewallPolicies.getEffectiveFirewalls",
			partial: []string{`{"firewallPolicys":[{"name":"x","type":"NEW"}]}`},
			lists:   []string{"regional", "system"}},
		compute(inR+"/subnetworks", "subnetworks.list", "subnets", "nats", "tenants"),
		compute(home+"/global/routes", "routes.list", "routes"),
		compute(inR+"/routers", "routers.list", "learned", "nats"),
		{path: inR + "/routers/edge/getRouterStatus", call: "routers.getRouterStatus", lists: []string{"learned"}},
		compute(home+"/global/networks/n/listPeeringRoutes", "networks.listPeeringRoutes", "routes", "learned"),
		compute(inR+"/forwardingRules", "forwardingRules.list", "endpoints", "interfaces"),
		compute(home+"/global/forwardingRules", "globalForwardingRules.list", "endpoints", "interfaces"),
		{home + "/aggregated/instances", "instances.aggregatedList", []string{warning, places, inScope}, true,
			[]string{"interfaces"}},
		{"/v1/projects/p/locations/r/connectors", "connectors.list", nil, true, []string{"hidden"}},
		{"/v2/projects/p/locations/r/services", "services.list", []string{newer}, true, []string{"tenants"}},
		{"/v2/projects/p/locations/r/jobs", "jobs.list", nil, true, []string{"tenants"}},
		{"/v2/projects/p/locations/r/workerPools", "workerPools.list", nil, true, []string{"tenants"}},
		{"/v2/projects/p/locations/r/functions", "functions.list", []string{newer}, true, []string{"tenants"}},
		{"/v1/projects/p/locations/global/policyBasedRoutes", "policyBasedRoutes.list", []string{newer}, true,
			[]string{"by policy"}},
		{"/dns/v1/projects/p/managedZones", "managedZones.list", nil, true, []string{"zones"}},
		{"/dns/v1/projects/p/managedZones/corp/rrsets", "resourceRecordSets.list", nil, true, []string{"zones"}},
		{"/dns/v1/projects/p/policies", "policies.list", nil, true, []string{"servers"}},
		{"/dns/v1/projects/p/responsePolicies", "responsePolicies.list", nil, true, []string{"responses"}},
		{"/dns/v1/projects/p/responsePolicies/over/rules", "responsePolicyRules.list", nil, true,
			[]string{"responses"}},
	}
}

// TestEachListThatIsNotWholeSaysSo lets each call fail in each way: exactly the lists that it tells are not whole, with
// a gap that names it.
func TestEachListThatIsNotWholeSaysSo(t *testing.T) {
	for _, f := range failures() {
		f.check(t, noRight, reach.NotAllowedToRead, "permission")
		f.check(t, switchedOff, reach.NotAllowedToRead, "the API is off")
		f.check(t, broken, reach.ListNotWhole, "backend is down")
		f.check(t, limited, reach.ListNotWhole, "too many")
		for _, answer := range f.partial {
			f.check(t, answer, reach.ListNotWhole, "")
		}
		if f.paged {
			v := furnished()
			first := strings.TrimSpace(v[f.path])
			if first == "" {
				first = "{}"
			}
			v[f.path] = strings.Replace(first, "{", `{"nextPageToken":"more"`+comma(first), 1)
			v[f.path+"?more"] = broken
			f.judge(t, "the second page is lost", v, reach.ListNotWhole, "backend is down")
		}
	}
}

func comma(object string) string {
	if object == "{}" {
		return ""
	}
	return ","
}

func (f failing) check(t *testing.T, answer string, cause reach.Cause, why string) {
	t.Helper()
	v := furnished()
	v[f.path] = answer
	f.judge(t, answer, v, cause, why)
}

func (f failing) judge(t *testing.T, how string, v vendor, cause reach.Cause, why string) {
	t.Helper()
	var open []string
	all := lists(facts(t, v))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		l := all[name]
		if l.whole != (len(l.gaps) == 0) {
			t.Errorf("%s, %s: the list %s is whole %t with gaps %v", f.call, how, name, l.whole, l.gaps)
		}
		if l.whole {
			continue
		}
		open = append(open, name)
		g := l.gaps[0]
		if g.Cause != cause || !strings.HasPrefix(g.Object, f.call+" ") || !strings.Contains(g.Why, why) {
			t.Errorf("%s, %s: the list %s has the gap %+v, want %s of %s with %q", f.call, how, name, g, cause, f.call,
				why)
		}
	}
	if want := slices.Sorted(slices.Values(f.lists)); !slices.Equal(open, want) {
		t.Errorf("%s, %s: not whole are %v, want %v", f.call, how, open, want)
	}
}

// TestAnEmptyScopeIsNoWarning: a zone without machines is told by a warning too.
func TestAnEmptyScopeIsNoWarning(t *testing.T) {
	n := facts(t, vendor{home + "/aggregated/instances": `{"items":{"zones/z":{"warning":{
		"code":"NO_RESULTS_ON_PAGE"}}},"warning":{"code":"NO_RESULTS_ON_PAGE"}}`})
	if !n.Interfaces.Whole {
		t.Errorf("interfaces are not whole: %v", n.Interfaces.Gaps)
	}
}

// TestRoutesLearnedElsewhere: with global routing a router of another region teaches this one, and no call tells what.
func TestRoutesLearnedElsewhere(t *testing.T) {
	elsewhere := `{"items":{"regions/s":{"routers":[{"name":"far","network":"` + netURL + `",
		"selfLink":"projects/p/regions/s/routers/far","bgpPeers":[{"name":"site"}]}]}}}`
	for _, c := range []struct {
		mode, routers string
		whole         bool
	}{
		{"GLOBAL", elsewhere, false},
		{"GLOBAL", strings.Replace(elsewhere, "networks/n", "networks/other", 1), true},
		{"GLOBAL", strings.Replace(elsewhere, `[{"name":"site"}]`, "[]", 1), true}, // it has nobody to learn from
		{"REGIONAL", elsewhere, true}, {"", elsewhere, true},
	} {
		n := facts(t, vendor{home + "/aggregated/routers": c.routers,
			home + "/global/networks/n": `{"name":"n","routingConfig":{"routingMode":"` + c.mode + `"}}`})
		if n.Dynamic.Whole != c.whole {
			t.Errorf("mode %q: whole %t by %v, want %t", c.mode, n.Dynamic.Whole, n.Dynamic.Gaps, c.whole)
		}
	}
	v := vendor{home + "/aggregated/routers": elsewhere, home + "/global/networks/n": `{"routingConfig":{
		"routingMode":"GLOBAL"}}`, inR + "/routers": `{"items":[{"name":"edge","network":"` + netURL + `"}]}`}
	if n := facts(t, v); !n.Dynamic.Whole {
		t.Errorf("a router of the region tells what its data plane has: %v", n.Dynamic.Gaps)
	}
}

func TestANetworkThatCannotBeReadIsNoFact(t *testing.T) {
	for answer, class := range map[string]events.Class{noRight: events.Refuse, broken: events.Retry} {
		c := on(t, vendor{home + "/global/networks/n": answer})
		_, err := c.NetworkFacts().Network(t.Context(), observe.Scope{Network: netN, Regions: []string{"r"}})
		if got := workers.Outcome(err, events.Unsure).Class; got != class {
			t.Errorf("%s: %v is %s, want %s", answer, err, got, class)
		}
	}
	c := on(t, vendor{home + "/global/networks/n": `404 {"error":{"code":404,"message":"not found"}}`})
	_, err := c.NetworkFacts().Network(t.Context(), observe.Scope{Network: netN, Regions: []string{"r"}})
	if !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("a missing network: %v", err)
	}
	if _, err := c.NetworkFacts().Network(t.Context(), observe.Scope{Network: netN}); err == nil {
		t.Error("a scope without a region was read")
	}
	ended, stop := context.WithCancel(t.Context())
	c = on(t, vendor{home + "/global/networks/n": `{"name":"n"}`})
	stop()
	if _, err := c.NetworkFacts().Network(ended, observe.Scope{Network: netN, Regions: []string{"r"}}); err == nil {
		t.Error("nobody waits any more, and there were facts")
	}
}
