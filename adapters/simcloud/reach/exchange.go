package reach

import (
	"net/netip"
	"slices"
	"strings"
)

// The kinds of exchanged routes.
const (
	SubnetRoute  = "subnet"
	StaticRoute  = "static"
	DynamicRoute = "dynamic"
)

// Exchanged is a route that one end of a peering exports. Imported tells whether the other end has taken it.
type Exchanged struct {
	Peering  string // its name in the network that is asked
	Prefix   string
	Kind     string
	Priority int
	Region   string // of a dynamic route
	Imported bool
}

// Exchange asks for the routes of a network's peerings.
type Exchange struct {
	Network  string // projects/P/global/networks/N
	Peering  string // "" = all of them
	Region   string // that dynamic routes are seen from; "" = anywhere
	Outgoing bool   // what the network exports; else what its peers export
}

// Exchanges lists the routes that active peerings exchange, by the rules that packets follow: subnet routes with
// private ranges always, with public ones unless the exporting end keeps them, custom routes where that end exports
// them. Routes with a tag and routes to the default internet gateway are never exchanged (pagePeering).
func (s *Snapshot) Exchanges(q Exchange) []Exchanged {
	w := &walk{Snapshot: s}
	var out []Exchanged
	for _, p := range w.active(q.Network) {
		peer := relative(p.Network, "")
		back, ok := w.otherEnd(q.Network, peer)
		if !ok || q.Peering != "" && q.Peering != p.Name {
			continue
		}
		e := crossing{walk: w, from: peer, to: q.Network, exports: back, imports: p, region: q.Region}
		if q.Outgoing {
			e = crossing{walk: w, from: q.Network, to: peer, exports: p, imports: back, region: q.Region}
		}
		for _, r := range append(e.subnetRoutes(), e.customRoutes()...) {
			r.Peering = p.Name
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b Exchanged) int { return strings.Compare(a.Prefix, b.Prefix) })
	return out
}

// crossing is one direction of a peering.
type crossing struct {
	*walk
	from, to         string // networks
	exports, imports peering
	region           string
}

func (e crossing) subnetRoutes() []Exchanged {
	var out []Exchanged
	for _, text := range e.ranges() {
		prefix, ok := prefixOf(text)
		if !ok || !carries(e.imports, e.exports, prefix.Addr()) {
			continue
		}
		public := prefix.Addr().Is4() && !specialUse(prefix.Addr())
		if public && e.exports.ExportPublic != nil && !*e.exports.ExportPublic {
			continue
		}
		out = append(out, Exchanged{Prefix: prefix.String(), Kind: SubnetRoute,
			Imported: !public || e.imports.ImportPublic})
	}
	return out
}

// ranges are those of the exporting network's subnetworks, and of what is hidden behind its connectors.
func (e crossing) ranges() []string {
	var out []string
	for _, sub := range e.subnets {
		if relative(sub.Network, "") != e.from || sub.Purpose == "PRIVATE_SERVICE_CONNECT" {
			continue
		}
		out = append(out, sub.Range, sub.V6)
		for _, second := range sub.Secondary {
			out = append(out, second.Range)
		}
	}
	for _, c := range e.connectors {
		if relative(c.Network, part(c.Name, "projects")) == e.from {
			out = append(out, c.Range)
		}
	}
	return out
}

func (e crossing) customRoutes() []Exchanged {
	if !e.exports.Export {
		return nil
	}
	var out []Exchanged
	elsewhere := leg{region: e.region} // in no network: what has a tag is not for it
	for _, c := range append(e.staticWays(e.from, elsewhere), e.learnedWays(e.from, elsewhere)...) {
		if c.category == byInternet || !carries(e.imports, e.exports, c.prefix.Addr()) {
			continue
		}
		r := Exchanged{Prefix: c.prefix.String(), Kind: StaticRoute, Priority: c.priority,
			Imported: e.imports.Import && !e.covered(c.prefix)}
		if c.router != "" {
			r.Kind, r.Region = DynamicRoute, part(c.router, "regions")
		}
		out = append(out, r)
	}
	return out
}

// covered tells whether the importing network has a subnet route for the whole prefix: that one wins (pageRoutes).
func (e crossing) covered(prefix netip.Prefix) bool {
	sub, own, ok := e.subnetAt(e.to, prefix.Addr())
	return ok && sub.Purpose != "PRIVATE_SERVICE_CONNECT" && own.Bits() <= prefix.Bits()
}
