package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// throughNetwork looks for the way of a packet in a Google network, in the order of pageRoutes: endpoints for Google
// APIs, policy-based routes, subnet routes of the network and its peers, then static and learned routes.
func (w *walk) throughNetwork(l leg) leg {
	if n, ok := w.natOf(l.net, l.dst); ok && l.answer {
		return w.undone(l, n)
	}
	if rule, ok := w.bundleAt(l.net, l.dst); ok {
		w.say(l.net, toBundle, last(rule.Name))
		return w.atBundle(l, rule)
	}
	if way, ok := w.policyWay(l); ok {
		return way
	}
	if w.ownRange(l.net, l.dst) {
		w.say(l.net, toSubnet, w.rangeName(l.net, l.dst))
		return w.deliver(l)
	}
	for _, p := range w.active(l.net) {
		peer := relative(p.Network, "")
		if !w.ownRange(peer, l.dst) || !w.exchanged(l.net, p, l.dst) {
			continue
		}
		w.say(l.net, toPeerSubnet, w.rangeName(peer, l.dst))
		l.net, l.via = peer, peered
		return w.deliver(l)
	}
	return w.customWay(l)
}

// ownRange tells whether an address is in a subnetwork of a network, one hidden behind a connector included.
func (w *walk) ownRange(net string, a netip.Addr) bool {
	sub, _, ok := w.subnetAt(net, a)
	if ok && sub.Purpose == "PRIVATE_SERVICE_CONNECT" {
		return false
	}
	_, _, concealed := w.hidden(net, a)
	return ok || concealed
}

func (w *walk) rangeName(net string, a netip.Addr) string {
	if sub, _, ok := w.subnetAt(net, a); ok {
		return last(sub.Name)
	}
	c, _, _ := w.hidden(net, a)
	return "connector " + last(c.Name)
}

// active are the peerings of a network that both ends have made.
func (w *walk) active(net string) []peering {
	return slices.DeleteFunc(slices.Clone(w.networks[net].Peerings),
		func(p peering) bool { return p.State != "ACTIVE" })
}

// otherEnd is a peering as the peer has made it.
func (w *walk) otherEnd(net, peer string) (peering, bool) {
	ends := w.active(peer)
	i := slices.IndexFunc(ends, func(q peering) bool { return relative(q.Network, "") == net })
	if i < 0 {
		return peering{}, false
	}
	return ends[i], true
}

// carries tells whether a peering carries the family of an address: IPv6 only where both ends have the stack type
// IPV4_IPV6 (discovery document).
func carries(here, there peering, a netip.Addr) bool {
	return a.Is4() || here.Stack == bothFamilies && there.Stack == bothFamilies
}

const bothFamilies = "IPV4_IPV6"

// exchanged tells whether a peer's subnet route for an address is there. Private ranges always are; public ones that a
// subnet uses are exported unless the peer says no, and imported only when the network says so (discovery document).
func (w *walk) exchanged(net string, p peering, a netip.Addr) bool {
	back, ok := w.otherEnd(net, relative(p.Network, ""))
	if !ok || !carries(p, back, a) {
		return false
	}
	return a.Is6() || specialUse(a) || p.ImportPublic && (back.ExportPublic == nil || *back.ExportPublic)
}

// policyWay asks the policy-based routes: machines by tag, or all of them; the lowest priority decides.
func (w *walk) policyWay(l leg) (leg, bool) {
	if l.skip || l.answer && l.nic == nil {
		return l, false
	}
	var fit []policyRoute
	for _, r := range w.policyWays {
		if relative(r.Network, "") == l.net && r.applies(l) {
			fit = append(fit, r)
		}
	}
	if len(fit) == 0 {
		return l, false
	}
	first := w.firstPolicy(fit)
	l.skip = true
	if first.Others == "DEFAULT_ROUTING" {
		w.say(l.net, toDefault, last(first.Name))
		return l, false
	}
	w.say(l.net, toPolicy, last(first.Name))
	hop, err := netip.ParseAddr(first.Hop)
	if err != nil {
		return w.drop(l, l.net, toNobody, first.Hop), true
	}
	return w.toBalancer(l, hop), true
}

// firstPolicy has the lowest number. Of equals a single one is taken, by an algorithm that is not told
// (pagePolicyBase): the first or the last by name, as a switch says.
func (w *walk) firstPolicy(fit []policyRoute) policyRoute {
	fit = slices.SortedFunc(slices.Values(fit), func(a, b policyRoute) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), strings.Compare(a.Name, b.Name))
	})
	equal := slices.IndexFunc(fit, func(r policyRoute) bool { return r.Priority != fit[0].Priority })
	if equal < 0 {
		equal = len(fit)
	}
	if w.settings.On(laterPolicy) {
		return fit[equal-1]
	}
	return fit[0]
}

// applies tells whether a route is about a packet. One without tags and without attachments is for all machines,
// VLAN attachments and Cloud VPN tunnels of the network (pagePolicyUse).
func (r policyRoute) applies(l leg) bool {
	if r.Filter.Family != "" && (r.Filter.Family == "IPV6") != l.dst.Is6() {
		return false
	}
	switch {
	case r.Attachment != nil:
		if l.via != hybrid || r.Attachment.Region != "all" && r.Attachment.Region != l.region {
			return false
		}
	case r.Machines != nil && len(r.Machines.Tags) > 0:
		if l.nic == nil || !slices.ContainsFunc(r.Machines.Tags,
			func(t string) bool { return slices.Contains(l.nic.tags, t) }) {
			return false
		}
	case l.nic == nil && l.via != hybrid:
		return false
	}
	proto := strings.ToLower(r.Filter.Proto)
	return (proto == "" || proto == "all" || proto == l.proto) &&
		(r.Filter.Src == "" || inside(r.Filter.Src, l.src)) && (r.Filter.Dst == "" || inside(r.Filter.Dst, l.dst))
}

// toBalancer hands a packet to the machines behind an internal load balancer, which are its owner's. It may stand in a
// peer of the network (pagePolicyBase, since July 2025; pageStatic).
func (w *walk) toBalancer(l leg, hop netip.Addr) leg {
	nets := []string{l.net}
	for _, p := range w.active(l.net) {
		nets = append(nets, relative(p.Network, ""))
	}
	i := slices.IndexFunc(w.rules, func(f forwardingRule) bool {
		return f.IP == hop.String() && strings.HasPrefix(f.Scheme, "INTERNAL") &&
			slices.Contains(nets, w.ruleNetwork(f))
	})
	if i < 0 {
		return w.drop(l, l.net, toNobody, hop.String())
	}
	if l.region != "" && l.region != part(w.rules[i].Name, "regions") && !w.rules[i].Global {
		return w.drop(l, w.rules[i].Name, lbRegion, l.region)
	}
	w.say(l.net, hopBalancer, last(w.rules[i].Name))
	l.net = w.ruleNetwork(w.rules[i])
	l = w.bySwitch(l, w.rules[i].Name, hopRunning, applianceForward)
	if l.at != dropped {
		l.via, l.skip, l.nic = forwarded, true, nil
	}
	return l
}

func (w *walk) ruleNetwork(f forwardingRule) string {
	if f.Network != "" {
		return relative(f.Network, part(f.Name, "projects"))
	}
	full := relative(f.Subnetwork, part(f.Name, "projects"))
	for _, sub := range w.subnets {
		if sub.Name == full {
			return relative(sub.Network, "")
		}
	}
	return ""
}

// deliver hands a packet to who has its address in the network.
func (w *walk) deliver(l leg) leg {
	if m, ok := w.machineAt(l.net, l.dst); ok {
		who := w.machineNIC(m, l.net)
		if !who.running {
			return w.drop(l, l.net, toNobody, l.dst.String())
		}
		l.nic, l.at = &who, atMachine
		return l
	}
	for _, f := range w.rules {
		if f.IP == l.dst.String() && w.ruleNetwork(f) == l.net {
			return w.atForwardingRule(l, f)
		}
	}
	// a serverless sender, or a machine that is supposed
	if w.home != nil && w.home.net == l.net && w.home.src == l.dst {
		return w.finish(l, place{kind: "network", names: []string{part(l.net, "projects"), last(l.net)}, addr: l.dst})
	}
	if who, ok := w.supposed(l); ok {
		l.nic, l.at = &who, atMachine
		return l
	}
	return w.drop(l, l.net, toNobody, l.dst.String())
}

// supposed is a machine that the question names by its address and the world does not have.
func (w *walk) supposed(l leg) (nic, bool) {
	sub, _, ok := w.subnetAt(l.net, l.dst)
	if !ok || w.wants == nil || w.wants.kind != "network" || w.wants.addr != l.dst || w.wants.network() != l.net {
		return nic{}, false
	}
	who := nic{name: l.net + "/" + l.dst.String(), net: l.net, region: part(sub.Name, "regions"), subnet: &sub,
		kind: machineKind, running: true}
	who.setAddress(l.dst)
	return who, true
}
