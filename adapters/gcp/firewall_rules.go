package gcp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// The rules of a filter: one for each kind of destination, protocol and ports, from the bottom of the filter's block of
// priorities up; with default "deny" the last priority of the block denies everything else.

// blockLimit is the largest block of priorities that a filter has.
const blockLimit = 64

type verb string

const (
	add    verb = "addRule"
	patch  verb = "patchRule"
	remove verb = "removeRule"
)

// A step is one change of the policy. was is the rule before a patch.
type step struct {
	verb verb
	rule *computepb.FirewallPolicyRule
	was  *computepb.FirewallPolicyRule
}

// done tells whether the change is there.
func (s step) done(have []*computepb.FirewallPolicyRule) bool {
	i := slices.IndexFunc(
		have, func(r *computepb.FirewallPolicyRule) bool { return r.GetPriority() == s.rule.GetPriority() },
	)
	if s.verb == remove {
		return i < 0
	}
	return i >= 0 && equalRules(have[i], s.rule)
}

const (
	allow         = "allow"
	deny          = "deny"
	outward       = "EGRESS"
	everyProtocol = "all"
)

// rulesFor gives the rules that a filter wants, without priorities and names for all but the closing one.
func rulesFor(f policy.Filter) ([]*computepb.FirewallPolicyRule, error) {
	action, rules := deny, f.Rules
	if f.Default != allow {
		action = allow
		if f.KeepOpen {
			rules = slices.Concat(policy.ConnectorRules(), rules)
		}
	}
	groups := map[string]*computepb.FirewallPolicyRule{}
	var out []*computepb.FirewallPolicyRule
	for _, r := range rules {
		key := group(r)
		if groups[key] == nil {
			groups[key] = &computepb.FirewallPolicyRule{
				Action: &action, Direction: new(outward), Description: &f.Owner,
				Match: &computepb.FirewallPolicyRuleMatcher{
					SrcIpRanges: []string{
						canonical(f.Source),
					}, Layer4Configs: []*computepb.FirewallPolicyRuleMatcherLayer4Config{layer4(r)},
				},
			}
			out = append(out, groups[key])
		}
		match := groups[key].Match
		if r.FQDN != "" {
			match.DestFqdns = append(match.DestFqdns, strings.ToLower(r.FQDN))
		} else {
			match.DestIpRanges = append(match.DestIpRanges, canonical(r.CIDR))
		}
	}
	for _, r := range out {
		r.Match.DestFqdns, r.Match.DestIpRanges = set(r.Match.DestFqdns), set(r.Match.DestIpRanges)
	}
	if f.Default != allow {
		out = append(out, closing(f))
	}
	if len(f.Priorities) > blockLimit || len(out) > len(f.Priorities) {
		return nil, workers.Refuse("too-many-rules", "filter %s needs %d firewall rules and has %d priorities",
			f.Name, len(out), len(f.Priorities))
	}
	return out, nil
}

// closing denies what nothing above it allows.
func closing(f policy.Filter) *computepb.FirewallPolicyRule {
	return &computepb.FirewallPolicyRule{
		Action: new(deny), Direction: new(outward), Description: &f.Owner,
		Match: &computepb.FirewallPolicyRuleMatcher{
			SrcIpRanges: []string{canonical(f.Source)}, DestIpRanges: []string{anywhere},
			Layer4Configs: []*computepb.FirewallPolicyRuleMatcherLayer4Config{{IpProtocol: new(everyProtocol)}},
		},
	}
}

func group(r policy.Rule) string {
	kind := "cidr"
	if r.FQDN != "" {
		kind = "fqdn"
	}
	return kind + " " + layer4Text(layer4(r))
}

func layer4(r policy.Rule) *computepb.FirewallPolicyRuleMatcherLayer4Config {
	return &computepb.FirewallPolicyRuleMatcherLayer4Config{
		IpProtocol: new(strings.ToLower(r.Protocol)), Ports: set(r.Ports),
	}
}

func layer4Text(c *computepb.FirewallPolicyRuleMatcherLayer4Config) string {
	return c.GetIpProtocol() + "/" + strings.Join(set(c.GetPorts()), ",")
}

func set(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// key tells which rule of a filter a rule is: destinations may change in place, the rest may not.
func key(r *computepb.FirewallPolicyRule) string {
	kind := "cidr"
	if len(r.GetMatch().GetDestFqdns()) > 0 {
		kind = "fqdn"
	}
	text := r.GetAction() + " " + kind
	for _, c := range r.GetMatch().GetLayer4Configs() {
		text += " " + layer4Text(c)
	}
	return text + " from " + strings.Join(set(r.GetMatch().GetSrcIpRanges()), ",")
}

// content is all of a rule that the filter decides.
func content(r *computepb.FirewallPolicyRule) string {
	m := r.GetMatch()
	return fmt.Sprint(key(r), set(m.GetDestFqdns()), set(m.GetDestIpRanges()), r.GetDirection(), r.GetDescription(),
		r.GetDisabled())
}

func equalRules(a, b *computepb.FirewallPolicyRule) bool { return content(a) == content(b) }

// steps gives what is left to do, in the safe order: allow (patched, added), then deny, then away with the rest.
func steps(have, need []*computepb.FirewallPolicyRule, f policy.Filter) []step {
	spare := slices.Clone(have)
	var change, missing []step
	for _, want := range need {
		want.Priority = nil
		i := slices.IndexFunc(spare, func(r *computepb.FirewallPolicyRule) bool { return key(r) == key(want) })
		if i < 0 {
			missing = append(missing, step{verb: add, rule: want})
			continue
		}
		was := spare[i]
		spare = slices.Delete(spare, i, i+1)
		if !equalRules(was, want) {
			want.Priority, want.RuleName = was.Priority, was.RuleName
			change = append(change, step{verb: patch, rule: want, was: was})
		}
	}
	var extra []step
	for _, r := range slices.Backward(spare) {
		extra = append(extra, step{verb: remove, rule: r})
	}
	if !place(missing, have, f) { // the block is full of what has to go first
		return slices.Concat(extra, change, missing)
	}
	return slices.Concat(change, missing, extra)
}

// place gives the rules to be added their priorities: the closing rule the last of the block, the others the lowest
// free. It tells whether all have one.
func place(missing []step, have []*computepb.FirewallPolicyRule, f policy.Filter) bool {
	taken := map[int]bool{}
	for _, r := range have {
		taken[int(r.GetPriority())] = true
	}
	free := slices.DeleteFunc(slices.Sorted(slices.Values(f.Priorities)), func(p int) bool { return taken[p] })
	last := slices.Max(append([]int{-1}, f.Priorities...))
	all := true
	for _, s := range missing {
		at := -1
		switch {
		case isClosing(s.rule):
			if slices.Contains(free, last) {
				at = last
			}
		case len(free) > 0 && (free[0] != last || f.Default == allow):
			at, free = free[0], free[1:]
		}
		if at < 0 {
			all = false
			continue
		}
		index := slices.Index(slices.Sorted(slices.Values(f.Priorities)), at)
		s.rule.Priority, s.rule.RuleName = new(int32(at)), new(fmt.Sprintf("%s-%d", f.Name, index))
	}
	return all
}

// isClosing tells the rule that denies everything.
func isClosing(r *computepb.FirewallPolicyRule) bool {
	m := r.GetMatch()
	return r.GetAction() == deny && slices.Contains(m.GetDestIpRanges(), anywhere) && len(m.GetLayer4Configs()) == 1 &&
		m.GetLayer4Configs()[0].GetIpProtocol() == everyProtocol
}

// readBack turns rules into a filter.
func readBack(have []*computepb.FirewallPolicyRule, want policy.Filter) policy.Filter {
	out := want
	out.Rules, out.Priorities, out.Default, out.InForce, out.Void = nil, nil, allow, false, ""
	out.Owner, out.Source = have[0].GetDescription(), strings.Join(have[0].GetMatch().GetSrcIpRanges(), ",")
	for _, r := range have {
		out.Priorities = append(out.Priorities, int(r.GetPriority()))
		if isClosing(r) {
			out.Default = deny
			continue
		}
		m := r.GetMatch()
		for _, c := range m.GetLayer4Configs() {
			for _, name := range m.GetDestFqdns() {
				out.Rules = append(
					out.Rules, policy.Rule{FQDN: name, Protocol: c.GetIpProtocol(), Ports: set(c.GetPorts())},
				)
			}
			for _, cidr := range m.GetDestIpRanges() {
				out.Rules = append(
					out.Rules, policy.Rule{CIDR: cidr, Protocol: c.GetIpProtocol(), Ports: set(c.GetPorts())},
				)
			}
		}
	}
	out.Rules = asWanted(out.Rules, want)
	return out
}

// asWanted drops what only keeps the infrastructure open, and gives equal rules in the order and words of want.
func asWanted(have []policy.Rule, want policy.Filter) []policy.Rule {
	wanted := map[string]bool{}
	for _, r := range want.Rules {
		wanted[ruleText(r)] = true
	}
	infra := map[string]bool{}
	if want.KeepOpen {
		for _, r := range policy.ConnectorRules() {
			infra[ruleText(r)] = !wanted[ruleText(r)]
		}
	}
	have = slices.DeleteFunc(have, func(r policy.Rule) bool { return infra[ruleText(r)] })
	same := len(have) == len(wanted)
	for _, r := range have {
		same = same && wanted[ruleText(r)]
	}
	if same {
		return slices.Clone(want.Rules)
	}
	slices.SortFunc(have, func(a, b policy.Rule) int { return cmp.Compare(ruleText(a), ruleText(b)) })
	return have
}

func ruleText(r policy.Rule) string {
	dest := strings.ToLower(r.FQDN)
	if dest == "" {
		dest = canonical(r.CIDR)
	}
	return group(r) + " " + dest
}
