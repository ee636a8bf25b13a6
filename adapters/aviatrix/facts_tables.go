package aviatrix

import (
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
)

const actTable = "get_transit_or_spoke_gateway_details"

// tableLine is one route as the controller shows it. Shapes: public scripts that read them.
type tableLine struct {
	Route  string `json:"route"`
	Target string `json:"target"`
}

// lineKeys are what a line has, and what decides nothing about where packets go. guess: those after target.
var lineKeys = []string{"route", "target", "name", "dev", "interface", "metric"}

// table is a gateway's own table: option gw_route, which names next hops (vpc_route shows the table of its network, in
// which each of them is the gateway). What filters, approvals, customised lists and domains keep out is not in it. It
// is a report: as old as the interval between two reports.
func (s *survey) table(
	m machine, read lines, sites *sites, segments *segments,
) reach.Listing[reach.GatewayRoute] {
	l := read.look
	l.gaps = nil
	l.add(sites.look.gaps...)
	for _, one := range sites.list {
		if one.of(m) {
			l.add(one.look.gaps...)
		}
	}
	l.add(segments.gaps...)
	if bool(m.Transit) {
		l.add(s.peering.gaps...)
	}
	if !m.Translates.known {
		l.lacks("gateway %s does not tell whether it translates sources", m.Name)
	}
	if m.Translates.on && m.Target != "" && m.Target != "primary" && m.Target != "secondary" {
		l.lacks("gateway %s translates sources by a list of its own (%s)", m.Name, m.Target)
	}
	l.add(read.look.gaps...)
	var out []reach.GatewayRoute
	for _, line := range read.list {
		dst, err := netip.ParsePrefix(line.Route)
		if err != nil {
			l.lacks("line %q of gateway %s is no prefix", line.Route, m.Name)
			continue
		}
		route := reach.GatewayRoute{Object: line.Route + " to " + line.Target, Dst: dst.Masked()}
		if conn, ok := sites.at(m, line.Target); ok {
			route.Domain = segments.ofConnection(m, line.Target)
			route.Next = reach.NextHop{Kind: reach.ToSite, Name: line.Target, Realm: conn.realm, State: conn.state}
			out = append(out, route)
			continue
		}
		for _, next := range s.target(m, line, &l) {
			route.Next = next
			out = append(out, route)
		}
	}
	return listed(l, m.withOwn(out))
}

// lines are what was read of a gateway's table.
type lines struct {
	look look
	list []tableLine
}

// lines reads those that are the gateway's. An answer may have both gateways of a pair.
func (s *survey) lines(ctx context.Context, m machine) lines {
	out := lines{look: s.look(actTable+" option=gw_route", m.Name)}
	out.look.at = m.reported(out.look.at)
	l := &out.look
	var answer struct {
		Tables []struct {
			Gateway string            `json:"gw_name"`
			Lines   []json.RawMessage `json:"route_table"`
			Info    []json.RawMessage `json:"route_info"`
		} `json:"gateway_route_table"`
	}
	fields := url.Values{"gateway_name": {m.Name}, "option": {"gw_route"}}
	if l.failed(actTable, s.read(ctx, actTable, fields, &answer)) {
		return out
	}
	found := false
	for _, t := range answer.Tables {
		if t.Gateway != m.Name {
			continue
		}
		found = true
		if t.Lines == nil {
			t.Lines = t.Info
		}
		out.list = append(out.list, linesOf(t.Lines, l)...)
	}
	if !found {
		l.lacks("the answer has no table of gateway %s", m.Name)
	}
	return out
}

// linesOf reads lines; one that has more than a prefix and a target is not understood.
func linesOf(list []json.RawMessage, l *look) (out []tableLine) {
	for _, raw := range list {
		var line tableLine
		var keys map[string]any
		if json.Unmarshal(raw, &line) != nil || json.Unmarshal(raw, &keys) != nil || line.Route == "" {
			l.lacks("a line of the table has another form: %.60s", raw)
			continue
		}
		if more := strangers(keys, lineKeys); len(more) > 0 {
			l.lacks("line %s has keys that nobody here knows: %s", line.Route, strings.Join(more, ", "))
		}
		out = append(out, line)
	}
	return out
}

// strangers are the keys of an object that are not known and have a value; what is empty, zero or off decides nothing.
func strangers(object map[string]any, known []string) (out []string) {
	for _, key := range sortedKeys(object) {
		if !slices.Contains(known, key) && !nothing(object[key]) {
			out = append(out, key)
		}
	}
	return out
}

func nothing(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// target says where a line leads: to another gateway or any of a group, into the network, or out. A target that nobody
// knows is a gap.
func (s *survey) target(m machine, line tableLine, l *look) (out []reach.NextHop) {
	for _, other := range s.named(line.Target) {
		out = append(out, reach.NextHop{Kind: reach.ToGateway, Name: other.Name, State: reach.Up})
	}
	if len(out) > 0 {
		return out
	}
	one := reach.NextHop{State: reach.Up}
	switch word := strings.ToLower(line.Target); {
	case word == "local", word == "eth0" && !strings.HasSuffix(line.Route, "/0"):
		one.Kind = reach.ToLocal
	case word == "eth0", word == "internet", word == "igw": // guess: how a gateway shows its own way out
		one.Kind = reach.ToInternet
	case word == "blackhole", word == "null0":
		one.Kind, one.Name = reach.ToNobody, line.Target
	default:
		l.lacks("line %s of gateway %s has a target that nobody here knows: %q", line.Route, m.Name, line.Target)
		return nil
	}
	return []reach.NextHop{one}
}

// withOwn adds what a gateway's machine has besides what it reports, and takes out what that hides. A prefix of its own
// network goes there, whoever else tells of it. A prefix that it advertises beyond its network goes into the network.
// guess: a spoke's own default route, which reports of routes do not show.
func (m machine) withOwn(lines []reach.GatewayRoute) []reach.GatewayRoute {
	local := map[netip.Prefix]bool{}
	has := map[netip.Prefix]bool{}
	for _, line := range lines {
		has[line.Dst] = true
		local[line.Dst] = local[line.Dst] || line.Next.Kind == reach.ToLocal
	}
	lines = slices.DeleteFunc(lines, func(r reach.GatewayRoute) bool {
		return local[r.Dst] && r.Next.Kind != reach.ToLocal
	})
	if !bool(m.Spoke) {
		return lines
	}
	for _, text := range normal(m.Included) {
		if p, err := netip.ParsePrefix(text); err == nil && !has[p] {
			lines = append(lines, reach.GatewayRoute{Object: text + " advertised", Dst: p,
				Next: reach.NextHop{Kind: reach.ToLocal, State: reach.Up}})
		}
	}
	if all := netip.PrefixFrom(netip.IPv4Unspecified(), 0); !has[all] {
		lines = append(lines, reach.GatewayRoute{Object: "default", Dst: all,
			Next: reach.NextHop{Kind: reach.ToInternet, State: reach.Up}})
	}
	return lines
}
