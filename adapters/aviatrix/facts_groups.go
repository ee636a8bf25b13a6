package aviatrix

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
)

// members resolve groups of the controller into addresses and names.
type members struct {
	survey *survey
	groups map[string]group // by id
}

// members are all groups by id.
func (s *survey) members(all map[string]group) *members {
	m := &members{survey: s, groups: map[string]group{}}
	for _, g := range all {
		m.groups[g.UUID] = g
	}
	return m
}

// union is who is in any of some groups.
func (g *members) union(ids []string) (out reach.Group) {
	for _, id := range ids {
		one := g.group(id)
		out.Ranges, out.Maybe = out.Ranges.Union(one.Ranges), out.Maybe.Union(one.Maybe)
		out.Unread = append(out.Unread, one.Unread...)
	}
	out.Maybe = out.Maybe.Subtract(out.Ranges)
	return out
}

// The members of the groups that every controller has: all addresses, and what is in no private range (vendor's page
// about SmartGroups, default groups).
var (
	everyIPv4     = reach.RangesOf(netip.PrefixFrom(netip.IPv4Unspecified(), 0))
	privateRanges = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
	publicRanges  = everyIPv4.Subtract(rangesIn(privateRanges))
)

// group is who is in one group. The two that every controller has are by documents: all addresses, and what is in no
// private range.
func (g *members) group(id string) (out reach.Group) {
	switch id {
	case anywhere:
		return reach.Group{Ranges: everyIPv4}
	case publicInternet:
		return reach.Group{Ranges: publicRanges}
	}
	one, ok := g.groups[id]
	if !ok {
		return reach.Group{Unread: []reach.Gap{{Cause: reach.ListNotWhole, Object: actGroups,
			Why: "nothing was read of group " + id}}}
	}
	for _, e := range one.Selector.Any {
		part := g.expression(one.Name, e.All)
		out.Ranges, out.Maybe = out.Ranges.Union(part.Ranges), out.Maybe.Union(part.Maybe)
		out.Unread = append(out.Unread, part.Unread...)
	}
	return out
}

// kinds of members that the controller finds by itself, again and again (60 minutes by default).
var polled = []string{"vm", "vpc", "subnet", "k8s", "k8s_node", "serverless"}

// expression is who one expression of a group selects; all of its keys must fit.
func (g *members) expression(name string, keys map[string]any) reach.Group {
	unread := func(cause reach.Cause, why string) reach.Group {
		return reach.Group{Unread: []reach.Gap{{Cause: cause, Object: name, Why: why}}}
	}
	text := func(key string) string { t, _ := keys[key].(string); return t }
	kind := text("type")
	switch {
	case text(keyCIDR) != "":
		found, err := reach.ParseRanges(text(keyCIDR))
		switch {
		case err != nil:
			return unread(reach.ListNotWhole, "the group selects by "+text(keyCIDR)+", which is no range")
		case len(strangers(keys, []string{keyCIDR})) > 0:
			return reach.Group{Maybe: found}
		}
		return reach.Group{Ranges: found}
	case kind == "vpc" || kind == "subnet":
		return g.networks(name, kind, keys)
	case slices.Contains(polled, kind):
		return reach.Group{Maybe: reach.EveryAddress()}
	case text("fqdn") != "":
		return unread(reach.NameUnresolved, "the group selects by name, which the controller resolves")
	case keys["s2c"] != nil || keys["site"] != nil:
		return unread(reach.FarSide, "the group selects what is behind a connection")
	}
	return unread(reach.ListNotWhole, "the group selects by "+strings.Join(sortedKeys(keys), ", ")+
		", which no call of a controller shows as ranges")
}

// networks are the ranges of networks or subnetworks by the controller's inventory. With a label they are members only
// if the label says so.
func (g *members) networks(name, kind string, keys map[string]any) (out reach.Group) {
	stock := g.survey.inventory()
	if len(stock.look.gaps) > 0 {
		return reach.Group{Unread: stock.look.gaps}
	}
	fits := func(key, value string) bool {
		wanted, asked := keys[key].(string)
		return !asked || strings.EqualFold(strings.ReplaceAll(wanted, " ", ""), strings.ReplaceAll(value, " ", ""))
	}
	var found reach.Ranges
	for _, v := range stock.vpcs {
		if !fits("account_name", v.Account) {
			continue
		}
		if kind == "vpc" {
			if fits("name", v.Name) && fits("region", v.Region) && fits("res_id", v.ID) {
				found = found.Union(v.ranges())
			}
			continue
		}
		for _, sub := range v.Subnets {
			if fits("name", sub.Name) && fits("region", sub.Region) {
				found = found.Union(rangesIn([]string{sub.CIDR}))
			}
		}
	}
	known := []string{"type", "name", "region", "account_name"}
	if kind == "vpc" {
		known = append(known, "res_id")
	}
	if more := strangers(keys, known); len(more) > 0 {
		return reach.Group{Maybe: found}
	}
	return reach.Group{Ranges: found}
}

// names are what web groups look for. A pattern that is not followed makes the rule one that may fit.
func (g *members) names(ids []string) (out []reach.Name, open []reach.Gap) {
	doubt := func(cause reach.Cause, object, why string) {
		open = append(open, reach.Gap{Cause: cause, Object: object, Why: why})
		out = append(out, reach.AnyName)
	}
	for _, id := range ids {
		one, ok := g.groups[id]
		if !ok {
			doubt(reach.ListNotWhole, actGroups, "nothing was read of group "+id)
			continue
		}
		for _, e := range one.Selector.Any {
			sni, _ := e.All[keySNI].(string)
			url, _ := e.All["urlfilter"].(string)
			switch {
			case sni != "" && len(strangers(e.All, []string{keySNI})) == 0:
				out = append(out, reach.NameOf(sni))
			case url != "":
				doubt(reach.Inspected, one.Name, "the group looks at "+url+", which is within the packets")
			default:
				doubt(reach.ListNotWhole, one.Name, "the group selects by "+strings.Join(sortedKeys(e.All), ", "))
			}
		}
	}
	if len(out) == 0 {
		doubt(reach.ListNotWhole, actGroups, "the rule's web groups name nothing")
	}
	return out, open
}
