package gcp

import (
	"context"
	"errors"
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/iterator"

	"github.com/culvertnet/culvert/workers/policy"
)

// A home is a firewall policy that may have rules of a filter. Which policy is on the network is a pointer that others
// move; the rules stay where they were made, and wait there for the policy's return.
type home struct{ project, policy string }

// rulesOf reads the filter's rules in a policy itself: what is effective may lag a change that is done.
func (f firewall) rulesOf(ctx context.Context, at home, want policy.Filter) ([]*computepb.FirewallPolicyRule, error) {
	req := &computepb.GetNetworkFirewallPolicyRequest{Project: at.project, FirewallPolicy: at.policy}
	got, err := f.policies.Get(ctx, req, once())
	if err != nil {
		return nil, f.fail(call{name: "networkFirewallPolicies.get"}, err)
	}
	var out []*computepb.FirewallPolicyRule
	for _, r := range got.GetRules() {
		if ours(r, want) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *computepb.FirewallPolicyRule) int { return int(a.GetPriority() - b.GetPriority()) })
	return out, nil
}

// A held home has rules of a filter.
type held struct {
	home
	rules []*computepb.FirewallPolicyRule
}

// holding is a policy of the project that has rules of the filter; nil when none has.
func (f firewall) holding(ctx context.Context, project string, want policy.Filter) (*held, error) {
	homes, err := f.homes(ctx, project, want)
	if err != nil {
		return nil, err
	}
	for _, at := range homes {
		have, err := f.rulesOf(ctx, at, want)
		if gone(err) != nil {
			return nil, err
		}
		if len(have) > 0 {
			return &held{at, have}, nil
		}
	}
	return nil, nil
}

// homes are the policies of the project that may have rules of the filter: the one that was written down when they were
// made first, then every other that is not seen to have none. A list that cannot be read is an error: what nobody has
// looked at may have our rules.
func (f firewall) homes(ctx context.Context, project string, want policy.Filter) ([]home, error) {
	var out []home
	made := base(want.Policy)
	if made != "" {
		out = append(out, home{project, made})
	}
	all := f.policies.List(f.bounded(ctx), &computepb.ListNetworkFirewallPoliciesRequest{Project: project}, once())
	for {
		p, err := all.Next()
		if errors.Is(err, iterator.Done) {
			return out, nil
		}
		if err != nil {
			return nil, f.fail(call{name: "networkFirewallPolicies.list"}, err)
		}
		// A list may leave the rules out; a policy always has the vendor's own four.
		silent := len(p.GetRules()) == 0
		has := slices.ContainsFunc(p.GetRules(), func(r *computepb.FirewallPolicyRule) bool { return ours(r, want) })
		if p.GetName() != made && (silent || has) {
			out = append(out, home{project, p.GetName()})
		}
	}
}
