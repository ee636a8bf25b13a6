package aviatrix

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// A real controller ignores what it does not know. This one refuses a field that no client of the vendor's sends with a
// call that changes something: nobody knows what it would do, and a misspelt one would be lost without a word. Reads
// take any field.
//
// The sources are files of goaviatrix (AviatrixSystems/terraform-provider-aviatrix), at v8.2.20 for what is gone later,
// else at the newest line. Names in capitals are Go fields without a name of their own, which its encoders leak.

// clientCall is what clients send with one call, beside CID, action and async.
type clientCall struct {
	from   string
	fields []string
}

func sends(from string, fields ...string) clientCall { return clientCall{from, fields} }

// clientCalls are the calls of v1 and v2 that change something.
var clientCalls = map[string]clientCall{
	"enable_controller_feature":  sends("config_feature.go", "feature"),
	"disable_controller_feature": sends("config_feature.go", "feature"),

	"edit_gateway_advertised_cidr": sends("gateway.go", "gateway_name", "cidr"),
	"edit_gateway_custom_routes":   sends("gateway.go", "gateway_name", "cidr"),
	"edit_gateway_filter_routes":   sends("gateway.go", "gateway_name", "cidr"),
	"edit_aviatrix_spoke_advanced_config": sends("spoke_vpc.go, gateway_group.go", "gateway_name", "group_name",
		"subaction", "bgp_manual_spoke_advertise_cidrs"),
	"enable_auto_advertise_s2c_cidrs":      sends("spoke_vpc.go, gateway_group.go", "gateway_name", "group_name"),
	"disable_auto_advertise_s2c_cidrs":     sends("spoke_vpc.go, gateway_group.go", "gateway_name", "group_name"),
	"enable_snat":                          sends("gateway.go", "gateway_name", "mode", "policy_list", "sync_to_ha"),
	"disable_snat":                         sends("gateway.go", "gateway_name"),
	"enable_connected_transit_on_gateway":  sends("transit_vpc.go", "gateway_name"),
	"disable_connected_transit_on_gateway": sends("transit_vpc.go", "gateway_name"),
	"enable_multitier_transit":             sends("transit_vpc.go", "gateway_name"),
	"disable_multitier_transit":            sends("transit_vpc.go", "gateway_name"),

	"enable_transit_gateway_for_multi_cloud_security_domain":  sends("gateway.go", "transit_gateway_name"),
	"disable_transit_gateway_for_multi_cloud_security_domain": sends("gateway.go", "transit_gateway_name"),

	"attach_spoke_to_transit_gw":           attachment,
	"edit_attach_spoke_to_transit_gw":      attachment,
	"detach_spoke_from_transit_gw":         attachment,
	"create_inter_transit_gateway_peering": transitPeering,
	"edit_inter_transit_gateway_peering":   transitPeering,
	"delete_inter_transit_gateway_peering": sends("transit_gateway_peering.go", "gateway1", "gateway2"),

	"connect_transit_gw_to_external_device": externalDevice,
	"disconnect_transit_gw":                 externalDevice,
	"delete_site2cloud_connection":          sends("site2cloud.go", "vpc_id", "connection_name"),

	"edit_spoke_connection_bgp_manual_advertise_cidrs":   manualList("spoke_vpc.go"),
	"edit_transit_connection_bgp_manual_advertise_cidrs": manualList("transit_vpc.go"),

	"add_multi_cloud_security_domain":                          sends("segmentation.go", "domain_name"),
	"delete_multi_cloud_security_domain":                       sends("segmentation.go", "domain_name"),
	"connect_multi_cloud_security_domains":                     domainPair,
	"disconnect_multi_cloud_security_domains":                  domainPair,
	"associate_attachment_to_multi_cloud_security_domain":      domainMember,
	"disassociate_attachment_from_multi_cloud_security_domain": domainMember,

	"add_fqdn_filter_tag":              sends("fqdn.go", "tag_name"),
	"del_fqdn_filter_tag":              sends("fqdn.go", "tag_name"),
	"set_fqdn_filter_tag_state":        sends("fqdn.go", "tag_name", "status"),
	"set_fqdn_filter_tag_color":        sends("fqdn.go", "tag_name", "color"),
	"set_fqdn_filter_tag_domain_names": sends("fqdn.go", "tag_name", "domain_names"),
	"add_fqdn_policies_to_tag":         sends("fqdn.go", "tag_name", "policies"),
	"delete_fqdn_policies_to_tag":      sends("fqdn.go", "tag_name", "policies"),
	"attach_fqdn_filter_tag_to_gw":     sends("fqdn.go", "tag_name", "gw_name"),
	"detach_fqdn_filter_tag_from_gw":   sends("fqdn.go", "tag_name", "gw_name"),
	"update_fqdn_filter_tag_source_ip_filters": sends("fqdn.go", "tag_name", "gateway_name",
		"source_ips"),
	"update_fqdn_pass_through_cidrs":   sends("fqdn.go", "gateway_name", "source_cidrs"),
	"disable_fqdn_on_custom_networks":  sends("fqdn.go", "source_ips"),
	"enable_fqdn_exception_rule":       sends("fqdn.go"),
	"disable_fqdn_exception_rule":      sends("fqdn.go"),
	"enable_fqdn_on_private_networks":  sends("fqdn.go"),
	"disable_fqdn_on_private_networks": sends("fqdn.go"),
	"enable_fqdn_cache_global":         sends("fqdn.go"),
	"disable_fqdn_cache_global":        sends("fqdn.go"),
	"enable_fqdn_exact_match":          sends("fqdn.go"),
	"disable_fqdn_exact_match":         sends("fqdn.go"),
}

var (
	domainPair   = sends("segmentation.go", "domain_name", "other_domain_name")
	domainMember = sends("segmentation.go", "domain_name", "attachment_name")
)

// attachment is a spoke at a transit; one struct is sent by all three calls.
var attachment = sends("spoke_transit_attachment.go", "spoke_gw", "transit_gw", "route_table_list",
	"over_private_network", "jumbo_frame", "insane_mode", "tunnel_count", "no_max_performance", "edge_wan_interfaces",
	"dst_wan_interfaces", "spoke_gw_logical_ifnames", "transit_gw_logical_ifnames", "disable_activemesh",
	"enable_firenet_for_edge", "enable_az_affinity", "spoke_to_transit_filter_cidrs", "transit_to_spoke_filter_cidrs",
	"SpokeBgpEnabled", "SpokePrependAsPath", "TransitPrependAsPath", "EdgeWanInterfacesResp",
	"SpokeToTransitFilterCIDRsSlice", "TransitToSpokeFilterCIDRsSlice")

var transitPeering = sends("transit_gateway_peering.go", "gateway1", "gateway2", "src_filter_list", "dst_filter_list",
	"src_to_dst_filter_cidrs", "dst_to_src_filter_cidrs", "source_exclude_connections",
	"destination_exclude_connections", "private_ip_peering", "insane_mode_over_internet", "insane_mode_tunnel_count",
	"tunnel_count", "single_tunnel", "no_max_performance", "over_private_network", "jumbo_frame", "insane_mode",
	"src_wan_interfaces", "dst_wan_interfaces", "gateway1_logical_ifnames", "gateway2_logical_ifnames",
	"Gateway1ExcludedCIDRsSlice", "Gateway2ExcludedCIDRsSlice", "Gateway1ExcludedTGWConnectionsSlice",
	"Gateway2ExcludedTGWConnectionsSlice", "PrependAsPath1", "PrependAsPath2", "InsaneModeTunnelCount")

// externalDevice is a connection of a transit, or of a spoke that runs BGP.
var externalDevice = sends("transit_external_device_conn.go", "vpc_id", "connection_name", "transit_gw",
	"routing_protocol", "bgp_local_as_number", "external_device_as_number", "external_device_ip_address",
	"remote_subnet", "local_subnet", "direct_connect", "pre_shared_key", "local_tunnel_ip", "remote_tunnel_ip",
	"phase1_authentication", "phase1_dh_groups", "phase1_encryption", "phase2_authentication", "phase2_dh_groups",
	"phase2_encryption", "enable_ha", "backup_external_device_ip_address", "backup_external_device_as_number",
	"backup_pre_shared_key", "backup_local_tunnel_ip", "backup_remote_tunnel_ip", "backup_direct_connect",
	"connection_policy", "enable_ikev2", "tunnel_protocol", "bgp_lan_activemesh", "peer_vnet_id", "remote_lan_ip",
	"local_lan_ip", "backup_remote_lan_ip", "backup_local_lan_ip", "jumbo_frame", "bgp_md5_key", "backup_bgp_md5_key",
	"auth_type", "edge_underlay", "remote_cloud_type", "bgp_md5_key_changed", "bgp_bfd_params", "bgp_bfd_enabled",
	"enable_bgp_multihop", "disable_activemesh", "proxy_id_enabled", "local_device_ip", "ipv6_enabled",
	"external_device_ipv6", "external_device_backup_ipv6", "remote_lan_ipv6_ip", "backup_remote_lan_ipv6_ip",
	"CustomAlgorithms", "ManualBGPCidrs", "EventTriggeredHA", "EnableJumboFrame", "Phase1LocalIdentifier",
	"Phase1RemoteIdentifier", "PrependAsPath", "BgpSendCommunities", "BgpSendCommunitiesAdditive",
	"BgpSendCommunitiesBlock")

func manualList(from string) clientCall {
	return sends(from, "gateway_name", "connection_name", "connection_bgp_manual_advertise_cidrs")
}

// strange refuses fields of a change that no client sends. An entry of a list has its place behind the name:
// source_cidrs[0], SpokePrependAsPath.0.
func (c *call) strange() error {
	known, changes := clientCalls[c.name]
	if !changes {
		return nil
	}
	for field := range c.in.values {
		name, _, _ := strings.Cut(field, "[")
		name, _, _ = strings.Cut(name, ".")
		if !slices.Contains([]string{"CID", "action", "async"}, name) && !slices.Contains(known.fields, name) {
			return refuse("[AVXERR-SIM-0002] %s: no client sends the field %s (goaviatrix: %s)", c.name, field,
				known.from)
		}
	}
	return nil
}

// decode reads the whole body of a change into v, whose members are those that the client's file has.
func (c *restCall) decode(v any, from string) error {
	if err := json.Unmarshal(c.body, v); err != nil {
		return refuse("Invalid request body: %s", err)
	}
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return refuse("[AVXERR-SIM-0002] %s: a field that no client sends (goaviatrix: %s): %s", c.name, from, err)
	}
	return nil
}
