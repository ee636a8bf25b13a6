package reach

import (
	"net/netip"
	"slices"
)

// A Controller has what a controller decides for all its gateways.
type Controller struct {
	Name string
	// Enabled is the feature of the distributed firewall. Where nobody could tell, it counts as on, and Sets is not
	// whole.
	Enabled bool
	// Sets are the rule sets in the order of their attachment points.
	Sets    Listing[RuleSet]
	Default Act
	// IntraVPC are networks inside which the firewall filters too.
	IntraVPC []Realm
	// Exception lets TLS without a name pass a tag, Private makes tags look at private destinations too.
	Exception, Private bool
	// Connected are pairs of domains with a connection policy.
	Connected [][2]string
}

// A RuleSet is one object at an attachment point.
type RuleSet struct {
	Object string
	Rules  []WebRule
}

// A WebRule is a rule of the distributed firewall, its groups as ranges.
type WebRule struct {
	Object   string
	Priority int64
	Act      Act
	// Watches tells that the rule only logs: monitored, or disabled.
	Watches  bool
	Src, Dst Group
	Layer4   []Layer4
	// Web are the names of its web groups; empty means that the rule does not ask for one.
	Web []Name
}

// A Group is the union of what a rule's groups hold. Maybe are addresses that belong to it only if labels say so, which
// are polled; Unread is why its members are not all known.
type Group struct {
	Ranges, Maybe Ranges
	Unread        []Gap
}

// A Gateway is a gateway of the controller: a spoke, or a transit.
type Gateway struct {
	Name string
	// Controller is the name of the controller that has it; empty where only one is in question and it has no name.
	Controller string
	Realm      Realm
	Spoke      bool
	// Cloud tells that the deployment policy of the firewall has the cloud of the gateway.
	Cloud bool
	State State
	// Who is its machine in the network, with its Address there and the Public one that the internet sees.
	Who             Identity
	Address, Public Ranges
	// SourceNAT translates what leaves for the internet.
	SourceNAT bool
	Domain    string
	Table     Listing[GatewayRoute]
	// Tags are the filters by name of older releases, PassThrough the sources that they do not see.
	Tags        Listing[Tag]
	PassThrough Ranges
}

// A GatewayRoute is a line of a gateway's table, as far as its filters, approvals and lists let it in. Next is the
// network itself (local), another gateway, a site, or the internet.
type GatewayRoute struct {
	Object string
	Dst    netip.Prefix
	Next   NextHop
	// Domain is the domain of the site's connection.
	Domain string
}

// A Tag is a filter by name at a gateway. White lets pass what its rules allow, else it stops what they name.
type Tag struct {
	Object         string
	Enabled, White bool
	// Sources are the only ones let through, when there are any.
	Sources Ranges
	Rules   []TagRule
}

// A TagRule names hosts by a pattern.
type TagRule struct {
	Name   Name
	Layer4 Layer4
	Act    Act
}

// controller finds what decides for a gateway.
func (w World) controller(g Gateway) (Controller, bool) {
	i := slices.IndexFunc(w.Controllers, func(c Controller) bool { return c.Name == g.Controller })
	if i < 0 {
		return Controller{}, false
	}
	return w.Controllers[i], true
}

func (w World) gateway(name string) (Gateway, bool) {
	for _, g := range w.Gateways {
		if g.Name == name {
			return g, true
		}
	}
	return Gateway{}, false
}
