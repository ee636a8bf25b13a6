package gcp_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
)

const (
	fromDirect = "direct-egress"
	anyAddress = "0.0.0.0/0"
)

// TestFlowsOfTheDefaultWorld asks the model about the facts that Google alone tells: what leads through a gateway or to
// a site stays undecided for the one reason that nobody read them.
func TestFlowsOfTheDefaultWorld(t *testing.T) {
	world := defaultFacts(t)
	machine := reach.Identity{Kind: reach.Instance, Region: region}
	tagged := reach.Identity{Kind: reach.Instance, Region: region, Tags: []string{"avx-snat-noip"}}
	direct := reach.Identity{Kind: reach.DirectEgress, Region: region}
	hidden := reach.Identity{Kind: reach.RangeConnector, Region: region}
	tcp := func(port uint16) reach.Layer4 { return reach.Protocol(reach.TCP, reach.Port(port)) }
	for _, c := range []struct {
		name     string
		from     reach.Realm
		who      reach.Identity
		src, dst string
		layer4   reach.Layer4
		sent     reach.Name
		filter   bool
		want     string
		causes   []reach.Cause
		hop      string
	}{
		{"the security team's rule opens what no intent names", spoke, direct, "10.11.0.0/24", "10.30.0.53",
			reach.Protocol(reach.UDP, reach.Port(53)), "", true, "passes", nil, "(corp-dns)"},
		{"and the peered network lets it in", spoke, direct, "10.11.0.0/24", "10.30.0.53",
			reach.Protocol(reach.UDP, reach.Port(53)), "", false, "passes", nil, "services-allow-internal"},
		{"a bare range as well, whether policies bind it or not", spoke, hidden, "10.8.2.0/28", "10.30.0.53",
			reach.Protocol(reach.UDP, reach.Port(53)), "", true, "passes", nil, "(corp-dns)"},
		{"telnet is denied", spoke, direct, "10.11.0.0/24", "10.30.0.53", tcp(23), "", false, "blocked", nil,
			"(no-telnet)"},
		{"its neighbour is not", spoke, direct, "10.11.0.0/24", "10.30.0.53", tcp(22), "", false, "passes", nil,
			"implied allow egress"},
		{"for a bare range nobody knows whether it is", spoke, hidden, "10.8.2.0/28", "10.30.0.53", tcp(23), "", true,
			"undecided", []reach.Cause{reach.NoDocument}, "(no-telnet)"},
		{"the backend is behind a gateway", spoke, direct, "10.11.0.0/24", "10.20.0.4", tcp(80), "", false, "undecided",
			[]reach.Cause{reach.FarSide}, "avx-default-10"},
		{"and for a machine with the tag behind another one", spoke, tagged, "10.11.0.7", "10.20.0.4", tcp(80), "",
			false, "undecided", []reach.Cause{reach.FarSide}, "avx-default"},
		{"the partner's next hop is nobody: no page says whether a shorter route is taken", spoke, machine, "10.10.0.7",
			"10.40.0.1", tcp(443), "", false, "undecided",
			[]reach.Cause{reach.FarSide, reach.NameUnresolved, reach.NoDocument}, "routes/partner"},
		{"the longer learned prefix leads to the site of a router", spoke, machine, "10.11.0.7", "192.168.10.7",
			tcp(443), "", false, "undecided", []reach.Cause{reach.FarSide}, "routers/edge-default/site-1"},
		{"the rest of the range to a gateway", spoke, machine, "10.11.0.7", "192.168.11.7", tcp(443), "", false,
			"undecided", []reach.Cause{reach.FarSide}, "avx-onprem"},
		{"a machine that nobody has", spoke, machine, "10.10.0.7", "10.10.0.77", tcp(443), "", false, "blocked", nil,
			"nobody has the address"},
		{"and one that somebody has", spoke, machine, "10.10.0.7", "10.10.0.2", tcp(443), "", false, "passes", nil,
			"allow-internal"},
		{"IPv6 has no way", spoke, direct, "fd00::/64", "2000::/3", reach.EveryProtocol(), "", false, "blocked", nil,
			"no route"},
		{"of a name of the network's zone the flows to its address pass", spoke, direct, "10.11.0.0/24", anyAddress,
			tcp(443), "git.corp.acme.example", false, "in part", nil, "git-1"},
		{"a name that the zone lacks is none", spoke, direct, "10.11.0.0/24", anyAddress, tcp(443),
			"wiki.corp.acme.example", false, "blocked", nil, ""},
		{"the response policy of the other network answers there", plain, machine, "10.50.0.7", anyAddress, tcp(443),
			"fn.a.run.app", false, "blocked", nil, "nobody has the address"},
		{"no NAT, no way out", plain, machine, "10.50.0.7", "198.51.100.1", tcp(443), "", false, "blocked", nil,
			"no external address and no NAT"},
		{"a peered network without custom routes has no way to the pool", shared, machine, "10.30.0.53", "10.200.0.5",
			tcp(443), "", false, "blocked", nil, "no route"},
		{"but to the subnetworks", shared, machine, "10.30.0.53", "10.10.0.2", tcp(443), "", false, "passes", nil,
			"allow-internal"},
		{"what is behind a load balancer nobody read", making, machine, "10.91.0.5", "10.90.0.2", tcp(443), "", false,
			"undecided", []reach.Cause{reach.FarSide}, ""},
	} {
		flows := reach.FlowsOf(reach.Box{Src: parsed(t, c.src), Dst: parsed(t, c.dst), Layer4: c.layer4, Name: c.sent})
		v := reach.Evaluate(world, reach.Question{From: reach.Place{Realm: c.from, Who: c.who}, Flows: flows,
			FilterOnly: c.filter})
		var causes []reach.Cause
		for _, g := range v.Open {
			causes = append(causes, g.Cause)
		}
		causes = slices.Compact(slices.Sorted(slices.Values(causes)))
		hop := c.hop == "" || slices.ContainsFunc(v.Hops, func(h reach.Hop) bool {
			return strings.HasSuffix(h.Object, c.hop)
		})
		if got := fate(v, flows); got != c.want || !slices.Equal(causes, c.causes) || !hop {
			t.Errorf("%s: %s by %v, want %s by %v with hop %q; hops:", c.name, got, v.Open, c.want, c.causes, c.hop)
			for _, h := range v.Hops {
				t.Logf("  %s %s %s %s", h.Layer, h.Object, h.Act, h.Flows)
			}
		}
	}
}

// defaultFacts are those of every Google network of the default world.
func defaultFacts(t *testing.T) reach.World {
	t.Helper()
	c, _ := observed(t)
	var w reach.World
	for _, network := range []string{spoke, plain, shared, making} {
		n, err := c.NetworkFacts().Network(t.Context(), scopeOf(network))
		must(t, "read "+network, err)
		w.Networks = append(w.Networks, n)
	}
	return w
}

func parsed(t *testing.T, text string) reach.Ranges {
	t.Helper()
	if text == anyAddress {
		return reach.EveryAddress()
	}
	r, err := reach.ParseRanges(text)
	must(t, "parse "+text, err)
	return r
}

// fate is what becomes of all of some flows.
func fate(v reach.Verdict, flows reach.Flows) string {
	switch {
	case v.May.Empty():
		return "blocked"
	case v.Sure.Equal(flows):
		return "passes"
	case v.Sure.Empty() && v.May.Equal(flows):
		return "undecided"
	}
	return "in part"
}
