package gcp

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// firewall filters egress with rules of its own in the one global firewall policy that is on the network. It never
// makes a policy or an association: a network has one, and replacing it would drop everybody's rules.
type firewall struct{ *Client }

var _ policy.Filters = firewall{}

// Firewall is the port to egress filters, via "gcp-firewall".
func (c *Client) Firewall() policy.Filters { return firewall{c} }

// effective is what is in force on a network.
type effective struct {
	project string
	// afterClassic: VPC firewall rules are asked before the network's policy (the vendor's default).
	afterClassic bool
	policy       string // short name; "" = the network has none
	inPolicy     []*computepb.FirewallPolicyRule
	above        []hierarchical
	classic      []*computepb.Firewall
}

// A hierarchical rule is one of the folders' or the organisation's, with the name of its policy.
type hierarchical struct {
	policy string
	*computepb.FirewallPolicyRule
}

func (f firewall) effective(ctx context.Context, vpc string) (effective, error) {
	project, id, err := splitNetwork(vpc)
	if err != nil {
		return effective{}, err
	}
	got, err := f.networks.Get(ctx, &computepb.GetNetworkRequest{Project: project, Network: id}, once())
	if err != nil {
		return effective{}, f.fail(call{name: "networks.get"}, err)
	}
	req := &computepb.GetEffectiveFirewallsNetworkRequest{Project: project, Network: id}
	rules, err := f.networks.GetEffectiveFirewalls(ctx, req, once())
	if err != nil {
		return effective{}, f.fail(call{name: "networks.getEffectiveFirewalls"}, err)
	}
	out := effective{
		project: project, afterClassic: got.GetNetworkFirewallPolicyEnforcementOrder() != "BEFORE_CLASSIC_FIREWALL",
		classic: rules.GetFirewalls(),
	}
	for _, p := range rules.GetFirewallPolicys() {
		switch p.GetType() {
		case "NETWORK":
			out.policy, out.inPolicy = base(p.GetName()), p.GetRules()
		case "HIERARCHY":
			for _, r := range p.GetRules() {
				out.above = append(out.above, hierarchical{cmp.Or(p.GetShortName(), base(p.GetName())), r})
			}
		}
	}
	return out, nil
}

func (e effective) policyName() string {
	return fmt.Sprintf("projects/%s/global/firewallPolicies/%s", e.project, e.policy)
}

// Check refuses where a filter could not be, or would be void.
func (f firewall) Check(ctx context.Context, want policy.Filter) (policy.Place, error) {
	e, err := f.effective(ctx, want.Network)
	if err != nil {
		return policy.Place{}, err
	}
	if e.policy == "" {
		return policy.Place{}, workers.Refuse("no-policy", "%s has no network firewall policy", relative(want.Network))
	}
	if why := e.overruled(want); why != "" {
		return policy.Place{}, workers.Refuse("void", "filter would be void: %s", why)
	}
	at := policy.Place{Policy: e.policyName()}
	for _, r := range e.inPolicy {
		if !ours(r, want) {
			at.TakenPriorities = append(at.TakenPriorities, int(r.GetPriority()))
		}
	}
	slices.Sort(at.TakenPriorities)
	return at, nil
}

// ours tells the rules of this filter: ruleName is the filter's name and the rule's place in its block of priorities.
func ours(r *computepb.FirewallPolicyRule, f policy.Filter) bool {
	return f.Name != "" && strings.HasPrefix(r.GetRuleName(), f.Name+"-")
}

// Get reads the filter back. Rules are in the order of want when they are the same, without those that keep a
// connector's infrastructure open. Rules that stand in another policy than the network's are there, and decide nothing.
func (f firewall) Get(ctx context.Context, want policy.Filter) (policy.Filter, error) {
	out, known, err := f.whereMade(ctx, want)
	if known || err != nil {
		return out, err
	}
	e, err := f.effective(ctx, want.Network)
	if err != nil {
		return policy.Filter{}, err
	}
	var have []*computepb.FirewallPolicyRule
	if e.policy != "" {
		if have, err = f.rulesOf(ctx, home{e.project, e.policy}, want); err != nil {
			return policy.Filter{}, err
		}
	}
	if len(have) == 0 {
		return f.elsewhere(ctx, e, want)
	}
	out = readBack(have, want)
	out.InForce = asNeeded(have, want)
	switch {
	case !out.InForce:
	case !slices.ContainsFunc(e.inPolicy, func(r *computepb.FirewallPolicyRule) bool { return ours(r, want) }):
		out.Void = "the policy's rules are not effective on the network"
	default:
		out.Void = e.overruled(want)
	}
	return out, nil
}

// whereMade looks into the policy that was written down when the filter was made. It knows the answer without asking
// what is effective where only a part of the filter is there, nothing of it in any policy of the project, or where the
// question is only whether it is there.
func (f firewall) whereMade(ctx context.Context, want policy.Filter) (out policy.Filter, known bool, err error) {
	if want.Policy == "" {
		return policy.Filter{}, false, nil
	}
	project, _, err := splitNetwork(want.Network)
	if err != nil {
		return policy.Filter{}, false, err
	}
	have, err := f.rulesOf(ctx, home{project, base(want.Policy)}, want)
	if gone(err) != nil {
		return policy.Filter{}, false, err
	}
	if len(have) > 0 {
		return readBack(have, want), want.Whether || !asNeeded(have, want), nil
	}
	at, err := f.holding(ctx, project, want)
	if err != nil || at != nil {
		return policy.Filter{}, false, err
	}
	return policy.Filter{}, true, fmt.Errorf("get filter %s: %w", want.Name, workers.ErrNotFound)
}

// asNeeded tells whether rules are those that a filter needs.
func asNeeded(have []*computepb.FirewallPolicyRule, want policy.Filter) bool {
	need, err := rulesFor(want)
	return err == nil && len(steps(have, need, want)) == 0
}

// elsewhere reads a filter that the network's policy has no rules of.
func (f firewall) elsewhere(ctx context.Context, e effective, want policy.Filter) (policy.Filter, error) {
	at, err := f.holding(ctx, e.project, want)
	if err != nil {
		return policy.Filter{}, err
	}
	if at == nil {
		return policy.Filter{}, fmt.Errorf("get filter %s: %w", want.Name, workers.ErrNotFound)
	}
	out := readBack(at.rules, want)
	out.Void = fmt.Sprintf("its rules are in policy %s, which is not on the network", at.policy)
	return out, nil
}

// Put makes the one change that is next and answers; the policy carries out one at a time anyhow. Rules that allow come
// before the one that denies, and what is no longer wanted goes last: at no moment is a wanted destination cut off, or
// the source unfiltered once it was filtered. What an earlier policy of the network has of the filter goes after that.
func (f firewall) Put(ctx context.Context, req uuid.UUID, want policy.Filter) error {
	need, err := rulesFor(want)
	if err != nil {
		return err
	}
	e, err := f.effective(ctx, want.Network)
	if err != nil {
		return absent(err)
	}
	if e.policy == "" {
		return workers.Refuse("no-policy", "%s has no network firewall policy: %w", relative(want.Network),
			workers.ErrNotFound)
	}
	put := func(have []*computepb.FirewallPolicyRule) []step { return steps(have, need, want) }
	if err := f.approach(ctx, req, home{e.project, e.policy}, want, put); err != nil {
		return err
	}
	if made := base(want.Policy); made != "" && made != e.policy {
		return gone(f.approach(ctx, req, home{e.project, made}, want, away))
	}
	return nil
}

// Remove takes the rules away, in the policy where they were made first, then in every one that has them, whichever is
// on the network now.
func (f firewall) Remove(ctx context.Context, req uuid.UUID, want policy.Filter) error {
	project, _, err := splitNetwork(want.Network)
	if err != nil {
		return err
	}
	if made := base(want.Policy); made != "" {
		if err := gone(f.approach(ctx, req, home{project, made}, want, away)); err != nil {
			return err
		}
	}
	homes, err := f.homes(ctx, project, want)
	if err != nil {
		return absent(err)
	}
	for _, at := range homes {
		if err := gone(f.approach(ctx, req, at, want, away)); err != nil {
			return err
		}
	}
	return nil
}

// away removes all of a filter: the rule that denies first, then those that allow. The source is unbound by then; were
// the order the other way round, a connector that still runs would be cut off from its own infrastructure.
func away(have []*computepb.FirewallPolicyRule) []step {
	var out []step
	for _, r := range slices.Backward(have) {
		out = append(out, step{verb: remove, rule: r})
	}
	return out
}

// approach makes steps until none is left or one goes on at the vendor's.
func (f firewall) approach(
	ctx context.Context, req uuid.UUID, at home, want policy.Filter,
	next func([]*computepb.FirewallPolicyRule) []step,
) error {
	for range 2*blockLimit + 1 {
		have, err := f.rulesOf(ctx, at, want)
		if err != nil {
			return err
		}
		todo := next(have)
		if len(todo) == 0 {
			return nil
		}
		if err := f.make(ctx, req, at, want, todo[0]); err != nil {
			return err
		}
	}
	return workers.Retry("busy", 0, fmt.Errorf("rules of filter %s keep changing", want.Name))
}

// make carries one step out. The rule that is there now is part of the request id: the same rule may rightly be added
// again after it was removed.
func (f firewall) make(ctx context.Context, req uuid.UUID, at home, want policy.Filter, s step) error {
	m := mutation{call: "networkFirewallPolicies." + string(s.verb), project: at.project, req: req}
	m.took = func() (bool, error) {
		have, err := f.rulesOf(ctx, at, want)
		return s.done(have), err
	}
	priority := s.rule.GetPriority()
	switch s.verb {
	case add:
		r := &computepb.AddRuleNetworkFirewallPolicyRequest{
			Project: at.project, FirewallPolicy: at.policy, FirewallPolicyRuleResource: s.rule,
		}
		m.request = r
		m.send = func(id *string) (started, error) { r.RequestId = id; return fromProto(f.policies.AddRule(ctx, r)) }
	case patch:
		r := &computepb.PatchRuleNetworkFirewallPolicyRequest{
			Project: at.project, FirewallPolicy: at.policy, Priority: &priority, FirewallPolicyRuleResource: s.rule,
		}
		m.request, m.before = r, fingerprint(s.was)
		m.send = func(id *string) (started, error) { r.RequestId = id; return fromProto(f.policies.PatchRule(ctx, r)) }
	case remove:
		r := &computepb.RemoveRuleNetworkFirewallPolicyRequest{
			Project: at.project, FirewallPolicy: at.policy, Priority: &priority,
		}
		m.request, m.removes, m.before = r, true, fingerprint(s.rule)
		m.send = func(id *string) (started, error) { r.RequestId = id; return fromProto(f.policies.RemoveRule(ctx, r)) }
	}
	err := f.mutate(m)
	if s.verb == remove {
		return gone(err)
	}
	return err
}

// fingerprint is a rule's content for a request id: rules have no fingerprint of their own.
func fingerprint(r *computepb.FirewallPolicyRule) string {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(r)
	if err != nil {
		return r.GetRuleName() // a rule that was just decoded encodes again
	}
	return string(b)
}
