package aviatrix

import (
	"slices"
	"strconv"
)

// peering is a pair of transit gateways; the pair has no order, the document is named by the sorted one, and each side
// has the lists of its own gateway.
type peering struct {
	Gateways [2]string         `json:"gateways"`
	Sides    [2]peeringSide    `json:"sides"`
	Set      map[string]string `json:"set,omitempty"`
}

// peeringSide are the whole lists of one gateway of a peering.
type peeringSide struct {
	Excluded    []string `json:"excluded,omitempty"`
	Filtered    []string `json:"filtered,omitempty"` // on the way from this gateway to the other
	Connections []string `json:"connections,omitempty"`
}

// sideFields are the fields of the two sides of a request (provider: transit_gateway_peering.go): the gateway that it
// names first, then the other.
var sideFields = [2]struct{ excluded, filtered, connections string }{
	{"src_filter_list", "src_to_dst_filter_cidrs", "source_exclude_connections"},
	{"dst_filter_list", "dst_to_src_filter_cidrs", "destination_exclude_connections"},
}

// linkOptions are what a client says about the tunnels of a peering or an attachment; they are shown as they were set.
var linkOptions = []string{"private_ip_peering", "over_private_network", "jumbo_frame", "insane_mode", "tunnel_count",
	"single_tunnel", "no_max_performance"}

// linkSet are the options of a request that say anything.
func (c *call) linkSet() map[string]string {
	set := map[string]string{}
	for _, name := range linkOptions {
		if v := c.in.get(name); v != "" {
			set[name] = v
		}
	}
	return set
}

func sortedPair(a, b string) [2]string {
	if a > b {
		a, b = b, a
	}
	return [2]string{a, b}
}

// pair are the names of two transit gateways, as the request orders them.
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
	return [2]string{a.Name, b.Name}, nil
}

func createPeering(c *call) (any, error) {
	asked, err := c.pair()
	if err != nil {
		return nil, err
	}
	pair := sortedPair(asked[0], asked[1])
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
	p := peering{Gateways: pair, Set: c.linkSet()}
	p.sides(c, asked)
	c.put(kindPeering, p, pair[0], pair[1])
	return nil, nil
}

// sides takes the lists of a request, whole.
func (p *peering) sides(c *call, asked [2]string) {
	for i, name := range asked {
		p.Sides[slices.Index(p.Gateways[:], name)] = peeringSide{Excluded: c.in.list(sideFields[i].excluded),
			Filtered: c.in.list(sideFields[i].filtered), Connections: c.in.list(sideFields[i].connections)}
	}
}

func editPeering(c *call) (any, error) {
	p, asked, err := c.peering()
	if err != nil {
		return nil, err
	}
	p.sides(c, asked)
	c.put(kindPeering, p, p.Gateways[0], p.Gateways[1])
	return nil, nil
}

func (c *call) peering() (peering, [2]string, error) {
	asked, err := c.pair()
	if err != nil {
		return peering{}, asked, err
	}
	pair := sortedPair(asked[0], asked[1])
	p, ok := load[peering](c, kindPeering, pair[0], pair[1])
	if !ok {
		return peering{}, asked, refuse("Transit peering between %s and %s does not exist.", pair[0], pair[1])
	}
	return p, asked, nil
}

func deletePeering(c *call) (any, error) {
	p, _, err := c.peering()
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

// peeringDetails answers about a peering, and about an attachment too: clients read the filter lists of a spoke and its
// transit by the same call (provider: spoke_transit_attachment.go). The sides are in the request's order (guess).
func peeringDetails(c *call) (any, error) {
	a, b := c.in.get("gateway1"), c.in.get("gateway2")
	for i, pair := range [][2]string{{a, b}, {b, a}} {
		at, ok := load[Attachment](c, kindAttachment, pair[0], pair[1])
		if !ok {
			continue
		}
		spokeSide, transitSide := side(at.Spoke, peeringSide{}), side(at.Transit, peeringSide{})
		spokeSide["filter_list"], transitSide["filter_list"] = list(at.SpokeToTransit), list(at.TransitToSpoke)
		if i == 1 {
			spokeSide, transitSide = transitSide, spokeSide
		}
		return linkDetails(spokeSide, transitSide, at.Set), nil
	}
	p, asked, err := c.peering()
	if err != nil {
		return nil, err
	}
	of := func(name string) map[string]any { return side(name, p.Sides[slices.Index(p.Gateways[:], name)]) }
	return linkDetails(of(asked[0]), of(asked[1]), p.Set), nil
}

// side is one side of the details: lists are JSON arrays (provider: transit_gateway_peering.go).
func side(name string, s peeringSide) map[string]any {
	return map[string]any{"gw_name": name, "exclude_filter_list": list(s.Excluded),
		"directional_filter_list": list(s.Filtered), "exclude_connections": list(s.Connections),
		"filter_list": []string{}, "conn_bgp_prepend_as_path": ""}
}

// linkDetails are both sides, and the options as they were set. Clients tell a single tunnel by the count of the first.
func linkDetails(one, two map[string]any, set map[string]string) map[string]any {
	count, err := strconv.Atoi(set["tunnel_count"])
	if err != nil {
		count = 0
	}
	tunnels := 2
	if means(set["single_tunnel"]) {
		tunnels = 1
	}
	return map[string]any{"site_1": one, "site_2": two,
		"private_network_peering": means(set["private_ip_peering"]) || means(set["over_private_network"]),
		"insane_mode":             means(set["insane_mode"]), "insane_mode_over_internet": false,
		"tunnel_count": count, "insane_mode_tunnel_count": 0, "jumbo_frame": means(set["jumbo_frame"]),
		"no_max_performance": means(set["no_max_performance"]),
		"tunnels": []any{map[string]any{"status": "Up", "gateway1": one["gw_name"], "gateway2": two["gw_name"],
			"license_id": [][]string{}, "sub_tunnel_count": tunnels}}}
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
