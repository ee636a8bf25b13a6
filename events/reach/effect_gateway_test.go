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

// TestAFilterOfAGatewayGoes: its tag, or its rules in whichever set they are, and nothing of others. A gateway that has
// gone filters nobody.
func TestAFilterOfAGatewayGoes(t *testing.T) {
	world := func() World {
		return behind(Gateway{Controller: "c", Tags: WholeList(Tag{Object: "ours"}, Tag{Object: "theirs"})},
			Controller{Name: "c", Sets: WholeList(RuleSet{Object: "culvert", Rules: []WebRule{{Object: "ours-qa"},
				{Object: "ours-default"}, {Object: "ours2-default"}}})})
	}
	off := func(set string) Effect {
		return Effect{Network: "net", Undone: true, GatewayFilter: &GatewayFilterEffect{Object: "ours", Gateway: "gw",
			Set: set, Source: "10.8.0.0/28"}}
	}
	w, err := world().After(off(""))
	if err != nil || len(w.Gateways[0].Tags.Items) != 1 || w.Gateways[0].Tags.Items[0].Object != "theirs" {
		t.Errorf("tags: %+v, %v", w.Gateways[0].Tags.Items, err)
	}
	before := world()
	w, err = before.After(off("filter-egress"))
	if rules := w.Controllers[0].Sets.Items[0].Rules; err != nil || len(rules) != 1 ||
		rules[0].Object != "ours2-default" || len(before.Controllers[0].Sets.Items[0].Rules) != 3 {
		t.Errorf("rules: %+v, %v", rules, err)
	}
	alone := World{Networks: before.Networks}
	if harms, _, err := Harms(alone, []Effect{off(""), off("filter-egress")}); err != nil || len(harms) > 0 {
		t.Errorf("without the gateway: %+v, %v", harms, err)
	}
}

// TestAFilterThatIsKeptDoesNotGo: with another source it goes, with the same it is changed in place.
func TestAFilterThatIsKeptDoesNotGo(t *testing.T) {
	for kept, void := range map[string]bool{"10.8.0.0/28": true, "10.8.1.0/28": false, "": false} {
		e := Effect{Undone: true, Filter: &FilterEffect{Source: "10.8.0.0/28", Kept: kept}}
		if e.Void() != void {
			t.Errorf("kept for %q: void %t, want %t", kept, e.Void(), void)
		}
	}
}
