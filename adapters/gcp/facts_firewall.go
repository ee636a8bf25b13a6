package gcp

import (
	"cmp"
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
)

// A policyInForce is a policy as either call shows it.
type policyInForce interface {
	GetName() string
	GetType() string
	GetPriority() int32
	GetRules() []*computepb.FirewallPolicyRule
}

// firewall takes hierarchical and global policies and the network's own rules from one call, and what is regional from
// the other: the first does not show regional policies (discovery document: HIERARCHY, NETWORK, SYSTEM).
func (r *survey) firewall() reach.Firewall {
	general := r.effective.source
	var above, system, global, regional []reach.Policy
	for _, got := range r.effective.items {
		for _, p := range byAssociation(got.GetFirewallPolicys()) {
			switch p.GetType() {
			case "HIERARCHY":
				above = append(above, r.policy(p, "locations/global", "", &general))
			case "NETWORK":
				global = append(global, r.policy(p, "projects/"+r.project+"/global", "", &general))
			case "SYSTEM":
				system = append(system, r.policy(p, "system", "", &general))
			default:
				general.lack(reach.ListNotWhole, "the policy %s is of an unknown kind %q", p.GetName(), p.GetType())
			}
		}
	}
	local := joined("regionNetworkFirewallPolicies.getEffectiveFirewalls", r.network, r.regional...)
	for _, in := range local.items {
		at := "projects/" + r.project + "/regions/" + in.region
		for _, p := range byAssociation(in.rules.GetFirewallPolicys()) {
			switch p.GetType() {
			case "NETWORK_REGIONAL":
				regional = append(regional, r.policy(p, at, in.region, &local.source))
			case "SYSTEM_REGIONAL":
				system = append(system, r.policy(p, "system", in.region, &local.source))
			case "HIERARCHY", "NETWORK", "SYSTEM":
			default:
				local.lack(reach.ListNotWhole, "the policy %s is of an unknown kind %q", p.GetName(), p.GetType())
			}
		}
	}
	rules := r.ownRules()
	managed := general
	managed.add(local.source)
	return reach.Firewall{
		PoliciesFirst: r.vpc.GetNetworkFirewallPolicyEnforcementOrder() == "BEFORE_CLASSIC_FIREWALL",
		Hierarchical:  listing(general, above), Global: listing(general, global), Rules: listing(general, rules),
		System: listing(managed, system), Regional: listing(local.source, regional),
	}
}

// byAssociation leaves the hierarchy in the order in which it was told, from the top down, and puts the others in the
// order of their associations' priorities: the lowest is asked first (discovery document, EffectiveFirewallPolicy).
func byAssociation[P policyInForce](policies []P) []P {
	var above, others []P
	for _, p := range policies {
		if p.GetType() == "HIERARCHY" {
			above = append(above, p)
			continue
		}
		others = append(others, p)
	}
	slices.SortStableFunc(others, func(a, b P) int { return cmp.Compare(a.GetPriority(), b.GetPriority()) })
	return append(above, others...)
}

// policy names a policy by where it is: what is in force shows the short name alone.
func (r *survey) policy(p policyInForce, at, region string, of *source) reach.Policy {
	out := reach.Policy{Object: at + "/firewallPolicies/" + base(p.GetName()), Region: region}
	for _, rule := range p.GetRules() {
		out.Rules = append(out.Rules, r.policyRule(out.Object, rule, of))
	}
	return out
}

// ownRules are the VPC firewall rules.
func (r *survey) ownRules() (out []reach.Rule) {
	for _, got := range r.effective.items {
		for _, rule := range got.GetFirewalls() {
			out = append(out, r.ownRule(rule))
		}
	}
	return out
}
