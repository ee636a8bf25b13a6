// Package policy is the capability of egress filters: which names and addresses a service's traffic may reach. Its
// steps depend on the small ports below and on claims.
//
// Read this file for the ports, steps.go for the list of steps, then one file a step.
package policy

import (
	"context"

	"github.com/google/uuid"
)

// Every port method that changes something takes the root of its request ids (see events.CallID) and answers nil when
// it is so, a workers.WaitFor failure when the vendor goes on with it, or a classified failure. Reads answer
// workers.ErrNotFound when there is no such thing. All ports are safe for concurrent use and keep no argument.

// Filters is a driver's own objects of one filter. Via chooses the driver: "gcp-firewall", "aviatrix-fqdn",
// "aviatrix-webgroup". Put and Remove are level-triggered: each call reads what is there, makes the calls that are
// still missing in the vendor's safe order, and may answer WaitFor in between.
type Filters interface {
	// Check reads whether a filter can work there at all, and refuses with the reason when it cannot.
	Check(ctx context.Context, f Filter) (Place, error)
	// Get reads the filter's own objects by its Name. InForce and Void tell whether it binds its source.
	Get(ctx context.Context, f Filter) (Filter, error)
	Put(ctx context.Context, req uuid.UUID, f Filter) error
	Remove(ctx context.Context, req uuid.UUID, f Filter) error
}

// RuleLists is the one rule set at an enforcement point that many filters share ("aviatrix-webgroup"). A rule is one
// opaque line of JSON whose "name" is unique. Rules and Read spell a rule in the same way, without the vendor's ids;
// Write keeps the ids of rules that are there.
type RuleLists interface {
	// Rules renders the filter's rules for the shared list, lowest priority last; the filter's own objects must be
	// there.
	Rules(ctx context.Context, f Filter) ([]string, error)
	Read(ctx context.Context, controller string) ([]string, error)
	Write(ctx context.Context, req uuid.UUID, controller string, rules []string) error
}

// A Driver is one way to filter. Rules is nil where every filter has rules of its own.
type Driver struct {
	Filters Filters
	Rules   RuleLists
}

// A Filter is an egress filter of one source. Name is its deterministic name.
type Filter struct {
	Via  string
	Name string
	// Owner is written where the vendor has a field for it.
	Owner string
	// Own names, for a Check, the connection's filters that may be there: they are no neighbours ("aviatrix-fqdn").
	Own []string
	// Network is where the source is; Project its host project.
	Network string
	// Controller and Gateway are set for Aviatrix filters; GatewayWide accepts that the first tag on an unfiltered
	// gateway filters everybody behind it.
	Controller, Gateway string
	GatewayWide         bool
	// Source is the CIDR whose traffic is filtered; Region the source's.
	Source string
	Region string
	// Default is "deny" or "allow" for what no rule names.
	Default string
	Rules   []Rule
	// Policy is the firewall policy in which the rules were made, as it was written down; "" is not known
	// (gcp-firewall). The one that is on the network now may be another.
	Policy string
	// Whether asks a Get only whether the filter is there, and whose it is.
	Whether bool
	// Priorities are the claimed firewall priorities, lowest first (gcp-firewall).
	Priorities []int
	// KeepOpen says that the source is a connector, whose infrastructure ranges must stay reachable. Tags have no rule
	// for them and need none: no route leads that traffic to a gateway (see routing's steerEgress).
	KeepOpen bool
	// InForce says that all objects are there and on; Void says in words why traffic would pass unfiltered all the
	// same.
	InForce bool
	Void    string
}

// A Rule allows (or, with Default allow, denies) one destination.
type Rule struct {
	FQDN     string   `json:"fqdn,omitempty"`
	CIDR     string   `json:"cidr,omitempty"`
	Protocol string   `json:"protocol"`
	Ports    []string `json:"ports,omitempty"`
}

// Place is what a check found about where the filter will be.
type Place struct {
	// NextHopIP is the gateway's address that traffic is steered to, Tagged that steering needs a tagged route
	// (controller up to 8.2); both empty for gcp-firewall.
	NextHopIP string
	Tagged    bool
	// TakenPriorities are firewall priorities that others use.
	TakenPriorities []int
	// Policy names the firewall policy, or the attachment point.
	Policy string
}

// taken are the priorities that others use, as a set.
func (p Place) taken() map[int]bool {
	taken := make(map[int]bool, len(p.TakenPriorities))
	for _, n := range p.TakenPriorities {
		taken[n] = true
	}
	return taken
}

// place is where the filter's rules are, for people.
func (f Filter) place() string {
	if f.Gateway != "" {
		return f.Gateway
	}
	return f.Policy
}
