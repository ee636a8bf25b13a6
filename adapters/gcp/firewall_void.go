package gcp

import (
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/workers/policy"
)

// overruled says which rule lets the source pass before the filter is asked, "" when none does. VPC firewall rules count
// when they open more than the filter itself does, rules of policies when they open everything. A rule for instances with certain service accounts or secure tags is not counted: a
// connector's instances have none that a customer can name.
func (e effective) overruled(f policy.Filter) string {
	if f.Default == allow {
		return ""
	}
	for _, r := range e.above {
		if opens(r, f) {
			return fmt.Sprintf("rule %d of a hierarchical firewall policy allows everything first", r.GetPriority())
		}
	}
	if e.afterClassic {
		open := admitted(f)
		for _, r := range e.classic {
			if opensClassic(r, f, open) {
				return fmt.Sprintf("VPC firewall rule %s allows more, and VPC rules are asked before the policy", r.GetName())
			}
		}
	}
	last := 0
	for _, p := range f.Priorities {
		last = max(last, p)
	}
	for _, r := range e.inPolicy {
		before := len(f.Priorities) > 0 && int(r.GetPriority()) < last
		if before && !ours(r, f) && opens(r, f) {
			return fmt.Sprintf("rule %d (%s) of policy %s allows everything first", r.GetPriority(), r.GetRuleName(), e.policy)
		}
	}
	return ""
}

// admitted are the ranges that the filter lets through.
func admitted(f policy.Filter) []string {
	var out []string
	for _, r := range f.Rules {
		if r.CIDR != "" {
			out = append(out, r.CIDR)
		}
	}
	if f.KeepOpen {
		for _, r := range infrastructure() {
			out = append(out, r.CIDR)
		}
	}
	return out
}

// opens tells a policy's rule that lets the source go anywhere. One that is limited to some destinations is an exception
// that its owner put above on purpose (a corporate resolver, say), and does not make the filter void.
func opens(r *computepb.FirewallPolicyRule, f policy.Filter) bool {
	m := r.GetMatch()
	if r.GetAction() != allow || r.GetDirection() != outward || r.GetDisabled() ||
		len(r.GetTargetServiceAccounts()) > 0 || len(r.GetTargetSecureTags()) > 0 {
		return false
	}
	if src := m.GetSrcIpRanges(); len(src) > 0 && !meets(f.Source, src) {
		return false
	}
	if ranges := m.GetDestIpRanges(); len(ranges) > 0 {
		return slices.ContainsFunc(ranges, func(r string) bool { return canonical(r) == anywhere })
	}
	return len(m.GetDestFqdns())+len(m.GetDestRegionCodes())+len(m.GetDestThreatIntelligences())+len(m.GetDestAddressGroups()) == 0
}

// opensClassic tells a VPC firewall rule that lets the source reach more than the filter does. A rule with target tags reaches a connector only by the tags that all connectors have.
func opensClassic(r *computepb.Firewall, f policy.Filter, open []string) bool {
	if r.GetDirection() != outward || r.GetDisabled() || len(r.GetAllowed()) == 0 || len(r.GetTargetServiceAccounts()) > 0 {
		return false
	}
	connectors := func(tag string) bool {
		return tag == "vpc-connector" || strings.HasPrefix(tag, "vpc-connector-"+f.Region+"-")
	}
	if tags := r.GetTargetTags(); len(tags) > 0 && !slices.ContainsFunc(tags, connectors) {
		return false
	}
	if src := r.GetSourceRanges(); len(src) > 0 && !meets(f.Source, src) {
		return false
	}
	return len(r.GetDestinationRanges()) == 0 || widens(r.GetDestinationRanges(), open)
}

// widens tells whether some IPv4 range is not inside what is open.
func widens(ranges, open []string) bool {
	return slices.ContainsFunc(ranges, func(r string) bool { return !strings.Contains(r, ":") && !inside(r, open) })
}
