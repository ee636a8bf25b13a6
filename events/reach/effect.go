package reach

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// An Effect is what one step does to the facts, in the words of the step's input: a plan can bind its parts to what
// other steps will tell, and a journal can hold it. Exactly one of its kinds is set.
//
// Effects are data so that worlds can be judged that are not there yet: after a plan, and between any two of its steps.
type Effect struct {
	// Step is the step that has the effect.
	Step string `json:"step"`
	// Undone takes away what the step made.
	Undone bool `json:"undone,omitempty"`
	// Consented tells that the intent accepts what the step does to others, whoever they are.
	Consented bool `json:"consented,omitempty"`
	// Network is the network that it is in.
	Network Realm `json:"network,omitempty"`

	Range         *RangeEffect         `json:"range,omitempty"`
	Endpoint      *EndpointEffect      `json:"endpoint,omitempty"`
	Announcement  *AnnouncementEffect  `json:"announcement,omitempty"`
	Filter        *FilterEffect        `json:"filter,omitempty"`
	GatewayFilter *GatewayFilterEffect `json:"gatewayFilter,omitempty"`
	Route         *RouteEffect         `json:"route,omitempty"`
	GoogleAccess  *GoogleAccessEffect  `json:"googleAccess,omitempty"`
	Names         *NamesEffect         `json:"names,omitempty"`
}

// A RangeEffect is a hidden subnetwork: the one that a connector with a range of its own brings.
type RangeEffect struct {
	Object string `json:"object"`
	Region string `json:"region"`
	CIDR   string `json:"cidr"`
}

// An EndpointEffect is a Private Service Connect endpoint at an address.
type EndpointEffect struct {
	Object string `json:"object"`
	// IP is an address, or the ranges that it will be taken from, with commas: one that no other endpoint has.
	IP string `json:"ip"`
	// Bundle is an endpoint for Google's APIs, Restricted for those only that service perimeters support; else Producer
	// is behind the attachment.
	Bundle       bool   `json:"bundle,omitempty"`
	Restricted   bool   `json:"restricted,omitempty"`
	Producer     Realm  `json:"producer,omitempty"`
	Region       string `json:"region,omitempty"`
	GlobalAccess bool   `json:"globalAccess,omitempty"`
}

// An AnnouncementEffect is a prefix that sites learn: their way into the network.
type AnnouncementEffect struct {
	Sites  []Realm `json:"sites"`
	Prefix string  `json:"prefix"`
}

// Allowed is one destination that a filter lets through: a name or a range, a protocol ("tcp", "icmp", "all", or a
// number) and ports ("443", "8000-8010"), all when there are none.
type Allowed struct {
	FQDN     string   `json:"fqdn,omitempty"`
	CIDR     string   `json:"cidr,omitempty"`
	Protocol string   `json:"protocol"`
	Ports    []string `json:"ports,omitempty"`
}

// A FilterEffect is a filter as rules of the network's own firewall policy: the allowed destinations first, then, when
// Closed, a denial of everything in IPv4.
type FilterEffect struct {
	// Policy is the policy's name; empty for the only one that is on the network.
	Policy string    `json:"policy,omitempty"`
	Source string    `json:"source"`
	Closed bool      `json:"closed"`
	Allow  []Allowed `json:"allow"`
	// Priorities are those that the rules have or may have, the lowest number first. What others have of them is left
	// out.
	Priorities []int `json:"priorities"`
	// Held are those of the filter that stands, if one does. When it has the same source it is changed in place.
	Held []int `json:"held,omitempty"`
	// Kept, of a filter that goes, is the source of the one that takes its place: with the same source it is changed in
	// place, and does not go.
	Kept string `json:"kept,omitempty"`
}

// A GatewayFilterEffect is a filter at a gateway: a tag by names, or rules of a set of the distributed firewall.
type GatewayFilterEffect struct {
	Object  string `json:"object"`
	Gateway string `json:"gateway"`
	// Set is the rule set; empty for a tag.
	Set    string    `json:"set,omitempty"`
	Source string    `json:"source"`
	Closed bool      `json:"closed"`
	Allow  []Allowed `json:"allow"`
	// Priority is that of the rules, and of the closing one the next number.
	Priority int64 `json:"priority,omitempty"`
}

// A RouteEffect is a static route by a machine's address.
type RouteEffect struct {
	Object    string   `json:"object"`
	Dest      string   `json:"dest"`
	NextHopIP string   `json:"nextHopIp"`
	Tags      []string `json:"tags,omitempty"`
	Priority  int64    `json:"priority"`
}

// A GoogleAccessEffect is Private Google Access on subnetworks, by their full names.
type GoogleAccessEffect struct {
	Subnets []string `json:"subnets"`
}

// A NamesEffect is a private zone for each host name, which answers with one address: IP, or, where that is not known
// yet, the one of the endpoint that an effect before it has made.
type NamesEffect struct {
	Hostnames []string `json:"hostnames"`
	IP        string   `json:"ip,omitempty"`
	Endpoint  string   `json:"endpoint,omitempty"`
}

// operation is one kind of effect. Each method leaves the world that it is given as it is.
type operation interface {
	do(w World, at Realm) (World, error)
	undo(w World, at Realm) (World, error)
	// domain is the space that the operation can decide in a world, whoever is there.
	domain(w World, at Realm) ([]extent, error)
}

// ErrEffect is wrapped by every error about an effect that cannot be put into a world.
var ErrEffect = errors.New("effect")

// operation finds the one kind that is set.
func (e Effect) operation() (operation, error) {
	var set []operation
	add := func(is bool, d operation) {
		if is {
			set = append(set, d)
		}
	}
	add(e.Range != nil, e.Range)
	add(e.Endpoint != nil, e.Endpoint)
	add(e.Announcement != nil, e.Announcement)
	add(e.Filter != nil, e.Filter)
	add(e.GatewayFilter != nil, e.GatewayFilter)
	add(e.Route != nil, e.Route)
	add(e.GoogleAccess != nil, e.GoogleAccess)
	add(e.Names != nil, e.Names)
	if len(set) != 1 {
		return nil, fmt.Errorf("%w of %s: want exactly one kind, have %d", ErrEffect, e.Step, len(set))
	}
	return set[0], nil
}

// Offers tells an effect that opens the connection's own address, which is what the connection is for: who comes later
// chose to use it.
func (e Effect) Offers() bool {
	return !e.Undone && (e.Endpoint != nil || e.Announcement != nil || e.Names != nil)
}

// Void tells an effect that does nothing: what it is bound to turned out to be none.
func (e Effect) Void() bool {
	switch {
	case e.GoogleAccess != nil:
		return len(e.GoogleAccess.Subnets) == 0
	case e.Names != nil:
		return len(e.Names.Hostnames) == 0
	case e.Filter != nil:
		return e.Undone && e.Filter.Kept != "" && e.Filter.Kept == e.Filter.Source
	}
	return false
}

// After is the world as it is once effects have happened, in their order. The world itself stays as it is.
func (w World) After(effects ...Effect) (World, error) {
	for _, e := range effects {
		d, err := e.operation()
		if err != nil {
			return World{}, err
		}
		act := d.do
		if e.Undone {
			act = d.undo
		}
		if w, err = act(w, e.Network); err != nil {
			return World{}, fmt.Errorf("%w of %s: %w", ErrEffect, e.Step, err)
		}
	}
	return w, nil
}

// with changes one network of a world.
func (w World) with(at Realm, change func(*Network) error) (World, error) {
	i := slices.IndexFunc(w.Networks, func(n Network) bool { return n.Realm == at })
	if i < 0 {
		return World{}, fmt.Errorf("nothing was read of network %q", at)
	}
	w.Networks = slices.Clone(w.Networks)
	return w, change(&w.Networks[i])
}

// plus is a listing with more items.
func plus[T any](l Listing[T], items ...T) Listing[T] {
	l.Items = slices.Concat(l.Items, items)
	return l
}

// minus is a listing without some items.
func minus[T any](l Listing[T], gone func(T) bool) Listing[T] {
	l.Items = slices.DeleteFunc(slices.Clone(l.Items), gone)
	return l
}

// layer4 is what an allowed destination says of protocol and ports.
func (a Allowed) layer4() (Layer4, error) { return ParseLayer4(a.Protocol, a.Ports...) }

// peer is where an allowed destination is.
func (a Allowed) peer() (Peer, error) {
	if a.FQDN != "" {
		return Peer{Names: []Name{NameOf(a.FQDN)}}, nil
	}
	dst, err := ParseRanges(a.CIDR)
	return Peer{Ranges: dst}, err
}

func prefix(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}
