package aviatrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

// Sight implements [routing.Announcements]. The peers are the landing connections, or without any the transit gateways
// that the spoke has joined. Reports lag the configuration by up to 50 s (A.B.4).
func (a announcements) Sight(ctx context.Context, t routing.Target, text string) (routing.Sight, error) {
	ctl, err := a.c.controller(t.Controller)
	if err != nil {
		return routing.Sight{}, err
	}
	p, ok := prefix(text)
	if !ok {
		return routing.Sight{}, workers.Refuse("invalid", "look for %q: not an IPv4 prefix", text)
	}
	g, err := ctl.gateway(ctx, t.Gateway)
	if err != nil {
		return routing.Sight{}, err
	}
	sight, seen := routing.Sight{Peers: t.Connections}, ctl.seenAtConnection
	if len(t.Connections) == 0 {
		sight.Peers, seen = g.transits(), ctl.seenAtTransit
	}
	sight.Peers = append([]string{}, sight.Peers...)
	sight.Seen = []string{}
	tells := &sight.Sent
	if len(t.Connections) == 0 { // a transit's own routes are read
		tells = &sight.Acknowledged
	}
	for _, peer := range sight.Peers {
		has, err := seen(ctx, g, peer, p)
		if err != nil {
			return routing.Sight{}, err
		}
		if has {
			sight.Seen = append(sight.Seen, peer)
		}
	}
	*tells = append(*tells, sight.Seen...)
	return sight, nil
}

func (g gateway) transits() []string {
	return strings.FieldsFunc(g.Transits, func(r rune) bool { return r == ',' || r == ' ' })
}

// seenAtConnection: the session stands, no manual list hides the prefix, the landing gateway knows it, and where the
// controller tells what the neighbour was told, it is in that.
func (c *controller) seenAtConnection(ctx context.Context, g gateway, name string, p netip.Prefix) (bool, error) {
	conn, err := c.connection(ctx, name, g)
	if errors.Is(err, workers.ErrNotFound) {
		return false, nil
	}
	if err != nil || !conn.established() {
		return false, err
	}
	if len(conn.Manual) > 0 && !slices.Contains(normal(conn.Manual), p.String()) {
		return false, nil
	}
	if conn.Told != nil && !slices.Contains(normal(conn.Told), p.String()) {
		return false, nil
	}
	if g.is(string(conn.Gateway)) {
		return slices.Contains(normal(slices.Concat(g.Included, g.Advertised)), p.String()), nil
	}
	return c.seenAtTransit(ctx, g, string(conn.Gateway), p)
}

func (c *controller) seenAtTransit(ctx context.Context, _ gateway, name string, p netip.Prefix) (bool, error) {
	table, err := c.routes(ctx, name)
	if err != nil {
		return false, err
	}
	return slices.Contains(table, p.String()), nil
}

// known are the prefixes that reachable route tables have: the gateway's own, and what any gateway of the controller
// advertises by configuration, which does not lag.
func (c *controller) known(ctx context.Context, g gateway) ([]string, error) {
	all, err := c.gateways(ctx, nil)
	if err != nil {
		return nil, err
	}
	out, err := c.routes(ctx, g.Name)
	if err != nil {
		return nil, err
	}
	for _, other := range all {
		out = append(out, other.Advertised...)
		if bool(other.Spoke) {
			out = append(out, other.Included...)
		}
	}
	return normal(out), nil
}

// routes reads the route tables of a gateway's network. The answer's shape differs by cloud and release ("result format
// changed" in 6.4), so every text in it that is an IPv4 prefix counts; the default route does not.
func (c *controller) routes(ctx context.Context, gateway string) ([]string, error) {
	var raw json.RawMessage
	fields := url.Values{"gateway_name": {gateway}, "option": {"vpc_route"}}
	if err := c.read(ctx, "get_transit_or_spoke_gateway_details", fields, &raw); err != nil {
		return nil, fmt.Errorf("read routes of gateway %s of %s: %w", gateway, c.name, err)
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, unreadable("get_transit_or_spoke_gateway_details", false, err)
	}
	return normal(prefixesIn(tree)), nil
}

func prefixesIn(tree any) []string {
	var out []string
	switch v := tree.(type) {
	case string:
		if p, ok := prefix(v); ok && strings.Contains(v, "/") && p.Bits() > 0 {
			out = append(out, v)
		}
	case []any:
		for _, part := range v {
			out = append(out, prefixesIn(part)...)
		}
	case map[string]any:
		for _, part := range v {
			out = append(out, prefixesIn(part)...)
		}
	}
	return out
}
