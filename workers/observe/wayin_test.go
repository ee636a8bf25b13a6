package observe

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
)

const edge = "projects/p/regions/r/routers/edge"

// learned is a route that a peer of the router has told.
func learned(dst, peer string) reach.Route {
	one := route(dst, reach.DynamicRoute, reach.NextHop{Kind: reach.ToSite, Name: edge + "/" + peer,
		Realm: SiteRealm(edge, peer)})
	one.Region = "r"
	return one
}

// announced is a network with an endpoint that a router announces to an office, and a gateway to a branch.
func announced(t *testing.T) reach.World {
	t.Helper()
	s := scene(t)
	n := s.networks[home]
	n.Endpoints = reach.WholeList(reach.Endpoint{Object: "psc", Address: ranges(t, "10.200.0.5"), Bundle: true,
		Accepted: reach.Up})
	n.Subnets.Items[0].PrivateGoogle = true
	n.Dynamic = reach.WholeList(learned("172.16.0.0/16", "office"), learned("0.0.0.0/0", "office"))
	g := s.fabric.Gateways[0]
	g.Spoke, g.Cloud, g.Who = true, true, reach.Identity{Kind: reach.GatewayKind, Name: "spoke", Region: "r"}
	g.Table = reach.WholeList(
		reach.GatewayRoute{Object: "own", Dst: netip.MustParsePrefix("10.200.0.5/32"),
			Next: reach.NextHop{Kind: reach.ToLocal, State: reach.Up}},
		reach.GatewayRoute{Object: "branch", Dst: netip.MustParsePrefix("192.168.0.0/16"),
			Next: reach.NextHop{Kind: reach.ToSite, Name: "branch", Realm: SiteRealm("c", "branch"), State: reach.Up}})
	w := reach.World{Networks: []reach.Network{n}, Gateways: []reach.Gateway{g},
		Controllers: []reach.Controller{{Name: "c", Default: reach.Allow, Sets: reach.WholeList[reach.RuleSet]()}},
		Sites: []reach.FarSideFacts{{Realm: SiteRealm("c", "branch"), Owns: ranges(t, "192.168.7.0/24"),
			Table: reach.Listing[reach.Route]{Call: "table"}}}}
	joinGateways(&w)
	return w
}

func TestWayIn(t *testing.T) {
	byRouter := WayIn{Network: home, Address: "10.200.0.5", Router: edge, Region: "r"}
	byGateway := WayIn{Network: home, Address: "10.200.0.5", Controller: "c", Gateway: "spoke",
		Connections: []string{"branch"}}
	elsewhere := learned("172.16.0.0/17", "office")
	elsewhere.Next.Realm, elsewhere.Next.Name = "site/other", "other"
	for name, c := range map[string]struct {
		way    WayIn
		change func(*reach.World)
		sites  int
		is     reach.Outcome
		says   string
	}{
		"a router":  {way: byRouter, sites: 1, is: reach.AsWanted},
		"a gateway": {way: byGateway, sites: 1, is: reach.Undecided, says: "forwarding machine"},
		"the answer leaves by another site": {way: byRouter, sites: 1, is: reach.Otherwise, says: "way back",
			change: func(w *reach.World) {
				w.Networks[0].Dynamic.Items = append(w.Networks[0].Dynamic.Items, elsewhere)
				w.Sites = append(w.Sites, reach.FarSideFacts{Realm: "site/other",
					Table: reach.WholeList[reach.Route]()})
			}},
		"the gateway has no route back": {way: byGateway, sites: 1, is: reach.Otherwise, says: "way back",
			change: func(w *reach.World) { w.Gateways[0].Table.Items = w.Gateways[0].Table.Items[:1] }},
		"the endpoint is not there": {way: byRouter, sites: 1, is: reach.Otherwise,
			change: func(w *reach.World) { w.Networks[0].Endpoints.Items = nil }},
		"nobody is told": {way: byRouter, change: func(w *reach.World) { w.Networks[0].Dynamic.Items = nil }},
		"a default route is no address": {way: byRouter, change: func(w *reach.World) {
			w.Networks[0].Dynamic.Items = w.Networks[0].Dynamic.Items[1:]
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := announced(t)
			if c.change != nil {
				c.change(&w)
			}
			before := slices.Clone(w.Sites)
			got, err := ReachIn{In: []WayIn{c.way}}.waysIn(w)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.findings) != c.sites || len(got.unread) != 1 {
				t.Fatalf("findings %+v, unread %v; want %d sites", got.findings, got.unread, c.sites)
			}
			for _, f := range got.findings {
				said := strings.Join(f.By, " ")
				for _, g := range f.Open {
					said += " " + g.Why
				}
				if f.Is != c.is || !strings.Contains(said, c.says) {
					t.Errorf("%+v, want %s by %q", f, c.is, c.says)
				}
			}
			if len(w.Sites) != len(before) || len(before) > 0 && w.Sites[0].Table.Whole != before[0].Table.Whole {
				t.Error("what is only asked has changed what was read")
			}
		})
	}
	if _, err := (ReachIn{In: []WayIn{{Network: home, Address: "10.200.0.5/32"}}}).waysIn(reach.World{}); err == nil {
		t.Error("a prefix counts as an address")
	}
}
