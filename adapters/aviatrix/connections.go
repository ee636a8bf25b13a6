package aviatrix

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/workers"
)

// connection is one connection to a site, from get_site2cloud_conn_detail.
type connection struct {
	Name    oneText `json:"name"`
	Gateway oneText `json:"gw_name"`
	VPC     oneText `json:"vpc_id"`
	Status  string  `json:"bgp_status"`
	Tunnels []struct {
		Status string `json:"status"`
		Tunnel string `json:"tunnel_status"`
	} `json:"tunnels"`
	// Manual is the connection's own list; nothing else is told to the neighbour while it is not empty.
	Manual []string `json:"conn_bgp_manual_advertise_cidrs"`
	// guess: the next two; the vendor shows them in its console, and no public client reads them. Absent, they are not
	// asked for.
	Session string   `json:"bgp_session_state"`
	Told    []string `json:"advertised_cidrs"`
}

// oneText is a text that the controller sends bare or as a list of one.
type oneText string

// UnmarshalJSON takes both forms.
func (t *oneText) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*t = oneText(one)
		return nil
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	if len(list) > 0 {
		*t = oneText(list[0])
	}
	return nil
}

// connection finds a connection by name, on the announcing gateway's network first: names are unique per network only.
func (c *controller) connection(ctx context.Context, name string, near gateway) (connection, error) {
	vpc, gw, err := c.whereIs(ctx, name, near)
	if err != nil {
		return connection{}, err
	}
	var results struct {
		Connections connection `json:"connections"`
	}
	fields := url.Values{"conn_name": {name}, "vpc_id": {vpc}}
	if err := c.read(ctx, "get_site2cloud_conn_detail", fields, &results); err != nil {
		return connection{}, fmt.Errorf("read connection %s of %s: %w", name, c.name, err)
	}
	conn := results.Connections
	if conn.Name == "" { // an empty name is a miss (A.5)
		return connection{}, fmt.Errorf("read connection %s of %s: %w", name, c.name, workers.ErrNotFound)
	}
	if conn.Gateway == "" {
		conn.Gateway = oneText(gw)
	}
	return conn, nil
}

// whereIs gives the network and the gateway of a connection. guess: the list's shape, a list of rows or such a list
// under "connections".
func (c *controller) whereIs(ctx context.Context, name string, near gateway) (vpc, gw string, err error) {
	type row struct {
		Name    oneText `json:"name"`
		VPC     oneText `json:"vpc_id"`
		Gateway oneText `json:"gw_name"`
	}
	var raw json.RawMessage
	if err := c.read(ctx, "list_site2cloud_conn", url.Values{"connection_name": {name}}, &raw); err != nil {
		return "", "", fmt.Errorf("find connection %s of %s: %w", name, c.name, err)
	}
	var rows []row
	if json.Unmarshal(raw, &rows) != nil {
		var under struct {
			Connections []row `json:"connections"`
		}
		if err := json.Unmarshal(raw, &under); err != nil {
			return "", "", unreadable("list_site2cloud_conn", false, err)
		}
		rows = under.Connections
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return string(r.Name) != name })
	if len(rows) == 0 {
		return "", "", fmt.Errorf("find connection %s of %s: %w", name, c.name, workers.ErrNotFound)
	}
	at := max(0, slices.IndexFunc(rows, func(r row) bool { return string(r.VPC) == near.VPC }))
	return string(rows[at].VPC), string(rows[at].Gateway), nil
}

// established tells whether the neighbour is there. bgp_status says in public clients whether BGP is switched on; where
// the session's state is not told, a tunnel that is up stands for it.
func (c connection) established() bool {
	if c.Session != "" {
		return strings.EqualFold(c.Session, "Established")
	}
	switch strings.ToLower(c.Status) {
	case "established":
		return true
	case "disabled", "active", "idle", "connect", "opensent", "openconfirm", "down":
		return false
	}
	for _, t := range c.Tunnels {
		if strings.EqualFold(t.Tunnel, "Up") || (t.Tunnel == "" && strings.EqualFold(t.Status, "Up")) {
			return true
		}
	}
	return false
}

// state says in words what was found.
func (c connection) state() string {
	var tunnels []string
	for _, t := range c.Tunnels {
		tunnels = append(tunnels, t.Status)
	}
	return fmt.Sprintf("BGP %q, session %q, tunnels %v", c.Status, c.Session, tunnels)
}

// sameSegment refuses when network segmentation keeps the routes of the two attachments apart: their domains differ and
// are not connected. Two attachments without a domain talk to each other.
func (c *controller) sameSegment(ctx context.Context, g gateway, conn string) error {
	var all struct {
		Attachments []struct {
			Name   string `json:"name"`
			Domain string `json:"domain"`
		} `json:"attachments"`
	}
	if err := c.read(ctx, "list_multi_cloud_domain_attachments", nil, &all); err != nil {
		return fmt.Errorf("list network domains of %s: %w", c.name, err)
	}
	from, to := "", ""
	for _, at := range all.Attachments {
		switch {
		case at.Name == conn:
			to = at.Domain
		case g.is(at.Name):
			from = at.Domain
		}
	}
	if from == to {
		return nil
	}
	var policy struct {
		Connected []string `json:"connected_domains"`
	}
	if from != "" && to != "" {
		fields := url.Values{"domain_name": {from}}
		if err := c.read(ctx, "list_multi_cloud_security_domain_connection_policy", fields, &policy); err != nil {
			return fmt.Errorf("read domain %s of %s: %w", from, c.name, err)
		}
	}
	if to == "" || !slices.Contains(policy.Connected, to) {
		return workers.Refuse("segmented",
			"check connection %s of %s: its domain %q is not connected with %q of gateway %s", conn, c.name, to, from,
			g.Name)
	}
	return nil
}
