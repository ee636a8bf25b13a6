package gcp

import (
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/workers/policy"
)

// overruled says which rule decides for the source before the filter is asked, "" when none does: one that lets it
// pass, or one that denies everything, so that what the filter allows is cut off. VPC firewall rules count when they
// open more than the filter itself does, rules of policies when they open everything. A rule for instances with certain
// service accounts or secure tags is not counted: a connector's instances have none that a customer can name.
func (e effective) overruled(f policy.Filter) string {
	if f.Default == allow {
		return ""
	}
	for _, r := range e.above {
		if decides(r.FirewallPolicyRule, f) {
			return fmt.Sprintf("rule %d of the hierarchical firewall policy %s %ss everything first", r.GetPriority(),
				r.policy, r.GetAction())
		}
	}
	if why := e.overruledByClassic(f); why != "" {
		return why
	}
	last := 0
	for _, p := range f.Priorities {
		last = max(last, p)
	}
	for _, r := range e.inPolicy {
		before := len(f.Priorities) > 0 && int(r.GetPriority()) < last
		if before && !ours(r, f) && decides(r, f) {
			return fmt.Sprintf("rule %d (%s) of policy %s %ss everything first", r.GetPriority(), r.GetRuleName(),
				e.policy, r.GetAction())
		}
	}
	return ""
}

// overruledByClassic is the same for VPC firewall rules. A denial of everything counts where it is the first that is
// asked: what stands before it may allow just what the filter does.
func (e effective) overruledByClassic(f policy.Filter) string {
	if !e.afterClassic {
		return ""
	}
	open := admitted(f)
	var first *computepb.Firewall
	for _, r := range e.classic {
		if !asks(r, f) {
			continue
		}
		if len(r.GetAllowed()) > 0 && (len(r.GetDestinationRanges()) == 0 || widens(r.GetDestinationRanges(), open)) {
			return fmt.Sprintf("VPC firewall rule %s allows more, and VPC rules are asked before the policy",
				r.GetName())
		}
		if first == nil || r.GetPriority() < first.GetPriority() || r.GetPriority() == first.GetPriority() &&
			len(r.GetDenied()) > 0 {
			first = r // of equal priorities, a denial wins (VPC firewall rules, priority)
		}
	}
	if first != nil && shuts(first) {
		return fmt.Sprintf("VPC firewall rule %s denies everything, and VPC rules are asked before the policy",
			first.GetName())
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
		for _, r := range policy.ConnectorRules() {
			out = append(out, r.CIDR)
		}
	}
	return out
}

// decides tells a policy's rule that lets the source go anywhere, or nowhere. One that is limited to some destinations
// is an exception that its owner put above on purpose (a corporate resolver, say), and does not make the filter void;
// nor does a denial that is limited to some protocols.
func decides(r *computepb.FirewallPolicyRule, f policy.Filter) bool {
	m := r.GetMatch()
	everything := slices.ContainsFunc(m.GetLayer4Configs(),
		func(c *computepb.FirewallPolicyRuleMatcherLayer4Config) bool {
			return c.GetIpProtocol() == everyProtocol
		})
	if r.GetAction() != allow && (r.GetAction() != deny || !everything) || r.GetDirection() != outward ||
		r.GetDisabled() ||
		len(r.GetTargetServiceAccounts()) > 0 || len(r.GetTargetSecureTags()) > 0 {
		return false
	}
	if src := m.GetSrcIpRanges(); len(src) > 0 && !meets(f.Source, src) {
		return false
	}
	if ranges := m.GetDestIpRanges(); len(ranges) > 0 {
		return slices.ContainsFunc(ranges, func(r string) bool { return canonical(r) == anywhere })
	}
	return len(
		m.GetDestFqdns(),
	)+len(m.GetDestRegionCodes())+len(m.GetDestThreatIntelligences())+len(m.GetDestAddressGroups()) == 0
}

// asks tells a VPC firewall rule that is asked for the source's way out. A rule with target tags reaches a connector
// only by the tags that all connectors have.
func asks(r *computepb.Firewall, f policy.Filter) bool {
	if r.GetDirection() != outward || r.GetDisabled() || len(r.GetTargetServiceAccounts()) > 0 {
		return false
	}
	connectors := func(tag string) bool {
		return tag == "vpc-connector" || strings.HasPrefix(tag, "vpc-connector-"+f.Region+"-")
	}
	if tags := r.GetTargetTags(); len(tags) > 0 && !slices.ContainsFunc(tags, connectors) {
		return false
	}
	src := r.GetSourceRanges()
	return len(src) == 0 || meets(f.Source, src)
}

// shuts tells a VPC firewall rule that denies everything.
func shuts(r *computepb.Firewall) bool {
	all := len(r.GetDestinationRanges()) == 0 ||
		slices.ContainsFunc(r.GetDestinationRanges(), func(d string) bool { return canonical(d) == anywhere })
	return all && slices.ContainsFunc(
		r.GetDenied(), func(d *computepb.Denied) bool { return d.GetIPProtocol() == everyProtocol },
	)
}

// widens tells whether some IPv4 range is not inside what is open.
func widens(ranges, open []string) bool {
	return slices.ContainsFunc(ranges, func(r string) bool { return !strings.Contains(r, ":") && !inside(r, open) })
}
