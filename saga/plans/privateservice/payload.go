package privateservice

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/observe"
)

// A Payload is the data of a private-service.apply.v1 intent; schemas/intent/private-service.apply.v1.json is its
// contract. At least one of Ingress and Egress is set.
type Payload struct {
	Service Service `json:"service"`
	// Network is the full name, projects/P/global/networks/N; with Shared VPC its project is the host project.
	Network    string     `json:"network"`
	Ingress    *Ingress   `json:"ingress,omitempty"`
	Egress     *Egress    `json:"egress,omitempty"`
	OnWithdraw OnWithdraw `json:"onWithdraw,omitempty"`
	// Accept are consents to what the connection does to others, which refuses without one.
	Accept []observe.Consent `json:"accept,omitempty"`
}

// OnWithdraw says what a withdrawal does with settings that widen access when they go back.
type OnWithdraw string

// Retain keeps and lists them; Restore puts back what was found.
const (
	Retain  OnWithdraw = "retain"
	Restore OnWithdraw = "restore"
)

// A Platform is where a service runs.
type Platform string

// AppEngine is a known word so that it is refused by name; there is no adapter for it.
const (
	CloudRun       Platform = "cloud-run"
	CloudFunctions Platform = "cloud-functions"
	AppEngine      Platform = "app-engine"
)

// A Service is the serverless service.
type Service struct {
	Platform Platform `json:"platform"`
	// Generation is of a function: 1 or 2; zero for other platforms.
	Generation int    `json:"generation,omitempty"`
	Project    string `json:"project"`
	Region     string `json:"region"`
	Name       string `json:"name"`
	// FollowTraffic goes on although traffic is pinned to a named revision.
	FollowTraffic bool `json:"followTraffic,omitempty"`
}

// Ingress is the private way in.
type Ingress struct {
	Target       Target       `json:"target"`
	Endpoint     Endpoint     `json:"endpoint,omitempty"`
	Address      Address      `json:"address"`
	Names        *Names       `json:"names,omitempty"`
	Announce     []Announce   `json:"announce,omitempty"`
	Advertise    Advertise    `json:"advertise,omitempty"`
	Invokers     []string     `json:"invokers,omitempty"`
	PublicAccess PublicAccess `json:"publicAccess,omitempty"`
	SourceNat    SourceNat    `json:"sourceNat,omitempty"`
}

// A Target is what the endpoint leads to: a bundle of Google APIs ("all-apis", "vpc-sc") or a service attachment's full
// name. Exactly one is set.
type Target struct {
	GoogleApisBundle  string `json:"googleApisBundle,omitempty"`
	ServiceAttachment string `json:"serviceAttachment,omitempty"`
}

// Endpoint tells whose the endpoint is.
type Endpoint string

// SharedEndpoint is one for each network and bundle; OwnEndpoint belongs to the connection, as attachments' always do.
const (
	SharedEndpoint Endpoint = "shared"
	OwnEndpoint    Endpoint = "own"
)

// An Address says where the endpoint's address comes from: the operator's pool of that name, the very address, or, for
// an attachment, a subnetwork's full name. Exactly one is set.
type Address struct {
	Pool   string     `json:"pool,omitempty"`
	IP     netip.Addr `json:"ip,omitzero"`
	Subnet string     `json:"subnet,omitempty"`
}

// Names are the host names that answer with the endpoint's address.
type Names struct {
	Hostnames Hostnames    `json:"hostnames"`
	Zone      string       `json:"zone,omitempty"` // "per-host"
	TTL       Duration     `json:"ttl,omitzero"`
	VisibleTo []Visibility `json:"visibleTo,omitempty"`
}

// Visibility names who can ask for a host name.
type Visibility string

// ToNetwork is the network itself; ToInboundPolicy is whoever asks its inbound DNS policy (sites).
const (
	ToNetwork       Visibility = "network"
	ToInboundPolicy Visibility = "inbound-policy"
)

// Via names who announces a prefix, or who filters.
type Via string

// The announcers and the filters.
const (
	ViaAviatrix         Via = "aviatrix"
	ViaCloudRouter      Via = "cloud-router"
	ViaBGP              Via = "bgp"
	ViaGCPFirewall      Via = "gcp-firewall"
	ViaAviatrixFQDN     Via = "aviatrix-fqdn"
	ViaAviatrixWebGroup Via = "aviatrix-webgroup"
)

// Announce is one announcer of the endpoint's prefix. Which fields are set follows from Via: SpokeGateway and
// Connections for aviatrix; Project, Region and Router for cloud-router; Speaker and NextHop for bgp.
type Announce struct {
	Via          Via        `json:"via"`
	SpokeGateway string     `json:"spokeGateway,omitempty"`
	Connections  []string   `json:"connections,omitempty"`
	Project      string     `json:"project,omitempty"`
	Region       string     `json:"region,omitempty"`
	Router       string     `json:"router,omitempty"`
	Speaker      string     `json:"speaker,omitempty"`
	NextHop      netip.Addr `json:"nextHop,omitzero"`
}

// Advertise says which prefix is announced.
type Advertise string

// HostRoute announces the address as a /32; Aggregate the pool's range that holds it.
const (
	HostRoute Advertise = "host-route"
	Aggregate Advertise = "aggregate"
)

// PublicAccess says what becomes of the service's ingress from the Internet.
type PublicAccess string

// KeepPublic leaves the ingress setting alone; ForbidPublic restricts it to internal.
const (
	KeepPublic   PublicAccess = "keep"
	ForbidPublic PublicAccess = "forbid"
)

// SourceNat says whether the announcing gateway translates clients' sources.
type SourceNat string

// NoSourceNat and GatewaySourceNat.
const (
	NoSourceNat      SourceNat = "none"
	GatewaySourceNat SourceNat = "gateway"
)

// Egress is the private way out, through a connector or a direct interface: exactly one is set.
type Egress struct {
	Connector    *Connector    `json:"connector,omitempty"`
	Direct       *Direct       `json:"direct,omitempty"`
	VPCEgress    VPCEgress     `json:"vpcEgress,omitempty"`
	Takeover     bool          `json:"takeover,omitempty"`
	GoogleAccess *GoogleAccess `json:"googleAccess,omitempty"`
	Filter       *Filter       `json:"filter,omitempty"`
}

// VPCEgress says which of the service's traffic goes through the network.
type VPCEgress string

// AllTraffic, or only what goes to private ranges.
const (
	AllTraffic        VPCEgress = "all-traffic"
	PrivateRangesOnly VPCEgress = "private-ranges-only"
)

// A Connector is a Serverless VPC Access connector: a new one on a range or a /28 subnetwork (full name), or the name
// of an existing one in the service's project and region, which has no sizes here. Exactly one of the three is set.
type Connector struct {
	IPCIDRRange  netip.Prefix `json:"ipCidrRange,omitzero"`
	Subnet       string       `json:"subnet,omitempty"`
	Existing     string       `json:"existing,omitempty"`
	MinInstances int          `json:"minInstances,omitempty"`
	MaxInstances int          `json:"maxInstances,omitempty"`
	MachineType  string       `json:"machineType,omitempty"`
}

// Direct is direct VPC egress: one interface in a subnetwork (full name), with network tags.
type Direct struct {
	Subnetwork string   `json:"subnetwork"`
	Tags       []string `json:"tags,omitempty"`
}

// GoogleAccess asks for Private Google Access on subnetworks (full names).
type GoogleAccess struct {
	Subnetworks []string `json:"subnetworks"`
}

// A Filter lets out only what it names. Gateway and AcceptGatewayWide belong to the Aviatrix filters.
type Filter struct {
	Via               Via     `json:"via"`
	Gateway           string  `json:"gateway,omitempty"`
	AcceptGatewayWide bool    `json:"acceptGatewayWide,omitempty"`
	Default           string  `json:"default,omitempty"` // "deny"
	Allow             []Allow `json:"allow"`
}

// Allow is one destination by name or by range, exactly one of the two, with "tcp", "udp", "icmp" or "all" and its
// ports: numbers, ranges, or the words a filter asks for.
type Allow struct {
	FQDN     string       `json:"fqdn,omitempty"`
	CIDR     netip.Prefix `json:"cidr,omitzero"`
	Protocol string       `json:"protocol"`
	Ports    []string     `json:"ports,omitempty"`
}

// A Withdrawal is the data of a private-service.withdraw.v1 intent.
type Withdrawal struct {
	Reason string `json:"reason,omitempty"`
	// Accept are consents to what others lose or gain by it.
	Accept []observe.Consent `json:"accept,omitempty"`
}

// Parse reads the data of an apply intent strictly and fills the defaults in. Data that has satisfied the schema
// parses.
func Parse(data json.RawMessage) (Payload, error) {
	p, err := decode[Payload](data)
	if err != nil {
		return Payload{}, err
	}
	return p.withDefaults(), nil
}

// ParseWithdrawal reads the data of a withdraw intent likewise.
func ParseWithdrawal(data json.RawMessage) (Withdrawal, error) { return decode[Withdrawal](data) }

func decode[T any](data json.RawMessage) (T, error) {
	var v, none T
	if err := events.DecodeStrict(data, &v); err != nil {
		return none, fmt.Errorf("decode private-service data: %w", err)
	}
	return v, nil
}
