package gcp

import (
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
)

// fronts are the forwarding rules of the network.
func (r *survey) ownFronts() told[*computepb.ForwardingRule] {
	list := joined("forwardingRules.list", r.network, r.fronts...)
	own := told[*computepb.ForwardingRule]{}
	for _, rule := range list.items {
		if r.same(rule.GetNetwork(), r.network, &list.source) {
			own.items = append(own.items, rule)
		}
	}
	own.source = list.source
	return own
}

func isAttachment(target string) bool { return strings.Contains(target, "/serviceAttachments/") }

// privateEndpoints are the Private Service Connect endpoints: of Google's APIs, and of published services, whose
// producer is named by the attachment. Its network is the producer's affair, who alone may read it.
func (r *survey) privateEndpoints() reach.Listing[reach.Endpoint] {
	own := r.ownFronts()
	var out []reach.Endpoint
	for _, rule := range own.items {
		bundle := isBundle(rule.GetTarget())
		if !bundle && !isAttachment(rule.GetTarget()) {
			continue
		}
		name := r.frontName(rule, &own.source)
		one := reach.Endpoint{
			Object: name, Address: own.ranges(name, rule.GetIPAddress()), Bundle: bundle,
			Restricted:   base(rule.GetTarget()) == restrictedBundle,
			GlobalAccess: rule.GetAllowPscGlobalAccess(), Accepted: accepted(rule),
		}
		if !bundle {
			one.Producer, one.Region = r.realm(rule.GetTarget(), &own.source), base(rule.GetRegion())
		}
		out = append(out, one)
	}
	return listing(own.source, out)
}

func (r *survey) frontName(rule *computepb.ForwardingRule, of *source) string {
	return r.name(rule.GetSelfLink(), of)
}

// accepted is the state of an endpoint's connection. An endpoint for Google's APIs may have none, and needs none.
func accepted(rule *computepb.ForwardingRule) reach.State {
	switch status := rule.GetPscConnectionStatus(); {
	case status == "ACCEPTED", status == "" && isBundle(rule.GetTarget()):
		return reach.Up
	case status == "", status == "STATUS_UNSPECIFIED":
		return reach.Unclear
	}
	return reach.Down
}

// restrictedBundle is the bundle of the APIs that service perimeters support.
const restrictedBundle = "vpc-sc"

// balancers are the internal load balancers: they have addresses in the network, and what is behind them was not read.
func (r *survey) balancers() told[reach.Interface] {
	own := r.ownFronts()
	out := told[reach.Interface]{}
	for _, rule := range own.items {
		inside := []string{"INTERNAL", "INTERNAL_MANAGED", "INTERNAL_SELF_MANAGED"}
		switch {
		case isBundle(rule.GetTarget()), isAttachment(rule.GetTarget()):
		case slices.Contains(inside, rule.GetLoadBalancingScheme()):
			name := r.frontName(rule, &own.source)
			out.items = append(out.items, reach.Interface{Addresses: own.ranges(name, rule.GetIPAddress()),
				Who: reach.Identity{Kind: reach.Balancer, Name: name, Region: base(rule.GetRegion())}})
		case strings.HasPrefix(rule.GetLoadBalancingScheme(), "EXTERNAL"):
		default:
			own.lack(reach.ListNotWhole, "the forwarding rule %s is of a kind that is not known: %q", rule.GetName(),
				rule.GetTarget())
		}
	}
	out.source = own.source
	return out
}
