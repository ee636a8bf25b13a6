package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// candidate is a static, learned or imported route that is about a packet.
type candidate struct {
	name     string
	prefix   netip.Prefix
	priority int
	category int // of the next hop; lower is preferred (pageRoutes)
	rule     Rule
	counts   bool   // the next hop is there
	peer     string // the network that the route was imported from
	static   *staticRoute
	router   string // that learned it, and from which site
	site     string
}

// The categories of next hops, as pageRoutes ranks them.
const (
	byMachine = iota
	byLearned
	byBalancer
	byInternet
)

// The priorities of learned routes: what the world's routers show in their status, which is what the data plane has
// (discovery document, RouterStatus.bestRoutes). In other regions the cost between the regions is added (pagePriority).
const (
	learnedPriority = 100
	regionCost      = 201
)

// customWay takes the longest prefix, then the lowest priority, then the category; what is equal then shares.
func (w *walk) customWay(l leg) leg {
	fit := w.customRoutes(l)
	switch len(fit) {
	case 0:
		return w.drop(l, l.net, toNowhere, "")
	case 1:
		return w.take(l, fit[0])
	}
	var ways []func(*walk) leg
	for _, c := range fit {
		ways = append(ways, func(one *walk) leg { return one.take(l, c) })
	}
	return w.fork(ways)
}

// customRoutes are the static, learned and imported routes that a packet takes.
func (w *walk) customRoutes(l leg) []candidate {
	var fit []candidate
	for _, c := range append(w.staticWays(l.net, l), w.learnedWays(l.net, l)...) {
		if c.prefix.Contains(l.dst) {
			fit = append(fit, c)
		}
	}
	fit = append(fit, w.imported(l)...)
	if w.settings.On(deadHopYields) {
		fit = slices.DeleteFunc(fit, func(c candidate) bool { return !c.counts })
	}
	fit = best(fit, func(a, b candidate) int { return cmp.Compare(b.prefix.Bits(), a.prefix.Bits()) })
	fit = w.ofOneNetwork(fit)
	fit = slices.DeleteFunc(fit, func(c candidate) bool { return !c.counts })
	fit = best(fit, func(a, b candidate) int { return cmp.Compare(a.priority, b.priority) })
	return best(fit, func(a, b candidate) int { return cmp.Compare(a.category, b.category) })
}

// ofOneNetwork keeps the routes of a single network (pageRoutes, categories of custom routes): the local ones, where
// there is one for the destination, else those of one peer.
func (w *walk) ofOneNetwork(fit []candidate) []candidate {
	if len(fit) == 0 {
		return nil
	}
	first := fit[0].peer // the local ones stand before the imported ones
	for _, c := range fit[1:] {
		if first != "" && (c.peer < first) != w.settings.On(laterPeer) {
			first = c.peer
		}
	}
	return slices.DeleteFunc(fit, func(c candidate) bool { return c.peer != first })
}

// best keeps the candidates that compare as the first.
func best(all []candidate, compare func(a, b candidate) int) []candidate {
	if len(all) == 0 {
		return nil
	}
	first := slices.MinFunc(all, compare)
	return slices.DeleteFunc(all, func(c candidate) bool { return compare(first, c) != 0 })
}

// staticWays are a network's static routes. One with a tag is for machines with it (pageStatic).
func (w *walk) staticWays(net string, l leg) []candidate {
	var out []candidate
	for i, r := range w.statics {
		prefix, ok := prefixOf(r.Range)
		if !ok || relative(r.Network, "") != net {
			continue
		}
		tagged := func(t string) bool { return l.nic != nil && slices.Contains(l.nic.tags, t) }
		if len(r.Tags) > 0 && (l.net != net || !slices.ContainsFunc(r.Tags, tagged)) {
			continue
		}
		c := candidate{name: last(r.Name), prefix: prefix, priority: r.Priority, rule: toStatic, counts: true,
			static: &w.statics[i]}
		switch {
		case r.Gateway != "":
			c.category = byInternet
		case r.Balancer != "":
			c.category = byBalancer
		default:
			_, c.counts = w.nextHop(r)
		}
		out = append(out, c)
	}
	return out
}

// nextHop is the running machine that a route names, by name or by address.
func (w *walk) nextHop(r staticRoute) (instance, bool) {
	net := relative(r.Network, "")
	if r.Instance != "" {
		full := relative(r.Instance, part(r.Name, "projects"))
		i := slices.IndexFunc(w.machines, func(m instance) bool { return m.Name == full })
		if i < 0 {
			return instance{}, false
		}
		return w.machines[i], w.machines[i].Status == "RUNNING"
	}
	a, err := netip.ParseAddr(r.IP)
	if err != nil {
		return instance{}, false
	}
	m, ok := w.machineAt(net, a)
	return m, ok && m.Status == "RUNNING"
}

// learnedWays are the routes that Cloud Routers of a network have learned. With regional routing they are for their
// own region only (pageRouter).
func (w *walk) learnedWays(net string, l leg) []candidate {
	var out []candidate
	for _, r := range w.routers {
		away := l.region != "" && l.region != part(r.Name, "regions")
		if relative(r.Network, part(r.Name, "projects")) != net || away && w.networks[net].Routing.Mode != "GLOBAL" {
			continue
		}
		priority := learnedPriority
		if away {
			priority += regionCost
		}
		for site, ranges := range w.learned[r.Name] {
			for _, text := range ranges {
				prefix, ok := prefixOf(text)
				if !ok || !w.enabled(r.Name, site) {
					continue
				}
				out = append(out, candidate{name: last(r.Name) + " from " + site, prefix: prefix, priority: priority,
					category: byLearned, rule: toDynamic, counts: true, router: r.Name, site: site})
			}
		}
	}
	slices.SortFunc(out, func(a, b candidate) int { return strings.Compare(a.name, b.name) })
	return out
}

func (w *walk) enabled(router, peer string) bool {
	for _, p := range w.told[router].Peers {
		if p.Name == peer {
			return p.Enable != "FALSE"
		}
	}
	return true
}

// imported are the custom routes of peers that export them to a network that imports them. Routes with a tag and
// routes to the default internet gateway are never exchanged (pagePeering).
func (w *walk) imported(l leg) []candidate {
	var out []candidate
	for _, p := range w.active(l.net) {
		peer := relative(p.Network, "")
		back, ok := w.otherEnd(l.net, peer)
		if !ok || !p.Import || !back.Export || !carries(p, back, l.dst) {
			continue
		}
		for _, c := range append(w.staticWays(peer, l), w.learnedWays(peer, l)...) {
			if c.prefix.Contains(l.dst) && c.category != byInternet {
				c.peer, c.rule = peer, toPeerCustom
				out = append(out, c)
			}
		}
	}
	return out
}

// take follows a route.
func (w *walk) take(l leg, c candidate) leg {
	w.say(l.net, c.rule, c.name)
	if c.peer != "" {
		l.net, l.via = c.peer, peered
	}
	switch {
	case c.site != "":
		if l.via == hybrid && !l.answer {
			return w.drop(l, l.net, toSpoken, c.name)
		}
		l.at, l.site, l.nic = atSite, c.site, nil
		return l
	case c.category == byInternet:
		return w.exit(l)
	case c.category == byBalancer:
		hop, err := netip.ParseAddr(last(c.static.Balancer))
		if err != nil {
			return w.drop(l, l.net, toNobody, c.static.Balancer)
		}
		return w.toBalancer(l, hop)
	}
	m, _ := w.nextHop(*c.static)
	who := w.machineNIC(m, l.net)
	if !who.forward {
		return w.drop(l, who.name, hopForwards, "")
	}
	l.at, l.nic, l.moved = atMachine, &who, strings.HasPrefix(c.static.About, controllersOwn)
	return l
}

// controllersOwn begins the description of routes that a controller has made in a Google network.
const controllersOwn = "made by the controller"
