package observe

import (
	"fmt"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
)

// Callers is whom a service has to let in: those in a network, and some members. The facts of the service are those
// that another check has read.
type Callers struct {
	// Service is the service in words, Project its project.
	Service string `json:"service"`
	Project string `json:"project"`
	// Network is the full name of the network that callers come from, Home its project.
	Network string `json:"network"`
	Home    string `json:"home"`
	// Ingress is the setting that the service has, Becomes the one that the connection gives it; empty: it stays.
	Ingress string `json:"ingress"`
	Becomes string `json:"becomes,omitempty"`
	// SendsTo is the network that the service will send to; Unsure tells that nobody can tell.
	SendsTo string `json:"sendsTo,omitempty"`
	Unsure  bool   `json:"unsure,omitempty"`
	// OpenInvoker tells that the invoker check is off. Invokers are the members that are to have the role.
	OpenInvoker bool     `json:"openInvoker,omitempty"`
	Invokers    []string `json:"invokers,omitempty"`
}

// loadBalancers is how services are said to let in load balancers too.
const loadBalancers = "internal-and-load-balancing"

// ask judges whom the service lets in: what refuses, and what nobody can tell.
func (c *Callers) ask() (all []complaint, unverified []events.Unverified) {
	if c == nil {
		return nil, nil
	}
	s := reach.Service{Object: c.Service, Project: c.Project, Ingress: reach.Ingress(c.Ingress),
		SendsTo: reach.WholeList[reach.Realm](), Perimeter: reach.WholeList[reach.Realm](), OpenInvoker: true}
	if c.Becomes != "" && s.Ingress != reach.IngressNone { // which the connection would open
		s.Ingress = reach.Ingress(c.Becomes)
	}
	if s.Ingress == loadBalancers {
		s.Ingress = reach.IngressInternalLBs
	}
	if c.SendsTo != "" {
		s.SendsTo = reach.WholeList(reach.Realm(c.SendsTo))
	}
	if c.Unsure {
		s.SendsTo = reach.Listing[reach.Realm]{Gaps: []reach.Gap{{Cause: reach.MayChange, Object: c.Service,
			Why: "the network of the connector that it sends by could not be read"}}}
	}
	switch in := s.Admits(reach.Caller{Network: reach.Realm(c.Network), Project: c.Home}); {
	case !in.May:
		all = append(all, complaint{reason: "shut-out", text: fmt.Sprintf("%s lets in nobody of %s (%s): it is "+
			"neither a network of the service's project nor one that the service sends to. Let the service send "+
			"there, or let callers come by an internal load balancer or a perimeter", c.Service, c.Network, in.By)})
	case !in.Sure:
		for _, g := range in.Open {
			unverified = append(unverified, events.Unverified{Cause: string(g.Cause), Object: g.Object, Why: g.Why})
		}
	}
	if c.OpenInvoker && len(c.Invokers) > 0 {
		all = append(all, complaint{reason: "open-invoker", text: "the invoker check of " + c.Service +
			" is off: whoever comes in may call, and invokers say nothing"})
	}
	return all, unverified
}
