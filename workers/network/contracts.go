package network

// Kinds of this capability's steps.
const (
	KindCheck              = "network.check"
	KindReserveAddress     = "network.reserve-address"
	KindCreateEndpoint     = "network.create-endpoint"
	KindMapNames           = "network.map-names"
	KindEnableGoogleAccess = "network.enable-google-access"
)

// CheckIn is what check-network reads about before anything has an effect (intents.md B: address, quotas, DNS).
type CheckIn struct {
	Network string `json:"network"`
	// Target, Subnet, Fixed IP and Names are the endpoint's; empty parts are not checked.
	Target     string   `json:"target,omitempty"`
	Region     string   `json:"region,omitempty"`
	Subnet     string   `json:"subnet,omitempty"`
	IP         string   `json:"ip,omitempty"`
	PoolRanges []string `json:"poolRanges,omitempty"`
	Connector  string   `json:"connector,omitempty"` // the /28 to be
	Hostnames  []string `json:"hostnames,omitempty"`
	Inbound    bool     `json:"inbound,omitempty"`
	AccessNets []string `json:"accessSubnets,omitempty"`
	// DirectSubnet is the subnetwork of a direct interface; it must be a /26 or larger.
	DirectSubnet string `json:"directSubnet,omitempty"`
	// ConnectorSubnet is the subnetwork of a connector: a /28 of the network, in ConnectorRegion.
	ConnectorSubnet string `json:"connectorSubnet,omitempty"`
	ConnectorRegion string `json:"connectorRegion,omitempty"`
	// Shared is the counted record of the shared endpoint; empty for an endpoint of its own.
	Shared string `json:"shared,omitempty"`
	// Withdrawing asks for the checks before a removal only; AccessNets are then those that get their setting back.
	Withdrawing bool `json:"withdrawing,omitempty"`
}

// CheckOut is what check-network found.
type CheckOut struct {
	// SubnetCIDR is Subnet's range.
	SubnetCIDR string `json:"subnetCidr,omitempty"`
	// DirectCIDR is DirectSubnet's range.
	DirectCIDR string `json:"directCidr,omitempty"`
	// ConnectorCIDR is ConnectorSubnet's range.
	ConnectorCIDR string `json:"connectorCidr,omitempty"`
	// AccessOff are the AccessNets whose Private Google Access goes off with the connection.
	AccessOff []string `json:"accessOff,omitempty"`
	// AccessNetwork is the network of the AccessNets, before a removal.
	AccessNetwork string `json:"accessNetwork,omitempty"`
}

// ReserveAddressIn asks for one address.
type ReserveAddressIn struct {
	Project string `json:"project" change:"replace"`
	Network string `json:"network" change:"replace"`
	// Region and Subnet are set for an endpoint of a service attachment: the address is then inside that subnet.
	Region string `json:"region,omitempty" change:"replace"`
	Subnet string `json:"subnet,omitempty" change:"replace"`
	// IP is the wanted address; else one is taken from Pool (Ranges are its CIDRs), or any in Subnet.
	IP     string   `json:"ip,omitempty" change:"replace"`
	Pool   string   `json:"pool,omitempty" change:"replace"`
	Ranges []string `json:"ranges,omitempty" change:"ignore"`
	// Shared names the counted thing this address belongs to; empty for one of its own.
	Shared string `json:"shared,omitempty" change:"replace"`
	// Known are prefixes that some reachable route table already has.
	Known []string `json:"known,omitempty" change:"ignore"`
}

// ReserveAddressOut is the reserved address.
type ReserveAddressOut struct {
	Ref Ref `json:"ref"`
	// FullName is the vendor's full name of the address; IP the address, Prefix the same as a /32.
	FullName string `json:"fullName"`
	IP       string `json:"ip"`
	Prefix   string `json:"prefix"`
}

// CreateEndpointIn asks for a PSC endpoint on a reserved address.
type CreateEndpointIn struct {
	Project     string `json:"project" change:"replace"`
	Network     string `json:"network" change:"replace"`
	Region      string `json:"region,omitempty" change:"replace"`
	Subnet      string `json:"subnet,omitempty" change:"replace"`
	AddressName string `json:"addressName" change:"replace"`
	AddressIP   string `json:"addressIp" change:"replace"`
	Target      string `json:"target" change:"replace"`
	Shared      string `json:"shared,omitempty" change:"replace"`
}

// CreateEndpointOut is the endpoint.
type CreateEndpointOut struct {
	Ref        Ref    `json:"ref"`
	IP         string `json:"ip"`
	Target     string `json:"target"`
	Network    string `json:"network"`
	Connection string `json:"connection,omitempty"`
}

// MapNamesIn asks that host names answer with the endpoint's address in the network.
type MapNamesIn struct {
	Project string `json:"project" change:"replace"`
	Network string `json:"network" change:"replace"`
	// Hostnames are sorted, without final dots.
	Hostnames []string `json:"hostnames"`
	IP        string   `json:"ip"`
	// TTL is in seconds.
	TTL int `json:"ttl"`
}

// MapNamesOut is one zone a host name.
type MapNamesOut struct {
	Zones []MappedName `json:"zones"`
}

// MappedName is one host name and what answers it.
type MappedName struct {
	Host string `json:"host"`
	Zone string `json:"zone"`
	IP   string `json:"ip"`
	// Answers is the zone that answers by longest match as last seen.
	Answers string `json:"answers,omitempty"`
}

// EnableGoogleAccessIn asks for Private Google Access on subnetworks (full names, sorted). Other subnetworks are a new
// generation: it holds its flags before the old one's are released.
type EnableGoogleAccessIn struct {
	Subnets []string `json:"subnets" change:"replace"`
	// Restore switches it off again on withdrawal where nobody else holds it; otherwise it is retained.
	Restore bool `json:"restore" change:"ignore"`
}

// EnableGoogleAccessOut tells what was found.
type EnableGoogleAccessOut struct {
	On []string `json:"on"`
	// FoundOn were on before us.
	FoundOn []string `json:"foundOn,omitempty"`
}
