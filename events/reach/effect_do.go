package reach

import (
	"fmt"
	"slices"
	"strings"
)

// parse reads ranges with commas.
func parse(text string) (Ranges, error) { return ParseRanges(strings.Split(text, ",")...) }

func (e *RangeEffect) do(w World, at Realm) (World, error) {
	dst, err := prefix(e.CIDR)
	if err != nil {
		return World{}, err
	}
	return w.with(at, func(n *Network) error { // the way to it comes with it: see hidden
		n.Hidden = plus(n.Hidden, Subnet{Object: e.Object, Region: e.Region, Ranges: RangesOf(dst)})
		return nil
	})
}

func (e *RangeEffect) undo(w World, at Realm) (World, error) {
	dst, err := prefix(e.CIDR)
	if err != nil {
		return World{}, err
	}
	return w.with(at, func(n *Network) error {
		n.Hidden = minus(n.Hidden, func(s Subnet) bool { return s.Ranges.Equal(RangesOf(dst)) })
		return nil
	})
}

func (e *EndpointEffect) do(w World, at Realm) (World, error) {
	ip, err := parse(e.IP)
	if err != nil {
		return World{}, err
	}
	return w.with(at, func(n *Network) error {
		n.Endpoints = plus(n.Endpoints, Endpoint{Object: e.Object, Address: n.free(ip), Bundle: e.Bundle,
			Restricted: e.Restricted, Producer: e.Producer, Region: e.Region, GlobalAccess: e.GlobalAccess,
			Accepted: Up})
		n.directory()
		return nil
	})
}

// free is the part of some ranges that no endpoint has: an address is taken from it. Of a single address nothing is
// left to choose.
func (n *Network) free(ip Ranges) Ranges {
	left := ip
	for _, e := range n.Endpoints.Items {
		left = left.Subtract(e.Address)
	}
	if left.Empty() {
		return ip
	}
	return left
}

func (e *EndpointEffect) undo(w World, at Realm) (World, error) {
	ip, err := parse(e.IP)
	if err != nil {
		return World{}, err
	}
	return w.with(at, func(n *Network) error {
		n.Endpoints = minus(n.Endpoints, func(o Endpoint) bool { return o.Address.Equal(ip) })
		n.directory()
		return nil
	})
}

// endpointNames is the zone that Google keeps for the names of endpoints for its APIs ("Access Google APIs through
// endpoints": Service Directory creates a private zone for p.googleapis.com). Google answers in it.
const endpointNames Name = "p.googleapis.com"

// directory gives the network Google's zone while it has an endpoint for Google's APIs, and takes it away after the
// last one.
func (n *Network) directory() {
	made := func(z Zone) bool { return z.Domain == endpointNames && z.Kind == ForwardingZone }
	has := slices.ContainsFunc(n.Names.Zones.Items, made)
	switch wants := slices.ContainsFunc(n.Endpoints.Items, func(e Endpoint) bool { return e.Bundle }); {
	case wants && !has:
		n.Names.Zones = plus(n.Names.Zones, Zone{Object: string(endpointNames), Domain: endpointNames,
			Kind: ForwardingZone})
	case !wants && has:
		n.Names.Zones = minus(n.Names.Zones, made)
	}
}

// sites changes the tables of the sites that learn, or forget, the prefix.
func (e *AnnouncementEffect) sites(w World, change func(*FarSideFacts)) World {
	w.Sites = slices.Clone(w.Sites)
	for i := range w.Sites {
		if slices.Contains(e.Sites, w.Sites[i].Realm) {
			change(&w.Sites[i])
		}
	}
	return w
}

func (e *AnnouncementEffect) do(w World, at Realm) (World, error) {
	dst, err := prefix(e.Prefix)
	if err != nil {
		return World{}, err
	}
	return e.sites(w, func(s *FarSideFacts) {
		s.Table = plus(s.Table, Route{Object: e.Prefix, Kind: DynamicRoute, Dst: dst,
			Next: NextHop{Kind: ToNetwork, Name: string(at), Realm: at, State: Up}})
	}), nil
}

func (e *AnnouncementEffect) undo(w World, at Realm) (World, error) {
	dst, err := prefix(e.Prefix)
	if err != nil {
		return World{}, err
	}
	return e.sites(w, func(s *FarSideFacts) {
		s.Table = minus(s.Table, func(r Route) bool {
			return r.Dst.Masked() == dst && r.Next.Kind == ToNetwork && r.Next.Realm == at
		})
	}), nil
}

func (e *RouteEffect) do(w World, at Realm) (World, error) {
	dst, err := prefix(e.Dest)
	if err != nil {
		return World{}, err
	}
	next, err := w.hop(at, e.NextHopIP)
	if err != nil {
		return World{}, err
	}
	return w.with(at, func(n *Network) error {
		n.Routes = plus(n.Routes, Route{Object: e.Object, Kind: StaticRoute, Dst: dst, Priority: e.Priority,
			Preference: ownCategory, Tags: e.Tags, Next: next})
		return nil
	})
}

func (e *RouteEffect) undo(w World, at Realm) (World, error) {
	dst, err := prefix(e.Dest)
	if err != nil {
		return World{}, err
	}
	next, err := w.hop(at, e.NextHopIP)
	if err != nil {
		return World{}, err
	}
	return w.with(at, func(n *Network) error { // no network has the same route twice
		n.Routes = minus(n.Routes, func(r Route) bool {
			return r.Kind == StaticRoute && r.Dst == dst && r.Priority == e.Priority && r.Next == next &&
				slices.Equal(r.Tags, e.Tags)
		})
		return nil
	})
}

// ownCategory is the preference of a network's own static routes ("Routes", categories of custom routes).
const ownCategory = 1

// hop is what an address of a network is as a next hop: a gateway's machine, or nobody's.
func (w World) hop(at Realm, ip string) (NextHop, error) {
	address, err := parse(ip)
	if err != nil {
		return NextHop{}, err
	}
	for _, g := range w.Gateways {
		if g.Realm == at && g.Address.Covers(address) {
			return NextHop{Kind: ToGateway, Name: g.Name, State: Up}, nil
		}
	}
	n, _ := w.network(at)
	for _, i := range n.Interfaces.Items {
		if i.Addresses.Covers(address) {
			return NextHop{Kind: ToGateway, Name: i.Who.Name, State: Up}, nil
		}
	}
	return NextHop{Kind: ToNobody, Name: ip, State: Up}, nil
}

// subnets sets Private Google Access.
//
// A subnetwork that is not there has nothing to lose.
func (e *GoogleAccessEffect) subnets(w World, at Realm, on bool) (World, error) {
	return w.with(at, func(n *Network) error {
		n.Subnets.Items = slices.Clone(n.Subnets.Items)
		for _, name := range e.Subnets {
			i := slices.IndexFunc(n.Subnets.Items, func(s Subnet) bool { return s.Object == name })
			if i < 0 && on {
				return fmt.Errorf("no subnetwork %q in %s", name, at)
			}
			if i >= 0 {
				n.Subnets.Items[i].PrivateGoogle = on
			}
		}
		return nil
	})
}

func (e *GoogleAccessEffect) do(w World, at Realm) (World, error)   { return e.subnets(w, at, true) }
func (e *GoogleAccessEffect) undo(w World, at Realm) (World, error) { return e.subnets(w, at, false) }

// do makes the zones anew: one of the same name is the connection's own, which is changed in place.
func (e *NamesEffect) do(w World, at Realm) (World, error) {
	n, _ := w.network(at)
	ip, err := e.address(n)
	if err != nil {
		return World{}, err
	}
	if w, err = e.undo(w, at); err != nil {
		return World{}, err
	}
	return w.with(at, func(n *Network) error {
		for _, host := range e.Hostnames {
			name := NameOf(host)
			n.Names.Zones = plus(n.Names.Zones, Zone{Object: host, Domain: name, Kind: PrivateZone,
				Records: []Record{{Name: name, Addresses: ip}}})
		}
		return nil
	})
}

// address is what the zones answer with.
func (e *NamesEffect) address(n Network) (Ranges, error) {
	if e.IP != "" {
		return parse(e.IP)
	}
	for _, o := range n.Endpoints.Items {
		if o.Object == e.Endpoint {
			return o.Address, nil
		}
	}
	return Ranges{}, fmt.Errorf("no endpoint %q in %s", e.Endpoint, n.Realm)
}

func (e *NamesEffect) undo(w World, at Realm) (World, error) {
	return w.with(at, func(n *Network) error {
		for _, host := range e.Hostnames {
			n.Names.Zones = minus(n.Names.Zones, func(z Zone) bool {
				return z.Kind == PrivateZone && z.Domain == NameOf(host)
			})
		}
		return nil
	})
}
