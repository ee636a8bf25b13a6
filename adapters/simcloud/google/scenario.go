package google

import (
	"maps"
	"time"
)

// Scenario is what the clouds hold before anybody calls: the key `google:` of a world file. Everything in it belongs to
// the baseline.
type Scenario struct {
	Quotas           map[string]int   `yaml:"quotas"` // by metric, over the defaults
	Projects         []Project        `yaml:"projects"`
	Networks         []Network        `yaml:"networks"`
	Peerings         []Peering        `yaml:"peerings"`
	Routers          []Router         `yaml:"routers"`
	FirewallPolicies []FirewallPolicy `yaml:"firewallPolicies"`
	Attachments      []Attachment     `yaml:"serviceAttachments"`
	Zones            []Zone           `yaml:"dnsZones"`
	DNSPolicies      []DNSPolicy      `yaml:"dnsPolicies"`
	ResponsePolicies []ResponsePolicy `yaml:"responsePolicies"`
	Connectors       []Connector      `yaml:"connectors"`
	Functions        []Service        `yaml:"functions"` // second generation, each with its Cloud Run service
	Services         []Service        `yaml:"services"`
	Jobs             []Workload       `yaml:"jobs"`
	WorkerPools      []Workload       `yaml:"workerPools"`
	RunInstances     []Workload       `yaml:"runInstances"`
	AppVersions      []AppVersion     `yaml:"appVersions"` // of App Engine
	Generate         []Generated      `yaml:"generate"`
	Objects          []Object         `yaml:"objects"` // anything else, in the vendor's own words
	Access           []Access         `yaml:"access"`
	DisabledAPIs     []Disabled       `yaml:"disabledApis"`
	OrgPolicies      []OrgPolicy      `yaml:"orgPolicies"`
	// Accounts are users, groups and service accounts that exist. Another one of a domain that is in the list does not.
	Accounts     []string  `yaml:"accounts"`
	MissingRoles []Missing `yaml:"missingRoles"`
	// CountAddresses lets a subnetwork run out of addresses for direct egress, which takes them by sixteens.
	CountAddresses bool `yaml:"countAddresses"`
	// NoConnectedProjects lets connectors not show the projects of their users, as in every recording. The discovery
	// document has the field.
	NoConnectedProjects bool `yaml:"noConnectedProjects"`
}

// Project is a cloud project. Number and Hash are part of its services' addresses.
type Project struct {
	ID     string `yaml:"id"`
	Number string `yaml:"number"`
	Hash   string `yaml:"hash"`
	Host   bool   `yaml:"host"` // of a Shared VPC
	// AttachedTo is the host project whose Shared VPC the project uses; empty: none.
	AttachedTo string `yaml:"attachedTo"`
	// Parents are the organization and the folders above it, from the top: organizations/1, folders/2.
	Parents []string `yaml:"parents"`
}

// Network is a VPC network with what belongs to it alone.
type Network struct {
	Project         string       `yaml:"project"`
	Name            string       `yaml:"name"`
	AutoMode        bool         `yaml:"autoMode"`
	GlobalRouting   bool         `yaml:"globalRouting"`
	PolicyFirst     bool         `yaml:"policyFirst"` // BEFORE_CLASSIC_FIREWALL
	Subnetworks     []Subnetwork `yaml:"subnetworks"`
	AllocatedRanges []Range      `yaml:"allocatedRanges"` // private services access
	Instances       []Instance   `yaml:"instances"`
	Routes          []Route      `yaml:"routes"`
	Firewalls       []Rule       `yaml:"firewalls"` // classic VPC firewall rules
}

// Subnetwork is one subnet; Purpose empty means PRIVATE.
type Subnetwork struct {
	Name         string `yaml:"name"`
	Region       string `yaml:"region"`
	Range        string `yaml:"range"`
	Purpose      string `yaml:"purpose"`
	GoogleAccess bool   `yaml:"googleAccess"`
	V6           string `yaml:"v6"` // INTERNAL or EXTERNAL: dual stack, with a range that the vendor takes
}

// Range is a named range of addresses.
type Range struct {
	Name  string `yaml:"name"`
	Range string `yaml:"range"`
}

// Instance is a virtual machine that routes can point at.
type Instance struct {
	Name string   `yaml:"name"`
	Zone string   `yaml:"zone"`
	IP   string   `yaml:"ip"`
	Tags []string `yaml:"tags"`
}

// Route is a static route; exactly one of Instance (name of one in the same network), IP and Gateway is set.
type Route struct {
	Name        string   `yaml:"name"`
	Range       string   `yaml:"range"`
	Priority    int      `yaml:"priority"`
	Tags        []string `yaml:"tags"`
	Instance    string   `yaml:"instance"`
	IP          string   `yaml:"ip"`
	Gateway     string   `yaml:"gateway"`
	Description string   `yaml:"description"`
}

// Peering joins two networks, each "project/name", both ways. Custom routes are exchanged both ways when CustomRoutes
// is set; Exports and Imports say it of one end: the network that is named there.
type Peering struct {
	Between      [2]string `yaml:"between"`
	CustomRoutes bool      `yaml:"customRoutes"`
	Exports      []string  `yaml:"exports"`
	Imports      []string  `yaml:"imports"`
	PublicRanges []string  `yaml:"publicRanges"` // networks that import subnets with public ranges
	KeepsPublic  []string  `yaml:"keepsPublic"`  // networks that do not export theirs
	V6           bool      `yaml:"v6"`           // IPv6 too
	Inactive     bool      `yaml:"inactive"`     // one end has not made it
}

// Router is a Cloud Router.
type Router struct {
	Project       string `yaml:"project"`
	Region        string `yaml:"region"`
	Name          string `yaml:"name"`
	Network       string `yaml:"network"` // name, same project
	ASN           int    `yaml:"asn"`
	Advertisement `yaml:",inline"`
	Peers         []Peer `yaml:"peers"`
}

// Advertisement is what a router, or a peer on its own, tells the other side.
type Advertisement struct {
	Mode   string     `yaml:"mode"` // DEFAULT or CUSTOM
	Groups []string   `yaml:"groups"`
	Ranges []NamedNet `yaml:"ranges"`
}

// NamedNet is a range with a description.
type NamedNet struct {
	Range       string `yaml:"range"`
	Description string `yaml:"description"`
}

// Peer is a BGP peer of a router; its session is up.
type Peer struct {
	Name          string   `yaml:"name"`
	IP            string   `yaml:"ip"`
	PeerIP        string   `yaml:"peerIp"`
	ASN           int      `yaml:"asn"`
	Learns        []string `yaml:"learns"` // what the remote side tells
	Advertisement `yaml:",inline"`
}

// FirewallPolicy is a global network firewall policy.
type FirewallPolicy struct {
	Project  string   `yaml:"project"`
	Name     string   `yaml:"name"`
	Networks []string `yaml:"networks"` // associated, names in the same project
	Rules    []Rule   `yaml:"rules"`
}

// Rule is a firewall rule of either kind.
type Rule struct {
	Name         string   `yaml:"name"`
	Priority     int      `yaml:"priority"`
	Action       string   `yaml:"action"` // allow or deny
	Direction    string   `yaml:"direction"`
	Sources      []string `yaml:"sources"`
	Destinations []string `yaml:"destinations"`
	Fqdns        []string `yaml:"fqdns"`
	Protocol     string   `yaml:"protocol"`
	Ports        []string `yaml:"ports"`
	Description  string   `yaml:"description"`
}

// Attachment is a service attachment with the internal load balancer behind it, which is made of Subnetwork.
type Attachment struct {
	Project    string   `yaml:"project"`
	Region     string   `yaml:"region"`
	Name       string   `yaml:"name"`
	Subnetwork string   `yaml:"subnetwork"`
	NatSubnet  string   `yaml:"natSubnet"`
	Manual     bool     `yaml:"manual"`
	Accept     []string `yaml:"accept"` // projects
	Reject     []string `yaml:"reject"`
}

// Zone is a private DNS zone.
type Zone struct {
	Project  string   `yaml:"project"`
	Name     string   `yaml:"name"`
	DNSName  string   `yaml:"dnsName"`
	Networks []string `yaml:"networks"` // names in the same project
	Records  []Record `yaml:"records"`
}

// Record is one record set.
type Record struct {
	Name string   `yaml:"name"`
	Type string   `yaml:"type"`
	TTL  int      `yaml:"ttl"`
	Data []string `yaml:"data"`
}

// DNSPolicy is a DNS server policy. With Alternatives, the networks ask those name servers and no private zone.
type DNSPolicy struct {
	Project      string   `yaml:"project"`
	Name         string   `yaml:"name"`
	Networks     []string `yaml:"networks"`
	Inbound      bool     `yaml:"inbound"`
	Alternatives []string `yaml:"alternatives"`
}

// ResponsePolicy is a DNS response policy.
type ResponsePolicy struct {
	Project  string   `yaml:"project"`
	Name     string   `yaml:"name"`
	Networks []string `yaml:"networks"`
	Rules    []Answer `yaml:"rules"`
}

// Answer is a rule of a response policy: local data, or with Bypass, no answer at all.
type Answer struct {
	Record `yaml:",inline"`
	Bypass bool `yaml:"bypass"`
}

// Connector is a Serverless VPC Access connector, on a Range of Network or on a Subnetwork of the same project.
type Connector struct {
	Project    string `yaml:"project"`
	Region     string `yaml:"region"`
	Name       string `yaml:"name"`
	Network    string `yaml:"network"`
	Range      string `yaml:"range"`
	Subnetwork string `yaml:"subnetwork"`
}

// Service is a Cloud Run service or a function. Connector is "project/name", same region, or kept as it is in another
// form that the API takes: a full name, with the project's number too, or a name without a slash. Pinned sends all
// traffic to a named revision.
type Service struct {
	Project   string   `yaml:"project"`
	Region    string   `yaml:"region"`
	Name      string   `yaml:"name"`
	Ingress   string   `yaml:"ingress"` // empty: INGRESS_TRAFFIC_ALL
	Connector string   `yaml:"connector"`
	Direct    string   `yaml:"direct"` // "project/subnetwork", same region: direct egress
	Tags      []string `yaml:"tags"`   // of direct egress
	Egress    string   `yaml:"egress"` // empty: ALL_TRAFFIC
	Invokers  []string `yaml:"invokers"`
	Pinned    bool     `yaml:"pinned"`
	NoURL     bool     `yaml:"noUrl"` // the default address is switched off
	// Revision is how the template names its revision. Traffic is by revision or LATEST, with tags.
	Revision string    `yaml:"revision"`
	Older    []Older   `yaml:"older"`
	Traffic  []Traffic `yaml:"traffic"`
}

// Older is an earlier revision of a service: its template as it was.
type Older struct {
	Name      string `yaml:"name"`
	Connector string `yaml:"connector"` // as of a service; empty with Direct: no access to a network
	Direct    string `yaml:"direct"`
	Egress    string `yaml:"egress"`
}

// Traffic is one share of a service's requests.
type Traffic struct {
	Revision string `yaml:"revision"` // empty: the latest one
	Percent  int    `yaml:"percent"`
	Tag      string `yaml:"tag"`
}

// Workload is a job, a worker pool or an instance of Cloud Run.
type Workload struct {
	Project   string `yaml:"project"`
	Region    string `yaml:"region"`
	Name      string `yaml:"name"`
	Connector string `yaml:"connector"` // as of a service
	Direct    string `yaml:"direct"`
	Egress    string `yaml:"egress"`
}

// AppVersion is a version of an App Engine service.
type AppVersion struct {
	Project   string `yaml:"project"`
	Region    string `yaml:"region"` // of the connector
	Service   string `yaml:"service"`
	Version   string `yaml:"version"`
	Connector string `yaml:"connector"`
}

// Generated makes Count services PREFIX0000 and so on. From number BoundFrom on, every BoundEvery-th uses Connector
// already.
type Generated struct {
	Prefix     string `yaml:"prefix"`
	Count      int    `yaml:"count"`
	BoundFrom  int    `yaml:"boundFrom"`
	BoundEvery int    `yaml:"boundEvery"`
	Service    `yaml:",inline"`
}

// epoch is when everything in a scenario was made: a fixed time, so that a world reads the same after a restart.
var epoch = time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC)

// quotas completes the scenario's limits. The numbers are guesses in the usual order of magnitude.
func (s Scenario) quotas() map[string]int {
	q := map[string]int{
		endpointQuota: 50, attachmentQuota: 600, "GLOBAL_INTERNAL_ADDRESSES": 5000, "NETWORKS": 50, "ROUTES": 250,
		"ROUTERS":     20,
		"SUBNETWORKS": 275,
	}
	maps.Copy(q, s.Quotas)
	return q
}
