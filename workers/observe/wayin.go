package observe

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// A WayIn claims that what sites send to an announced address arrives and is answered. Whether a site uses a route that
// it was told is not for us to read, so the claim is: if it does.
type WayIn struct {
	// Network is the full name of the network with the address, Address what is announced, without a length.
	Network string `json:"network"`
	Address string `json:"address"`
	// Router is the full name of a Cloud Router that announces it to its peers, Region where it is.
	Router string `json:"router,omitempty"`
	Region string `json:"region,omitempty"`
	// Controller, Gateway and Connections are a spoke that announces it over connections.
	Controller  string   `json:"controller,omitempty"`
	Gateway     string   `json:"gateway,omitempty"`
	Connections []string `json:"connections,omitempty"`
}

// announcer is who announces, for people.
func (i WayIn) announcer() string { return i.Router + i.Gateway }

// A heard is a site that is told an announcement, and what it told in turn.
type heard struct {
	realm reach.Realm
	owns  reach.Ranges
}

// sites are those that are told: peers of the router, or far ends of the connections. A site is known by the routes
// that are learned from it; a default route is no address of its own.
func (i WayIn) sites(w reach.World) (all []heard) {
	at := func(realm reach.Realm) *heard {
		k := slices.IndexFunc(all, func(h heard) bool { return h.realm == realm })
		if k < 0 {
			all = append(all, heard{realm: realm})
			k = len(all) - 1
		}
		return &all[k]
	}
	if i.Router != "" {
		for _, n := range w.Networks {
			for _, one := range n.Dynamic.Items {
				if string(n.Realm) == i.Network && one.Next.Kind == reach.ToSite && one.Dst.Bits() > 0 &&
					strings.HasPrefix(string(one.Next.Realm), string(SiteRealm(i.Router, ""))) {
					h := at(one.Next.Realm)
					h.owns = h.owns.Union(reach.RangesOf(one.Dst))
				}
			}
		}
	}
	for _, s := range w.Sites {
		for _, c := range i.Connections {
			if s.Realm == SiteRealm(i.Controller, c) || s.Realm == SiteRealm(i.Controller+"/"+i.Gateway, c) {
				h := at(s.Realm)
				h.owns = h.owns.Union(s.Owns)
			}
		}
	}
	return slices.DeleteFunc(all, func(h heard) bool { return h.owns.Empty() })
}

// claim is the world in which the sites use what they are told, and what is asked there.
func (i WayIn) claim(w reach.World) (reach.World, []reach.Ask, error) {
	address, err := netip.ParseAddr(i.Address)
	if err != nil {
		return w, nil, workers.Refuse("invalid", "way in: address %q: %w", i.Address, err)
	}
	announced := reach.Route{Object: "announced by " + i.announcer(), Kind: reach.DynamicRoute,
		Dst:  netip.PrefixFrom(address, address.BitLen()),
		Next: reach.NextHop{Kind: reach.ToNetwork, Name: i.Network, Realm: reach.Realm(i.Network), State: reach.Up}}
	if i.Gateway != "" {
		announced.Next = reach.NextHop{Kind: reach.ToGateway, Name: i.Gateway, State: reach.Up}
	}
	w.Sites = slices.Clone(w.Sites)
	var asks []reach.Ask
	for _, h := range i.sites(w) {
		k := slices.IndexFunc(w.Sites, func(s reach.FarSideFacts) bool { return s.Realm == h.realm })
		if k < 0 {
			w.Sites = append(w.Sites, reach.FarSideFacts{Realm: h.realm})
			k = len(w.Sites) - 1
		}
		w.Sites[k].Owns, w.Sites[k].Table = h.owns, reach.WholeList(announced)
		asks = append(asks, reach.Ask{About: "in from " + string(h.realm), Want: reach.Passes,
			From: reach.Sender{Realm: h.realm, Kind: reach.Site, Region: i.Region, Source: h.owns.String()},
			Dest: &reach.Allowed{CIDR: i.Address, Protocol: "tcp", Ports: []string{"443"}}})
	}
	return w, asks, nil
}

// The ways are what was found about all ways in, one ask a site, and what is not known of each.
type ways struct {
	asks     []reach.Ask
	findings []reach.Finding
	unread   []events.Unverified
}

// waysIn asks about all ways in.
func (in ReachIn) waysIn(w reach.World) (ways, error) {
	var out ways
	for _, i := range in.In {
		told, asks, err := i.claim(w)
		if err != nil {
			return out, err
		}
		for _, a := range asks {
			f, err := told.Ask(a)
			if err != nil {
				return out, workers.Refuse("invalid", "judge the way in: %w", err)
			}
			out.asks, out.findings = append(out.asks, a), append(out.findings, f)
		}
		why := "whether its sites use the route to " + i.Address + " that they are told is not read"
		if len(asks) == 0 {
			why = "nobody is known who is told the route to " + i.Address
		}
		out.unread = append(out.unread,
			events.Unverified{Cause: string(reach.FarSide), Object: i.announcer(), Why: why})
	}
	return out, nil
}
