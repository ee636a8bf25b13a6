package gcp

import (
	"strconv"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
)

// policyRule translates a rule of a firewall policy.
//
// Discovery document of compute/v1, FirewallPolicyRule: without targets a rule is about every machine; a secure tag
// that is not EFFECTIVE is nobody's; a rule for load balancers is about no machine. Page "Firewall policy rule
// components": parameters of one end are alternatives, a network context is a condition on top.
func (r *survey) policyRule(policy string, got *computepb.FirewallPolicyRule, of *source) reach.Rule {
	out := reach.Rule{
		Object:   policy + " rule " + strconv.FormatInt(int64(got.GetPriority()), 10),
		Priority: int64(got.GetPriority()), In: got.GetDirection() != outward, Disabled: got.GetDisabled(),
	}
	if name := got.GetRuleName(); name != "" {
		out.Object += " (" + name + ")"
	}
	src, dst := unknowns{object: out.Object}, unknowns{object: out.Object}
	switch action := got.GetAction(); action {
	case allow:
		out.Act = reach.Allow
	case deny:
		out.Act = reach.Deny
	case "goto_next":
		out.Act = reach.Next
	case "apply_security_profile_group":
		out.Act = reach.Inspect
	default:
		out.Act = reach.Inspect
		dst.add(reach.ListNotWhole, "the action "+strconv.Quote(action)+" is unknown")
	}
	m := got.GetMatch()
	for _, l := range m.GetLayer4Configs() {
		out.Layer4 = append(out.Layer4, dst.layer4(l.GetIpProtocol(), l.GetPorts()))
	}
	out.Target = r.target(got, of)
	out.Src = r.ruleSource(m, &src, of)
	out.Dst = destination(m, &dst)
	return out
}

func (r *survey) target(got *computepb.FirewallPolicyRule, of *source) reach.Target {
	out := reach.Target{Accounts: got.GetTargetServiceAccounts(), SecureTags: effectiveTags(got.GetTargetSecureTags())}
	for _, link := range got.GetTargetResources() {
		out.Networks = append(out.Networks, r.targetNetwork(link, of))
	}
	balancers := got.GetTargetType() == "INTERNAL_MANAGED_LB" || len(got.GetTargetForwardingRules()) > 0
	out.All = len(out.Accounts) == 0 && len(got.GetTargetSecureTags()) == 0 && !balancers
	return out
}

// targetNetwork spells a network that a rule names. Of another network only its name matters, whoever its project is.
func (r *survey) targetNetwork(link string, of *source) reach.Realm {
	if base(link) != base(r.network) {
		return reach.Realm(relative(link))
	}
	return r.realm(link, of)
}

func effectiveTags(tags []*computepb.FirewallPolicyRuleSecureTag) (out []string) {
	for _, tag := range tags {
		if tag.GetState() != "INEFFECTIVE" {
			out = append(out, tag.GetName())
		}
	}
	return out
}

// ruleSource is the sending end. A name of a sender stands for addresses that nobody here knows.
func (r *survey) ruleSource(m *computepb.FirewallPolicyRuleMatcher, u *unknowns, of *source) reach.Peer {
	out := reach.Peer{
		Ranges: u.ranges(m.GetSrcIpRanges()), SecureTags: effectiveTags(m.GetSrcSecureTags()),
		Context: contextOf(m.GetSrcNetworkContext(), m.GetSrcNetworkType()),
	}
	for _, name := range m.GetSrcFqdns() {
		u.add(reach.NameUnresolved, "the rule names the sender "+name)
	}
	u.lists(m.GetSrcAddressGroups(), m.GetSrcThreatIntelligences(), m.GetSrcRegionCodes())
	for _, link := range m.GetSrcNetworks() {
		out.Context += " " + string(r.realm(link, of))
	}
	out.Unread = u.gaps
	if len(m.GetSrcIpRanges())+len(m.GetSrcSecureTags())+len(u.gaps) == 0 {
		out.Ranges = reach.EveryAddress()
	}
	return out
}

func destination(m *computepb.FirewallPolicyRuleMatcher, u *unknowns) reach.Peer {
	before := len(u.gaps)
	out := reach.Peer{
		Ranges: u.ranges(m.GetDestIpRanges()), Context: contextOf(m.GetDestNetworkContext(), m.GetDestNetworkType()),
	}
	for _, name := range m.GetDestFqdns() {
		out.Names = append(out.Names, reach.NameOf(name))
	}
	u.lists(m.GetDestAddressGroups(), m.GetDestThreatIntelligences(), m.GetDestRegionCodes())
	if len(m.GetDestIpRanges())+len(out.Names)+len(u.gaps)-before == 0 {
		out.Ranges = reach.EveryAddress()
	}
	out.Unread = u.gaps
	return out
}

func contextOf(context, kind string) string {
	for _, c := range []string{context, kind} {
		if c != "" && c != "UNSPECIFIED" {
			return c
		}
	}
	return ""
}

// lists are sets of addresses that no call of this package shows as ranges.
func (u *unknowns) lists(groups, threats, regions []string) {
	for _, g := range groups {
		u.add(reach.NotAllowedToRead, "the rule names the address group "+g+", which is not read")
	}
	for _, t := range threats {
		u.add(reach.MayChange, "the rule names the threat list "+t)
	}
	for _, c := range regions {
		u.add(reach.MayChange, "the rule names the addresses of the country "+c)
	}
}
