package reach

import "net/netip"

// A Subnet is a subnetwork with all its ranges of both families.
type Subnet struct {
	Object, Region string
	Ranges         Ranges
	// PrivateGoogle is Private Google Access.
	PrivateGoogle bool
	// External6 tells that its IPv6 addresses are external ones (ipv6AccessType).
	External6 bool
}

// A RouteKind says in which step of the order a route is looked at.
type RouteKind string

// Kinds of routes.
const (
	SubnetRoute  RouteKind = "subnet"
	StaticRoute  RouteKind = "static"
	DynamicRoute RouteKind = "dynamic"
)

// A Route is one route of a network.
type Route struct {
	Object   string
	Kind     RouteKind
	Dst      netip.Prefix
	Priority int64
	// Preference is the category between routes of one priority; the lowest wins.
	Preference int
	// Tags make a static route one for senders with a tag only.
	Tags []string
	// Region makes a dynamic route one of a region; empty means everywhere.
	Region string
	Next   NextHop
}

// A NextKind says what a next hop is.
type NextKind string

// Kinds of next hops.
const (
	// ToLocal delivers in the network itself, ToPeer in a peered network.
	ToLocal NextKind = "local"
	ToPeer  NextKind = "peer"
	// ToInternet is the default internet gateway.
	ToInternet NextKind = "internet"
	// ToGateway is a machine that forwards; Name is the gateway's.
	ToGateway NextKind = "gateway"
	// ToSite is a tunnel or an attachment to a site.
	ToSite NextKind = "site"
	// ToNetwork enters a network by a tunnel or an attachment of it.
	ToNetwork NextKind = "network"
	// ToPeerRoutes hands packets to the routes of a peered network: those of a static or dynamic route that it exports.
	ToPeerRoutes NextKind = "peer-routes"
	// ToNobody is a next hop that passes nothing on: Name is an address that nobody has, or a machine that does not
	// forward.
	ToNobody NextKind = "nobody"
	// ToUnread is a next hop of which nobody has read where it leads: a load balancer, a hub.
	ToUnread NextKind = "unread"
)

// A State is whether something is up, or whether nobody can tell.
type State string

// States.
const (
	Up      State = "up"
	Down    State = "down"
	Unclear State = "unclear"
)

// A NextHop is where a route sends packets.
type NextHop struct {
	Kind  NextKind
	Name  string
	Realm Realm
	State State
}

// A PolicyRoute chooses by source and protocol too. Others set means the ordinary routes.
type PolicyRoute struct {
	Object   string
	Priority int64
	Src, Dst Ranges
	Layer4   []Layer4
	// Tags narrow it to machines with a tag; empty means all.
	Tags   []string
	Others bool
	Next   NextHop
}

// An Endpoint is a Private Service Connect endpoint.
type Endpoint struct {
	Object  string
	Address Ranges
	// Bundle is an endpoint for Google's APIs, Restricted for those only that service perimeters support (vpc-sc); else
	// Producer is the realm behind the attachment.
	Bundle, Restricted bool
	Producer           Realm
	// Region is where a regional endpoint is; clients elsewhere need GlobalAccess.
	Region       string
	GlobalAccess bool
	// Accepted is the state of the connection: up is ACCEPTED, down every other.
	Accepted State
}

// A NAT is one Cloud NAT configuration, with the internal ranges that it covers.
type NAT struct {
	Object, Region string
	Covers         Ranges
	Addresses      Ranges
}

// An Interface is who has an address inside the network. Stopped has the address and neither sends nor receives; it may
// be started at any time, so that others' harms are judged for it all the same.
type Interface struct {
	Addresses Ranges
	// Public are its external addresses, by which the Internet knows it.
	Public  Ranges
	Who     Identity
	Stopped bool
}

// FarSideFacts is what is known of a site: what it owns, and by which way it sends. A site whose list is not whole is
// one whose table nobody reads.
type FarSideFacts struct {
	Realm Realm
	Owns  Ranges
	Table Listing[Route]
	// Domain is the network domain of its connection to a gateway.
	Domain string
}
