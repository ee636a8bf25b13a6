package aviatrix

import "time"

// Scenario is what the controllers hold before anybody calls them: the key `aviatrix:` of a world file.
type Scenario struct {
	Controllers []Controller `yaml:"controllers"`
}

// Controller is one controller and everything it starts with. Entries named here are foreign to whoever
// calls later: they belong to the baseline.
type Controller struct {
	Name     string `yaml:"name"`
	Version  string `yaml:"version"` // "8.2", "10.0": decides which calls exist
	Username string `yaml:"username"`
	Password string `yaml:"password"`
	// SessionLifetime is vendor time; default one hour (guess: the provider's test sleeps 90 minutes to
	// force expiry, so the lifetime is below that).
	SessionLifetime time.Duration `yaml:"sessionLifetime"`
	// RouteReport is how far BGP and route tables lag behind a change, vendor time; default 50 s
	// (the default report interval of the manual's transit_advanced page).
	RouteReport time.Duration `yaml:"routeReport"`
	// DCF tells whether the distributed firewall ("microseg") is enabled.
	DCF           bool   `yaml:"dcf"`
	DefaultAction string `yaml:"defaultAction"` // PERMIT (default) or DENY
	// DeployTo names the clouds whose gateways apply the distributed firewall's rules; empty: all.
	DeployTo    []string     `yaml:"deployTo"`
	Gateways    []Gateway    `yaml:"gateways"`
	Attachments []Attachment `yaml:"attachments"`
	Peerings    [][2]string  `yaml:"peerings"`
	Connections []Connection `yaml:"connections"`
	FQDNTags    []FQDNTag    `yaml:"fqdnTags"`
	// exception_rule, private_networks, cache_global, exact_match: enabled or disabled
	FQDNGlobals     map[string]string `yaml:"fqdnGlobals"`
	SmartGroups     []AppDomain       `yaml:"smartGroups"`
	WebGroups       []AppDomain       `yaml:"webGroups"`
	RuleSets        []RuleSet         `yaml:"ruleSets"`
	SecurityDomains []SecurityDomain  `yaml:"securityDomains"`
	VPCRoutes       []VPCRoute        `yaml:"vpcRoutes"`
}

// Gateway is one gateway as the controller knows it. It is also the stored document.
type Gateway struct {
	Name  string `yaml:"name" json:"name"`
	Group string `yaml:"group" json:"group,omitempty"` // from 9.0 read-backs may show the group's name
	Role  string `yaml:"role" json:"role"`             // spoke or transit
	// UP (default), DOWN, WAITING, KEEPALIVE_FAIL, CONFIG-FAIL
	State     string   `yaml:"state" json:"state"`
	VPC       string   `yaml:"vpc" json:"vpc"` // Google form: NETWORK~-~PROJECT
	VPCCIDRs  []string `yaml:"vpcCidrs" json:"vpcCidrs"`
	Cloud     string   `yaml:"cloud" json:"cloud,omitempty"` // GCP (default), AZURE or AWS
	Region    string   `yaml:"region" json:"region"`
	Account   string   `yaml:"account" json:"account"`
	Size      string   `yaml:"size" json:"size"`
	PublicIP  string   `yaml:"publicIp" json:"publicIp"`
	PrivateIP string   `yaml:"privateIp" json:"privateIp"`
	BGP       bool     `yaml:"bgp" json:"bgp"` // a BGP spoke, or a transit
	ASN       string   `yaml:"asn" json:"asn,omitempty"`
	HA        bool     `yaml:"ha" json:"ha"` // has a second gateway, listed with is_hagw
	// The addresses of the second gateway; empty: the next ones after the first's that no gateway has.
	SecondPublicIP  string `yaml:"secondPublicIp" json:"secondPublicIp,omitempty"`
	SecondPrivateIP string `yaml:"secondPrivateIp" json:"secondPrivateIp,omitempty"`
	SourceNAT       bool   `yaml:"sourceNat" json:"sourceNat"`
	// spoke: include list; transit: exclude list; empty: default
	Advertised []string `yaml:"advertised" json:"advertised,omitempty"`
	Custom     []string `yaml:"customRoutes" json:"customRoutes,omitempty"`
	Filtered   []string `yaml:"filterRoutes" json:"filterRoutes,omitempty"`
	ManualBGP  []string `yaml:"manualBgp" json:"manualBgp,omitempty"`
	PassThru   []string `yaml:"passThrough" json:"passThrough,omitempty"`

	ConnectedTransit bool `yaml:"connectedTransit" json:"connectedTransit"`
	MultiTier        bool `yaml:"multiTier" json:"multiTier"`
	Segmentation     bool `yaml:"segmentation" json:"segmentation"`
	AutoAdvertiseS2C bool `yaml:"autoAdvertiseS2c" json:"autoAdvertiseS2c"`

	// FQDNFiltered tells whether at least one enabled tag is attached: from then on every workload behind
	// the gateway is filtered, not only the one the tag was meant for.
	FQDNFiltered bool `yaml:"-" json:"fqdnFiltered"`
	// Reported and ChangedAt make the route report lag: until ChangedAt + lag, reads show Reported.
	Reported  []string  `yaml:"-" json:"reported,omitempty"`
	ChangedAt time.Time `yaml:"-" json:"changedAt,omitzero"`
}

// Attachment joins a spoke to a transit gateway.
type Attachment struct {
	Spoke   string `yaml:"spoke" json:"spoke"`
	Transit string `yaml:"transit" json:"transit"`
	// The two filter lists of edit_attach_spoke_to_transit_gw, whole.
	SpokeToTransit []string `yaml:"spokeToTransit" json:"spokeToTransit,omitempty"`
	TransitToSpoke []string `yaml:"transitToSpoke" json:"transitToSpoke,omitempty"`
	// Set are the options of the tunnels as a client has set them.
	Set map[string]string `yaml:"-" json:"set,omitempty"`
}

// Connection is a Site2Cloud connection, usually with BGP.
type Connection struct {
	Name      string   `yaml:"name" json:"name"`
	Gateway   string   `yaml:"gateway" json:"gateway"`
	BGP       bool     `yaml:"bgp" json:"bgp"`
	Session   string   `yaml:"session" json:"session"` // Established, Active, Idle
	Tunnel    string   `yaml:"tunnel" json:"tunnel"`   // Up, Down
	LocalASN  string   `yaml:"localAsn" json:"localAsn"`
	RemoteASN string   `yaml:"remoteAsn" json:"remoteAsn"`
	PeerIP    string   `yaml:"peerIp" json:"peerIp"`
	LocalIP   string   `yaml:"localTunnelIp" json:"localTunnelIp"`
	RemoteIP  string   `yaml:"remoteTunnelIp" json:"remoteTunnelIp"`
	Protocol  string   `yaml:"protocol" json:"protocol"` // IPsec, GRE, LAN
	Learned   []string `yaml:"learned" json:"learned,omitempty"`
	Manual    []string `yaml:"manual" json:"manual,omitempty"`
	Subnets   []string `yaml:"remoteSubnets" json:"remoteSubnets,omitempty"`
	// Set are the options that a client has set and reads show again, in the request's names.
	Set map[string]string `yaml:"-" json:"set,omitempty"`
}

// FQDNTag is a tag with its rules and the gateways it is attached to.
type FQDNTag struct {
	Name    string       `yaml:"name" json:"name"`
	Color   string       `yaml:"color" json:"color"` // white or black
	State   string       `yaml:"state" json:"state"` // enabled or disabled
	Domains []FQDNRule   `yaml:"domains" json:"domains,omitempty"`
	On      []FQDNAttach `yaml:"gateways" json:"-"`
}

// FQDNRule is one entry of a tag, in the vendor's own field names.
type FQDNRule struct {
	FQDN    string `yaml:"fqdn" json:"fqdn"`
	Proto   string `yaml:"proto" json:"proto"`
	Port    string `yaml:"port" json:"port"`
	Verdict string `yaml:"verdict" json:"verdict"` // Base Policy, Allow, Deny
}

// FQDNAttach is a tag on a gateway with its source list; an empty list means everybody.
type FQDNAttach struct {
	Tag     string   `yaml:"-" json:"tag"`
	Gateway string   `yaml:"gateway" json:"gateway"`
	Sources []string `yaml:"sources" json:"sources,omitempty"`
}

// AppDomain is a SmartGroup or a WebGroup: the vendor keeps both under the path app-domains.
type AppDomain struct {
	UUID string           `yaml:"uuid"` // made from the name when empty
	Name string           `yaml:"name"`
	Any  []map[string]any `yaml:"any"` // the expressions, each the inside of an "all"
}

// RuleSet is a policy list of the distributed firewall (policy-list3), possibly on an attachment point. Its policies
// have the vendor's own field names; groups may be given by name.
type RuleSet struct {
	UUID     string           `yaml:"uuid"` // made from the name when empty
	Name     string           `yaml:"name"`
	Point    string           `yaml:"attachTo"` // the point's name; empty: not in force
	Policies []map[string]any `yaml:"policies"`
}

// SecurityDomain is a network domain with its members and the domains it may talk to.
type SecurityDomain struct {
	Name      string   `yaml:"name" json:"name"`
	Connected []string `yaml:"connected" json:"connected,omitempty"`
	Members   []string `yaml:"members" json:"members,omitempty"`
}

// VPCRoute is a route the controller itself keeps in a VPC: a default route to a gateway.
type VPCRoute struct {
	VPC         string `yaml:"vpc" json:"vpc"`
	Destination string `yaml:"destination" json:"destination"`
	Tag         string `yaml:"tag" json:"tag,omitempty"` // the network tag it applies to; empty: everybody
	Gateway     string `yaml:"gateway" json:"gateway"`
	Priority    int    `yaml:"priority" json:"priority"`
}
