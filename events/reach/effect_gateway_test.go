package reach

import (
	"slices"
	"testing"
)

// TestAFilterOfAGatewayHurtsWhoIsBehindIt: rules decide for their source whoever sends from it, a tag for everybody
// behind its gateway, and a route to the gateway brings those who have its tag there. What an intent consents to is no
// harm, whoever it is.
func TestAFilterOfAGatewayHurtsWhoIsBehindIt(t *testing.T) {
	web := func(source string) Effect {
		return Effect{Step: "filter-egress", Network: "net", GatewayFilter: &GatewayFilterEffect{Object: "ours",
			Gateway: "gw", Set: "ours", Priority: 100, Source: source, Closed: true}}
	}
	tag := func(consented bool) Effect {
		e := web("10.8.9.0/28")
		e.GatewayFilter.Set, e.Consented = "", consented
		return e
	}
	steer := func(tag string) Effect {
		return Effect{Step: "steer-egress", Network: "net", Route: &RouteEffect{Object: "ours", Dest: "0.0.0.0/0",
			NextHopIP: "10.8.0.2", Tags: []string{tag}}}
	}
	for _, c := range []struct {
		name    string
		effects []Effect
		direct  bool // the machine's own way does not lead through the gateway
		hurt    string
	}{
		{"rules for the machine's range", []Effect{web("10.8.0.0/24")}, false, "filter-egress"},
		{"rules for the machine's range, and it goes elsewhere", []Effect{web("10.8.0.0/24")}, true, ""},
		{"rules for another range", []Effect{web("10.8.9.0/28")}, false, ""},
		{"a tag for another range", []Effect{tag(false)}, false, "filter-egress"},
		{"a tag that is consented to", []Effect{tag(true)}, false, ""},
		{"a tag, and a route for the machine's network tag", []Effect{tag(true), steer("red")}, true, "steer-egress"},
		{"a tag, and a route for another network tag", []Effect{tag(true), steer("blue")}, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := behind(Gateway{Controller: "c", Spoke: true, Cloud: true, Address: ranges(t, "10.8.0.2"),
				Tags: WholeList[Tag]()}, Controller{Name: "c", Enabled: true, Default: Allow, Private: true,
				Sets: WholeList(RuleSet{Object: "theirs"})})
			w.Sites = []FarSideFacts{wholeSite}
			w.Sites[0].Owns = ranges(t, "8.0.0.0/8")
			w.Sites[0].Table = WholeList(route("10.8.0.0/16", DynamicRoute,
				NextHop{Kind: ToNetwork, Name: "net", Realm: "net", State: Up}))
			n := &w.Networks[0]
			n.Subnets = WholeList(Subnet{Object: "sub", Ranges: ranges(t, "10.8.0.0/24")})
			n.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.8.0.9"),
				Who: Identity{Kind: Instance, Name: "vm", Tags: []string{"red"}}})
			if c.direct {
				out := toSite("site")
				out.State = Up
				n.Routes = WholeList(route("0.0.0.0/0", StaticRoute, out))
			}
			n.Routes.Items = append(n.Routes.Items,
				route("10.8.0.0/24", SubnetRoute, NextHop{Kind: ToLocal, State: Up}))
			all, _, err := Harms(w, c.effects)
			if err != nil {
				t.Fatal(err)
			}
			hurt := ""
			for _, h := range all {
				if slices.Contains(h.Who, "vm") && h.Lost != "" {
					hurt += h.Step
				}
			}
			if hurt != c.hurt {
				t.Errorf("the machine is hurt by %q, want %q: %+v", hurt, c.hurt, all)
			}
		})
	}
}
