package reach

import (
	"net/netip"
	"slices"
)

// Defaults are the routes that what a sender sends to the internet takes first: those of 0.0.0.0/0 that are for it, by
// their priority, without those whose next hop is not there.
func (w World) Defaults(s Sender) []Route {
	n, _ := w.network(s.Realm)
	who := Identity{Kind: s.Kind, Name: s.Name, Region: s.Region, Tags: s.Tags}
	every := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	routes := slices.DeleteFunc(slices.Concat(n.Routes.Items, n.Dynamic.Items), func(one Route) bool {
		return one.Dst != every || applies(one, who) == no || one.dead()
	})
	return choose(routes, who).winners
}

// At are the addresses of a machine or a gateway of a network.
func (w World) At(realm Realm, name string) (out Ranges) {
	for _, g := range w.Gateways {
		if g.Name == name && g.Realm == realm {
			out = out.Union(g.Address)
		}
	}
	n, _ := w.network(realm)
	for _, i := range n.Interfaces.Items {
		if i.Who.Name == name {
			out = out.Union(i.Addresses)
		}
	}
	return out
}
