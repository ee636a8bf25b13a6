package aviatrix_test

import (
	"slices"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// shown is a table of a gateway as the controller shows it: "PREFIX to TARGET".
func (c *client) shown(option, gateway string) []string {
	c.r.t.Helper()
	list := map[string]string{"vpc_route": "vpc_route_table", "gw_route": "gateway_route_table"}[option]
	answer := c.must("get_transit_or_spoke_gateway_details", "option", option, "gateway_name", gateway).object()
	tables, _ := answer[list].([]any)
	lines, _ := tables[0].(map[string]any)["route_info"].([]any)
	out := []string{}
	for _, l := range lines {
		line := l.(map[string]any)
		out = append(out, line["route"].(string)+" to "+line["target"].(string))
	}
	return out
}

// inForce is the table that packets follow.
func (r *rig) inForce(controller, gateway string) []string {
	r.t.Helper()
	out := []string{}
	if err := r.w.Do(func(tx *world.Tx) error {
		for _, l := range aviatrix.NewPlane(tx).Table(controller, gateway) {
			out = append(out, l.Prefix+" to "+l.Target)
		}
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
	return out
}

// What the controller shows of a gateway is what its packets follow, after the filter lists of attachments too.
func TestTablesAreShownAfterTheFilters(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	same := func(gateways ...string) {
		t.Helper()
		for _, gw := range gateways {
			if got, want := c.shown("gw_route", gw), r.inForce("avx-82", gw); !slices.Equal(got, want) {
				t.Errorf("%s shows %v, packets follow %v", gw, got, want)
			}
		}
	}
	const line, toGateway = "10.10.0.0/24 to spoke-1", "10.10.0.0/24 to spoke-2"
	same("spoke-1", "spoke-2", "transit-1")
	if !slices.Contains(c.shown("gw_route", "spoke-2"), line) ||
		!slices.Contains(c.shown("vpc_route", "spoke-2"), toGateway) {
		t.Fatalf("without a list: %v", c.shown("gw_route", "spoke-2"))
	}
	for _, attachment := range [][4]string{
		{"spoke-2", "transit_to_spoke_filter_cidrs", "spoke-2", "transit-1"}, // kept from this spoke
		{"spoke-1", "spoke_to_transit_filter_cidrs", "spoke-2", "transit-1"}, // kept from the transit: from everybody
	} {
		spoke, filter, seen, hub := attachment[0], attachment[1], attachment[2], attachment[3]
		c.must("edit_attach_spoke_to_transit_gw", "spoke_gw", spoke, "transit_gw", hub, filter, "10.10.0.0/24")
		same("spoke-1", "spoke-2", "transit-1")
		if slices.Contains(c.shown("gw_route", seen), line) || slices.Contains(c.shown("vpc_route", seen), toGateway) {
			t.Errorf("%s of %s: %s still shows the route", filter, spoke, seen)
		}
		transit := slices.Contains(c.shown("gw_route", hub), line)
		if transit != (filter == "transit_to_spoke_filter_cidrs") {
			t.Errorf("%s of %s: the transit has the route: %v", filter, spoke, transit)
		}
		told := slices.Contains(texts(connection(c, "site-2")["advertised_cidrs"]), "10.10.0.0/24")
		if told != transit {
			t.Errorf("%s of %s: the transit has the route: %v, and tells it: %v", filter, spoke, transit, told)
		}
		c.must("edit_attach_spoke_to_transit_gw", "spoke_gw", spoke, "transit_gw", hub)
	}
	r.clean()
}

// The lists of a spoke change the tables of its VPC, not its own.
func TestTheVPCTableFollowsItsLists(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	own := c.shown("gw_route", "spoke-2")
	c.must("edit_gateway_filter_routes", "gateway_name", "spoke-2", "cidr", "10.10.0.0/24")
	got := c.shown("vpc_route", "spoke-2")
	if slices.Contains(got, "10.10.0.0/24 to spoke-2") || !slices.Contains(got, "10.11.0.0/24 to spoke-2") {
		t.Errorf("with a filter: %v", got)
	}
	c.must("edit_gateway_custom_routes", "gateway_name", "spoke-2", "cidr", "172.16.0.0/12,10.10.0.0/24")
	got = c.shown("vpc_route", "spoke-2")
	if !slices.Contains(got, "172.16.0.0/12 to spoke-2") || slices.Contains(got, "10.11.0.0/24 to spoke-2") ||
		slices.Contains(got, "10.10.0.0/24 to spoke-2") || !slices.Contains(got, "10.20.0.0/24 to local") {
		t.Errorf("customised and filtered: %v", got)
	}
	if got := c.shown("gw_route", "spoke-2"); !slices.Equal(got, own) {
		t.Errorf("the gateway's own table: %v, before %v", got, own)
	}
}
