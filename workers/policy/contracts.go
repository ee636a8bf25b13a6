package policy

// Kinds of this capability's steps.
const (
	KindCheck        = "policy.check"
	KindFilterEgress = "policy.filter-egress"
)

// CheckIn is what check-policy reads about before anything has an effect (intents.md B: filter, firewall policy).
type CheckIn struct {
	Via         string `json:"via"`
	Network     string `json:"network"`
	Controller  string `json:"controller,omitempty"`
	Gateway     string `json:"gateway,omitempty"`
	GatewayWide bool   `json:"acceptGatewayWide,omitempty"`
	Default     string `json:"default"`
	Rules       []Rule `json:"rules"`
	// Direct says that the source is a direct interface with these tags.
	Direct bool     `json:"direct,omitempty"`
	Tags   []string `json:"tags,omitempty"`
	// Withdrawing asks for the checks before a removal only.
	Withdrawing bool `json:"withdrawing,omitempty"`
}

// CheckOut is what check-policy found.
type CheckOut struct {
	NextHopIP string `json:"nextHopIp,omitempty"`
	Tagged    bool   `json:"tagged,omitempty"`
	Policy    string `json:"policy,omitempty"`
	// Priorities are those that the filter's rules would have now (gcp-firewall).
	Priorities []int `json:"priorities,omitempty"`
}

// FilterEgressIn asks that a source reaches only what the rules name. The source cannot change in place: a new source
// is a new generation, so that there is no moment without a filter.
type FilterEgressIn struct {
	Via         string `json:"via" change:"replace"`
	Project     string `json:"project" change:"replace"`
	Network     string `json:"network" change:"replace"`
	Region      string `json:"region" change:"replace"`
	Controller  string `json:"controller,omitempty" change:"replace"`
	Gateway     string `json:"gateway,omitempty" change:"replace"`
	GatewayWide bool   `json:"acceptGatewayWide,omitempty" change:"ignore"`
	// Source is a CIDR.
	Source   string `json:"source" change:"replace"`
	KeepOpen bool   `json:"keepOpen,omitempty" change:"replace"`
	Default  string `json:"default"`
	Rules    []Rule `json:"rules"`
}

// FilterEgressOut is the filter.
type FilterEgressOut struct {
	Name       string `json:"name"`
	Source     string `json:"source"`
	Priorities []int  `json:"priorities,omitempty"`
	// Policy is the firewall policy that has the filter's rules (gcp-firewall).
	Policy string `json:"policy,omitempty"`
	// Void says why traffic would pass unfiltered all the same; empty when it binds.
	Void string `json:"void,omitempty"`
}
