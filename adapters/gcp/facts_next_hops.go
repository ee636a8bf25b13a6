package gcp

import (
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// nextHop says where a route leads. What this package does not know how to follow is unread, never left out.
func (r *survey) nextHop(got *computepb.Route, kind reach.RouteKind, of *source) reach.NextHop {
	unread := func(what string) reach.NextHop {
		return reach.NextHop{Kind: reach.ToUnread, Name: what, State: reach.Up}
	}
	switch {
	case base(got.GetNextHopGateway()) == "default-internet-gateway":
		return reach.NextHop{Kind: reach.ToInternet, Name: "default-internet-gateway", State: reach.Up}
	case got.GetNextHopGateway() != "":
		return unread("gateway " + relative(got.GetNextHopGateway()))
	case got.GetNextHopNetwork() != "":
		return reach.NextHop{Kind: reach.ToLocal, Name: r.network, State: reach.Up}
	case got.GetNextHopPeering() != "":
		return r.toPeering(got.GetNextHopPeering(), peerKind(kind), of)
	case got.GetNextHopInstance() != "":
		return r.toMachine(r.name(got.GetNextHopInstance(), of), got.GetWarnings())
	case got.GetNextHopIlb() != "":
		return unread("load balancer " + relative(got.GetNextHopIlb()))
	case got.GetNextHopVpnTunnel() != "":
		return r.toTunnel(r.name(got.GetNextHopVpnTunnel(), of))
	case got.GetNextHopInterconnectAttachment() != "":
		return r.toTunnel(r.name(got.GetNextHopInterconnectAttachment(), of))
	case got.GetNextHopHub() != "":
		return unread("hub " + relative(got.GetNextHopHub()))
	case got.GetNextHopIp() != "":
		return r.toAddress(got.GetNextHopIp(), got.GetWarnings())
	}
	return unread("next hop of route " + got.GetName())
}

func peerKind(kind reach.RouteKind) reach.NextKind {
	if kind == reach.SubnetRoute {
		return reach.ToPeer
	}
	return reach.ToPeerRoutes
}

func (r *survey) toPeering(name string, kind reach.NextKind, of *source) reach.NextHop {
	out := reach.NextHop{Kind: kind, Name: name, State: reach.Up}
	for _, p := range r.vpc.GetPeerings() {
		if p.GetName() == name {
			out.Realm = r.realm(p.GetNetwork(), of)
			if p.GetState() != "ACTIVE" {
				out.State = reach.Down
			}
			return out
		}
	}
	return reach.NextHop{Kind: reach.ToUnread, Name: "peering " + name, State: reach.Up}
}

// peerings are the networks that the network is peered with.
func (r *survey) peerings() (out []reach.Peering) {
	for _, p := range r.vpc.GetPeerings() {
		one := reach.Peering{Realm: r.realm(p.GetNetwork(), &source{}), State: reach.Up}
		if p.GetState() != "ACTIVE" {
			one.State = reach.Down
		}
		out = append(out, one)
	}
	return out
}

// machinesKnown tells whether every machine of the network's project was listed.
func (r *survey) machinesKnown() bool { return len(r.machines.gaps) == 0 }

// machine finds a machine by its full name.
func (r *survey) machine(name string) (*computepb.Instance, bool) {
	for _, m := range r.machines.items {
		if relative(m.GetSelfLink()) == name {
			return m, true
		}
	}
	return nil, false
}

// toMachine leads to a machine that forwards. Page "Static routes", Considerations for next hop instances: one that
// does not run is left out, whether it could forward or not, and one that runs without IP forwarding loses the packets.
// The vendor's warnings say the same.
func (r *survey) toMachine(name string, warnings []*computepb.Warnings) reach.NextHop {
	out := reach.NextHop{Kind: reach.ToGateway, Name: name, State: reach.Unclear}
	m, found := r.machine(name)
	switch {
	case warned(warnings, "NEXT_HOP_NOT_RUNNING"), warned(warnings, "NEXT_HOP_INSTANCE_NOT_FOUND"):
		out.State = reach.Down
	case found:
		out.State = vmState(m)
	case r.machinesKnown():
		out.State = reach.Down
	}
	fixed := found && !m.GetCanIpForward() || warned(warnings, "NEXT_HOP_CANNOT_IP_FORWARD")
	if fixed && out.State != reach.Down {
		out.Kind, out.Name = reach.ToNobody, name+" without IP forwarding"
	}
	return out
}

func warned(warnings []*computepb.Warnings, code string) bool {
	return slices.ContainsFunc(warnings, func(w *computepb.Warnings) bool { return w.GetCode() == code })
}

func vmState(m *computepb.Instance) reach.State {
	switch m.GetStatus() {
	case "RUNNING", "":
		return reach.Up
	case "PROVISIONING", "STAGING", "REPAIRING":
		return reach.Unclear
	}
	return reach.Down
}

// toAddress finds who has a next hop's address as the primary one of an interface: an alias does not count (page
// "Insights for routes with an invalid next hop").
func (r *survey) toAddress(ip string, warnings []*computepb.Warnings) reach.NextHop {
	for _, m := range r.machines.items {
		for _, nic := range m.GetNetworkInterfaces() {
			own := sameAddress(nic.GetNetworkIP(), ip) || sameAddress(nic.GetIpv6Address(), ip)
			if own && r.same(nic.GetNetwork(), r.network, &source{}) {
				return r.toMachine(relative(m.GetSelfLink()), warnings)
			}
		}
	}
	for _, list := range r.fronts {
		for _, rule := range list.items {
			if sameAddress(rule.GetIPAddress(), ip) && r.same(rule.GetNetwork(), r.network, &source{}) {
				return reach.NextHop{Kind: reach.ToUnread, Name: "load balancer " + relative(rule.GetSelfLink()),
					State: reach.Up}
			}
		}
	}
	if !r.machinesKnown() {
		return reach.NextHop{Kind: reach.ToUnread, Name: ip, State: reach.Up}
	}
	return reach.NextHop{Kind: reach.ToNobody, Name: ip, State: reach.Up}
}

// sameAddress compares two addresses by what they are: IPv6 has many spellings.
func sameAddress(a, b string) bool { return a != "" && canonical(a) == canonical(b) }

// toTunnel leads to the site behind a tunnel or an attachment: the peer of a router that speaks over it, or else the
// tunnel itself. Its state is not read; the model asks the site's table anyway.
func (r *survey) toTunnel(link string) reach.NextHop {
	for _, s := range joined("", "", r.statuses...).items {
		for _, nic := range s.router.GetInterfaces() {
			if relative(nic.GetLinkedVpnTunnel()) != link && relative(nic.GetLinkedInterconnectAttachment()) != link {
				continue
			}
			for _, peer := range s.router.GetBgpPeers() {
				if peer.GetInterfaceName() == nic.GetName() {
					return r.toPeer(s, peer)
				}
			}
		}
	}
	return reach.NextHop{Kind: reach.ToSite, Name: link, Realm: observe.SiteRealm(link, "tunnel"), State: reach.Unclear}
}

// toPeer leads to what a peer of a router stands for: a site, or a machine that speaks BGP for one.
func (r *survey) toPeer(s routerStatus, peer *computepb.RouterBgpPeer) reach.NextHop {
	if machine := peer.GetRouterApplianceInstance(); machine != "" {
		return r.toMachine(relative(machine), nil)
	}
	owner := s.name(r.project)
	return reach.NextHop{Kind: reach.ToSite, Name: owner + "/" + peer.GetName(),
		Realm: observe.SiteRealm(owner, peer.GetName()), State: reach.Up}
}
