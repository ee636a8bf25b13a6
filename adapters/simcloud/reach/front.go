package reach

import (
	"net/netip"
	"strings"
)

// atGoogle brings a packet of a network to Google's front end.
func (w *walk) atGoogle(l leg) leg {
	l.at, l.nic = atFront, nil
	return l
}

// atFrontEnd asks a service's ingress (pageIngress). Other names are Google's own affair. The private and restricted
// addresses and the bundles of endpoints take HTTP-based protocols over TCP only; no page lists the ports (pageBundles,
// pageAccessOutside).
func (w *walk) atFrontEnd(l leg) leg {
	if l.bundle != "" || anyInside(vips, l.dst) {
		if l.proto != "tcp" {
			return w.drop(l, "Google", onlyHTTP, l.proto)
		}
		if l.port != 80 && l.port != 443 {
			if l = w.bySwitch(l, "Google", onlyHTTP, otherPorts); l.at == dropped {
				return l
			}
		}
	}
	svc, ok := w.named(l.name)
	if !ok {
		w.say("Google", atGoogle, "")
		l.at, l.end, l.there = arrived, "google", "Google"
		return l
	}
	if l.bundle == "vpc-sc" {
		if l = w.bySwitch(l, "Google", inNoRun, restrictedRun); l.at == dropped {
			return l
		}
	}
	rule, by := w.letIn(l, svc)
	if rule == inClosed || rule == inDisabled {
		return w.drop(l, svc.Name, rule, by)
	}
	w.say(svc.Name, rule, by)
	l.at, l.end, l.there = arrived, "google", svc.Name
	return l
}

// letIn is the rule by which a service's ingress decides about a packet.
func (w *walk) letIn(l leg, svc service) (Rule, string) {
	project := part(svc.Name, "projects")
	switch who, sends := w.sends(svc); {
	case svc.NoURL:
		return inDisabled, l.name
	case svc.Ingress == "" || svc.Ingress == "INGRESS_TRAFFIC_ALL":
		return inAll, ""
	case svc.Ingress == "INGRESS_TRAFFIC_NONE":
		return inClosed, svc.Ingress
	case l.net != "" && part(l.net, "projects") == project:
		return inInternal, last(l.net)
	case l.net != "" && sends && who.net == l.net:
		return inShared, last(l.net)
	}
	return inClosed, svc.Ingress
}

// sends is the interface of a service that sends into a network.
func (s *Snapshot) sends(svc service) (nic, bool) {
	access := svc.Template.Access
	if access.Connector == "" && len(access.NICs) == 0 {
		return nic{}, false
	}
	return s.serviceNIC(svc)
}

func (w *walk) bundleAt(net string, a netip.Addr) (forwardingRule, bool) {
	for _, f := range w.rules {
		if f.IP == a.String() && (f.Target == "all-apis" || f.Target == "vpc-sc") && relative(f.Network,
			part(f.Name, "projects")) == net {
			return f, true
		}
	}
	return forwardingRule{}, false
}

// atBundle decides who may use an endpoint for Google APIs.
func (w *walk) atBundle(l leg, f forwardingRule) leg {
	l.bundle = f.Target
	switch {
	case l.via == hybrid:
		w.say(f.Name, pscSite, "")
	case l.via == forwarded || l.nic == nil || !l.nic.has(l.src):
		l = w.bySwitch(l, f.Name, pscForward, endpointForward)
	case len(l.nic.external) > 0:
		w.say(f.Name, pscLocal, "external address")
	case l.nic.subnet == nil:
		l = w.bySwitch(l, f.Name, pscLocal, hiddenAccess)
	case l.nic.subnet.Google:
		w.say(f.Name, pscLocal, last(l.nic.subnet.Name))
	default:
		nat, _, ok := w.natFor(l)
		if !ok {
			return w.drop(l, f.Name, pgaOff, last(l.nic.subnet.Name))
		}
		w.say(f.Name, pgaNAT, nat) // the flag counts as set for what it covers
	}
	if l.at == dropped {
		return l
	}
	return w.atGoogle(l)
}

// atForwardingRule brings a packet to an internal load balancer, or to an endpoint for a published service.
func (w *walk) atForwardingRule(l leg, f forwardingRule) leg {
	region := part(f.Name, "regions")
	away := l.region != "" && l.region != region
	if !strings.Contains(f.Target, "/serviceAttachments/") {
		if away && !f.Global {
			return w.drop(l, f.Name, lbRegion, l.region)
		}
		w.say(f.Name, balancer, "")
		return w.behind(l, f)
	}
	if f.Status != "ACCEPTED" {
		return w.drop(l, f.Name, pscState, f.Status)
	}
	if away && !f.PSCGlobal {
		return w.drop(l, f.Name, pscRegion, l.region)
	}
	if l.via == peered {
		return w.drop(l, f.Name, pscSPeered, "")
	}
	return w.toProducer(l, f)
}

// toProducer translates the source to an address of the producer's NAT subnetwork and goes on in the producer's
// network.
func (w *walk) toProducer(l leg, f forwardingRule) leg {
	a, ok := w.attached[relative(f.Target, "")]
	if !ok || len(a.NATs) == 0 {
		return w.drop(l, f.Name, pscState, "CLOSED")
	}
	project := part(a.Name, "projects")
	nat := relative(a.NATs[0], project)
	target := relative(a.Target, project)
	for _, sub := range w.subnets {
		if sub.Name != nat {
			continue
		}
		w.say(a.Name, pscNAT, last(nat))
		back := l
		back.at, back.nic, back.via = atNetwork, nil, fromGoogle
		w.nats = append(w.nats, translation{inside: l.src, outside: some(sub.Range), net: relative(sub.Network,
			""), back: back})
		l.src = some(sub.Range)
		l.net, l.via, l.nic, l.region = relative(sub.Network, ""), ownWay, nil, part(a.Name, "regions")
	}
	for _, rule := range w.rules {
		if rule.Name == target {
			if l = w.bySwitch(l, target, pscProducer, producerAnswers); l.at == dropped {
				return l
			}
			endpoint := l.dst
			l.dst, _ = netip.ParseAddr(rule.IP)
			l = w.behind(l, rule)
			l.dst = endpoint // the consumer speaks to the endpoint
			return l
		}
	}
	return w.drop(l, a.Name, pscState, "CLOSED")
}

// behind asks the firewall of the machines behind a load balancer. The world has no machines there: any of the
// network's would be asked the same, without tag and account.
func (w *walk) behind(l leg, f forwardingRule) leg {
	who := nic{name: f.Name, kind: machineKind, net: w.ruleNetwork(f), region: part(f.Name, "regions"), running: true}
	l, ok := w.judged(l, who, true)
	if !ok {
		return l
	}
	l.at, l.end, l.there, l.nic, l.net = arrived, "balancer", f.Name, nil, who.net
	if w.wants != nil && (w.wants.kind != "network" || w.wants.addr != l.dst) && len(w.nats) == 0 {
		return w.drop(l, f.Name, siteOther, "")
	}
	return l
}

// reply is the answer to a packet that has arrived, where it starts.
func (w *walk) reply(l leg) leg {
	r := leg{packet: l.packet.turned(), net: l.net, region: l.region, nic: l.nic, gateway: l.gateway, site: l.site}
	switch l.end {
	case "metadata":
		r.at, r.there = arrived, "sender"
	case "network":
		r.at = atNIC
		if r.nic != nil { // whoever answers sends from its own region
			r.region = r.nic.region
		}
	case "balancer":
		r.at, r.nic = atNetwork, nil
	case "gateway":
		r.at, r.from, r.net = atGateway, fromVPC, ""
	case "site":
		r.at, r.net = atSite, ""
	case "google":
		r.at, r.nic, r.via = atNetwork, nil, fromGoogle
		if l.net == "" {
			r.at = atInternet
		}
	default:
		r.at, r.net = atInternet, ""
	}
	return r
}
