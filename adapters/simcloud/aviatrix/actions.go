package aviatrix

import "time"

// How long answers take on a healthy controller, vendor time. guess: only the budgets of the provider are known (15
// minutes for an attach), not the usual durations.
const (
	tookList   = 3 * time.Second
	tookAttach = 90 * time.Second
	tookFilter = 12 * time.Second
	tookTunnel = 30 * time.Second
)

// actions is what a controller of this major version knows. From 9.0 on there are no FQDN tags.
func actions(major int) map[string]action {
	table := map[string]action{
		"list_version_info":                    {run: listVersionInfo},
		"check_task_status":                    {run: checkTaskStatus},
		"get_controller_feature":               {run: getControllerFeature, about: []string{"feature"}},
		"enable_controller_feature":            {run: setControllerFeature(true), about: []string{"feature"}},
		"disable_controller_feature":           {run: setControllerFeature(false), about: []string{"feature"}},
		"get_cloudn_backup_config":             {run: getBackupConfig},
		"list_vpcs_summary":                    {run: listGateways, about: []string{"gateway_name"}},
		"get_gateway_info":                     {run: getGatewayInfo, about: []string{"gateway_name"}},
		"list_vpc_by_name":                     {run: getGatewayInfo, about: []string{"vpc_name"}},
		"cloud_network_info":                   {run: cloudNetworkInfo},
		"get_transit_or_spoke_gateway_details": {run: routeTables, about: []string{"gateway_name"}},
		"list_aviatrix_spoke_advanced_config":  {run: spokeAdvancedConfig, about: []string{"gateway_name"}},
	}
	for _, more := range []map[string]action{gatewayActions(), transitActions(), connectionActions(), domainActions()} {
		for name, act := range more {
			table[name] = act
		}
	}
	if major < 9 {
		for name, act := range fqdnActions() {
			table[name] = act
		}
	}
	return table
}

func gatewayActions() map[string]action {
	gw := []string{"gateway_name", "gw_name"}
	return map[string]action{
		"edit_gateway_advertised_cidr":        {run: editAdvertised, about: gw, took: tookList},
		"edit_gateway_custom_routes":          {run: editGatewayList(listCustom), about: gw, took: tookList},
		"edit_gateway_filter_routes":          {run: editGatewayList(listFilter), about: gw, took: tookList},
		"edit_aviatrix_spoke_advanced_config": {run: editSpokeAdvanced, about: gw, took: tookList},
		"enable_auto_advertise_s2c_cidrs":     {run: setGatewayFlag(flagAutoAdvertise, true), about: gw},
		"disable_auto_advertise_s2c_cidrs":    {run: setGatewayFlag(flagAutoAdvertise, false), about: gw},
		"enable_snat":                         {run: setGatewayFlag(flagSourceNAT, true), about: gw, took: tookList},
		"disable_snat":                        {run: setGatewayFlag(flagSourceNAT, false), about: gw, took: tookList},
		"enable_connected_transit_on_gateway": {run: setGatewayFlag(flagConnected, true), about: gw, took: tookList},

		"disable_connected_transit_on_gateway": {run: setGatewayFlag(flagConnected, false), about: gw, took: tookList},
		"enable_multitier_transit":             {run: setGatewayFlag(flagMultiTier, true), about: gw, took: tookList},
		"disable_multitier_transit":            {run: setGatewayFlag(flagMultiTier, false), about: gw, took: tookList},
		"enable_transit_gateway_for_multi_cloud_security_domain": {
			run: setGatewayFlag(flagSegmentation, true), about: []string{"transit_gateway_name"}, took: tookList},
		"disable_transit_gateway_for_multi_cloud_security_domain": {
			run: setGatewayFlag(flagSegmentation, false), about: []string{"transit_gateway_name"}, took: tookList},
	}
}

func transitActions() map[string]action {
	pair, peer := []string{"spoke_gw", "transit_gw"}, []string{"gateway1", "gateway2"}
	return map[string]action{
		"attach_spoke_to_transit_gw":                {run: attachSpoke, about: pair, took: tookAttach, async: true},
		"edit_attach_spoke_to_transit_gw":           {run: editAttachment, about: pair, took: tookList},
		"detach_spoke_from_transit_gw":              {run: detachSpoke, about: pair, took: tookTunnel},
		"create_inter_transit_gateway_peering":      {run: createPeering, about: peer, took: tookAttach, async: true},
		"edit_inter_transit_gateway_peering":        {run: editPeering, about: peer, took: tookList},
		"delete_inter_transit_gateway_peering":      {run: deletePeering, about: peer, took: tookTunnel},
		"list_inter_transit_gateway_peering":        {run: listPeerings},
		"get_inter_transit_gateway_peering_details": {run: peeringDetails, about: peer},
	}
}

func connectionActions() map[string]action {
	about := []string{"transit_gw", "gateway_name", "connection_name", "conn_name"}
	return map[string]action{
		"connect_transit_gw_to_external_device": {run: connectDevice, about: about, took: tookTunnel, async: true},
		"disconnect_transit_gw":                 {run: disconnectDevice, about: about, took: tookList},
		"delete_site2cloud_connection":          {run: deleteSite2Cloud, about: about, took: tookList},
		"get_site2cloud_conn_detail":            {run: connectionDetail, about: about},
		"list_site2cloud_conn":                  {run: listConnections, about: about},

		"edit_spoke_connection_bgp_manual_advertise_cidrs":   {run: editConnectionManual, about: about, took: tookList},
		"edit_transit_connection_bgp_manual_advertise_cidrs": {run: editConnectionManual, about: about, took: tookList},
	}
}

func domainActions() map[string]action {
	domain := []string{"attachment_name", "domain_name", "other_domain_name"}
	return map[string]action{
		"add_multi_cloud_security_domain":                          {run: addDomain, about: domain},
		"delete_multi_cloud_security_domain":                       {run: deleteDomain, about: domain},
		"connect_multi_cloud_security_domains":                     {run: linkDomains(true), about: domain},
		"disconnect_multi_cloud_security_domains":                  {run: linkDomains(false), about: domain},
		"associate_attachment_to_multi_cloud_security_domain":      {run: associate, about: domain, took: tookList},
		"disassociate_attachment_from_multi_cloud_security_domain": {run: disassociate, about: domain, took: tookList},
		"list_multi_cloud_security_domain_names":                   {run: listDomains},
		"list_multi_cloud_security_domain_connection_policy":       {run: domainPolicy, about: domain},
		"list_multi_cloud_domain_attachments":                      {run: domainAttachments},
	}
}

func fqdnActions() map[string]action {
	tag := []string{"tag_name", "gateway_name", "gw_name"}
	table := map[string]action{
		"add_fqdn_filter_tag":                       {run: addTag, about: tag},
		"del_fqdn_filter_tag":                       {run: deleteTag, about: tag},
		"set_fqdn_filter_tag_state":                 {run: setTagState, about: tag, took: tookList},
		"set_fqdn_filter_tag_color":                 {run: setTagColor, about: tag, took: tookList},
		"set_fqdn_filter_tag_domain_names":          {run: setTagDomains, about: tag, took: tookList},
		"add_fqdn_policies_to_tag":                  {run: addTagRules, about: tag, took: tookList},
		"delete_fqdn_policies_to_tag":               {run: deleteTagRules, about: tag, took: tookList},
		"attach_fqdn_filter_tag_to_gw":              {run: attachTag, about: tag, took: tookFilter},
		"detach_fqdn_filter_tag_from_gw":            {run: detachTag, about: tag, took: tookFilter},
		"update_fqdn_filter_tag_source_ip_filters":  {run: setTagSources, about: tag, took: tookList},
		"list_fqdn_filter_tag_source_ip_filters":    {run: listTagSources, about: tag},
		"list_fqdn_filter_tags":                     {run: listTags},
		"list_fqdn_filter_tag_domain_names":         {run: listTagDomains, about: tag},
		"list_fqdn_filter_tag_attached_gws":         {run: listTagGateways, about: tag},
		"update_fqdn_pass_through_cidrs":            {run: setPassThrough, about: tag, took: tookList},
		"list_fqdn_pass_through_cidrs":              {run: listPassThrough, about: tag},
		"disable_fqdn_on_custom_networks":           {run: setCustomNetworks},
		"get_fqdn_private_network_filtering_status": {run: privateFiltering},
	}
	for _, name := range []string{globalException, globalPrivate, globalCache, globalExact} {
		table["enable_fqdn_"+globalCalls[name]] = action{run: setGlobal(name, "enabled")}
		table["disable_fqdn_"+globalCalls[name]] = action{run: setGlobal(name, "disabled")}
		if name != globalPrivate { // that one has a call of its own with another shape
			table["get_fqdn_"+globalCalls[name]+"_status"] = action{run: getGlobal(name)}
		}
	}
	return table
}
