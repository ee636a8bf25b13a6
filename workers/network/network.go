// Package network is the capability of addresses, Private Service Connect endpoints, names and subnets: what makes a
// service reachable inside a VPC. Its steps depend on the small ports below and on claims; a driver implements the
// ports.
//
// Read this file for the ports, steps.go for the list of steps, then one file a step.
package network

import (
	"context"

	"github.com/google/uuid"
)

// Every port method that changes something takes the root of its request ids (see events.CallID) and answers nil when
// it is so, a workers.WaitFor failure when the vendor goes on with it, or a classified failure. Reads answer
// workers.ErrNotFound when there is no such thing. All ports are safe for concurrent use and keep no argument.

// Networks reads what a VPC is and sets the one flag of its subnets that Culvert touches.
type Networks interface {
	// Describe reads a VPC by full name ("projects/P/global/networks/N").
	Describe(ctx context.Context, network string) (Network, error)
	// Space reads only the ranges of a VPC: those of subnetworks, routes and allocations, and whether it is in auto
	// mode.
	Space(ctx context.Context, network string) (Network, error)
	// Subnet reads a subnetwork by full name ("projects/P/regions/R/subnetworks/S").
	Subnet(ctx context.Context, subnet string) (Subnet, error)
	// Overrides names the route that takes packets for an endpoint's address before the endpoint does: one to a subnet,
	// own or peered, that has the address, or a static one to the address alone. "" is none. It is one cheap read.
	Overrides(ctx context.Context, network, ip string) (route string, err error)
	// SetGoogleAccess switches Private Google Access of a subnetwork.
	SetGoogleAccess(ctx context.Context, req uuid.UUID, subnet string, on bool) error
}

// A Network is a VPC as far as addresses, names and firewalls are concerned. CIDRs are canonical text.
type Network struct {
	Name string
	// AutoMode of this VPC or of a peer makes 10.128.0.0/9 unusable.
	AutoMode bool
	// Subnets are primary and secondary ranges, own and of peered VPCs.
	Subnets []Range
	// Routes are static routes, own and imported; Allocated are private services access ranges of this VPC.
	Routes    []Range
	Allocated []Range
	// BundleEndpoints and BundleQuota count PSC endpoints for Google APIs on this network; a quota of 0 is unknown.
	BundleEndpoints, BundleQuota int
	// AddressesLeft is what the quota of global internal addresses leaves; -1 when unknown.
	AddressesLeft int
	// InboundDNS says that on-premises resolvers can ask this network's names; AlternativeDNS that an outbound policy
	// sends all names elsewhere.
	InboundDNS, AlternativeDNS bool
}

// A Range is a CIDR with where it comes from.
type Range struct {
	CIDR string
	// From names the subnet, route, peering or allocation.
	From string
}

// A Subnet is a subnetwork.
type Subnet struct {
	Name         string
	Network      string
	Region       string
	CIDR         string
	Purpose      string
	GoogleAccess bool
}

// Addresses keeps reserved internal addresses.
type Addresses interface {
	Get(ctx context.Context, ref Ref) (Address, error)
	Reserve(ctx context.Context, req uuid.UUID, a Address) error
	Release(ctx context.Context, req uuid.UUID, ref Ref) error
}

// A Ref names an object of a project, global when Region is empty.
type Ref struct {
	Project string `json:"project"`
	Region  string `json:"region,omitempty"`
	Name    string `json:"name"`
}

// An Address is a reserved internal address. Global ones have purpose PRIVATE_SERVICE_CONNECT and a Network; regional
// ones lie inside Subnet and have purpose GCE_ENDPOINT.
type Address struct {
	Ref
	// IP is empty in a Reserve inside a subnet that lets the vendor choose.
	IP      string
	Network string
	Subnet  string
	Owner   string
	// InUseBy names what uses it.
	InUseBy []string
}

// Endpoints keeps PSC endpoints (forwarding rules).
type Endpoints interface {
	Get(ctx context.Context, ref Ref) (Endpoint, error)
	Create(ctx context.Context, req uuid.UUID, e Endpoint) error
	Delete(ctx context.Context, req uuid.UUID, ref Ref) error
}

// An Endpoint is a PSC endpoint: global for a bundle of Google APIs, regional for a service attachment.
type Endpoint struct {
	Ref
	Network string
	// Subnet is set for an endpoint of a service attachment.
	Subnet string
	// AddressName is the reserved address's full name, AddressIP what it is.
	AddressName string
	AddressIP   string
	// Target is "all-apis", "vpc-sc" or the full name of a service attachment.
	Target string
	Owner  string
	// Connection is the vendor's state: PENDING, ACCEPTED, REJECTED, CLOSED, NEEDS_ATTENTION; empty for bundles before
	// the vendor reports one.
	Connection string
}

// Names keeps private zones with one address record at their apex.
type Names interface {
	// Answering lists zones and response policies that answer a host name for a network, the one that answers first. It
	// does not read what is in them.
	Answering(ctx context.Context, project, network, host string) ([]Zone, error)
	Get(ctx context.Context, project, zone string) (Zone, error)
	// Put makes the zone and its apex A record be as given; it never touches other records. No network sees the zone
	// before it has the record. A Put that waits for the vendor is made again.
	Put(ctx context.Context, req uuid.UUID, z Zone) error
	// ClearRecord removes the apex A record when it is as given, once no network sees the zone any more.
	ClearRecord(ctx context.Context, req uuid.UUID, z Zone) error
	// Delete removes a zone that is empty but for SOA and NS.
	Delete(ctx context.Context, req uuid.UUID, project, zone string) error
}

// A Zone is a private DNS zone as far as Culvert uses it.
type Zone struct {
	Project string
	Name    string
	// Host is the zone's DNS name without the final dot.
	Host string
	// Networks see the zone (full names).
	Networks []string
	Owner    string
	// IP and TTL (seconds) are the apex A record's; IP is empty when there is none.
	IP  string
	TTL int
	// Others counts records that are neither SOA, NS nor the apex A.
	Others int
	// Policy is set when this is a response policy rule and not a zone.
	Policy bool
}
