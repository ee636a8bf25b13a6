package routing

// Kinds of this capability's steps.
const (
	KindCheck       = "routing.check"
	KindAnnounce    = "routing.announce"
	KindSteerEgress = "routing.steer-egress"
)

// CheckIn is what check-routing reads about before anything has an effect (intents.md B: router, gateway).
type CheckIn struct {
	Targets []Target `json:"targets"`
	// Shared is the counted record of the shared endpoint, whose announcement may stand already; empty for an endpoint
	// of its own.
	Shared string `json:"shared,omitempty"`
	// Withdrawing asks for the checks before a removal only.
	Withdrawing bool `json:"withdrawing,omitempty"`
}

// CheckOut is what check-routing found.
type CheckOut struct {
	// Known are the prefixes, sorted, that reachable route tables already have.
	Known []string `json:"known"`
}

// AnnounceIn asks that a target announces a prefix.
type AnnounceIn struct {
	Target Target `json:"target" change:"replace"`
	Prefix string `json:"prefix" change:"replace"`
	// Shared names the counted thing this announcement belongs to; empty for one of its own.
	Shared string `json:"shared,omitempty" change:"replace"`
	// InSubnet says that the prefix lies in a subnet that is announced already (an attachment's endpoint): SubnetCIDR
	// is that subnet, and where the target announces it by itself nothing is added.
	SubnetCIDR string `json:"subnetCidr,omitempty" change:"ignore"`
	// Endpoint is the endpoint's address; naming it orders this step after the endpoint.
	Endpoint string `json:"endpoint,omitempty" change:"ignore"`
}

// AnnounceOut is the announcement.
type AnnounceOut struct {
	Prefix string `json:"prefix"`
	Entry  string `json:"entry"`
	// Covered is set when the target announces the prefix by itself.
	Covered bool  `json:"covered,omitempty"`
	Sight   Sight `json:"sight"`
}

// SteerEgressIn asks that a source's traffic to anywhere passes a gateway, so that the gateway's filter binds it.
type SteerEgressIn struct {
	Project string `json:"project" change:"replace"`
	Network string `json:"network" change:"replace"`
	// Tag is the network tag of the source's instances; empty where the gateway's own untagged route serves (controller
	// 9.0 and later), then the step only verifies that there is one.
	Tag       string `json:"tag,omitempty" change:"replace"`
	NextHopIP string `json:"nextHopIp" change:"replace"`
	// Filter names the filter that must be in force before traffic is steered to it.
	Filter string `json:"filter,omitempty" change:"ignore"`
}

// SteerEgressOut is the route that serves the source.
type SteerEgressOut struct {
	Route    string `json:"route"`
	Priority int    `json:"priority"`
	Made     bool   `json:"made"`
}
