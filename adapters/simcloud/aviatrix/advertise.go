package aviatrix

import (
	"slices"
	"time"
)

// advertised is what a gateway advertises by configuration: a spoke's customised list replaces its default, a transit's
// list is taken away from it.
func (c *call) advertised(gw Gateway) []string {
	if gw.Role == transit {
		return without(gw.VPCCIDRs, gw.Advertised)
	}
	if len(gw.Advertised) > 0 {
		return gw.Advertised
	}
	return c.defaultAdvertised(gw)
}

// defaultAdvertised is what a cleared list means: the VPC's ranges, but on a BGP spoke what its connections have
// learned (manual, spokegw_external step 6). guess: clearing a list on a BGP spoke brings exactly that back.
func (c *call) defaultAdvertised(gw Gateway) []string {
	if !gw.BGP {
		return gw.VPCCIDRs
	}
	var out []string
	for _, conn := range all[Connection](c, kindConnection, gw.Name) {
		for _, p := range conn.Learned {
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// reported is what route tables show: what was advertised one report interval ago.
func (c *call) reported(gw Gateway) []string {
	if gw.ChangedAt.IsZero() || !c.tx.Now().Before(gw.ChangedAt.Add(c.lag())) {
		return c.advertised(gw)
	}
	return gw.Reported
}

func (c *call) lag() time.Duration { return c.tx.Due(c.ctl.conf.RouteReport).Sub(c.tx.Now()) }

// editAdvertised writes the whole list of a gateway; an empty one clears it to the default. It is the same call for
// both kinds of gateway with opposite meanings: include on a spoke, exclude on a transit.
func editAdvertised(c *call) (any, error) {
	gw, err := c.gateway("gateway_name", "gw_name")
	if err != nil {
		return nil, err
	}
	if err := usable(gw); err != nil {
		return nil, err
	}
	wanted, err := cidrs(c.in.list("cidr"))
	if err != nil {
		return nil, err
	}
	if slices.Equal(wanted, list(gw.Advertised)) {
		return nil, nil // guess: the same list again is a success
	}
	before := c.reported(gw)
	gw.Advertised = wanted
	gw.Reported, gw.ChangedAt = before, c.tx.Now()
	c.put(kindGateway, gw, gw.Name)
	return nil, nil
}

const (
	listCustom = "custom"
	listFilter = "filter"
)

// editGatewayList writes one of the two lists of routes in the spoke's VPC tables, whole.
func editGatewayList(which string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		gw, err := c.gateway("gateway_name", "gw_name")
		if err != nil {
			return nil, err
		}
		if err := usable(gw); err != nil {
			return nil, err
		}
		wanted, err := cidrs(c.in.list("cidr"))
		if err != nil {
			return nil, err
		}
		if which == listCustom {
			gw.Custom = wanted
		} else {
			gw.Filtered = wanted
		}
		c.put(kindGateway, gw, gw.Name)
		return nil, nil
	}
}

// editSpokeAdvanced knows the one subaction that matters for reachability: the gateway's manual BGP list, whole.
func editSpokeAdvanced(c *call) (any, error) {
	gw, err := c.gateway("gateway_name")
	if err != nil {
		return nil, err
	}
	if c.in.get("subaction") != "bgp_manual_spoke" {
		return nil, refuse("Invalid subaction: %s.", c.in.get("subaction"))
	}
	if err := usable(gw); err != nil {
		return nil, err
	}
	wanted, err := cidrs(c.in.list("bgp_manual_spoke_advertise_cidrs"))
	if err != nil {
		return nil, err
	}
	before := c.reported(gw)
	gw.ManualBGP = wanted
	gw.Reported, gw.ChangedAt = before, c.tx.Now()
	c.put(kindGateway, gw, gw.Name)
	return nil, nil
}

func spokeAdvancedConfig(c *call) (any, error) {
	gw, err := c.gateway("gateway_name")
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"gateway_name": gw.Name, "local_asn_num": gw.ASN, "bgp_polling_time": int(c.ctl.conf.RouteReport.Seconds()),
		"bgp_prepend_as_path": "", "bgp_ecmp": "no", "active-standby": "no",
		"active_standby_status":       map[string]string{},
		"learned_cidrs_approval_mode": "gateway", "bgp_hold_time": 180,
		"bgp_manual_spoke_advertise_cidrs": list(gw.ManualBGP), "approved_learned_cidrs": []string{},
		"connection_learned_cidrs_approval_info": []any{}, "peer_vnet_id": []string{}, "summarize_cidr_to_tgw": "no",
	}, nil
}
