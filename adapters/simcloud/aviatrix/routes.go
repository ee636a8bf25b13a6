package aviatrix

import (
	"fmt"
	"slices"
	"sort"
)

// route is one line of a route table as the controller shows it.
type route struct {
	Route  string `json:"route"`
	Target string `json:"target"`
}

// routeTables is get_transit_or_spoke_gateway_details: option vpc_route shows the VPC's tables, gw_route the gateway's
// own. Shapes: public scripts that read them. All of it lags one report interval behind the configuration. Both are
// what packets follow: the filter lists of attachments are applied.
func routeTables(c *call) (any, error) {
	gw, second, err := c.either("gateway_name")
	if err != nil {
		return nil, err
	}
	name, table := gw.Name, c.effective(gw)
	if second {
		name, table = gw.Name+secondSuffix, c.secondTable(gw)
	}
	switch option := c.in.get("option"); option {
	case "", "vpc_route":
		return map[string]any{
			"gw_name": name, "vpc_id": gw.VPC, "cloud_type": "GCP",
			"vpc_route_table": []any{map[string]any{"name": gw.VPC, "route_info": c.vpcTable(gw)}},
		}, nil
	case "gw_route":
		return map[string]any{
			"gw_name":             name,
			"gateway_route_table": []any{map[string]any{"gw_name": name, "route_table": table, "route_info": table}},
		}, nil
	default:
		return nil, refuse("Invalid option: %s.", option)
	}
}

// table is what the gateway itself can reach: its VPC, its connections, and what the gateways it may talk to advertise.
func (c *call) table(gw Gateway) []route {
	out := []route{}
	for _, cidr := range gw.VPCCIDRs {
		out = append(out, route{cidr, "local"})
	}
	for _, conn := range all[Connection](c, kindConnection, gw.Name) {
		if conn.Session != established && conn.BGP {
			continue
		}
		for _, cidr := range append(slices.Clone(conn.Learned), conn.Subnets...) {
			out = append(out, route{cidr, conn.Name})
		}
	}
	for _, other := range all[Gateway](c, kindGateway) {
		if other.Name == gw.Name || other.State != up || !c.joined(gw, other) {
			continue
		}
		for _, cidr := range append(slices.Clone(c.reported(other)), c.passedOn(gw, other)...) {
			out = append(out, route{cidr, other.Name})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Route < out[j].Route })
	return out
}

// effective is the gateway's table without what filter lists of attachments take out.
func (c *call) effective(gw Gateway) []route {
	return slices.DeleteFunc(c.table(gw), func(r route) bool { return c.filteredOut(gw, r) })
}

// passedOn is what a transit has learned from its connections and tells another gateway (manual: the transit gateway
// propagates what it learns to its spokes). With segmentation, only of connections whose domain may talk to it.
func (c *call) passedOn(to, hub Gateway) []string {
	if hub.Role != transit {
		return nil
	}
	var out []string
	for _, conn := range all[Connection](c, kindConnection, hub.Name) {
		if conn.BGP && conn.Session != established || hub.Segmentation && !c.domainsTalk(to.Name, conn.Name) {
			continue
		}
		out = append(append(out, conn.Learned...), conn.Subnets...)
	}
	return out
}

// vpcTable is the gateway's table as its VPC sees it: what is not local goes to the gateway, plus the controller's own
// default routes. A customised list stands in place of everything that was learned; a filter list takes single routes
// out (manual: customize and filter spoke VPC route entries).
func (c *call) vpcTable(gw Gateway) []route {
	out := []route{}
	for _, r := range c.effective(gw) {
		switch {
		case r.Target == "local":
			out = append(out, r)
		case len(gw.Custom) == 0 && !slices.Contains(gw.Filtered, r.Route):
			out = append(out, route{r.Route, gw.Name})
		}
	}
	for _, cidr := range gw.Custom {
		if !slices.Contains(gw.Filtered, cidr) {
			out = append(out, route{cidr, gw.Name})
		}
	}
	for _, r := range all[VPCRoute](c, kindVPCRoute) {
		if r.VPC != gw.VPC {
			continue
		}
		target := r.Gateway
		if r.Tag != "" {
			target = fmt.Sprintf("%s (tag %s)", r.Gateway, r.Tag)
		}
		out = append(out, route{r.Destination, target})
	}
	return out
}

// joined tells whether two gateways exchange routes: through one attachment or peering, or spoke to spoke through a
// transit with connected transit on. Segmentation on the transit keeps spokes apart whose domains may not talk; the
// transit itself knows all of them.
func (c *call) joined(a, b Gateway) bool {
	spokes := a.Role == spoke && b.Role == spoke
	for _, x := range c.hubs(a) {
		for _, y := range c.hubs(b) {
			if x != y && !slices.Contains(c.peersOf(x), y) {
				continue
			}
			hub, ok := load[Gateway](c, kindGateway, x)
			if ok && (!spokes || (hub.ConnectedTransit && (!hub.Segmentation || c.domainsTalk(a.Name, b.Name)))) {
				return true
			}
		}
	}
	return false
}

// hubs are the transits through which a gateway reaches others: its own attachments, or itself and its peers.
func (c *call) hubs(gw Gateway) []string {
	if gw.Role == transit {
		return append(c.peersOf(gw.Name), gw.Name)
	}
	var out []string
	for _, at := range all[Attachment](c, kindAttachment, gw.Name) {
		out = append(out, at.Transit)
	}
	return out
}
