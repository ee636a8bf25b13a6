package reach

import (
	"net/netip"
	"slices"
)

// byExporter goes on by an imported route: to the next hop of the routes of this prefix in the network that exports
// them. A route is chosen once, in the sender's network; the exporter's other routes have no say.
//
// Pages "VPC Network Peering", Options for exchanging routes, and "Routes", Applicability and order.
func (r *run) byExporter(p piece, imported Route) {
	if imported.Next.State == Unclear {
		r.gap(Gap{FarSide, imported.Next.Name, "nobody can tell whether the next hop is up"})
		r.lose(p.flows)
	}
	// Page "VPC firewall rules", Source tags and accounts: they are those of the rule's own network.
	p.realm, p.peered, p.who.Tags, p.who.Account = imported.Next.Realm, true, nil, ""
	n, ok := r.world.network(p.realm)
	if !ok {
		r.open(p.flows, Gap{NotAllowedToRead, string(p.realm), "nothing was read of this network"})
		return
	}
	if p.hops++; p.hops > maxWay {
		r.hop(Hop{Realm: p.realm, Layer: "routes", Object: "loop", Act: Deny, Flows: p.flows})
		r.lose(p.flows)
		return
	}
	if doubts := r.exportDoubts(n); len(doubts) > 0 {
		r.open(p.flows, doubts...)
		return
	}
	exported := exports(n, imported.Dst)
	if len(exported) == 0 {
		r.open(p.flows, Gap{Stale, imported.Object, "the network that exports the route does not show it"})
		return
	}
	if left := r.byPrefix(p, n.Routes.source(), exported); !left.Empty() {
		r.hop(Hop{p.realm, "routes", imported.Object, Deny, left, n.Routes.Call, n.Routes.At})
		r.lose(left)
	}
}

func (r *run) exportDoubts(n Network) []Gap {
	return slices.Concat(n.Routes.doubts(r.question.Since), n.Dynamic.doubts(r.question.Since))
}

// exports are the routes of one prefix that a network hands to its peers, beside those of subnetworks: static ones
// without tags whose next hop is not the default internet gateway, and dynamic ones. What it imports itself it hands to
// nobody.
//
// Page "VPC Network Peering" (docs.cloud.google.com/vpc/docs/vpc-peering), Options for exchanging static routes: only
// directly peered networks communicate, transitive peering is not supported.
func exports(n Network, dst netip.Prefix) []Route {
	return slices.DeleteFunc(slices.Concat(n.Routes.Items, n.Dynamic.Items), func(one Route) bool {
		return one.Kind == SubnetRoute || one.Dst.Masked() != dst.Masked() || len(one.Tags) > 0 ||
			one.importedRoute() || one.Next.Kind == ToInternet
	})
}
