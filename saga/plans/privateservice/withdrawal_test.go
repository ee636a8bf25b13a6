package privateservice

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

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

func TestWithdrawal(t *testing.T) {
	service := `{"service":{"platform":"cloud-run","project":"acme-prod","region":"europe-west3","name":"fn-0001"},
		"to":{"egress":"all-traffic"}}`
	bound := saga.Standing{
		Step: "bind-service", Generation: 1, Kind: egress.KindBindService, Input: []byte(service), Output: []byte(`{}`),
	}
	connector := func(generation uint64, in, name string) saga.Standing {
		return saga.Standing{
			Step: "attach-connector", Generation: generation, Kind: egress.KindAttachConnector, Input: []byte(in),
			Output: []byte(`{"name":"` + name + `"}`),
		}
	}
	unknown := connector(3, `{}`, "")
	unknown.Output = nil
	for name, c := range map[string]struct {
		standing []saga.Standing
		want     map[string]string // check → connector
	}{
		"nothing stands": {nil, map[string]string{}},
		"no connector":   {[]saga.Standing{bound}, map[string]string{}},
		"our connector": {
			[]saga.Standing{connector(1, `{}`, "c1"), bound}, map[string]string{"check-connector-1": "c1"},
		},
		"two generations": {[]saga.Standing{connector(1, `{}`, "c1"), connector(2, `{}`, "c2")},
			map[string]string{"check-connector-1": "c1", "check-connector-2": "c2"}},
		"somebody else's": {[]saga.Standing{connector(1, `{"existing":"c0"}`, "c0"), bound}, map[string]string{}},
		"one that was never known to be made at all": {[]saga.Standing{unknown}, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			in := events.Intent{Connection: events.Key{Tenant: "default", Name: "orders"}, Kind: Name,
				Want: events.Withdraw, Version: 1, Data: []byte(`{}`)}
			p, err := New(operatortest.Config()).Engine().Plan(saga.Planning{Intent: in, Standing: c.standing})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, n := range p.Nodes {
				check := input[egress.CheckIn](t, p, n.Name)
				got[n.Name] = check.Connector
				if !n.Check || !check.Withdrawing {
					t.Errorf("%s has an effect, or checks as for an apply", n.Name)
				}
				if slices.ContainsFunc(c.standing, func(s saga.Standing) bool { return s.Step == "bind-service" }) &&
					check.Service.Name != "fn-0001" {
					t.Errorf("%s takes our own service for a foreign user", n.Name)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
		})
	}
	broken := connector(1, `{"project":1}`, "c1")
	if _, err := withdrawal(saga.Planning{Intent: events.Intent{Data: []byte(`{}`)},
		Standing: []saga.Standing{broken}}, operatortest.Config()); err == nil {
		t.Error("a standing input that cannot be read is no reason to remove without looking")
	}
}

// leaves is the plan of a withdrawal while some steps stand.
func leaves(t *testing.T, data string, standing ...saga.Standing) saga.Plan {
	t.Helper()
	in := events.Intent{Connection: events.Key{Tenant: "default", Name: "orders"}, Kind: Name, Want: events.Withdraw,
		Version: 1, Data: []byte(data)}
	p, err := New(operatortest.Config()).Engine().Plan(saga.Planning{Intent: in, Standing: standing})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stands is a step that stands with an input and an output.
func stands(t *testing.T, name, kind string, in, out any) saga.Standing {
	t.Helper()
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	output, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return saga.Standing{Step: name, Generation: 1, Kind: kind, Input: input, Output: output}
}

// TestWhatAWithdrawalAsks: what others lose or gain by the filter and by Private Google Access, with what the steps
// that stand tell of themselves. A withdrawal that goes on after a stuck one finds fewer of them.
func TestWhatAWithdrawalAsks(t *testing.T) {
	const home, sender = "projects/acme-net/global/networks/spoke-vpc", "projects/p/locations/europe-west3/services/s"
	const subnet = "projects/acme-net/regions/europe-west4/subnetworks/workloads"
	scope := observe.Scope{Network: home, Regions: []string{"europe-west3"}, ConnectorProjects: []string{"acme-prod"}}
	proof := stands(t, "prove-reach", observe.KindProveReach,
		observe.ReachIn{Own: []string{sender}, Networks: []observe.Scope{scope}}, struct{}{})
	filter := stands(t, "filter-egress", policy.KindFilterEgress, policy.FilterEgressIn{Via: policy.ViaGCPFirewall,
		Network: home, Region: "europe-west3", Source: "10.8.0.0/28", Default: "deny"},
		policy.FilterEgressOut{Policy: "policy", Priorities: []int{1000, 1001}})
	tag := stands(t, "filter-egress", policy.KindFilterEgress, policy.FilterEgressIn{Via: "aviatrix-fqdn",
		Network: home, Region: "europe-west3", Gateway: "gw", Source: "10.8.0.0/28"},
		policy.FilterEgressOut{Name: "ours"})
	route := stands(t, "steer-egress", routing.KindSteerEgress, routing.SteerEgressIn{Network: home,
		NextHopIP: "10.10.0.2", Tag: "red"}, routing.SteerEgressOut{Route: "ours", Made: true, Priority: 700})
	found := stands(t, "steer-egress", routing.KindSteerEgress, routing.SteerEgressIn{Network: home,
		NextHopIP: "10.10.0.2"}, routing.SteerEgressOut{Route: "theirs"})
	access := func(restore bool) saga.Standing {
		return stands(t, "enable-google-access", network.KindEnableGoogleAccess,
			network.EnableGoogleAccessIn{Subnets: []string{subnet}, Restore: restore}, network.EnableGoogleAccessOut{})
	}
	unmade := filter
	unmade.Output = nil
	bound := stands(t, "bind-service", egress.KindBindService, egress.BindServiceIn{Service: egress.ServiceRef{
		Platform: "cloud-run", Project: "p", Region: "europe-west3", Name: "s"}}, struct{}{})

	for name, standing := range map[string][]saga.Standing{
		"a filter that was never made": {proof, unmade, bound}, "a route that was there": {found, bound},
		"access that stays": {access(false), bound}, "nothing": nil,
	} {
		if n, asks := leaves(t, `{}`, standing...).Node("check-reach"); asks {
			t.Errorf("%s: %s asks %s", name, n.Name, n.Input)
		}
	}
	for name, c := range map[string]struct {
		standing         []saga.Standing
		effects, regions string
		own              bool
	}{
		"a filter":              {[]saga.Standing{proof, filter, bound}, "filter", "europe-west3", true},
		"after a stuck one":     {[]saga.Standing{filter}, "filter", "europe-west3", false},
		"access":                {[]saga.Standing{access(true), bound}, "access", "europe-west4", true},
		"access, nothing bound": {[]saga.Standing{access(true)}, "access", "europe-west4", false},
		"a gateway's filter":    {[]saga.Standing{tag, route, bound}, "tag route", "europe-west3", true},
		"a route alone":         {[]saga.Standing{route, bound}, "route", "europe-west3", true},
		"both": {[]saga.Standing{proof, filter, access(true), bound}, "filter access",
			"europe-west3 europe-west4", true},
	} {
		p := leaves(t, `{"accept":[{"cause":"widened","object":"vm-1"}]}`, c.standing...)
		in, binds := asked(t, p, "check-reach")
		var effects []string
		for _, e := range in.Effects {
			switch {
			case !e.Undone:
				t.Errorf("%s: %s is not undone", name, e.Step)
			case e.Filter != nil && slices.Equal(e.Filter.Priorities, []int{1000, 1001}) && e.Network == home:
				effects = append(effects, "filter")
			case e.GatewayFilter != nil && e.GatewayFilter.Object == "ours" && e.GatewayFilter.Gateway == "gw":
				effects = append(effects, "tag")
			case e.Route != nil && e.Route.Object == "ours" && e.Route.Priority == 700:
				effects = append(effects, "route")
			case e.GoogleAccess != nil && len(e.GoogleAccess.Subnets) == 0:
				effects = append(effects, "access")
			}
		}
		if strings.Join(effects, " ") != c.effects || len(in.Networks) != 1 || len(in.Asks)+len(in.In) > 0 ||
			strings.Join(in.Networks[0].Regions, " ") != c.regions || slices.Contains(in.Own, sender) != c.own ||
			!slices.Equal(in.Accept, []observe.Consent{{Cause: observe.Widened, Object: "vm-1"}}) {
			t.Errorf("%s: effects %v, %+v", name, effects, in)
		}
		if slices.Contains(effects, "access") && (binds["/networks/0/network"] != "check-access/accessNetwork" ||
			!slices.ContainsFunc(slices.Sorted(maps.Values(binds)), func(from string) bool {
				return from == "check-access/accessOff"
			})) {
			t.Errorf("%s: bound to %v", name, binds)
		}
	}
	refused := events.Intent{Want: events.Withdraw, Kind: Name, Version: 1,
		Data: []byte(`{"accept":[{"cause":"stale","object":"x"}]}`)}
	if r, is := events.AsRefusal(New(operatortest.Config()).Versions[1].Admit(refused)); !is ||
		r.Violations[0].Rule != "accept-cause" || r.Violations[0].Field != "/data/accept/0/cause" {
		t.Errorf("a consent to what can be lifted: %v", r)
	}
}

// TestAPlanReplacesAFilter: the filter of an earlier version goes in the same change in which the new one comes.
func TestAPlanReplacesAFilter(t *testing.T) {
	const home = "projects/acme-net/global/networks/spoke-vpc"
	filter := stands(t, "filter-egress", policy.KindFilterEgress, policy.FilterEgressIn{Via: policy.ViaGCPFirewall,
		Network: home, Source: "10.8.0.0/28"}, policy.FilterEgressOut{Policy: "policy", Priorities: []int{1000}})
	filter.Committed = true
	effects := func(data string, standing ...saga.Standing) (out []string) {
		p, err := New(operatortest.Config()).Engine().Plan(saga.Planning{Intent: apply(data), Standing: standing})
		if err != nil {
			t.Fatal(err)
		}
		if _, has := p.Node("check-reach"); !has {
			return nil
		}
		in, _ := asked(t, p, "check-reach")
		for _, e := range in.Effects {
			out = append(out, fmt.Sprintf("%s %t", e.Step, e.Undone))
		}
		return out
	}
	for name, c := range map[string]struct {
		data string
		want []string
	}{
		"another filter": {ways("", "", direct+","+byFirewall),
			[]string{"filter-egress false", "filter-egress true"}},
		"a gateway's filter": {ways("", "", direct+","+byTag), []string{"filter-egress true", "filter-egress false"}},
		"no filter":          {ways("", "", direct), []string{"filter-egress true"}},
		"no way out": {ways(bundleIn, byRouter, ""),
			[]string{"removal of filter-egress true", "create-endpoint false", "map-names false"}},
	} {
		if got := effects(c.data, filter); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := effects(ways(bundleIn, byRouter, "")); len(got) != 2 {
		t.Errorf("nothing goes but where names lead, and %v is asked about", got)
	}
	tag := stands(t, "filter-egress", policy.KindFilterEgress, policy.FilterEgressIn{Via: "aviatrix-fqdn",
		Network: home, Gateway: "gcp-spoke-1", Source: "10.8.0.0/28"}, policy.FilterEgressOut{Name: "ours"})
	route := stands(t, "steer-egress", routing.KindSteerEgress, routing.SteerEgressIn{Network: home,
		NextHopIP: "10.10.0.2", Tag: "red"}, routing.SteerEgressOut{Route: "ours", Made: true, Priority: 700})
	access := stands(t, "enable-google-access", network.KindEnableGoogleAccess, network.EnableGoogleAccessIn{
		Subnets: []string{"projects/acme-net/regions/europe-west4/subnetworks/workloads"}, Restore: true},
		network.EnableGoogleAccessOut{})
	want := []string{"filter-egress true", "steer-egress true", "removal of enable-google-access true",
		"filter-egress false"}
	if got := effects(ways("", "", direct+","+byFirewall), tag, route, access); !slices.Equal(got, want) {
		t.Errorf("instead of a gateway's filter %v, want %v", got, want)
	}
	filter.Input = []byte(`{"network":1}`)
	if _, err := New(operatortest.Config()).Engine().Plan(saga.Planning{Standing: []saga.Standing{filter},
		Intent: apply(ways("", "", direct))}); err == nil {
		t.Error("a standing input that cannot be read is no reason to replace without asking")
	}
}
