package aviatrix

import (
	"slices"
)

// attachSpoke joins a spoke to a transit. A second time it is refused with AVXERR-TRANSIT-0034, which clients take for
// done.
func attachSpoke(c *call) (any, error) {
	sp, err := c.gateway("spoke_gw")
	if err != nil {
		return nil, err
	}
	tr, err := c.gateway("transit_gw")
	if err != nil {
		return nil, err
	}
	if sp.Role != spoke || tr.Role != transit {
		return nil, refuse("[AVXERR-TRANSIT-0121] %s is not primary gateway", tr.Name)
	}
	if c.tx.Has(Vendor, kindAttachment, c.key(sp.Name, tr.Name)) {
		return nil, refuse("[AVXERR-TRANSIT-0034] Spoke gateway %s already joined transit gateway %s.", sp.Name,
			tr.Name)
	}
	for _, gw := range []Gateway{sp, tr} {
		if gw.State != up {
			return nil, refuse("Primary gateway %s is not up. Bring up the Primary gateway and try again.", gw.Name)
		}
	}
	at := Attachment{Spoke: sp.Name, Transit: tr.Name}
	if err := at.filters(c); err != nil {
		return nil, err
	}
	c.put(kindAttachment, at, sp.Name, tr.Name)
	return nil, nil
}

func (at *Attachment) filters(c *call) (err error) {
	if at.SpokeToTransit, err = cidrs(c.in.list("spoke_to_transit_filter_cidrs")); err != nil {
		return err
	}
	at.TransitToSpoke, err = cidrs(c.in.list("transit_to_spoke_filter_cidrs"))
	return err
}

// editAttachment writes both filter lists, whole.
func editAttachment(c *call) (any, error) {
	at, ok := load[Attachment](c, kindAttachment, c.in.get("spoke_gw"), c.in.get("transit_gw"))
	if !ok {
		return nil, refuse("%s is not attached to %s.", c.in.get("spoke_gw"), c.in.get("transit_gw"))
	}
	if err := at.filters(c); err != nil {
		return nil, err
	}
	c.put(kindAttachment, at, at.Spoke, at.Transit)
	return nil, nil
}

// detachSpoke leaves one transit, or all of them when none is named.
func detachSpoke(c *call) (any, error) {
	sp, err := c.gateway("spoke_gw")
	if err != nil {
		return nil, err
	}
	left := false
	for _, at := range all[Attachment](c, kindAttachment, sp.Name) {
		if want := c.in.get("transit_gw"); want == "" || want == at.Transit {
			c.remove(kindAttachment, at.Spoke, at.Transit)
			left = true
		}
	}
	if !left {
		return nil, refuse("%s has not joined to any transit.", sp.Name)
	}
	return nil, nil
}

// peering is a pair of transit gateways; the pair has no order, the document is named by the sorted one.
type peering struct {
	Gateways [2]string         `json:"gateways"`
	Lists    map[string]string `json:"lists,omitempty"` // the filter lists as sent, whole
	Private  bool              `json:"private"`
}

var peeringLists = []string{
	"src_filter_list", "dst_filter_list", "src_to_dst_filter_cidrs", "dst_to_src_filter_cidrs",
	"source_exclude_connections", "destination_exclude_connections",
}

func sortedPair(a, b string) [2]string {
	if a > b {
		a, b = b, a
	}
	return [2]string{a, b}
}

func (c *call) pair() ([2]string, error) {
	a, err := c.gateway("gateway1")
	if err != nil {
		return [2]string{}, err
	}
	b, err := c.gateway("gateway2")
	if err != nil {
		return [2]string{}, err
	}
	if a.Role != transit || b.Role != transit || a.Name == b.Name {
		return [2]string{}, refuse("[AVXERR-TRANSIT-0121] %s is not primary gateway", b.Name)
	}
	return sortedPair(a.Name, b.Name), nil
}

func createPeering(c *call) (any, error) {
	pair, err := c.pair()
	if err != nil {
		return nil, err
	}
	if c.in.yes("insane_mode_over_internet") || c.in.yes("insane_mode") {
		return nil, refuse("[AVXERR-TRANSIT-0320] insane mode over internet is not supported between %s and %s",
			pair[0], pair[1])
	}
	if c.tx.Has(Vendor, kindPeering, c.key(pair[0], pair[1])) {
		return nil, refuse("Transit peering between %s and %s already exists.", pair[0], pair[1])
	}
	for _, name := range pair {
		if gw, _ := load[Gateway](c, kindGateway, name); gw.State != up {
			return nil, refuse("Primary gateway %s is not up. Bring up the Primary gateway and try again.", name)
		}
	}
	c.put(kindPeering, peering{Gateways: pair, Lists: c.peeringLists(), Private: c.in.yes("private_ip_peering")},
		pair[0], pair[1])
	return nil, nil
}

func (c *call) peeringLists() map[string]string {
	lists := map[string]string{}
	for _, name := range peeringLists {
		if v := c.in.get(name); v != "" {
			lists[name] = v
		}
	}
	return lists
}

func editPeering(c *call) (any, error) {
	p, err := c.peering()
	if err != nil {
		return nil, err
	}
	p.Lists = c.peeringLists()
	c.put(kindPeering, p, p.Gateways[0], p.Gateways[1])
	return nil, nil
}

func (c *call) peering() (peering, error) {
	pair, err := c.pair()
	if err != nil {
		return peering{}, err
	}
	p, ok := load[peering](c, kindPeering, pair[0], pair[1])
	if !ok {
		return peering{}, refuse("Transit peering between %s and %s does not exist.", pair[0], pair[1])
	}
	return p, nil
}

func deletePeering(c *call) (any, error) {
	p, err := c.peering()
	if err != nil {
		return nil, err
	}
	c.remove(kindPeering, p.Gateways[0], p.Gateways[1])
	return nil, nil
}

// listPeerings answers a list of lists.
func listPeerings(c *call) (any, error) {
	out := []any{}
	for _, p := range all[peering](c, kindPeering) {
		out = append(out, []any{map[string]string{"gateway1": p.Gateways[0], "gateway2": p.Gateways[1]}})
	}
	return out, nil
}

func peeringDetails(c *call) (any, error) {
	p, err := c.peering()
	if err != nil {
		return nil, err
	}
	side := func(name, filter, direction string) map[string]any {
		return map[string]any{
			"gw_name": name, "exclude_filter_list": p.Lists[filter], "directional_filter_list": p.Lists[direction],
			"conn_bgp_prepend_as_path": "",
		}
	}
	return map[string]any{
		"site_1":                  side(p.Gateways[0], "src_filter_list", "src_to_dst_filter_cidrs"),
		"site_2":                  side(p.Gateways[1], "dst_filter_list", "dst_to_src_filter_cidrs"),
		"private_network_peering": p.Private, "insane_mode": false,
		"tunnels": []any{map[string]any{"status": "Up", "gateway1": p.Gateways[0], "gateway2": p.Gateways[1]}},
	}, nil
}

func (c *call) peersOf(name string) []string {
	var out []string
	for _, p := range all[peering](c, kindPeering) {
		if at := slices.Index(p.Gateways[:], name); at >= 0 {
			out = append(out, p.Gateways[1-at])
		}
	}
	return out
}
