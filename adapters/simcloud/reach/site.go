package reach

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
)

// told1 is one route that a site was told, and by whom.
type heard struct {
	aviatrix.Line
	router     string // that told it
	connection string // CONTROLLER/GATEWAY/NAME
	hop        string // the next hop of a speaker's route
}

// throughSite brings a packet to a host of a site, or out of the site by the routes that it was told: the longest
// prefix decides between what the site has and what it was told (pageIP), and what it has comes before what is as long.
// A site is known by one name wherever it is a peer: of a Cloud Router, of an Aviatrix gateway, of a speaker.
func (w *walk) throughSite(l leg) leg {
	at := "site " + l.site
	own := w.siteHas(l.site, l.dst)
	var fit []heard
	bits := own
	for _, h := range w.heardBy(l) {
		p, ok := prefixOf(h.Prefix)
		if !ok || !p.Contains(l.dst) || p.Bits() < bits {
			continue
		}
		if p.Bits() > bits {
			fit, bits = nil, p.Bits()
		}
		fit = append(fit, h)
	}
	switch {
	case bits == own && own >= 0:
		w.say(at, siteHost, l.dst.String())
		return w.finish(l, place{kind: "site", names: []string{l.site}, addr: l.dst})
	case len(fit) == 0:
		return w.drop(l, at, siteNoRoute, "")
	}
	w.say(at, siteImport, fit[0].Prefix)
	w.asked(siteImports)
	if !w.settings.On(siteImports) {
		w.hops[len(w.hops)-1].Drop = true
		l.at = dropped
		return l
	}
	if len(fit) == 1 {
		return w.leaveSite(l, fit[0])
	}
	var ways []func(*walk) leg
	for _, h := range fit {
		ways = append(ways, func(one *walk) leg { return one.leaveSite(l, h) })
	}
	return w.fork(ways)
}

// siteHas is the length of the longest prefix with an address that a site has: of a range that it tells somebody, or of
// a host of the world; -1 when it has none.
func (w *walk) siteHas(site string, a netip.Addr) int {
	bits := -1
	has := func(ranges []string) {
		for _, text := range ranges {
			if p, ok := prefixOf(text); ok && p.Contains(a) {
				bits = max(bits, p.Bits())
			}
		}
	}
	for _, peers := range w.learned {
		has(peers[site])
	}
	for _, c := range w.connections {
		if c.Name == site {
			has(append(slices.Clone(c.Learned), c.Subnets...))
		}
	}
	for _, h := range w.hosts {
		if h.Site == site && h.Address == a.String() {
			bits = a.BitLen()
		}
	}
	return bits
}

// heardBy is everything that a site was told.
func (w *walk) heardBy(l leg) []heard {
	var out []heard
	for _, r := range w.routers {
		for _, p := range w.told[r.Name].Peers {
			if p.Name != l.site || p.Enable == "FALSE" {
				continue
			}
			for _, prefix := range w.announcedTo(r, p.advertisement) {
				out = append(out, heard{Line: aviatrix.Line{Prefix: prefix, Target: last(r.Name)}, router: r.Name})
			}
		}
	}
	for name, c := range w.connections {
		if c.Name != l.site {
			continue
		}
		controller, _, _ := strings.Cut(name, "/")
		for _, prefix := range w.plane.Told(controller, c) {
			out = append(out, heard{Line: aviatrix.Line{Prefix: prefix, Target: c.Gateway}, connection: name})
		}
	}
	for name, doc := range w.tx.Scan(speak, "siteRoute", l.site+"/") {
		hop, _ := doc["nextHop"].(string)
		out = append(out, heard{Line: aviatrix.Line{Prefix: strings.TrimPrefix(name, l.site+"/"), Target: hop},
			hop: hop})
	}
	slices.SortFunc(out, func(a, b heard) int {
		return strings.Compare(a.router+a.connection+a.hop+a.Prefix, b.router+b.connection+b.hop+b.Prefix)
	})
	return out
}

// announcedTo is what a Cloud Router tells a peer: the peer's own list in its own CUSTOM mode, else the router's
// (pageAdvertise).
func (w *walk) announcedTo(r router, own advertisement) []string {
	source := w.told[r.Name].BGP
	if own.Mode == "CUSTOM" {
		source = own
	}
	var out []string
	for _, entry := range source.Ranges {
		out = append(out, entry.Range)
	}
	if source.Mode == "CUSTOM" && len(source.Groups) == 0 {
		return out
	}
	net := relative(r.Network, part(r.Name, "projects"))
	everywhere := w.networks[net].Routing.Mode == "GLOBAL"
	for _, sub := range w.subnets {
		if relative(sub.Network, "") == net && (everywhere || part(sub.Name, "regions") == part(r.Name, "regions")) {
			out = append(out, sub.Range)
			if sub.V6 != "" {
				out = append(out, sub.V6)
			}
		}
	}
	for _, c := range w.connectors {
		if w.settings.On(hiddenAnnounced) && c.Range != "" && relative(c.Network, part(c.Name, "projects")) == net {
			out = append(out, c.Range)
		}
	}
	return out
}

// leaveSite follows what a site was told.
func (w *walk) leaveSite(l leg, h heard) leg {
	at := "site " + l.site
	w.say(at, siteRoute, h.Prefix+" to "+h.Target)
	if h.hop == "" {
		return w.fromSite(l, h.router, h.connection)
	}
	for _, o := range w.hosts {
		if o.Site != l.site || o.Address != h.hop {
			continue
		}
		w.say(at, siteHop, o.Name)
		if name, ok := strings.CutPrefix(o.Forwards, "connection:"); ok {
			return w.fromSite(l, "", name)
		}
		router, _ := strings.CutPrefix(o.Forwards, "router:")
		names := strings.Split(router, "/")
		if len(names) == 3 {
			return w.fromSite(l, "projects/"+names[0]+"/regions/"+names[1]+"/routers/"+names[2], "")
		}
	}
	return w.drop(l, at, siteNoHop, h.hop)
}

// fromSite enters a Google network by a router's tunnel, or an Aviatrix gateway by a connection.
func (w *walk) fromSite(l leg, routerName, connection string) leg {
	at := "site " + l.site
	l.site = ""
	if c, ok := w.connections[connection]; ok {
		if c.Tunnel != "Up" || c.BGP && c.Session != "Established" {
			return w.drop(l, at, gwTunnel, c.Tunnel+" "+c.Session)
		}
		controller, _, _ := strings.Cut(connection, "/")
		l.at, l.gateway, l.from = atGateway, controller+"/"+c.Gateway, c.Name
		return l
	}
	i := slices.IndexFunc(w.routers, func(r router) bool { return r.Name == routerName })
	if i < 0 {
		return w.drop(l, at, siteNoHop, routerName+connection)
	}
	l.at, l.via, l.nic = atNetwork, hybrid, nil
	l.net, l.region = relative(w.routers[i].Network, part(routerName, "projects")), part(routerName, "regions")
	return l
}
