package reach

import (
	"net/netip"
	"slices"
)

// exit is the default internet gateway of a network: to Google, or to the Internet.
func (w *walk) exit(l leg) leg {
	if googles(l.dst) {
		if reaches, decided := w.toGoogle(l); decided {
			return reaches
		}
	}
	if unrouted(l.dst) {
		return w.drop(l, l.net, netPrivate, "")
	}
	if l.proto == "tcp" && l.port == 25 && !l.answer {
		return w.drop(l, l.net, fwBlocked, "")
	}
	if l.nic == nil {
		return w.drop(l, l.net, netNoNAT, "")
	}
	if l.dst.Is6() {
		return w.exit6(l)
	}
	if l.nic.has(l.src) && len(l.nic.external) > 0 {
		w.say(l.nic.name, netExternal, "")
		return w.translated(l, l.nic.external[0], atInternet)
	}
	nat, external, ok := w.natFor(l)
	switch {
	case l.nic.kind == rangeKind:
		return w.drop(l, l.nic.name, netHidden, "")
	case !ok:
		return w.drop(l, l.nic.name, netNoNAT, "")
	}
	w.say(l.net, netNAT, nat)
	return w.translated(l, external, atInternet)
}

func (w *walk) exit6(l leg) leg {
	if l.nic.subnet == nil || l.nic.subnet.V6Access != "EXTERNAL" {
		return w.drop(l, l.nic.name, netNoNAT, "")
	}
	w.say(l.nic.name, netIPv6, last(l.nic.subnet.Name))
	return w.translated(l, l.src, atInternet)
}

// translated sends a packet on with another source, to which its answers come.
func (w *walk) translated(l leg, outside netip.Addr, to stage) leg {
	back := l
	back.at, back.nic, back.via = atNetwork, nil, fromGoogle
	w.nats = append(w.nats, translation{inside: l.src, outside: outside, back: back})
	l.src, l.at, l.nic = outside, to, nil
	return l
}

// toGoogle decides the way from a network to Google's addresses (pageAccess, pageAccessSite, pageNAT). It is undecided
// for what a machine forwards, which leaves as it would to the Internet.
func (w *walk) toGoogle(l leg) (leg, bool) {
	vip := anyInside(vips, l.dst)
	if l.nic == nil {
		if l.via == hybrid && vip {
			w.say(l.net, pgaSite, "")
			return w.atGoogle(l), true
		}
		return l, false
	}
	own := l.nic.has(l.src)
	outside6 := l.src.Is6() && l.nic.subnet != nil && l.nic.subnet.V6Access == "EXTERNAL"
	switch {
	case own && l.src.Is4() && len(l.nic.external) > 0:
		w.say(l.nic.name, netExternal, "")
		return w.atGoogle(l), true
	case own && outside6:
		w.say(l.nic.name, pgaExternal, last(l.nic.subnet.Name))
		return w.atGoogle(l), true
	case !own:
		return l, false // forwarded by a machine: its own way out is meant, not its subnetwork's
	case l.nic.subnet == nil:
		l = w.bySwitch(l, l.nic.name, pgaOn, hiddenAccess)
		if l.at == dropped {
			return l, true
		}
		return w.atGoogle(l), true
	case l.nic.subnet.Google:
		w.say(l.nic.name, pgaOn, last(l.nic.subnet.Name))
		return w.atGoogle(l), true
	}
	// It never translates what goes to Google, and the flag counts as set for the ranges that it covers: IPv4.
	if nat, _, ok := w.natFor(l); ok && l.src.Is4() {
		w.say(l.nic.name, pgaNAT, nat)
		return w.atGoogle(l), true
	}
	return w.drop(l, l.nic.name, pgaOff, last(l.nic.subnet.Name)), true
}

// natAddress stands for the address of a Cloud NAT gateway, which the vendor takes.
var natAddress = netip.MustParseAddr("34.90.0.1")

// natFor finds a public NAT gateway of the sender's region that covers its subnetwork.
func (w *walk) natFor(l leg) (string, netip.Addr, bool) {
	if l.nic == nil || l.nic.subnet == nil || !l.nic.has(l.src) {
		return "", natAddress, false
	}
	for _, r := range w.routers {
		if relative(r.Network, part(r.Name, "projects")) != l.net || part(r.Name, "regions") != l.nic.region {
			continue
		}
		for _, n := range r.NATs {
			if n.Type == "PRIVATE" {
				continue
			}
			listed := slices.ContainsFunc(n.Subnets, func(s natSubnet) bool {
				return relative(s.Name, part(r.Name, "projects")) == l.nic.subnet.Name && s.primary()
			})
			if n.Ranges != "LIST_OF_SUBNETWORKS" || listed {
				return last(r.Name) + "/" + n.Name, natAddress, true
			}
		}
	}
	return "", natAddress, false
}

// primary tells whether the primary range of a subnetwork is translated, where every interface has its address.
func (s natSubnet) primary() bool {
	return len(s.Ranges) == 0 || slices.Contains(s.Ranges, "ALL_IP_RANGES") ||
		slices.Contains(s.Ranges, "PRIMARY_IP_RANGE")
}

// onInternet brings a packet to who has its address there.
func (w *walk) onInternet(l leg) leg {
	if l.answer {
		if n, ok := w.natOf("", l.dst); ok {
			return w.undone(l, n)
		}
		if w.home != nil && w.home.at == atNIC {
			return w.drop(l, "the Internet", netPrivate, "")
		}
	}
	if unrouted(l.dst) {
		return w.drop(l, "the Internet", netPrivate, "")
	}
	if who, ok := w.externally(l.dst); ok {
		w.say("the Internet", netMachine, who.name)
		if !who.running {
			return w.drop(l, who.name, nicStopped, "")
		}
		l.at, l.nic, l.net, l.region, l.dst = atMachine, &who, who.net, who.region, who.v4
		return l
	}
	if googles(l.dst) && !l.answer {
		l.at, l.net, l.via = atFront, "", ownWay
		return l
	}
	if l.answer {
		w.say("the Internet", netReturn, "")
	} else {
		w.say("the Internet", netPublic, "")
	}
	return w.finish(l, place{kind: "internet", names: []string{}, addr: l.dst})
}

// externally finds the interface that has an external address.
func (w *walk) externally(a netip.Addr) (nic, bool) {
	for _, m := range w.machines {
		for _, i := range m.NICs {
			who := w.machineNIC(m, relative(i.Network, part(m.Name, "projects")))
			if slices.Contains(who.external, a) {
				return who, true
			}
		}
	}
	return nic{}, false
}

// natOf finds the translation that gave a packet this source.
func (w *walk) natOf(net string, outside netip.Addr) (translation, bool) {
	for i := len(w.nats) - 1; i >= 0; i-- {
		if n := w.nats[i]; n.outside == outside && n.net == net {
			return n, true
		}
	}
	return translation{}, false
}

// undone changes the destination of an answer back.
func (w *walk) undone(l leg, n translation) leg {
	w.say(l.where(), netReturn, "")
	pkt := l.packet
	pkt.dst = n.inside
	l = n.back
	l.packet = pkt
	return l
}
