package aviatrix

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/workers"

	"github.com/culvertnet/culvert/events"
)

// gateway is one row of list_vpcs_summary: the gateway's name comes back as vpc_name, from 9.0 possibly beside the name
// of its group (A.A.2). Field names are those of the vendor's public client.
type gateway struct {
	Name      string `json:"vpc_name"`
	Group     string `json:"group_name"`
	VPC       string `json:"vpc_id"` // Google: NETWORK~-~PROJECT
	State     string `json:"vpc_state"`
	PrivateIP string `json:"private_ip"`
	Second    flag   `json:"is_hagw"`
	Spoke     flag   `json:"spoke_vpc"`
	Transit   flag   `json:"transit_vpc"`
	SourceNAT flag   `json:"enable_nat"`
	BGP       flag   `json:"bgp_enabled"`
	Cloud     digits `json:"cloud_type"`
	// Transits are the transit gateways that a spoke has joined, comma separated.
	Transits string `json:"transit_gw_name"`
	// Included is a spoke's customised list, empty by default; Advertised is what it advertises (guess: the default
	// too). A list the controller does not send is nil.
	Included   []string `json:"include_cidr_list"`
	Advertised []string `json:"advertise_cidr_list"`
	// ManualBGP is the gateway's own list for all its connections; nothing else is told to them while it is not empty.
	ManualBGP []string `json:"bgp_manual_spoke_advertise_cidrs"`
	// Pair is there where the gateway has a second one, which takes its place.
	Pair json.RawMessage `json:"hagw_details"`
}

const up = "UP"

// flag is a boolean in any of the forms the controller uses for it.
type flag bool

// UnmarshalJSON takes true, "true", "yes", "enabled" and "on" for true.
func (f *flag) UnmarshalJSON(text []byte) error {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	switch strings.ToLower(fmt.Sprint(v)) {
	case "true", "yes", "enabled", "on", "1":
		*f = true
	default:
		*f = false
	}
	return nil
}

// gateways lists the first gateway of each pair.
func (c *controller) gateways(ctx context.Context, fields url.Values) ([]gateway, error) {
	var rows []gateway
	if err := c.read(ctx, "list_vpcs_summary", fields, &rows); err != nil {
		return nil, fmt.Errorf("list gateways of %s: %w", c.name, err)
	}
	return slices.DeleteFunc(rows, func(g gateway) bool { return bool(g.Second) }), nil
}

// gateway finds one gateway by its name, or its group's.
func (c *controller) gateway(ctx context.Context, name string) (gateway, error) {
	rows, err := c.gateways(ctx, url.Values{"gateway_name": {name}})
	if err != nil {
		return gateway{}, err
	}
	for _, g := range rows {
		if g.is(name) {
			return g, nil
		}
	}
	return gateway{}, fmt.Errorf("find gateway %s of %s: %w", name, c.name, workers.ErrNotFound)
}

// spoke finds a spoke that is up, and refuses anything else: the calls that extend a spoke's list cut a transit's.
func (c *controller) spoke(ctx context.Context, name string) (gateway, error) {
	g, err := c.gateway(ctx, name)
	if err != nil {
		return gateway{}, asRefusal(err, "no-gateway")
	}
	if bool(g.Transit) || !bool(g.Spoke) {
		return gateway{}, workers.Refuse("not-a-spoke",
			"check gateway %s of %s: it is not a spoke; the same call on a transit is a list of what is left out", name,
			c.name)
	}
	if g.State != up {
		return gateway{}, workers.Refuse("gateway-down", "check gateway %s of %s: its state is %s", name, c.name,
			g.State)
	}
	return g, nil
}

// asRefusal makes a miss of a needed thing a refusal.
func asRefusal(err error, reason events.Reason) error {
	if removed(err) == nil {
		return workers.Refuse(reason, "%w", err)
	}
	return err
}

// paired tells whether a second gateway takes its place when it is down.
func (g gateway) paired() bool { return len(g.Pair) > len("null") }

// is tells whether a name is the gateway's: read-backs may show its group's (A.A.5).
func (g gateway) is(name string) bool {
	return name == g.Name || (g.Group != "" && name == g.Group)
}

// in tells whether the gateway is in a VPC network of Google, given by its full or bare name.
func (g gateway) in(network string) bool {
	own, project, found := strings.Cut(g.VPC, "~-~")
	if !found {
		return true // another cloud's id: nothing to compare
	}
	parts := strings.Split(network, "/")
	if own != parts[len(parts)-1] {
		return false
	}
	at := slices.Index(parts, "projects")
	return at < 0 || at+1 >= len(parts) || parts[at+1] == project
}

// ranges are the subnets of the gateway's VPC by the controller's inventory; Google VPCs have no range of their own.
func (c *controller) ranges(ctx context.Context, g gateway) ([]string, error) {
	var vpcs []struct {
		ID      string   `json:"vpc_id"`
		CIDRs   []string `json:"vpc_cidrs"`
		Subnets []struct {
			CIDR string `json:"cidr"`
		} `json:"subnets"`
	}
	if err := c.read(ctx, "cloud_network_info", url.Values{"cache": {"no"}, "show_all": {"yes"}}, &vpcs); err != nil {
		return nil, fmt.Errorf("list networks of %s: %w", c.name, err)
	}
	var out []string
	for _, v := range vpcs {
		if v.ID != g.VPC {
			continue
		}
		out = append(out, v.CIDRs...)
		if len(v.CIDRs) == 0 {
			for _, s := range v.Subnets {
				out = append(out, s.CIDR)
			}
		}
	}
	return normal(out), nil
}

// normal gives prefixes their one spelling, sorted, without doubles; what is no IPv4 prefix is left out.
func normal(list []string) []string {
	var out []string
	for _, text := range list {
		if p, ok := prefix(text); ok {
			out = append(out, p.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// prefix reads a prefix; a bare address is a /32.
func prefix(text string) (netip.Prefix, bool) {
	text = strings.TrimSpace(text)
	if a, err := netip.ParseAddr(text); err == nil && a.Is4() {
		return netip.PrefixFrom(a, 32), true
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || !p.Addr().Is4() {
		return netip.Prefix{}, false
	}
	return p.Masked(), true
}
