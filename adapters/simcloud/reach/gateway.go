package reach

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
)

// fromVPC is how a packet of a gateway's own network comes to it.
const fromVPC = "its network"

// changedBack is how an answer comes whose destination the gateway has changed back: it knows the interface already.
const changedBack = "its own translation"

// throughGateway asks a gateway: is it up, do its filters let the packet pass, and where does its table send it.
func (w *walk) throughGateway(l leg) leg {
	gw, ok := w.gateways[l.gateway]
	if !ok {
		return w.drop(l, l.gateway, gwNobody, "")
	}
	at := "gateway " + l.gateway
	if gw.State != "UP" {
		if !gw.HA || l.from == fromVPC && !l.moved && !l.answer {
			return w.drop(l, at, gwDown, gw.State)
		}
		w.say(at, gwSecond, gw.State)
		gw.PublicIP, gw.PrivateIP = gw.SecondPublicIP, gw.SecondPrivateIP
	}
	if l, ok = w.filtered(l, gw); !ok {
		return l
	}
	if l.answer && l.from == changedBack {
		return w.intoVPC(l, gw)
	}
	if n, undo := w.natOf("gateway "+l.gateway, l.dst); undo && l.answer {
		return w.undone(l, n)
	}
	line, found := longest(w.table(l.gateway), l.dst)
	switch {
	case !found && l.from != fromVPC && anyInside(gw.Advertised, l.dst):
		w.say(at, gwAdvertised, l.dst.String())
		return w.intoVPC(l, gw)
	case !found && !private(l.dst) && l.from == fromVPC && l.dst.Is4():
		return w.outOfGateway(l, gw)
	case !found:
		return w.drop(l, at, gwNoRoute, "")
	case line.Target == "local":
		return w.intoVPC(l, gw)
	}
	return w.beyond(l, gw, line)
}

// longest is the line of a table with the longest prefix.
func longest(table []aviatrix.Line, a netip.Addr) (aviatrix.Line, bool) {
	best, bits := aviatrix.Line{}, -1
	for _, line := range table {
		if p, ok := prefixOf(line.Prefix); ok && p.Contains(a) && p.Bits() > bits {
			best, bits = line, p.Bits()
		}
	}
	return best, bits >= 0
}

// filtered asks the tags and the distributed firewall of a spoke. An answer passes where its packet has passed.
func (w *walk) filtered(l leg, gw aviatrix.Gateway) (leg, bool) {
	at := "gateway " + l.gateway
	controller, name, _ := strings.Cut(l.gateway, "/")
	flow := aviatrix.Flow{Controller: controller, Gateway: name, Source: netip.PrefixFrom(l.src, l.src.BitLen()),
		Target: l.dst, FQDN: l.name, Protocol: l.proto, Port: l.port, Labels: w.settings.On(labelGroups)}
	if l.answer {
		if slices.Contains(w.gates, l.gateway) {
			w.say(at, gwTracked, "")
			return l, true
		}
		if verdict, _ := w.plane.Decide(flow); verdict == aviatrix.Unfiltered && !w.plane.ByName(controller, name) {
			w.say(at, gwNoRule, "")
			return l, true
		}
		l = w.bySwitch(l, at, gwUnseen, gatewayAnswers)
		return l, l.at != dropped
	}
	w.gates = append(w.gates, l.gateway)
	if gw.Role != "spoke" {
		return l, true
	}
	verdict, by := w.plane.Decide(flow)
	rule := gwFirewall
	if gw.FQDNFiltered && !private(l.dst) {
		rule = gwTags
	}
	switch verdict {
	case aviatrix.Denied:
		return w.drop(l, at, rule, by), false
	case aviatrix.Allowed:
		w.say(at, rule, by)
	default:
		if !w.plane.Enforced(controller, name) && w.plane.On(controller) {
			rule = gwCloudOff
		} else {
			rule = gwNoRule
		}
		w.say(at, rule, "")
	}
	flow.Labels = !flow.Labels
	if other, _ := w.plane.Decide(flow); other != verdict {
		w.asked(labelGroups)
	}
	return l, true
}

// outOfGateway leaves to the Internet from the gateway's own address.
func (w *walk) outOfGateway(l leg, gw aviatrix.Gateway) leg {
	at := "gateway " + l.gateway
	outside, err := netip.ParseAddr(gw.PublicIP)
	if !gw.SourceNAT || err != nil {
		return w.drop(l, at, gwNoNAT, "")
	}
	w.say(at, gwNAT, gw.PublicIP)
	l.net = ""
	back := l
	back.from = changedBack
	w.nats = append(w.nats, translation{inside: l.src, outside: outside, back: back})
	l.src, l.at, l.gateway = outside, atInternet, ""
	return l
}

// intoVPC brings a packet into the network of a gateway: a Google network, or one of a cloud that the world has only
// hosts of.
func (w *walk) intoVPC(l leg, gw aviatrix.Gateway) leg {
	name, project, _ := strings.Cut(gw.VPC, "~-~")
	net := "projects/" + project + "/global/networks/" + name
	at := "gateway " + l.gateway
	if _, ok := w.networks[net]; !ok {
		controller, gateway, _ := strings.Cut(l.gateway, "/")
		here := place{kind: "gateway", names: []string{controller, gateway}, addr: l.dst}
		meant := w.wants != nil && w.wants.same(here) || w.home != nil && w.home.same(l, here)
		for _, h := range w.hosts {
			meant = meant || h.Behind == l.gateway && h.Address == l.dst.String()
		}
		if !meant {
			return w.drop(l, at, gwNobody, l.dst.String())
		}
		w.say(at, gwHost, l.dst.String())
		return w.finish(l, here)
	}
	who := nic{name: at, kind: machineKind, net: net, region: gw.Region, forward: true, running: true}
	who.v4, _ = netip.ParseAddr(gw.PrivateIP)
	if m, ok := w.machineAt(net, who.v4); ok {
		who = w.machineNIC(m, net)
	}
	w.say(at, gwHost, last(net))
	l.at, l.net, l.nic, l.via, l.region, l.gateway = atNIC, net, &who, forwarded, who.region, ""
	return l
}

// beyond sends a packet on to a connection or to another gateway.
func (w *walk) beyond(l leg, gw aviatrix.Gateway, line aviatrix.Line) leg {
	at := "gateway " + l.gateway
	controller, name, _ := strings.Cut(l.gateway, "/")
	if w.settings.On(natTunnels) && gw.SourceNAT && l.from == fromVPC && !l.answer {
		if inside, err := netip.ParseAddr(gw.PrivateIP); err == nil {
			w.say(at, gwNAT, gw.PrivateIP)
			w.asked(natTunnels)
			back := l
			back.from = changedBack
			w.nats = append(w.nats, translation{inside: l.src, outside: inside, net: at, back: back})
			l.src = inside
		}
	}
	l.net = ""
	if conn, ok := w.connections[l.gateway+"/"+line.Target]; ok {
		w.say(at, gwRoute, line.Prefix+" to connection "+line.Target)
		if conn.Tunnel != "Up" || conn.BGP && conn.Session != "Established" {
			return w.drop(l, at, gwTunnel, conn.Tunnel+" "+conn.Session)
		}
		l.at, l.site, l.gateway = atSite, conn.Name, ""
		return l
	}
	by := line.Prefix + " to " + line.Target
	if transits := w.plane.Transits(controller, name, line.Target); len(transits) > 0 {
		by += " by " + strings.Join(transits, ", ")
	}
	w.say(at, gwRoute, by)
	l.from, l.gateway = name, controller+"/"+line.Target
	return l
}
