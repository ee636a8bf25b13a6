package aviatrix

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

// Announcements is the spoke gateways' list of advertised prefixes: an include list that, once it is customised,
// replaces what the spoke advertises by itself (A.0).
func (c *Client) Announcements() routing.Announcements { return announcements{c} }

type announcements struct{ c *Client }

// Check implements [routing.Announcements]: a spoke, up, whose landing connections carry what it advertises.
func (a announcements) Check(ctx context.Context, t routing.Target) ([]string, error) {
	ctl, err := a.c.controller(t.Controller)
	if err != nil {
		return nil, err
	}
	g, err := ctl.spoke(ctx, t.Gateway)
	if err != nil {
		return nil, err
	}
	if t.Network != "" && !g.in(t.Network) {
		return nil, workers.Refuse("wrong-network", "check gateway %s of %s: it is in %s, the endpoint in %s", g.Name,
			ctl.name, g.VPC, t.Network)
	}
	for _, name := range t.Connections {
		if err := ctl.carries(ctx, g, name); err != nil {
			return nil, err
		}
	}
	return ctl.known(ctx, g)
}

// carries refuses a landing connection that would not tell its neighbour of a prefix the spoke advertises.
func (c *controller) carries(ctx context.Context, g gateway, name string) error {
	conn, err := c.connection(ctx, name, g)
	if err != nil {
		return asRefusal(err, "no-connection")
	}
	if !conn.established() {
		return workers.Refuse("connection-down", "check connection %s of %s: %s", name, c.name, conn.state())
	}
	if len(conn.Manual) > 0 {
		return workers.Refuse("manual-list",
			"check connection %s of %s: its manual list %v hides every other prefix", name, c.name, conn.Manual)
	}
	landing := g
	if !g.is(string(conn.Gateway)) {
		if landing, err = c.gateway(ctx, string(conn.Gateway)); err != nil {
			return asRefusal(err, "no-gateway")
		}
	}
	if len(landing.ManualBGP) > 0 {
		return workers.Refuse("manual-list",
			"check gateway %s of %s: its manual list %v hides every other prefix", landing.Name, c.name,
			landing.ManualBGP)
	}
	if landing.Name == g.Name {
		return nil
	}
	return c.sameSegment(ctx, g, name)
}

// Read implements [routing.Announcements]. Defaults are the spoke's own ranges, by what the controller tells and never
// by assumption: a spoke with BGP advertises another set by itself than one without (A.5).
func (a announcements) Read(ctx context.Context, t routing.Target) (routing.Announced, error) {
	ctl, err := a.c.controller(t.Controller)
	if err != nil {
		return routing.Announced{}, err
	}
	g, err := ctl.gateway(ctx, t.Gateway)
	if err != nil {
		return routing.Announced{}, err
	}
	return ctl.announced(ctx, g)
}

func (c *controller) announced(ctx context.Context, g gateway) (routing.Announced, error) {
	if len(g.Included) > 0 {
		out := routing.Announced{Custom: true, Entries: normal(g.Included)}
		if bool(g.BGP) {
			// what a spoke with BGP would advertise by itself cannot be read while its list is customised
			return out, nil
		}
		var err error
		out.Defaults, err = c.ranges(ctx, g)
		return out, err
	}
	switch {
	case len(g.Advertised) > 0:
		return routing.Announced{Defaults: normal(g.Advertised)}, nil
	case !bool(g.BGP):
		own, err := c.ranges(ctx, g)
		if err == nil && len(own) == 0 {
			err = workers.Refuse("default-unknown",
				"read list of gateway %s of %s: the controller knows no range of its network %s", g.Name, c.name, g.VPC)
		}
		return routing.Announced{Defaults: own}, err
	case g.Advertised == nil:
		return routing.Announced{}, workers.Refuse("default-unknown",
			"read list of gateway %s of %s: it runs BGP and the controller does not tell what it advertises", g.Name,
			c.name)
	}
	return routing.Announced{}, nil
}

// Write implements [routing.Announcements]: the whole list, or the way back to the default. It is read back.
func (a announcements) Write(ctx context.Context, _ uuid.UUID, t routing.Target, wanted routing.Announced) error {
	ctl, err := a.c.controller(t.Controller)
	if err != nil {
		return err
	}
	g, err := ctl.gateway(ctx, t.Gateway)
	if err != nil {
		return asRefusal(err, "no-gateway")
	}
	if bool(g.Transit) || !bool(g.Spoke) {
		return workers.Refuse("not-a-spoke", "write list of gateway %s of %s: it is not a spoke", g.Name, ctl.name)
	}
	list := normal(wanted.Entries)
	if !wanted.Custom {
		list = nil
	}
	if wanted.Custom && (len(list) == 0 || len(list) != len(distinct(wanted.Entries))) {
		return workers.Refuse("invalid",
			"write list of gateway %s of %s: %v is not a list of IPv4 prefixes", g.Name, ctl.name, wanted.Entries)
	}
	if slices.Equal(normal(g.Included), list) {
		return nil
	}
	fields := url.Values{"gateway_name": {g.Name}, "cidr": {strings.Join(list, ",")}}
	if err := made(ctl.write(ctx, "edit_gateway_advertised_cidr", fields)); err != nil {
		return fmt.Errorf("write list of gateway %s of %s: %w", g.Name, ctl.name, err)
	}
	back, err := ctl.gateway(ctx, g.Name)
	if err != nil {
		return workers.Unsure("read-back", err)
	}
	if got := normal(back.Included); !slices.Equal(got, list) {
		return workers.Unsure(
			"read-back", fmt.Errorf("write list of gateway %s of %s: wrote %v, read %v", g.Name, ctl.name, list, got),
		)
	}
	return nil
}

func distinct(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}
