package gcp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/observe"
)

// A zone is read when it holds a name in question: of the scope, of a rule, or what an alias stands for. One that is
// not read is told as a zone that others answer for, so that a question about it has no answer.
func TestZonesInQuestion(t *testing.T) {
	var zones []string
	for _, name := range []string{"asked", "ruled", "aliased", "idle"} {
		zones = append(zones, `{"name":"`+name+`","dnsName":"`+name+`.example.","visibility":"private",
			"privateVisibilityConfig":{"networks":[{"networkUrl":"`+netURL+`"}]}}`)
	}
	const at = "/dns/v1/projects/p/managedZones"
	v := vendor{
		at: `{"managedZones":[` + strings.Join(zones, ",") + `]}`, home + "/global/networks/n": `{"name":"n"}`,
		at + "/asked/rrsets": `{"rrsets":[{"name":"a.asked.example.","type":"CNAME","rrdatas":["b.aliased.example."]}]}`,
		at + "/ruled/rrsets": `{}`, at + "/aliased/rrsets": `{}`, at + "/idle/rrsets": broken,
		home + "/global/networks/n/getEffectiveFirewalls": `{"firewallPolicys":[{"type":"NETWORK","name":"x","rules":[
			{"priority":1,"direction":"EGRESS","action":"allow","match":{"destFqdns":["c.ruled.example"]}}]}]}`,
	}
	for _, c := range []struct {
		names []string
		want  string
		whole bool
	}{
		{[]string{"A.asked.example"}, "asked private, ruled private, aliased private, idle forwarding", true},
		{[]string{}, "asked forwarding, ruled private, aliased forwarding, idle forwarding", true},
		{[]string{"elsewhere.example"}, "asked forwarding, ruled private, aliased forwarding, idle forwarding", true},
		{nil, "asked private, ruled private, aliased private, idle private", false},
	} {
		n, err := on(t, v).NetworkFacts().Network(context.WithoutCancel(t.Context()),
			observe.Scope{Network: netN, Regions: []string{"r"}, Names: c.names})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, z := range n.Names.Zones.Items {
			got = append(got, fmt.Sprintf("%s %s", strings.TrimSuffix(string(z.Domain), ".example"), z.Kind))
		}
		if text := strings.Join(got, ", "); text != c.want || n.Names.Zones.Whole != c.whole {
			t.Errorf("%q: %s, whole %t; want %s, %t", c.names, text, n.Names.Zones.Whole, c.want, c.whole)
		}
	}
}

// Who sends in a network is told by fewer calls, and in the same words as by all of them.
func TestSendersAreThoseOfTheNetwork(t *testing.T) {
	c, _ := observed(t)
	s := scopeOf(spoke)
	whole, err := c.NetworkFacts().Network(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.NetworkFacts().Senders(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	want := reach.Network{Realm: whole.Realm, Project: whole.Project, Peers: whole.Peers, Firewall: whole.Firewall,
		Subnets: whole.Subnets, Hidden: whole.Hidden, Interfaces: whole.Interfaces, Tenants: whole.Tenants}
	if one, other := rendered(got), rendered(want); one != other || len(got.Interfaces.Items) == 0 {
		t.Errorf("got %s\nwant %s", one, other)
	}
}

// The ranges of a network are asked for by fewer calls than the rest of it, and are the same.
func TestSpaceIsThatOfTheNetwork(t *testing.T) {
	c, w := observed(t)
	whole, err := c.Networks().Describe(t.Context(), spoke)
	must(t, "describe", err)
	before := w.by["timeSeries.list"] + w.by["projects.get"] + w.by["policies.list"]
	got, err := c.Networks().Space(t.Context(), spoke)
	must(t, "read space", err)
	if more := w.by["timeSeries.list"] + w.by["projects.get"] + w.by["policies.list"] - before; more > 0 {
		t.Errorf("%d calls about quotas and names", more)
	}
	ranges := func(n network.Network) string {
		var all []string
		for _, r := range slices.Concat(n.Subnets, n.Routes, n.Allocated) {
			all = append(all, r.CIDR+" "+r.From)
		}
		slices.Sort(all)
		return fmt.Sprint(all, n.AutoMode)
	}
	if one, other := ranges(got), ranges(whole); one != other || len(got.Subnets) == 0 {
		t.Errorf("got %s\nwant %s", one, other)
	}
}
