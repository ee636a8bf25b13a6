package gcp

import (
	"fmt"
	"net/netip"
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
)

// learnedRoutes are what the routers of the regions in question have put into the data plane of their region, and the
// dynamic routes that peerings hand over.
//
// Discovery document of compute/v1, RouterStatus: bestRoutes are programmed in the router's region, those of other
// routers among them; bestRoutesForRouter may not be.
func (r *survey) learnedRoutes() reach.Listing[reach.Route] {
	of := joined("routers.getRouterStatus", r.network, r.statuses...)
	for _, list := range r.edges {
		of.add(list.source)
	}
	of.add(r.elsewhere)
	var out []reach.Route
	for _, s := range of.items {
		for _, got := range s.status.GetBestRoutes() {
			one, ok := r.learnedRoute(s, got, &of.source)
			if ok && !slices.ContainsFunc(out, func(o reach.Route) bool { return equalRoutes(o, one) }) {
				out = append(out, one)
			}
		}
	}
	for _, part := range r.peered {
		of.add(part.source)
		for _, got := range part.items {
			if got.route.GetType() == "DYNAMIC_PEERING_ROUTE" && got.route.GetImported() {
				out = r.handed(got, out, &of.source)
			}
		}
	}
	return listing(of.source, out)
}

// equalRoutes: every router of a region tells what all of them have learned.
func equalRoutes(a, b reach.Route) bool {
	return a.Dst == b.Dst && a.Region == b.Region && a.Next == b.Next && a.Priority == b.Priority
}

func (r *survey) learnedRoute(s routerStatus, got *computepb.Route, of *source) (reach.Route, bool) {
	dst, err := netip.ParsePrefix(got.GetDestRange())
	if err != nil {
		of.lack(reach.ListNotWhole, "the destination %q that %s has learned was not understood", got.GetDestRange(),
			s.router.GetName())
		return reach.Route{}, false
	}
	next := r.learnedFrom(s, got, of)
	if nat := r.privateNAT(s.region); nat != "" && next.Kind == reach.ToSite {
		next.State = reach.Unclear
		next.Name += ", where " + nat + " may translate the source"
	}
	return reach.Route{
		Object: fmt.Sprintf("%s learned from %s", dst, next.Name), Kind: reach.DynamicRoute, Dst: dst.Masked(),
		Priority: int64(got.GetPriority()), Preference: dynamicCategory, Region: s.region, Next: next,
	}, true
}

// learnedFrom finds the peer that a learned route leads to: by its tunnel, else by the address that it speaks from, of
// this router first, then of its region, then of another one: with global dynamic routing a router tells what other
// regions have learned (discovery document of compute/v1, RouterStatus.bestRoutes). One that is not found is unread.
func (r *survey) learnedFrom(s routerStatus, got *computepb.Route, of *source) reach.NextHop {
	for _, link := range []string{got.GetNextHopVpnTunnel(), got.GetNextHopInterconnectAttachment()} {
		if link != "" {
			return r.toTunnel(r.name(link, of))
		}
	}
	near, far := []routerStatus{s}, []routerStatus(nil)
	for _, other := range joined("", "", r.statuses...).items {
		switch {
		case other.region == s.region:
			near = append(near, other)
		case r.global():
			far = append(far, other)
		}
	}
	if found := r.speakers(near, got.GetNextHopIp()); len(found) > 0 {
		return found[0]
	}
	if found := r.speakers(far, got.GetNextHopIp()); len(found) == 1 { // regions may use one link-local range
		return found[0]
	}
	return reach.NextHop{Kind: reach.ToUnread, Name: "peer " + got.GetNextHopIp() + " of a router that was not read",
		State: reach.Up}
}

// speakers are where the peers lead that speak from an address, each once.
func (r *survey) speakers(routers []routerStatus, ip string) (found []reach.NextHop) {
	for _, one := range routers {
		for _, peer := range one.router.GetBgpPeers() {
			if !speaksFrom(peer, ip) {
				continue
			}
			if next := r.toPeer(one, peer); !slices.Contains(found, next) {
				found = append(found, next)
			}
		}
	}
	return found
}

// global tells that routes which one region learns hold in every region.
func (r *survey) global() bool { return r.vpc.GetRoutingConfig().GetRoutingMode() == "GLOBAL" }

func speaksFrom(peer *computepb.RouterBgpPeer, ip string) bool {
	for _, own := range []string{peer.GetPeerIpAddress(), peer.GetPeerIpv4NexthopAddress(),
		peer.GetPeerIpv6NexthopAddress()} {
		if sameAddress(own, ip) {
			return true
		}
	}
	return false
}

// privateNAT names a Private NAT of a region. Page "Private NAT": it translates what leaves for other networks and
// sites, by rules that are not read here.
func (r *survey) privateNAT(region string) string {
	for _, s := range joined("", "", r.statuses...).items {
		for _, nat := range s.router.GetNats() {
			if s.region == region && nat.GetType() == privateNAT {
				return s.name(r.project) + "/" + nat.GetName()
			}
		}
	}
	return ""
}
