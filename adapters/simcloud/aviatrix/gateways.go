package aviatrix

import (
	"slices"
	"strings"
)

const (
	spoke   = "spoke"
	transit = "transit"
	up      = "UP"
)

// gateway reads the gateway a field names. From 9.0 a gateway may be addressed by its group's name.
func (c *call) gateway(fieldNames ...string) (Gateway, error) {
	name := c.in.get(fieldNames...)
	if name == "" {
		return Gateway{}, refuse("Required argument %s is missing.", fieldNames[0])
	}
	if gw, ok := load[Gateway](c, kindGateway, name); ok {
		return gw, nil
	}
	if c.ctl.major >= 9 {
		for _, gw := range all[Gateway](c, kindGateway) {
			if gw.Group == name {
				return gw, nil
			}
		}
	}
	return Gateway{}, refuse("Gateway %s does not exist.", name)
}

// usable refuses a change to a gateway that cannot take it; callers retry on these words.
func usable(gw Gateway) error {
	if gw.State != up {
		return refuse("[AVXERR-GATEWAY-0079] Cannot change gateway %s when it is down. State: %s.", gw.Name, gw.State)
	}
	return nil
}

func listVersionInfo(c *call) (any, error) {
	return map[string]any{
		"current_version":  "UserConnect-" + c.ctl.conf.Version,
		"latest_version":   "UserConnect-" + c.ctl.conf.Version,
		"previous_version": "",
	}, nil
}

// getBackupConfig always says that the daily backup is on.
func getBackupConfig(*call) (any, error) {
	return map[string]any{"enabled": "yes", "multiple_bkup": "no", "cloud_type": cloudTypes[cloudGoogle]}, nil
}

// listGateways is list_vpcs_summary: the gateway's name comes back as vpc_name. A second gateway of a pair has an
// entry of its own. Clients ask for one gateway, or for one kind (provider: data sources of all spokes and of all
// transits; guess: the values that mean yes).
func listGateways(c *call) (any, error) {
	want := c.in.get("gateway_name")
	out := []any{}
	for _, gw := range all[Gateway](c, kindGateway) {
		if c.in.yes("spoke_only") && gw.Role != spoke || c.in.yes("transit_only") && gw.Role != transit {
			continue
		}
		if want == "" || gw.Name == want || (c.ctl.major >= 9 && gw.Group == want) {
			out = append(out, c.summary(gw))
		}
		if second := gw.Name + secondSuffix; gw.HA && (want == "" || want == second) {
			out = append(out, c.secondSummary(gw))
		}
	}
	return out, nil
}

// getGatewayInfo answers with one gateway in the words of the list.
func getGatewayInfo(c *call) (any, error) {
	gw, second, err := c.either("gateway_name", "gw_name", "vpc_name")
	if err != nil {
		return nil, err
	}
	row := c.summary(gw)
	if second {
		row = c.secondSummary(gw)
	}
	row["gw_name"] = row["vpc_name"]
	row["bgp_enabled"] = gw.BGP
	return row, nil
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// summary is one row of list_vpcs_summary (field names: json tags of goaviatrix's Gateway). advertise_cidr_list is
// what the gateway advertises, customised or not; include_cidr_list (spoke) and exclude_cidr_list (transit) are what
// was customised, empty by default. The provider reads the customised list from include_cidr_list; that
// advertise_cidr_list shows the default too is a guess.
func (c *call) summary(gw Gateway) map[string]any {
	row := map[string]any{
		"vpc_name": gw.Name, "vpc_id": gw.VPC, "vpc_state": gw.State, "vpc_region": gw.Region, "vpc_size": gw.Size,
		"account_name": gw.Account, "cloud_type": cloudTypes[gw.cloud()], "public_ip": gw.PublicIP,
		"private_ip": gw.PrivateIP,
		"is_hagw":    "no", "spoke_vpc": yesNo(gw.Role == spoke), "transit_vpc": yesNo(gw.Role == transit),
		"enable_nat": yesNo(gw.SourceNAT), "nat_enabled": gw.SourceNAT, "snat_target": "",
		"connected_transit": yesNo(gw.ConnectedTransit), "multitier_transit": gw.MultiTier,
		"enable_segmentation":      gw.Segmentation,
		"auto_advertise_s2c_cidrs": gw.AutoAdvertiseS2C, "bgp_manual_spoke_advertise_cidrs": list(gw.ManualBGP),
		"bgp_enabled": gw.BGP, "local_as_number": gw.ASN, "bgp_polling_time": int(c.ctl.conf.RouteReport.Seconds()),
		"bgp_hold_time":        180,
		"customized_cidr_list": list(gw.Custom), "filtering_cidr_list": list(gw.Filtered),
		"advertise_cidr_list": list(c.advertised(gw)), "include_cidr_list": []string{},
		"exclude_cidr_list": []string{},
		"transit_gw_name":   c.transitOf(gw), "egress_transit_gw_name": "",
	}
	if gw.SourceNAT {
		row["snat_target"] = "primary"
	}
	if gw.Role == transit {
		row["exclude_cidr_list"] = list(gw.Advertised)
	} else {
		row["include_cidr_list"] = list(gw.Advertised)
	}
	if gw.HA {
		row["hagw_details"] = map[string]any{"vpc_name": gw.Name + secondSuffix, "cloud_type": cloudTypes[gw.cloud()],
			"vpc_size": gw.Size, "public_ip": gw.SecondPublicIP, "private_ip": gw.SecondPrivateIP}
	}
	if c.ctl.major >= 9 {
		group := gw.Group
		if group == "" {
			group = gw.Name // a gateway that was made without a group is its own
		}
		row["group_name"] = group
	}
	return row
}

// list makes an empty list of a nil one: the vendor answers [], not null.
func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}

func (c *call) transitOf(gw Gateway) string {
	var names []string
	for _, a := range all[Attachment](c, kindAttachment, gw.Name) {
		names = append(names, a.Transit)
	}
	return strings.Join(names, ",")
}

// cloudNetworkInfo is the VPC inventory. Google VPCs have no CIDR of their own: read the subnets.
func cloudNetworkInfo(c *call) (any, error) {
	out := []any{}
	var seen []string
	for _, gw := range all[Gateway](c, kindGateway) {
		if slices.Contains(seen, gw.VPC) {
			continue
		}
		seen = append(seen, gw.VPC)
		network, _, _ := strings.Cut(gw.VPC, "~-~")
		var subnets []any
		for _, cidr := range gw.VPCCIDRs {
			subnets = append(
				subnets, map[string]any{"region": gw.Region, "cidr": cidr, "name": network + "-" + cidr, "gw_ip": ""},
			)
		}
		out = append(out, map[string]any{
			"vendor_name": "GCE", "vpc_id": gw.VPC, "vpc_name": network, "vpc_account_name": gw.Account,
			"region":   gw.Region,
			"inst_num": len(subnets), "vpc_cidrs": []string{}, "subnets": subnets,
		})
	}
	return out, nil
}

// The flags of a gateway that calls switch.
const (
	flagAutoAdvertise = "auto_advertise_s2c_cidrs"
	flagSourceNAT     = "snat"
	flagConnected     = "connected_transit"
	flagMultiTier     = "multitier_transit"
	flagSegmentation  = "segmentation"
)

func (gw *Gateway) flag(name string) *bool {
	switch name {
	case flagAutoAdvertise:
		return &gw.AutoAdvertiseS2C
	case flagSourceNAT:
		return &gw.SourceNAT
	case flagConnected:
		return &gw.ConnectedTransit
	case flagMultiTier:
		return &gw.MultiTier
	}
	return &gw.Segmentation
}

// setGatewayFlag switches one flag. Saying what is so already is refused with "is already enabled" (guess: for all of
// them).
func setGatewayFlag(name string, on bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		gw, err := c.gateway("gateway_name", "gw_name", "transit_gateway_name")
		if err != nil {
			return nil, err
		}
		if err := usable(gw); err != nil {
			return nil, err
		}
		if name == flagSourceNAT && !on && gw.FQDNFiltered {
			// guess: the filter needs source NAT, so it cannot be taken away under it.
			return nil, refuse("SNAT on gateway %s cannot be disabled while an FQDN filter tag is attached.", gw.Name)
		}
		flag := gw.flag(name)
		if *flag == on {
			word := map[bool]string{true: "enabled", false: "disabled"}[on]
			return nil, refuse("%s on gateway %s is already %s.", name, gw.Name, word)
		}
		*flag = on
		c.put(kindGateway, gw, gw.Name)
		return nil, nil
	}
}
