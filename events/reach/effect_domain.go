package reach

import (
	"slices"
	"time"
)

// An extent is a space of flows that a change can decide: senders of a realm, by their addresses and tags, to
// destinations or to names.
type extent struct {
	at Realm
	// src are the senders' addresses; empty means everybody in the realm.
	src, dst Ranges
	// names narrow it to what is sent to them; of names of Google's to HTTP over TCP, which is what they are for.
	names []Name
	// tags narrow it to senders that have one of them.
	tags []string
}

// domain of a hidden range: what everybody sends there, which something else may have carried before. Peers have a
// route to it too, as to every subnetwork ("About peering connections": subnet routes are always exchanged), and it
// beats all of theirs.
func (e *RangeEffect) domain(w World, at Realm) ([]extent, error) {
	dst, err := parse(e.CIDR)
	return w.everywhere(at, dst), err
}

// domain of an endpoint: its address beats every other route, for the network, its peers and whoever routes into it.
func (e *EndpointEffect) domain(w World, at Realm) ([]extent, error) {
	dst, err := parse(e.IP)
	return w.everywhere(at, dst), err
}

// everywhere are the senders of a network, of its peers, and of the sites that it has routes to, with a destination.
func (w World) everywhere(at Realm, dst Ranges) []extent {
	out := []extent{{at: at, dst: dst}}
	add := func(realm Realm) {
		if !slices.ContainsFunc(out, func(o extent) bool { return o.at == realm }) {
			out = append(out, extent{at: realm, dst: dst})
		}
	}
	n, _ := w.network(at)
	for _, p := range n.Peers {
		if p.State == Up {
			add(p.Realm)
		}
	}
	for _, r := range slices.Concat(n.Routes.Items, n.Dynamic.Items) {
		if r.Next.Kind == ToPeer || r.Next.Kind == ToSite {
			add(r.Next.Realm)
		}
	}
	return out
}

func (e *AnnouncementEffect) domain(World, Realm) ([]extent, error) {
	dst, err := parse(e.Prefix)
	var out []extent
	for _, site := range e.Sites {
		out = append(out, extent{at: site, dst: dst})
	}
	return out, err
}

func (e *FilterEffect) domain(_ World, at Realm) ([]extent, error) {
	src, err := parse(e.Source)
	return []extent{{at: at, src: src, dst: EveryAddress()}}, err
}

// domain of a filter at a gateway: a tag with sources drops what all others send, rules decide for their source.
func (e *GatewayFilterEffect) domain(w World, _ Realm) ([]extent, error) {
	src, err := parse(e.Source)
	g, ok := w.gateway(e.Gateway)
	switch {
	case !ok:
		return nil, err
	case e.Set == "":
		src = Ranges{}
	}
	return []extent{{at: g.Realm, src: src, dst: EveryAddress()}}, err
}

func (e *RouteEffect) domain(_ World, at Realm) ([]extent, error) {
	dst, err := parse(e.Dest)
	return []extent{{at: at, dst: dst, tags: e.Tags}}, err
}

// domain of Private Google Access: what the subnetworks' senders send to Google.
func (e *GoogleAccessEffect) domain(w World, at Realm) ([]extent, error) {
	n, _ := w.network(at)
	var src Ranges
	for _, s := range n.Subnets.Items {
		if slices.Contains(e.Subnets, s.Object) {
			src = src.Union(s.Ranges)
		}
	}
	return []extent{{at: at, src: src, dst: n.googleAt()}}, nil
}

// googleAt is where Private Google Access of a subnetwork decides: Google's own addresses, and the endpoints for them.
func (n Network) googleAt() Ranges {
	if len(n.Endpoints.doubts(time.Time{})) > 0 {
		return EveryAddress()
	}
	dst := googleAPIs().Union(googleFrontEnd())
	for _, e := range n.Endpoints.Items {
		if e.Bundle {
			dst = dst.Union(e.Address)
		}
	}
	return dst
}

// domain of names: who asks for them in the network, or in another one that lets this one answer.
func (e *NamesEffect) domain(w World, at Realm) (out []extent, err error) {
	asks := func(n Network) bool {
		return n.Realm == at || slices.ContainsFunc(n.Names.Zones.Items, func(z Zone) bool {
			return z.Kind == PeeringZone && z.Target == at
		})
	}
	for _, n := range w.Networks {
		if names := e.known(w, n.Realm); asks(n) && len(names) > 0 {
			out = append(out, extent{at: n.Realm, dst: EveryAddress(), names: names})
		}
	}
	return out, nil
}

// known are the names that lead somewhere today, as far as a network can tell. Others may be anywhere in public: that
// anybody reaches them is not known, and so nothing of it is lost.
func (e *NamesEffect) known(w World, at Realm) (names []Name) {
	asked := &run{world: w, question: Question{}}
	for _, host := range e.Hostnames {
		name := NameOf(host)
		if a := asked.resolve(at, name); !a.public || name.ofGoogle() {
			names = append(names, name)
		}
	}
	return names
}

// A resident is somebody who sends from a realm: those whom a list shows, who are equal as far as rules and routes ask,
// with their addresses; or, without names, whoever may come to addresses that nobody is seen at.
type resident struct {
	place Place
	src   Ranges
	names []string
}

// residents are the senders of an extent. Everybody who is seen is among them, and the vacant rest.
func (w World) residents(x extent) []resident {
	n, ok := w.network(x.at)
	if !ok {
		s, _ := w.site(x.at)
		return []resident{{Place{Realm: x.at}, s.Owns, []string{string(x.at)}}}
	}
	var out []resident
	vacant := n.ranges()
	if !x.src.Empty() {
		vacant = vacant.Union(x.src).Intersect(x.src)
	}
	for _, i := range slices.Concat(n.Interfaces.Items, n.Tenants.Items) {
		src := i.Addresses
		if !x.src.Empty() {
			src = src.Intersect(x.src)
		}
		wanted := len(x.tags) == 0 || slices.ContainsFunc(x.tags, func(t string) bool {
			return slices.Contains(i.Who.Tags, t)
		})
		if src.Empty() || !wanted || i.Who.Kind == Balancer { // which begins no connection
			continue
		}
		out = withResident(out, resident{Place{x.at, w.itself(i.Who)}, src, []string{i.Who.Name}})
	}
	for _, i := range n.Interfaces.Items {
		vacant = vacant.Subtract(i.Addresses)
	}
	who := Identity{Kind: Unknown, Tags: x.tags}
	return append(out, resident{place: Place{x.at, who}, src: vacant})
}

// itself is who sends what a gateway does not forward: its machine, with the external address that the controller
// tells.
func (w World) itself(who Identity) Identity {
	if who.Kind != GatewayKind {
		return who
	}
	who.Kind = Instance
	if g, ok := w.gateway(who.Name); ok {
		who.External4 = who.External4 || !g.Public.Family(true).Empty()
		who.External6 = who.External6 || !g.Public.Family(false).Empty()
	}
	return who
}

// withResident adds a resident to those who are equal to it but for the name.
func withResident(all []resident, one resident) []resident {
	for i, r := range all {
		if r.place.Who.alike(one.place.Who) {
			all[i].src, all[i].names = r.src.Union(one.src), append(r.names, one.names...)
			return all
		}
	}
	return append(all, one)
}

// alike tells whether no rule and no route can tell two identities apart.
func (i Identity) alike(o Identity) bool {
	sorted := func(list []string) []string { return slices.Sorted(slices.Values(list)) }
	return i.Kind == o.Kind && i.Account == o.Account && i.Region == o.Region && i.External4 == o.External4 &&
		i.External6 == o.External6 && i.PrivateRangesOnly == o.PrivateRangesOnly &&
		slices.Equal(sorted(i.Tags), sorted(o.Tags)) && slices.Equal(sorted(i.SecureTags), sorted(o.SecureTags))
}

// ranges are all of a network.
func (n Network) ranges() (all Ranges) {
	for _, s := range slices.Concat(n.Subnets.Items, n.Hidden.Items) {
		all = all.Union(s.Ranges)
	}
	return all
}

// flows are what a resident may send within an extent.
func (x extent) flows(from resident) Flows {
	names := x.names
	if len(names) == 0 {
		names = []Name{NoName, AnyName}
	}
	var boxes []Box
	for _, four := range []bool{true, false} {
		for _, name := range names {
			what := EveryProtocol()
			if name.ofGoogle() {
				what = Protocol(TCP, Port(80), Port(443))
			}
			boxes = append(boxes, Box{from.src.Family(four), x.dst.Family(four), what, name})
		}
	}
	return FlowsOf(boxes...)
}
