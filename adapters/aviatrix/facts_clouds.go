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

const actInventory = "cloud_network_info"

// inventory is what the controller knows of networks.
type inventory struct {
	look look
	vpcs []vpc
}

type vpc struct {
	ID      string   `json:"vpc_id"`
	Name    string   `json:"vpc_name"`
	Account string   `json:"vpc_account_name"`
	Region  string   `json:"region"`
	CIDRs   []string `json:"vpc_cidrs"`
	Subnets []struct {
		Name   string `json:"name"`
		CIDR   string `json:"cidr"`
		Region string `json:"region"`
	} `json:"subnets"`
}

// ranges are all ranges of a network.
func (v vpc) ranges() reach.Ranges {
	all := rangesIn(v.CIDRs)
	for _, sub := range v.Subnets {
		all = all.Union(rangesIn([]string{sub.CIDR}))
	}
	return all
}

// networks reads the inventory.
func (s *survey) networks(ctx context.Context) *inventory {
	out := &inventory{look: s.look(actInventory, "")}
	fields := url.Values{"cache": {"no"}, "show_all": {"yes"}}
	out.look.failed(actInventory, s.read(ctx, actInventory, fields, &out.vpcs))
	return out
}

// otherCloud is the network of a gateway that is not in Google's cloud: its ranges and routes. No call of a controller
// shows its own firewall, nor who is there.
func (s *survey) otherCloud(m machine, routes reach.Listing[reach.Route]) reach.Network {
	realm := m.realm()
	unseen := func(what string) look {
		l := s.look("none", string(realm))
		l.gap(reach.FarSide, string(realm), what)
		return l
	}
	n := reach.Network{Realm: realm, Project: m.Account,
		Firewall: reach.Firewall{
			Hierarchical: reach.WholeList[reach.Policy](), System: reach.WholeList[reach.Policy](),
			Global: reach.WholeList[reach.Policy](), Regional: reach.WholeList[reach.Policy](),
			Rules: listed[reach.Rule](unseen("no call of a controller shows the network's own firewall"), nil),
		},
		Names: reach.NameService{
			Servers:   listed[string](unseen("no call of a controller shows how names are answered"), nil),
			Responses: reach.WholeList[reach.Response](), Zones: reach.WholeList[reach.Zone](),
		},
		Hidden: reach.WholeList[reach.Subnet](), Dynamic: reach.WholeList[reach.Route](),
		Policies: reach.WholeList[reach.PolicyRoute](), Endpoints: reach.WholeList[reach.Endpoint](),
		NATs:       listed[reach.NAT](unseen("no call of a controller shows the network's other ways out"), nil),
		Interfaces: listed[reach.Interface](unseen("no call of a controller shows who is in the network"), nil),
	}
	stock := s.inventory()
	var subnets []reach.Subnet
	at := slices.IndexFunc(stock.vpcs, func(v vpc) bool { return v.ID == m.VPC })
	subnetLook := stock.look
	subnetLook.gaps = slices.Clone(stock.look.gaps)
	subnetLook.scope = m.VPC
	if at >= 0 {
		for _, sub := range stock.vpcs[at].Subnets {
			subnets = append(subnets, reach.Subnet{Object: sub.Name, Region: sub.Region,
				Ranges: rangesIn([]string{sub.CIDR})})
		}
		if len(subnets) == 0 {
			subnets = append(subnets, reach.Subnet{Object: m.VPC, Region: m.Region, Ranges: stock.vpcs[at].ranges()})
		}
	} else if len(subnetLook.gaps) == 0 {
		subnetLook.lacks("the inventory has no network %s", m.VPC)
	}
	n.Subnets = listed(subnetLook, subnets)
	n.Routes = routes
	return n
}

// networkRoutes are the routes of another cloud's network: option vpc_route of its gateway, where each next hop that is
// not the network itself is the gateway.
func (s *survey) networkRoutes(ctx context.Context, m machine) reach.Listing[reach.Route] {
	l := s.look(actTable+" option=vpc_route", m.Name)
	l.at = m.reported(l.at)
	var answer struct {
		Tables []struct {
			Name  string            `json:"name"`
			Lines []json.RawMessage `json:"route_info"`
		} `json:"vpc_route_table"`
	}
	fields := url.Values{"gateway_name": {m.Name}, "option": {"vpc_route"}}
	if l.failed(actTable, s.read(ctx, actTable, fields, &answer)) {
		return listed[reach.Route](l, nil)
	}
	var out []reach.Route
	for i, t := range answer.Tables {
		routes := s.routesIn(t.Name, linesOf(t.Lines, &l), &l)
		if i > 0 && !slices.Equal(texts(out), texts(routes)) {
			l.lacks("the tables of network %s differ, and which subnetwork has which is not told", m.VPC)
		}
		if i == 0 {
			out = routes
		}
	}
	if len(answer.Tables) == 0 {
		l.lacks("the answer has no table of network %s", m.VPC)
	}
	return listed(l, out)
}

func texts(routes []reach.Route) (out []string) {
	for _, r := range routes {
		out = append(out, r.Dst.String()+" "+string(r.Next.Kind)+" "+r.Next.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// routesIn reads the lines of one table of a network.
func (s *survey) routesIn(table string, lines []tableLine, l *look) (out []reach.Route) {
	for _, line := range lines {
		dst, err := netip.ParsePrefix(line.Route)
		if err != nil {
			l.lacks("line %q of table %s is no prefix", line.Route, table)
			continue
		}
		r := reach.Route{Object: table + " " + line.Route, Kind: reach.StaticRoute, Dst: dst.Masked(),
			Next: reach.NextHop{State: reach.Up}}
		switch found := s.named(line.Target); {
		case len(found) > 0:
			r.Next.Kind, r.Next.Name = reach.ToGateway, found[0].Name
		case strings.EqualFold(line.Target, "local"):
			r.Kind, r.Next.Kind = reach.SubnetRoute, reach.ToLocal
		case strings.EqualFold(line.Target, "internet"), strings.HasPrefix(strings.ToLower(line.Target), "igw"):
			r.Next.Kind = reach.ToInternet
		default:
			l.lacks("line %s of table %s has a target that nobody here knows: %q", line.Route, table, line.Target)
			continue
		}
		out = append(out, r)
	}
	return out
}
