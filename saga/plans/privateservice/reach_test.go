package privateservice

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers/observe"
)

// asked is what a step asks, and which values of other steps it is bound to.
func asked(t *testing.T, p saga.Plan, step string) (in observe.ReachIn, binds map[string]string) {
	t.Helper()
	n, ok := p.Node(step)
	if !ok {
		t.Fatalf("the plan has no %s", step)
	}
	if err := json.Unmarshal(n.Input, &in); err != nil {
		t.Fatal(err)
	}
	binds = map[string]string{}
	for _, b := range n.Binds {
		binds[b.To] = b.Step + b.From
	}
	return in, binds
}

const firewall = `"filter":{"via":"gcp-firewall","allow":[
	{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]},{"cidr":"10.20.0.4/32","protocol":"tcp","ports":["80"]}]}`

// TestWhatAPlanAsks: for each kind of source, the claims are the same and the sender is said as rules may ask for it.
func TestWhatAPlanAsks(t *testing.T) {
	const subnets = "projects/acme-net/regions/europe-west3/subnetworks/"
	for name, c := range map[string]struct {
		egress, kind     string
		source, subnet   string
		effects, sources []string
	}{
		"direct": {
			egress: direct, kind: string(reach.DirectEgress), subnet: subnets + "direct-egress",
			effects: []string{"filter-egress"}, sources: []string{"/effects/0/filter/source check-network/directCidr"},
		},
		"connector on a subnetwork": {
			egress: `"connector":{"subnet":"` + subnets + `serverless-28"}`, kind: string(reach.SubnetConnector),
			subnet: subnets + "serverless-28", effects: []string{"filter-egress"},
			sources: []string{"/effects/0/filter/source check-network/connectorCidr"},
		},
		"connector with a range": {
			egress: connector, kind: string(reach.RangeConnector), source: "10.8.0.0/28",
			effects: []string{"attach-connector", "filter-egress"},
		},
		"existing connector": {
			egress: `"connector":{"existing":"shared-1"}`, effects: []string{"filter-egress"}, sources: []string{
				"/effects/0/filter/source check-egress/source/cidr", "/asks/0/from/kind check-egress/source/kind",
				"/asks/0/from/source check-egress/source/cidr", "/asks/2/from/source check-egress/source/cidr",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := planned(t, ways("", "", c.egress+","+firewall))
			in, binds := asked(t, p, "check-reach")
			var effects []string
			for _, e := range in.Effects {
				effects = append(effects, e.Step)
			}
			if !slices.Equal(effects, c.effects) {
				t.Errorf("effects of %v, want %v", effects, c.effects)
			}
			for _, bind := range c.sources {
				if at, from, _ := strings.Cut(bind, " "); binds[at] != from {
					t.Errorf("%s is bound to %q, want %q", at, binds[at], from)
				}
			}
			if binds["/own/0"] != "check-egress/sender" {
				t.Errorf("own senders are bound to %q", binds["/own/0"])
			}
			holds(t, in.Asks, reach.Sender{Kind: reach.Kind(c.kind), Source: c.source, Subnet: c.subnet})
			after, made := asked(t, p, "prove-reach")
			if len(after.Effects) != 1 || after.Effects[0].Filter == nil || len(after.Asks) != len(in.Asks) ||
				made["/effects/0/filter/source"] != "filter-egress/source" ||
				made["/effects/0/filter/priorities"] != "filter-egress/priorities" {
				t.Errorf("the proof asks of another world than the one with the filter as it is: %+v, %v", after, made)
			}
		})
	}
}

// holds tells whether the claims are those of the filter: both destinations pass, and nothing else but what the
// operator leaves open to everybody.
func holds(t *testing.T, asks []reach.Ask, want reach.Sender) {
	t.Helper()
	if len(asks) != 3 || asks[0].Want != reach.Passes || asks[0].Dest.FQDN != "qa1.backend.example" ||
		asks[1].Want != reach.Passes || asks[1].Dest.CIDR != "10.20.0.4/32" || asks[2].Want != reach.Closed ||
		!asks[2].Firewall {
		t.Fatalf("asks %+v", asks)
	}
	opening := reach.Allowed{CIDR: "10.30.0.53/32", Protocol: "udp", Ports: []string{"53"}}
	if !slices.ContainsFunc(asks[2].Except, func(a reach.Allowed) bool { return a.CIDR == opening.CIDR }) {
		t.Errorf("what the operator leaves open is claimed to be closed: %+v", asks[2].Except)
	}
	for _, a := range asks {
		if a.From.Kind != want.Kind || a.From.Source != want.Source || a.From.Subnet != want.Subnet {
			t.Errorf("%s is sent by %+v, want %+v", a.About, a.From, want)
		}
	}
}

// TestFiltersOfGatewaysAreAskedAbout: what the filter does at its gateway, and the route of a network tag that others
// may have. A connector's tag is its own, and from 9.0 on the controller's route serves.
func TestFiltersOfGatewaysAreAskedAbout(t *testing.T) {
	tagged := strings.Replace(direct, "}", `,"tags":["red","blue"]}`, 1)
	strict := strings.Replace(byTag, "true", "false", 1)
	for name, c := range map[string]struct {
		egress    string
		steps     []string
		consented bool
	}{
		"a tag and an existing connector":   {`"connector":{"existing":"c"},` + byTag, []string{"filter-egress"}, true},
		"a tag and a direct interface":      {tagged + "," + byTag, []string{"filter-egress", "steer-egress"}, true},
		"a tag without consent":             {tagged + "," + strict, []string{"filter-egress", "steer-egress"}, false},
		"web groups and a direct interface": {direct + "," + byWebGroup, []string{"filter-egress"}, false},
	} {
		in, binds := asked(t, planned(t, ways("", "", c.egress)), "check-reach")
		var steps []string
		for i, e := range in.Effects {
			steps = append(steps, e.Step)
			at := fmt.Sprintf("/effects/%d/", i)
			if f := e.GatewayFilter; f != nil && (f.Gateway == "" || !f.Closed || e.Consented != c.consented ||
				f.Source == "" && binds[at+"gatewayFilter/source"] == "") {
				t.Errorf("%s: %+v, bound by %v", name, f, binds)
			}
			if r := e.Route; r != nil && (!slices.Equal(r.Tags, []string{"red"}) ||
				binds[at+"route/nextHopIp"] != "check-policy/nextHopIp") {
				t.Errorf("%s: %+v, bound by %v", name, r, binds)
			}
		}
		if !slices.Equal(steps, c.steps) {
			t.Errorf("%s: effects of %v, want %v", name, steps, c.steps)
		}
	}
}

// TestNamesAreAskedAbout: where names lead is asked about before the first effect, at an endpoint with an address of
// the operator's, and right before they lead there, at the address that is reserved.
func TestNamesAreAskedAbout(t *testing.T) {
	for name, c := range map[string]struct{ egress, last string }{
		"no way out":         {"", "prove-names"},
		"a gateway's filter": {connector + "," + byTag, "prove-names"},
		"a known filter":     {connector + "," + firewall, "prove-reach"},
	} {
		p := planned(t, ways(bundleIn, byRouter, c.egress))
		before, binds := asked(t, p, "check-reach")
		at := len(before.Effects) - 2
		if at < 0 || before.Effects[at].Endpoint == nil || !before.Effects[at].Consented ||
			before.Effects[at].Endpoint.IP == "" || before.Effects[at+1].Names == nil ||
			before.Effects[at+1].Names.Endpoint != before.Effects[at].Endpoint.Object ||
			binds[fmt.Sprintf("/effects/%d/names/hostnames", at+1)] != "check-egress/hostnames" {
			t.Errorf("%s: before the first effect %+v, bound by %v", name, before.Effects, binds)
		}
		last, binds := asked(t, p, c.last)
		at = len(last.Effects) - 1
		if at < 0 || last.Effects[at].Names == nil || len(last.Own) != 1 ||
			binds[fmt.Sprintf("/effects/%d/names/ip", at)] != "reserve-address/ip" ||
			binds[fmt.Sprintf("/effects/%d/names/hostnames", at)] != "check-egress/hostnames" {
			t.Errorf("%s: %s asks %+v, bound by %v", name, c.last, last.Effects, binds)
		}
		if _, both := p.Node("prove-names"); both != (c.last == "prove-names") {
			t.Errorf("%s: names are asked about twice", name)
		}
	}
}

// TestWithoutAKnownFilterAnswersAreAsked: filters of gateways claim no destination yet, and without a filter none is
// named. What such a service reaches has to find its way back.
func TestWithoutAKnownFilterAnswersAreAsked(t *testing.T) {
	for _, filter := range []string{"", "," + byTag, "," + byWebGroup} {
		p := planned(t, ways("", "", connector+filter))
		if in, _ := asked(t, p, "check-reach"); len(in.Asks) != 1 || in.Asks[0].Want != reach.Answered {
			t.Errorf("with the filter %q check-reach asks %+v", filter, in.Asks)
		}
		if n, proves := p.Node("prove-reach"); proves {
			t.Errorf("with the filter %q %s proves claims that nobody has made", filter, n.Name)
		}
	}
}

// TestWhatAPlanAsksOfTheWayIn: each announcement that tells sites, with the address that is reserved. Nobody knows
// where the neighbours of a speaker are.
func TestWhatAPlanAsksOfTheWayIn(t *testing.T) {
	const edge = "projects/acme-net/regions/europe-west3/routers/edge-1"
	for name, c := range map[string]struct {
		announce string
		want     []observe.WayIn
	}{
		"cloud-router": {byRouter, []observe.WayIn{{Router: edge, Region: "europe-west3"}}},
		"aviatrix": {byAviatrix, []observe.WayIn{{Controller: "avx-82", Gateway: "gcp-spoke-1",
			Connections: []string{"site-1", "site-2"}}}},
		"bgp": {bySpeaker, nil},
	} {
		in, binds := asked(t, planned(t, ways(bundleIn, c.announce, connector+","+firewall)), "prove-reach")
		for i := range c.want {
			c.want[i].Network = "projects/acme-net/global/networks/spoke-vpc"
			if at := fmt.Sprintf("/in/%d/address", i); binds[at] != "reserve-address/ip" {
				t.Errorf("%s: the address is bound to %q", name, binds[at])
			}
		}
		if diff := cmp.Diff(c.want, in.In); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestWhatAPlanAsksOfCallers: whom the service lets in is asked for by what check-egress has read of it, before
// anything has an effect; a service that the plan binds sends to the network. A producer's service is not ours to ask
// about.
func TestWhatAPlanAsksOfCallers(t *testing.T) {
	const vpc = "projects/acme-net/global/networks/spoke-vpc"
	whole := &observe.Callers{Service: "service acme-prod/europe-west3/fn-1", Project: "acme-prod", Network: vpc,
		Home: "acme-net", Becomes: "internal", Invokers: []string{"user:a@acme.example"}}
	bound := *whole
	bound.SendsTo = vpc
	for name, c := range map[string]struct {
		data  string
		want  *observe.Callers
		binds []string
	}{
		"ingress alone": {ways(bundleIn, byRouter, ""), whole,
			[]string{"ingress", "openInvoker", "sendsTo", "unsure"}},
		"with a way out":  {ways(bundleIn, byRouter, connector), &bound, []string{"ingress", "openInvoker"}},
		"a way out alone": {ways("", "", connector), nil, nil},
	} {
		in, binds := asked(t, planned(t, c.data), "check-reach")
		if in.Callers != nil {
			in.Callers.Service = whole.Service // of the test's own service
		}
		if diff := cmp.Diff(c.want, in.Callers); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for _, field := range c.binds {
			if of := binds["/callers/"+field]; of != "check-egress/admits/"+field {
				t.Errorf("%s: %s is bound to %q", name, field, of)
			}
		}
	}
	if in, _ := asked(t, planned(t, variants()["attachment"]), "check-reach"); in.Callers != nil {
		t.Errorf("a producer's service is asked about: %+v", in.Callers)
	}
}

// TestAFilterByGroupsAsksForItsRoute: the controller's own route has to lead to the gateway before anything is made.
func TestAFilterByGroupsAsksForItsRoute(t *testing.T) {
	for filter, want := range map[string]bool{"," + byWebGroup: true, "," + byTag: false, "": false} {
		in, binds := asked(t, planned(t, ways("", "", connector+filter)), "check-reach")
		if asks := in.Steers != nil; asks != want || want && binds["/steers/address"] != "check-policy/nextHopIp" {
			t.Errorf("with the filter %q it asks: %v, bound to %q", filter, asks, binds["/steers/address"])
		}
	}
}
