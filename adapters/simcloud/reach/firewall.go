package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// verdict is what a layer of the firewall says.
type verdict int

const (
	silent verdict = iota // no rule matched: the next layer is asked
	allow
	deny
)

// judged asks the layers of a network in its order (pageOrder): hierarchical policies first, then Google's own of the
// region; then VPC rules before or after the network's own policies; last what is implied.
func (w *walk) judged(l leg, who nic, enters bool) (leg, bool) {
	direction, implied := "EGRESS", fwImpliedOut
	if enters {
		direction, implied = "INGRESS", fwImpliedIn
	}
	if l.answer {
		w.say(who.name, fwTracked, "")
		return l, true
	}
	layers := []func() verdict{
		func() verdict { return w.ownPolicies(l, who, direction) },
		func() verdict { return w.vpcRules(l, who, direction) },
	}
	if w.networks[who.net].Order != "BEFORE_CLASSIC_FIREWALL" {
		slices.Reverse(layers)
	}
	layers = append([]func() verdict{
		func() verdict { return w.hierarchy(l, who, direction) },
		func() verdict {
			return w.associated(l, who, w.systems, policyLayer{rule: fwSystem, direction: direction,
				prefix: "projects/" + part(who.net, "projects") + "/regions/" + who.region + "/"})
		},
	}, layers...)
	for _, ask := range layers {
		switch ask() {
		case allow:
			return l, true
		case deny:
			w.hops[len(w.hops)-1].Drop = true
			l.at = dropped
			return l, false
		}
	}
	if enters {
		return w.drop(l, who.name, implied, ""), false
	}
	w.say(who.name, implied, "")
	return l, true
}

// hierarchy asks the policies of the organization and of the folders above a project, from the top. A goto_next leaves
// one policy for the next.
func (w *walk) hierarchy(l leg, who nic, direction string) verdict {
	for _, parent := range w.parents[part(who.net, "projects")] {
		for _, p := range w.policies {
			on := func(a struct {
				Target string `json:"attachmentTarget"`
			}) bool {
				return strings.HasSuffix(a.Target, parent)
			}
			if strings.HasPrefix(p.Name, "locations/") && slices.ContainsFunc(p.Associations, on) {
				if v := w.inPolicy(l, who, p, policyLayer{rule: fwHierarchy, direction: direction}); v != silent {
					return v
				}
			}
		}
	}
	return silent
}

// ownPolicies asks the network's global policy, then the one of the region.
func (w *walk) ownPolicies(l leg, who nic, direction string) verdict {
	project := "projects/" + part(who.net, "projects")
	for _, layer := range []policyLayer{
		{fwGlobal, direction, project + "/global/"},
		{fwRegional, direction, project + "/regions/" + who.region + "/"},
	} {
		if v := w.associated(l, who, w.policies, layer); v != silent {
			return v
		}
	}
	return silent
}

// policyLayer is policies that are asked together; prefix begins the names of a network's own.
type policyLayer struct {
	rule      Rule
	direction string
	prefix    string
}

// associated asks the policies of a layer that are associated with a network.
func (w *walk) associated(l leg, who nic, policies []policy, layer policyLayer) verdict {
	for _, p := range policies {
		on := func(a struct {
			Target string `json:"attachmentTarget"`
		}) bool {
			return relative(a.Target, "") == who.net
		}
		if strings.HasPrefix(p.Name, layer.prefix) && slices.ContainsFunc(p.Associations, on) {
			if v := w.inPolicy(l, who, p, layer); v != silent {
				return v
			}
		}
	}
	return silent
}

// inPolicy asks the rules of one policy by priority; the first that matches decides.
func (w *walk) inPolicy(l leg, who nic, p policy, layer policyLayer) verdict {
	rules := slices.Clone(p.Rules)
	slices.SortStableFunc(rules, func(a, b policyRule) int { return cmp.Compare(a.Priority, b.Priority) })
	for _, r := range rules {
		if r.Direction != layer.direction || !r.isAbout(who, who.net) || !coversAny(r.Match.Layers, l.packet) {
			continue
		}
		near, far := matchesNear(r, l.src), true
		if layer.direction == "EGRESS" {
			near, far = len(r.Match.SrcRanges) == 0 || anyInside(r.Match.SrcRanges, l.src), w.matchesFar(r, l)
		} else if len(r.Match.DestRanges) > 0 {
			far = anyInside(r.Match.DestRanges, l.dst)
		}
		if !near || !far || r.Action == "goto_next" && r.Priority >= firstImplied {
			continue
		}
		w.say(who.name, layer.rule, last(p.Name)+" "+cmp.Or(r.RuleName, "rule")+" "+r.Action)
		if name, binds := w.binds(r, who); name != "" {
			w.asked(name)
			if !binds {
				continue
			}
		}
		return w.acted(r.Action)
	}
	return silent
}

// firstImplied is the first of the four rules that every policy ends with.
const firstImplied = 2147483644

// binds tells whether a rule that matches binds a serverless sender, and which switch says so; no switch: it is
// documented.
func (w *walk) binds(r policyRule, who nic) (string, bool) {
	switch who.kind {
	case rangeKind:
		return bindRange, w.settings.On(bindRange)
	case subnetKind:
		return bindSubnet, w.settings.On(bindSubnet)
	case directKind:
		whole, ok := prefixOf(who.whole)
		holds := func(text string) bool {
			p, valid := prefixOf(text)
			return valid && ok && p.Bits() <= whole.Bits() && p.Contains(whole.Addr())
		}
		if len(r.Match.SrcRanges) > 0 && !slices.ContainsFunc(r.Match.SrcRanges, holds) && whole.Addr().Is4() {
			return bindNarrow, w.settings.On(bindNarrow)
		}
	}
	return "", true
}

func (w *walk) acted(action string) verdict {
	switch action {
	case "allow":
		return allow
	case "deny":
		return deny
	case "apply_security_profile_group":
		w.hops[len(w.hops)-1].Rule, w.hops[len(w.hops)-1].Says = fwInspected.ID, fwInspected.Says
		w.asked(inspectedPasses)
		if w.settings.On(inspectedPasses) {
			return allow
		}
		return deny
	}
	return silent // goto_next leaves this policy
}

// vpcRules asks the VPC rules: the lowest number first, deny before allow at the same number (pageRules).
func (w *walk) vpcRules(l leg, who nic, direction string) verdict {
	var rules []classicRule
	for _, r := range w.classic {
		if relative(r.Network, "") == who.net && cmp.Or(r.Direction, "INGRESS") == direction {
			rules = append(rules, r)
		}
	}
	slices.SortStableFunc(rules, func(a, b classicRule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(len(b.Denied), len(a.Denied)))
	})
	for _, r := range rules {
		if !r.isAbout(who) || !w.matches(r, l, who, direction) {
			continue
		}
		if coversAny(r.Denied, l.packet) {
			w.say(who.name, fwClassic, last(r.Name)+" deny")
			return deny
		}
		if coversAny(r.Allowed, l.packet) {
			w.say(who.name, fwClassic, last(r.Name)+" allow")
			return allow
		}
	}
	return silent
}

// matches compares addresses: of the far end always, of the near end where the rule has a list. A source tag is known
// of machines of the same network only (pagePeering).
func (w *walk) matches(r classicRule, l leg, who nic, direction string) bool {
	if direction == "EGRESS" {
		return listed(r.Targets, l.dst) && (len(r.Sources) == 0 || anyInside(r.Sources, l.src))
	}
	if len(r.Targets) > 0 && !anyInside(r.Targets, l.dst) {
		return false
	}
	if len(r.FromTags)+len(r.FromUsers) == 0 {
		return listed(r.Sources, l.src)
	}
	if anyInside(r.Sources, l.src) {
		return true
	}
	sender, ok := w.sender(who.net, l.src)
	return ok && slices.ContainsFunc(r.FromTags, func(t string) bool { return slices.Contains(sender.tags, t) }) ||
		slices.ContainsFunc(r.FromUsers, func(a string) bool { return slices.Contains(sender.accounts, a) })
}

// sender is who is known by its tags and accounts when something enters: a machine, by the address of its interface in
// the same network, or the machines of a connector (pageConnector: ingress rules with the connector's tag as their
// source). Direct egress is not (docs.cloud.google.com/network-intelligence-center/docs/connectivity-tests/states/
// reasons-dropped-packets: source network tags are not supported).
func (w *walk) sender(net string, src netip.Addr) (nic, bool) {
	if m, ok := w.machineAt(net, src); ok {
		return w.machineNIC(m, net), true
	}
	for name := range w.connectors {
		if c, ok := w.connectorNIC(name); ok && c.net == net && inside(c.whole, src) {
			return c, true
		}
	}
	return nic{}, false
}

// listed: no list is every IPv4 address (discovery document: the default is 0.0.0.0/0).
func listed(ranges []string, a netip.Addr) bool {
	return len(ranges) == 0 && a.Is4() || anyInside(ranges, a)
}

// leaveNIC asks the firewall of whoever sends, then looks for the way.
func (w *walk) leaveNIC(l leg) leg {
	if !l.nic.running {
		return w.drop(l, l.nic.name, nicStopped, "")
	}
	if slices.Contains(metadata, l.dst) { // of whoever sends: a service's packet never comes to a connector
		w.say(l.nic.name, fwAlways, "")
		l.at, l.end, l.there = arrived, "metadata", "metadata server"
		return l
	}
	if l = w.carried(l); l.at == dropped {
		return l
	}
	if l.src != l.nic.v4 && l.src != l.nic.v6 && !l.nic.forward {
		return w.drop(l, l.nic.name, hopForwards, "")
	}
	l, ok := w.judged(l, *l.nic, false)
	if !ok {
		return l
	}
	l.at = atNetwork
	return l
}

// carried drops what a connector does not carry: all but TCP and UDP; of ICMP a switch decides.
func (w *walk) carried(l leg) leg {
	switch {
	case l.nic.kind != rangeKind && l.nic.kind != subnetKind, l.proto == "tcp", l.proto == "udp":
		return l
	case l.proto == "icmp":
		return w.bySwitch(l, l.nic.name, outProto, connectorICMP)
	}
	return w.drop(l, l.nic.name, outProto, l.proto)
}

// enterMachine asks the firewall of who receives. A machine that is a gateway passes on what is not for itself.
func (w *walk) enterMachine(l leg) leg {
	who := *l.nic
	l, ok := w.judged(l, who, true)
	if !ok {
		return l
	}
	if who.has(l.dst) {
		return w.finish(l, place{kind: "network", names: []string{part(l.net, "projects"), last(l.net)}, addr: l.dst})
	}
	for name, gw := range w.gateways {
		network, project, _ := strings.Cut(gw.VPC, "~-~")
		own := who.v4.String()
		here := "projects/"+project+"/global/networks/"+network == l.net
		if here && (own == gw.PrivateIP || own == gw.SecondPrivateIP) {
			l.at, l.gateway, l.from, l.nic = atGateway, name, fromVPC, nil
			return l
		}
	}
	l = w.bySwitch(l, who.name, hopRunning, applianceForward)
	if l.at != dropped {
		l.at, l.via, l.skip = atNIC, forwarded, true
	}
	return l
}
