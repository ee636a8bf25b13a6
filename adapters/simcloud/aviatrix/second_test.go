package aviatrix_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
)

// pairRig is a spoke and a transit with a second gateway each; the transit has a connection.
func pairRig(t *testing.T) *rig {
	t.Helper()
	return serve(t, "", aviatrix.Scenario{Controllers: []aviatrix.Controller{{
		Name: "avx", Version: "8.2", Username: "admin", Password: "secret",
		Gateways: []aviatrix.Gateway{
			{Name: "hub", Role: "transit", VPC: "hub-vpc~-~p", VPCCIDRs: []string{"10.9.0.0/24"}, BGP: true, HA: true,
				ConnectedTransit: true, PublicIP: "203.0.113.1", PrivateIP: "10.9.0.2",
				SecondPublicIP: "198.51.100.7", SecondPrivateIP: "10.9.0.9"},
			{Name: "leaf", VPC: "leaf-vpc~-~p", VPCCIDRs: []string{"10.1.0.0/24"}, HA: true, PublicIP: "203.0.113.2",
				PrivateIP: "10.1.0.2"},
			{Name: "alone", VPC: "leaf-vpc~-~p", VPCCIDRs: []string{"10.1.0.0/24"}, PublicIP: "203.0.113.3",
				PrivateIP: "10.1.0.3"},
		},
		Attachments: []aviatrix.Attachment{{Spoke: "leaf", Transit: "hub"}},
		Connections: []aviatrix.Connection{{Name: "site", Gateway: "hub", BGP: true, Session: "Established",
			Tunnel: "Up", Learned: []string{"192.168.0.0/24"}}},
	}}})
}

// The second gateway of a pair is asked by its own name and has its own addresses.
func TestTheSecondGatewayOfAPair(t *testing.T) {
	r := pairRig(t)
	c := r.login("avx")
	for name, want := range map[string][4]string{
		"hub": {"no", "203.0.113.1", "10.9.0.2", "UP"}, "hub-hagw": {"yes", "198.51.100.7", "10.9.0.9", "UP"},
		"leaf": {"no", "203.0.113.2", "10.1.0.2", "UP"}, "leaf-hagw": {"yes", "203.0.113.4", "10.1.0.4", "UP"},
	} {
		for _, got := range []map[string]any{row(t, c, name),
			c.must("get_gateway_info", "gateway_name", name).object()} {
			if got["vpc_name"] != name || got["is_hagw"] != want[0] || got["public_ip"] != want[1] ||
				got["private_ip"] != want[2] || got["vpc_state"] != want[3] {
				t.Errorf("%s: %v", name, got)
			}
			if details, ok := got["hagw_details"]; ok == strings.HasSuffix(name, "-hagw") {
				t.Errorf("%s: details of a second gateway: %v", name, details)
			}
		}
	}
	details, _ := row(t, c, "hub")["hagw_details"].(map[string]any)
	if details["vpc_name"] != "hub-hagw" || details["private_ip"] != "10.9.0.9" {
		t.Errorf("the second gateway in the row of the first: %v", details)
	}
	for _, name := range []string{"alone-hagw", "-hagw", "hub-hagw-hagw", "nobody-hagw"} {
		c.refused("does not exist", "get_gateway_info", "gateway_name", name)
		c.refused("does not exist", "get_transit_or_spoke_gateway_details", "gateway_name", name)
	}
	c.refused("does not exist", "edit_gateway_advertised_cidr", "gateway_name", "leaf-hagw", "cidr", "10.1.0.0/24")
	r.clean()
}

// Its table leads where the first's leads; what a connection of the first has learned goes by the first.
func TestTheTableOfTheSecondGateway(t *testing.T) {
	r := pairRig(t)
	c := r.login("avx")
	for gateway, want := range map[string][]string{
		"hub":       {"10.1.0.0/24 to leaf", "10.9.0.0/24 to local", "192.168.0.0/24 to site"},
		"hub-hagw":  {"10.1.0.0/24 to leaf", "10.9.0.0/24 to local", "192.168.0.0/24 to hub"},
		"leaf-hagw": {"10.1.0.0/24 to local", "10.9.0.0/24 to hub", "192.168.0.0/24 to hub"},
	} {
		shown, inForce := c.shown("gw_route", gateway), r.inForce("avx", gateway)
		if !slices.Equal(shown, want) || !slices.Equal(inForce, want) {
			t.Errorf("%s: shown %v, in force %v, want %v", gateway, shown, inForce, want)
		}
		answer := c.must("get_transit_or_spoke_gateway_details", "option", "gw_route", "gateway_name", gateway).object()
		if answer["gw_name"] != gateway {
			t.Errorf("%s answers as %v", gateway, answer["gw_name"])
		}
	}
	c.must("edit_attach_spoke_to_transit_gw", "spoke_gw", "leaf", "transit_gw", "hub", "spoke_to_transit_filter_cidrs",
		"10.1.0.0/24")
	if got := c.shown("gw_route", "hub-hagw"); slices.Contains(got, "10.1.0.0/24 to leaf") {
		t.Errorf("a filter is for both of a pair: %v", got)
	}
	if got := c.shown("vpc_route", "leaf-hagw"); !slices.Contains(got, "192.168.0.0/24 to leaf") {
		t.Errorf("the tables of the VPC are the same: %v", got)
	}
}
