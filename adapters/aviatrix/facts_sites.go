package aviatrix

import (
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

const (
	actConnections = "list_site2cloud_conn"
	actConnection  = "get_site2cloud_conn_detail"
)

// sites are the connections of the gateways in question.
type sites struct {
	look look
	rows []siteRow
	list []site
}

// site is one connection, with the far end that it leads to.
type site struct {
	name, gateway string
	// vpc is its network as the list of connections spells it.
	vpc    string
	realm  reach.Realm
	state  reach.State
	detail siteDetail
	look   look
}

// siteDetail is what of get_site2cloud_conn_detail decides about packets.
type siteDetail struct {
	connection
	Kind string `json:"type"`
	// Remote are the ranges of a connection without BGP, comma separated.
	Remote string `json:"remote_cidr"`
	// Virtual are what the ranges of a mapped connection are translated to.
	Virtual      string `json:"virt_remote_cidr"`
	VirtualLocal string `json:"virt_local_cidr"`
}

// siteRow is a line of the list of connections.
type siteRow struct {
	Name    oneText `json:"name"`
	VPC     oneText `json:"vpc_id"`
	Gateway oneText `json:"gw_name"`
}

// connections reads the list of connections.
func (s *survey) connections(ctx context.Context) *sites {
	out := &sites{look: s.look(actConnections, "")}
	var raw json.RawMessage
	if out.look.failed(actConnections, s.read(ctx, actConnections, nil, &raw)) {
		return out
	}
	if json.Unmarshal(raw, &out.rows) != nil {
		var under struct {
			Connections []siteRow `json:"connections"`
		}
		if err := json.Unmarshal(raw, &under); err != nil {
			out.look.failed(actConnections, unreadable(actConnections, false, err))
			return out
		}
		out.rows = under.Connections
	}
	return out
}

// only keeps the connections of some gateways.
func (out *sites) only(near []machine, s *survey) {
	names := map[string]int{}
	for _, r := range out.rows {
		names[string(r.Name)]++
	}
	for _, r := range out.rows {
		at := slices.IndexFunc(near, func(m machine) bool {
			return m.is(string(r.Gateway)) || r.Gateway == "" && m.VPC == string(r.VPC)
		})
		if at < 0 {
			continue
		}
		one := site{name: string(r.Name), vpc: string(r.VPC), gateway: near[at].Name,
			realm: observe.SiteRealm(s.name, string(r.Name))}
		if names[one.name] > 1 { // names are unique in a network only
			one.realm = observe.SiteRealm(s.name+"/"+one.gateway, one.name)
		}
		out.list = append(out.list, one)
	}
}

// reads are the calls that read each connection.
func (out *sites) reads(ctx context.Context, s *survey) (reads []func()) {
	for i := range out.list {
		reads = append(reads, func() { s.detail(ctx, &out.list[i]) })
	}
	return reads
}

// detail reads one connection.
func (s *survey) detail(ctx context.Context, one *site) {
	fields := url.Values{"conn_name": {one.name}, "vpc_id": {one.vpc}}
	one.look = s.look(actConnection, one.name)
	one.state = reach.Unclear
	var results struct {
		Connections siteDetail `json:"connections"`
	}
	if one.look.failed(actConnection, s.read(ctx, actConnection, fields, &results)) {
		return
	}
	one.detail = results.Connections
	if one.detail.Name == "" {
		one.look.lacks("the answer has no connection %s", one.name)
		return
	}
	if one.detail.Kind == "mapped" || one.detail.Virtual+one.detail.VirtualLocal != "" {
		one.look.lacks("connection %s translates addresses, which is not followed", one.name)
		return
	}
	one.state = one.detail.up()
}

// up tells whether packets pass: a tunnel is up, and where the state of the BGP session is told, it stands.
func (c siteDetail) up() reach.State {
	if c.Session != "" && !strings.EqualFold(c.Session, "Established") {
		return reach.Down
	}
	state := reach.Unclear
	for _, t := range c.Tunnels {
		word := strings.ToLower(t.Tunnel)
		if word == "" {
			word = strings.ToLower(t.Status)
		}
		switch word {
		case "up":
			return reach.Up
		case "down":
			state = reach.Down
		}
	}
	return state
}

// of tells whether the connection is one of a gateway or of its pair.
func (s site) of(m machine) bool {
	return s.gateway == m.Name || s.gateway == m.first() || m.is(s.gateway)
}

// at finds a connection of a gateway, or of the gateway's pair.
func (s *sites) at(m machine, name string) (site, bool) {
	i := slices.IndexFunc(s.list, func(one site) bool { return one.name == name && one.of(m) })
	if i < 0 {
		return site{}, false
	}
	return s.list[i], true
}

// facts are the far ends. What a site owns is what it tells its gateway, and the ranges that the connection was made
// with. Nobody reads a site's table here; what the controller says that it was told is in the list all the same.
func (s *sites) facts(from *survey, gateways []reach.Gateway, segments *segments) (out []reach.FarSideFacts) {
	for _, one := range s.list {
		f := reach.FarSideFacts{Realm: one.realm, Domain: segments.domains[one.name]}
		for _, g := range gateways {
			for _, line := range g.Table.Items {
				if line.Next.Kind == reach.ToSite && line.Next.Realm == one.realm {
					f.Owns = f.Owns.Union(reach.RangesOf(line.Dst))
				}
			}
		}
		f.Owns = f.Owns.Union(rangesIn(strings.Split(one.detail.Remote, ",")))
		one.look.gap(reach.FarSide, string(one.realm), "nobody reads the table of the site")
		f.Table = listed(one.look, one.told())
		out = append(out, f)
	}
	return out
}

// told are the routes that the neighbour was told, where the controller says so.
func (s site) told() (out []reach.Route) {
	for _, text := range normal(s.detail.Told) {
		out = append(out, reach.Route{Object: s.name, Kind: reach.DynamicRoute, Dst: netip.MustParsePrefix(text),
			Next: reach.NextHop{Kind: reach.ToGateway, Name: s.gateway, State: s.state}})
	}
	return out
}

// rangesIn is the union of prefixes and addresses of both families; what is none adds nothing.
func rangesIn(texts []string) (all reach.Ranges) {
	for _, text := range texts {
		if one, err := reach.ParseRanges(strings.TrimSpace(text)); err == nil {
			all = all.Union(one)
		}
	}
	return all
}

// rangesOfEach are the ranges of each text by itself.
func rangesOfEach(texts []string) (out []reach.Ranges) {
	for _, text := range texts {
		out = append(out, rangesIn([]string{text}))
	}
	return out
}
