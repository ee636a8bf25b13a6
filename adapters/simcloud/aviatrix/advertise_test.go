package aviatrix_test

import (
	"slices"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

func row(t *testing.T, c *client, gateway string) map[string]any {
	t.Helper()
	for _, row := range c.must("list_vpcs_summary", "gateway_name", gateway).rows() {
		if row["vpc_name"] == gateway {
			return row
		}
	}
	t.Fatalf("gateway %s is not listed", gateway)
	return nil
}

func texts(v any) []string {
	out := []string{}
	list, _ := v.([]any)
	for _, e := range list {
		out = append(out, e.(string))
	}
	return out
}

func TestTheAdvertiseListReplacesTheDefault(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	before := row(t, c, "spoke-1")
	if got := texts(before["advertise_cidr_list"]); !slices.Equal(got, []string{"10.10.0.0/24", "10.11.0.0/24"}) ||
		len(texts(before["include_cidr_list"])) != 0 {
		t.Errorf("default: %v, customised %v", got, before["include_cidr_list"])
	}
	c.must("edit_gateway_advertised_cidr", "gateway_name", "spoke-1", "cidr", "10.200.0.5/32")
	if got := texts(row(t, c, "spoke-1")["advertise_cidr_list"]); !slices.Equal(got, []string{"10.200.0.5/32"}) {
		t.Errorf("the VPC's own ranges should be gone: %v", got)
	}
	r.changed(
		"added advertisedCidr avx-82/spoke-1/10.200.0.5/32", "changed gatewayFlag avx-82/spoke-1/customized_advertise",
	)
	c.must("edit_gateway_advertised_cidr", "gateway_name", "spoke-1", "cidr", "")
	r.clean()
	if e := r.w.Effects(); len(e) != 2 || e[0].Call != "edit_gateway_advertised_cidr" ||
		e[0].Name != "avx-82/spoke-1" || e[0].Effect != "update" {
		t.Errorf("effects: %+v", e)
	}
	c.must("edit_gateway_advertised_cidr", "gateway_name", "spoke-1", "cidr", "")
	if e := r.w.Effects(); len(e) != 2 {
		t.Errorf("writing what is there is no effect: %+v", e)
	}
	c.refused("is invalid", "edit_gateway_advertised_cidr", "gateway_name", "spoke-1", "cidr", "10.0.0.0/33")
	c.refused("does not exist", "edit_gateway_advertised_cidr", "gateway_name", "nobody", "cidr", "10.0.0.0/32")
	c.refused("when it is down", "edit_gateway_advertised_cidr", "gateway_name", "spoke-down", "cidr", "10.0.0.0/32")
}

func TestTheSameCallExcludesOnATransit(t *testing.T) {
	c := newRig(t, "").login("avx-82")
	c.must("edit_gateway_advertised_cidr", "gateway_name", "transit-1", "cidr", "10.90.0.0/24")
	got := row(t, c, "transit-1")
	if len(texts(got["advertise_cidr_list"])) != 0 || !slices.Equal(texts(got["exclude_cidr_list"]),
		[]string{"10.90.0.0/24"}) {
		t.Errorf("transit: %v", got)
	}
}

func TestABGPSpokeHasAnotherDefault(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	c.must("edit_gateway_advertised_cidr", "gateway_name", "spoke-bgp", "cidr", "")
	if got := texts(row(t, c, "spoke-bgp")["advertise_cidr_list"]); !slices.Equal(got, []string{"192.168.0.0/24"}) {
		t.Errorf("cleared, a BGP spoke advertises what it learned: %v", got)
	}
	r.changed("missing advertisedCidr avx-82/spoke-bgp/10.50.0.0/24",
		"missing advertisedCidr avx-82/spoke-bgp/192.168.7.0/24",
		"changed gatewayFlag avx-82/spoke-bgp/customized_advertise")
}

func connection(c *client, name string) map[string]any {
	m, _ := c.must("get_site2cloud_conn_detail", "conn_name", name).object()["connections"].(map[string]any)
	return m
}

func TestRoutesAreReportedLate(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	c.must("edit_gateway_advertised_cidr", "gateway_name", "spoke-1", "cidr", "10.10.0.0/24,10.11.0.0/24,10.200.0.5/32")
	seen := func() bool {
		return slices.Contains(texts(connection(c, "site-1")["advertised_cidrs"]), "10.200.0.5/32")
	}
	inTable := func() bool {
		table := c.must("get_transit_or_spoke_gateway_details", "option", "vpc_route", "gateway_name",
			"spoke-2").object()["vpc_route_table"].([]any)
		for _, line := range table[0].(map[string]any)["route_info"].([]any) {
			if line.(map[string]any)["route"] == "10.200.0.5/32" {
				return true
			}
		}
		return false
	}
	if seen() || inTable() {
		t.Error("the report should lag")
	}
	r.clock.pass(time.Second) // 50 s of the vendor's take 0.83 s
	if !seen() || !inTable() {
		t.Error("the report should have come")
	}
	detail := connection(c, "site-1")
	if detail["bgp_status"] != "enabled" || detail["bgp_session_state"] != "Established" ||
		detail["gw_name"] != "spoke-bgp" {
		t.Errorf("detail: %v", detail)
	}
	if got := texts(connection(c, "site-2")["advertised_cidrs"]); !slices.Equal(got, []string{"10.10.0.0/24"}) {
		t.Errorf("a manual list hides everything else: %v", got)
	}
	c.refused("does not exist", "get_site2cloud_conn_detail", "conn_name", "nobody")
	c.must("edit_transit_connection_bgp_manual_advertise_cidrs", "gateway_name", "transit-1", "connection_name",
		"site-2",
		"connection_bgp_manual_advertise_cidrs", "10.10.0.0/24,10.200.0.5/32")
	if got := texts(connection(c, "site-2")["advertised_cidrs"]); !slices.Contains(got, "10.200.0.5/32") {
		t.Errorf("listed, the prefix is told: %v", got)
	}
	r.changed("added advertisedCidr avx-82/spoke-1/10.10.0.0/24", "added advertisedCidr avx-82/spoke-1/10.11.0.0/24",
		"added advertisedCidr avx-82/spoke-1/10.200.0.5/32", "changed gatewayFlag avx-82/spoke-1/customized_advertise",
		"added manualAdvertisedCidr avx-82/transit-1/site-2/10.200.0.5/32")
}

func TestGatewayRows(t *testing.T) {
	c := newRig(t, "").login("avx-82")
	rows := c.must("list_vpcs_summary").rows()
	second := 0
	for _, row := range rows {
		if row["is_hagw"] == "yes" {
			second++
		}
	}
	if len(rows) != 7 || second != 1 {
		t.Errorf("6 gateways and one second of a pair, got %d rows, %d of them second", len(rows), second)
	}
	if got := row(t, c, "spoke-1"); got["spoke_vpc"] != "yes" || got["vpc_state"] != "UP" ||
		got["transit_gw_name"] != "transit-1" || got["enable_nat"] != "yes" {
		t.Errorf("spoke-1: %v", got)
	}
	info := c.must("get_gateway_info", "gateway_name", "spoke-down").object()
	if info["vpc_state"] != "DOWN" || info["enable_nat"] != "no" {
		t.Errorf("spoke-down: %v", info)
	}
	for _, vpc := range c.must("cloud_network_info", "cache", "no", "show_all", "yes").rows() {
		if vpc["vpc_name"] == "spoke-vpc" && len(vpc["subnets"].([]any)) != 2 {
			t.Errorf("spoke-vpc: %v", vpc)
		}
	}
}

func TestAGroupNameAddressesAGateway(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-100")
	c.must("edit_gateway_advertised_cidr", "gateway_name", "group-10", "cidr", "10.10.0.0/24")
	if got := row(t, c, "spoke-10"); got["group_name"] != "group-10" {
		t.Errorf("row: %v", got)
	}
	r.login("avx-82").refused("does not exist", "get_gateway_info", "gateway_name", "group-10")
}

func TestFlagsAndDomains(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	c.refused("already enabled", "enable_connected_transit_on_gateway", "gateway_name", "transit-1")
	c.must("disable_connected_transit_on_gateway", "gateway_name", "transit-1")
	r.changed("changed gatewayFlag avx-82/transit-1/connected_transit")
	c.must("enable_connected_transit_on_gateway", "gateway_name", "transit-1")

	c.must("add_multi_cloud_security_domain", "domain_name", "ours")
	c.refused("already exists", "add_multi_cloud_security_domain", "domain_name", "ours")
	c.refused("already associated", "associate_attachment_to_multi_cloud_security_domain", "attachment_name", "spoke-1",
		"domain_name", "ours")
	c.must("associate_attachment_to_multi_cloud_security_domain", "attachment_name", "spoke-2", "domain_name", "ours")
	c.must("connect_multi_cloud_security_domains", "domain_name", "ours", "other_domain_name", "sites")
	if got := c.must("list_multi_cloud_security_domain_connection_policy", "domain_name",
		"sites").object(); len(texts(got["connected_domains"])) != 2 {
		t.Errorf("sites talks to prod and ours: %v", got)
	}
	c.refused("still has attachments", "delete_multi_cloud_security_domain", "domain_name", "ours")
	c.must("disassociate_attachment_from_multi_cloud_security_domain", "attachment_name", "spoke-2", "domain_name",
		"ours")
	c.must("delete_multi_cloud_security_domain", "domain_name", "ours")
	r.clean()
}

func TestConnectionsAndPeerings(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	c.must("connect_transit_gw_to_external_device", "vpc_id", "transit-vpc~-~acme-net", "connection_name", "site-3",
		"transit_gw", "transit-1",
		"routing_protocol", "bgp", "bgp_local_as_number", "65000", "external_device_as_number", "65009",
		"external_device_ip_address", "198.51.100.1",
		"pre_shared_key", "x", "enable_bgp_multihop", "", "backup_external_device_ip_address", "")
	if got := connection(c, "site-3"); got["bgp_session_state"] != "Active" {
		t.Errorf("nobody answers yet: %v", got)
	}
	c.refused("can only be deleted from Transit Network page", "delete_site2cloud_connection", "vpc_id",
		"transit-vpc~-~acme-net", "connection_name", "site-3")
	c.refused("BGP is not enabled", "connect_transit_gw_to_external_device", "connection_name", "x", "transit_gw",
		"spoke-1", "routing_protocol", "bgp",
		"external_device_ip_address", "198.51.100.1")
	c.must("disconnect_transit_gw", "vpc_id", "transit-vpc~-~acme-net", "connection_name", "site-3")
	c.refused("is not primary gateway", "create_inter_transit_gateway_peering", "gateway1", "transit-1", "gateway2",
		"spoke-1")
	r.clean()
}

func TestFaultMatchesTheController(t *testing.T) {
	r := newRig(t, "")
	old, young := r.login("avx-82"), r.login("avx-100")
	r.fault(world.Fault{Call: "list_vpcs_summary", Mode: world.Refuse, Match: "avx-100"})
	old.must("list_vpcs_summary")
	young.refused("AVXERR-SIM-0001", "list_vpcs_summary")
}
